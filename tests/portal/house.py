"""The portal on a real database, its views fed with a story, beside neighbours that answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from services.portal.app import VIEWS, build
from services.portal.browser.desk import Desk
from services.portal.settings import PortalSettings
from shared.consumers import Envelope
from shared.database import Pool
from shared.http.app import Service, create_app
from shared.tokens import Signer
from tests.conftest import Database
from tests.feeding import feed_views
from tests.portal.neighbours import Neighbours, neighbours
from tests.portal.world import HOST, NOW, World

CLIENT, STAFF, STRANGER = "session-of-client", "session-of-staff", "session-of-stranger"
GATEWAY = "http://127.0.0.1:7190"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


class StandingClock:
    """Always the same instant."""

    def now(self) -> datetime:
        return NOW


def new_key() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519").as_dict(private=True))


@dataclass
class House:
    """The portal's app, its database and what its neighbours were asked."""

    app: FastAPI
    desk: Desk
    pool: Pool
    neighbours: Neighbours
    accounts: Signer
    service: Service

    async def feed(self, envelopes: Sequence[Envelope]) -> None:
        """Apply the events to every view, as the kernel does."""
        await feed(self.pool, envelopes)
        self.desk.hub.note("views", envelopes)

    async def tell(self, world: World) -> World:
        """Feed a whole story and let its client, a stranger and the staff be signed in."""
        await self.feed(world.envelopes)
        self.neighbours.sign_in(CLIENT, account_id=world.account_id)
        self.neighbours.sign_in(STRANGER, account_id=World().account_id)
        self.neighbours.sign_in(STAFF, account_id=None, scope="staff")
        return world

    def browser(self, session: str = "", host: str = HOST) -> httpx.AsyncClient:
        """A browser on the brand's pages, signed in or not; it does not follow redirects."""
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=f"http://{host}", headers=BROWSER
        )
        if session:
            browser.cookies.set("sid", session, domain=host)
        return browser


async def feed(pool: Pool, envelopes: Sequence[Envelope]) -> None:
    """Apply the events to every view that handles them, in one transaction."""
    async with pool.acquire() as db:
        await feed_views(db, VIEWS, *envelopes)


def settings_for(
    database: Database, peers: str, *, port: int = 7100, portal: str = ""
) -> PortalSettings:
    """All services answer at `peers`, the portal itself at `portal` if that is given."""
    services = ("accounts", "billing", "tickets", "notifications")
    return PortalSettings(
        service="portal",
        port=port,
        database_url=SecretStr(database.url),
        nats_url="nats://127.0.0.1:1",
        nats_user="portal",
        nats_password=SecretStr("only-for-tests-on-loopback"),
        signing_key=new_key(),
        operator_jwk=new_key(),
        peers={**dict.fromkeys(services, (peers,)), "portal": (portal or peers,)},
        portal_url=f"http://{{brand}}.localhost:{port}",
        gateway_url=GATEWAY,
    )


@asynccontextmanager
async def open_house(
    database: Database, *, port: int = 7100, portal: str = ""
) -> AsyncIterator[House]:
    """The portal without its loops: the test says which events its views have seen.

    `portal` is where the portal finds itself; without it a neighbour answers for it.
    """
    async with neighbours() as told:
        settings = settings_for(database, told.url, port=port, portal=portal)
        service = await build(settings, StandingClock())
        accounts = Signer("accounts", new_key())
        told.answer("GET", "/.well-known/jwks.json", accounts.jwks())
        told.answer("GET", "/v1/me/sessions", [])
        told.answer("GET", "/internal/feed/heads", {})
        told.answer("GET", "/internal/parked", [])
        told.answer("GET", "/v1/top-ups", [])
        app = create_app(service)
        try:
            yield House(app, service.state, database.pool, told, accounts, service)
        finally:
            assert service.close is not None
            await service.close()
            await service.store.pool.close()
