"""The tickets service on a real database, with two clients and a member of staff at its desk."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from joserfc.jwk import OKPKey

from services.tickets.app import build
from services.tickets.clients.views import apply_client_name, apply_held_service
from services.tickets.departments.views import apply as apply_department
from shared.consumers import Envelope
from shared.consumers.group import Consumers
from shared.contracts import PublicEvent, accounts, billing
from shared.http.app import create_app
from shared.ids import new_id
from shared.settings import Settings
from shared.store import EventStore
from shared.tokens import OPERATOR, Signer
from tests.conftest import Database
from tests.feeding import feed

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PERSONAL = {
    "email": "ana@example.com",
    "phone": "+55 11 91234-5678",
    "tax_id": "529.982.247-25",
    "address": "Rua das Flores 12",
    "city": "São Paulo",
    "state": "SP",
    "postal_code": "01310-100",
    "country": "BR",
}


class KeysInMemory:
    """A keyring with one key for everybody."""

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        return dict.fromkeys(subjects, bytes(32))

    async def ensure(self, subject: UUID) -> bytes:
        return bytes(32)


def envelope_of(
    event: PublicEvent, *, account_id: UUID | None = None, brand: str = "ponto", position: int = 1
) -> Envelope:
    return Envelope(
        source="tickets",
        partition=1,
        position=position,
        id=new_id(),
        type=type(event).__name__,
        version=1,
        account_id=account_id,
        brand=brand,
        occurred_at=NOON,
        actor="test",
        causation_id=None,
        correlation_id=new_id(),
        traceparent="",
        event=event,
    )


def brand_configured(*departments: str, sender: str = "Equipe Ponto") -> billing.BrandConfigured:
    return billing.BrandConfigured(
        name="Ponto",
        hosts=[],
        languages=["pt-BR"],
        default_language="pt-BR",
        time_zone="America/Sao_Paulo",
        currency="BRL",
        sender_name=sender,
        sender_email="ola@ponto.example",
        accent_colour="#0b7285",
        payee={},
        payment_methods=[],
        departments=[
            billing.Department(id=name, name={"en": name.title()}, description={"en": "Ask us"})
            for name in departments
        ],
    )


def account_opened(name: str) -> accounts.AccountOpened:
    return accounts.AccountOpened(user_id=new_id(), language="pt-BR", name=name, **PERSONAL)


def service_ordered(service_id: UUID) -> billing.ServiceOrdered:
    return billing.ServiceOrdered(
        service_id=service_id,
        order_id=new_id(),
        product_id=new_id(),
        product_name={"en": "Start"},
        domain="ana.example",
        cycle="monthly",
        recurring_minor=1990,
        currency="BRL",
    )


class Desk:
    """The service's HTTP interface. `ana` and `rui` are clients, each with one service."""

    def __init__(
        self, http: httpx.AsyncClient, store: EventStore, consumers: Consumers, *, signer: Signer
    ) -> None:
        self.http = http
        self.store = store
        self.ana, self.rui = new_id(), new_id()
        self.anas_service, self.ruis_service = new_id(), new_id()
        self._consumers = consumers
        self._signer = signer

    async def furnish(self) -> None:
        """Tell the service of the brand, its clients and their services."""
        async with self.store.pool.acquire() as db:
            await feed(db, apply_department, envelope_of(brand_configured("sales", "support")))
            for name, account, service in (
                ("Ana Souza", self.ana, self.anas_service),
                ("Rui Alves", self.rui, self.ruis_service),
            ):
                opened = envelope_of(account_opened(name), account_id=account)
                ordered = envelope_of(service_ordered(service), account_id=account)
                await feed(db, apply_client_name, opened)
                await feed(db, apply_held_service, ordered)

    def client(self, account: UUID, brand: str = "ponto") -> str:
        return self._token(["client"], brand, account)

    def staff(self, brand: str = "ponto") -> str:
        return self._token(["staff"], brand, None)

    def _token(self, scopes: list[str], brand: str, account: UUID | None) -> str:
        return self._signer.issue(
            "tickets", subject=str(new_id()), scopes=scopes, brand=brand, account_id=account
        )

    async def get(self, path: str, token: str) -> httpx.Response:
        await self.catch_up()
        return await self.http.get(path, headers={"authorization": f"Bearer {token}"})

    async def post(
        self, path: str, body: Any, token: str, *, key: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key or str(new_id())}
        return await self.http.post(path, json=body, headers=headers)

    async def open(self, account: UUID, **changed: Any) -> str:
        """The id of a ticket that the account has opened."""
        answer = await self.post("/v1/tickets", question(**changed), self.client(account))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket_id"])

    async def catch_up(self) -> None:
        """Let the service's own views see what it has published."""
        for worker in self._consumers.workers:
            if "tickets" in worker.consumer.sources:
                await worker.catch_up("tickets")

    async def events(self) -> int:
        async with self.store.pool.acquire() as db:
            return int(await db.fetchval("select count(*) from events"))


def question(**changed: Any) -> dict[str, Any]:
    return {
        "department": "support",
        "subject": "The site is slow",
        "message": "Since this morning.\nCan you look?",
        **changed,
    }


@asynccontextmanager
async def open_desk(database: Database) -> AsyncIterator[Desk]:
    """The service, built by its composition root, without the bus."""
    keys = {
        n: dict(OKPKey.generate_key("Ed25519").as_dict(private=True))
        for n in ("accounts", "tickets")
    }
    operator = OKPKey.generate_key("Ed25519").as_dict(private=False)
    settings = Settings.model_validate(
        {
            "service": "tickets",
            "port": 1,
            "database_url": database.url,
            "nats_url": "nats://127.0.0.1:1",
            "nats_user": "tickets",
            "nats_password": "only-for-tests-on-loopback",
            "signing_key": keys["tickets"],
            "operator_jwk": dict(operator),
            "peers": {name: f"http://{name}" for name in (*keys, OPERATOR)},
            "portal_url": "http://{brand}.localhost",
            "allowed_hosts": ["testserver"],
        }
    )
    service = await build(settings)
    service.store.keyring = KeysInMemory()
    app = create_app(service)
    signer = Signer("accounts", keys["accounts"])
    known = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
    app.state.verifier._kept["accounts"] = (float("inf"), known)
    await service.consumers.load()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        desk = Desk(http, service.store, service.consumers, signer=signer)
        await desk.furnish()
        yield desk
    assert service.close is not None
    await service.close()
    await service.store.pool.close()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
