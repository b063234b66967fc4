"""The notifications service, put together. Run it with `python -m services.notifications.app`."""

from services.notifications.directory.views import DIRECTORY
from services.notifications.mail.mailer import Mailer, mailer
from services.notifications.mail.routes import router
from services.notifications.mail.sending import smtp_sender
from services.notifications.mail.views import email_history
from services.notifications.publishing import publish
from services.notifications.settings import NotificationsSettings
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http.app import Service, serve
from shared.peers import Peers
from shared.remote_keyring import RemoteKeyring
from shared.store import EventStore
from shared.tokens import Signer

VIEWS = (*DIRECTORY, email_history)


async def build(settings: NotificationsSettings) -> Service:
    """The service's parts, joined."""
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        size=settings.database_pool_size,
        schemas=[view.schema for view in VIEWS],
    )
    signer = Signer(settings.service, settings.signing_key)
    peers = Peers(settings.peers, signer)
    store = EventStore(
        pool,
        service=settings.service,
        publish=publish,
        keyring=RemoteKeyring(peers),
        clock=SystemClock(),
    )
    sending = Mailer(
        store=store,
        peers=peers,
        send=smtp_sender(settings.smtp_host, settings.smtp_port),
        portal_url=settings.portal_url,
    )
    return Service(
        settings=settings,
        store=store,
        signer=signer,
        consumers=Consumers([*VIEWS, mailer(sending)], store, peers),
        routers=[router],
        close=peers.close,
    )


def main() -> None:
    """Run the service until it is told to stop."""
    settings = NotificationsSettings()
    serve(lambda: build(settings), settings)


if __name__ == "__main__":
    main()
