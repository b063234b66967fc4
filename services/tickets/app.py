"""The composition root of the tickets service."""

from services.tickets.clients.views import client_name_view, held_service_view
from services.tickets.departments.routes import router as departments_router
from services.tickets.departments.views import department_view
from services.tickets.publishing import publish
from services.tickets.tickets.routes import router as tickets_router
from services.tickets.tickets.views import ticket_list, ticket_thread
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http.app import Service, serve
from shared.peers import Peers
from shared.remote_keyring import RemoteKeyring
from shared.settings import Settings
from shared.store import EventStore
from shared.tokens import Signer

VIEWS = (department_view, client_name_view, held_service_view, ticket_list, ticket_thread)
ROUTERS = (tickets_router, departments_router)


async def build(settings: Settings) -> Service:
    """The parts of the service, joined."""
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
    return Service(
        settings=settings,
        store=store,
        signer=signer,
        consumers=Consumers(VIEWS, store, peers),
        routers=ROUTERS,
        close=peers.close,
    )


def main() -> None:
    """Run the service as this process."""
    settings = Settings()
    serve(lambda: build(settings), settings)


if __name__ == "__main__":
    main()
