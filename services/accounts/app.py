"""The composition root of the accounts service."""

from functools import partial

from services.accounts.brands.views import brand_view
from services.accounts.clients.routes import router as clients_router
from services.accounts.keyring.local import LocalKeyring
from services.accounts.keyring.routes import router as keyring_router
from services.accounts.publishing import publish
from services.accounts.sessions.routes import router as sessions_router
from services.accounts.settings import AccountsSettings
from services.accounts.staff.routes import router as staff_router
from services.accounts.state import State
from services.accounts.users.hashing import PasswordHashing
from services.accounts.users.reset_queue import answer_resets
from services.accounts.users.routes import router as users_router
from shared.clock import Clock, SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http.app import Service, serve
from shared.peers import Peers
from shared.store import EventStore
from shared.tokens import Signer
from shared.wakeup import Wakeup

VIEWS = (brand_view,)
ROUTERS = (users_router, sessions_router, clients_router, staff_router, keyring_router)
KEYRING_POOL_SIZE = 4
CLOCK = SystemClock()


async def build(settings: AccountsSettings, clock: Clock = CLOCK) -> Service:
    """The parts of the service, joined. Tests bring a clock of their own."""
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        size=settings.database_pool_size,
        schemas=[view.schema for view in VIEWS],
    )
    keys = await open_pool(settings.keyring_url.get_secret_value(), size=KEYRING_POOL_SIZE)
    keyring = LocalKeyring(keys, master_key=settings.master_key_bytes)
    signer = Signer(settings.service, settings.signing_key)
    peers = Peers(settings.peers, signer)
    hashing = PasswordHashing()
    store = EventStore(
        pool, service=settings.service, publish=publish, keyring=keyring, clock=clock
    )

    reset_asked = Wakeup()

    async def close() -> None:
        hashing.close()
        await peers.close()
        await keys.close()

    return Service(
        settings=settings,
        store=store,
        signer=signer,
        consumers=Consumers(VIEWS, store, peers),
        routers=ROUTERS,
        state=State(
            keyring=keyring,
            hashing=hashing,
            signer=signer,
            attempts_per_network=settings.attempts_per_network,
            free_failures_per_network=settings.free_failures_per_network,
            reset_asked=reset_asked,
        ),
        loops={"resets": partial(answer_resets, store, reset_asked)},
        close=close,
    )


def main() -> None:
    """Run the service as this process."""
    settings = AccountsSettings()
    serve(lambda: build(settings), settings)


if __name__ == "__main__":
    main()
