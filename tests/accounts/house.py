"""The accounts service on real databases, with a clock that the test moves."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from joserfc.jwk import OKPKey

from services.accounts.app import build
from services.accounts.brands.views import apply as apply_brand
from services.accounts.settings import AccountsSettings
from services.accounts.users.credentials import Credential, credential_by_email
from services.accounts.users.reset_queue import answer_next_reset
from shared.consumers import Envelope
from shared.contracts.billing import BrandConfigured
from shared.http.app import create_app
from shared.ids import new_id
from shared.store import EventStore
from shared.tokens import OPERATOR, Signer, Verifier
from tests.conftest import Database
from tests.feeding import feed

PASSWORD = "correct horse battery"
ADDRESS = "198.51.100.7"
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class MovableClock:
    """Shows the time that the test has set."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        """See `Clock`."""
        return self.instant

    def advance(self, **span: float) -> None:
        """Let time pass, as `timedelta` names it."""
        self.instant += timedelta(**span)


def new_key() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519").as_dict(private=True))


def envelope_of(event: Any, *, brand: str = "ponto", account_id: UUID | None = None) -> Envelope:
    return Envelope(
        source="billing",
        partition=1,
        position=1,
        id=new_id(),
        type=type(event).__name__,
        version=1,
        account_id=account_id,
        brand=brand,
        occurred_at=START,
        actor="test",
        causation_id=None,
        correlation_id=new_id(),
        traceparent="",
        event=event,
    )


def brand_configured(name: str = "Ponto Hospedagem") -> BrandConfigured:
    return BrandConfigured(
        name=name,
        hosts=[],
        languages=["pt-BR", "en"],
        default_language="pt-BR",
        time_zone="America/Sao_Paulo",
        currency="BRL",
        sender_name=name,
        sender_email="ola@ponto.example",
        accent_colour="#0b7285",
        payee={},
        payment_methods=[],
        departments=[],
    )


def registration(**changed: Any) -> dict[str, Any]:
    return {
        "brand": "ponto",
        "email": "ana@example.com",
        "password": PASSWORD,
        "language": "pt-BR",
        "name": "Ana Souza",
        "phone": "+55 11 91234-5678",
        "tax_id": "529.982.247-25",
        "address": "Rua das Flores 12",
        "city": "São Paulo",
        "state": "SP",
        "postal_code": "01310-100",
        "country": "BR",
        **changed,
    }


def contact(**changed: Any) -> dict[str, Any]:
    body = registration(**changed)
    return {k: v for k, v in body.items() if k not in {"brand", "email", "password"}}


class House:
    """The service's HTTP interface, as the portal, a user or another service calls it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        store: EventStore,
        *,
        verifier: Verifier,
        signers: dict[str, Signer],
    ) -> None:
        self.http = http
        self.store = store
        self.verifier = verifier
        self.signers = signers
        assert isinstance(store.clock, MovableClock)
        self.clock = store.clock

    def service_token(self, issuer: str = "portal") -> str:
        signer = self.signers[issuer]
        return signer.issue("accounts", subject=f"service:{issuer}", scopes=["internal"])

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        address: str = ADDRESS,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        given = {
            "authorization": f"Bearer {token or self.service_token()}",
            "faktura-client-address": address,
            **(headers or {}),
        }
        return await self.http.request(method, path, json=body, headers=given)

    async def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return await self.ask("POST", path, body, **options)

    async def configure_brand(self, slug: str = "ponto") -> None:
        async with self.store.pool.acquire() as db:
            await feed(db, apply_brand, envelope_of(brand_configured(), brand=slug))

    async def credential(self, email: str = "ana@example.com", brand: str = "ponto") -> Credential:
        async with self.store.pool.acquire() as db:
            found = await credential_by_email(db, brand=brand, email=email)
        assert found is not None
        return found

    async def link(self, kind: str, email: str = "ana@example.com") -> str:
        """The token of the newest link that would be mailed to the address."""
        body = {"kind": kind, "user_id": str((await self.credential(email)).user_id)}
        token = self.service_token("notifications")
        answer = await self.post("/internal/links", body, token=token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def confirmed_client(self, **changed: Any) -> None:
        """A client whose address is confirmed."""
        body = registration(**changed)
        answer = await self.post("/v1/registrations", body)
        assert answer.status_code == 202, answer.text
        token = await self.link("email_confirmation", body["email"])
        answer = await self.post("/v1/email-confirmations", {"token": token})
        assert answer.status_code == 200, answer.text

    async def sign_in(
        self, email: str = "ana@example.com", password: str = PASSWORD, **options: Any
    ) -> httpx.Response:
        body = {"brand": "ponto", "email": email, "password": password}
        return await self.post("/v1/sessions", body, **options)

    async def session(self, email: str = "ana@example.com", password: str = PASSWORD) -> str:
        answer = await self.sign_in(email, password)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session"])

    async def appoint(self, **changed: Any) -> httpx.Response:
        """A member of staff, as the operator's command line makes one."""
        body = {
            "brand": "ponto",
            "email": "bia@ponto.example",
            "name": "Bia Lima",
            "password": PASSWORD,
            **changed,
        }
        token = self.service_token(OPERATOR)
        return await self.ask("PUT", "/internal/staff", body, token=token)

    async def answer_resets(self) -> None:
        """Let the service look at the resets that were asked for."""
        while await answer_next_reset(self.store):
            pass

    async def resolve(self, session: str) -> httpx.Response:
        return await self.post("/internal/sessions/resolve", {"session": session})

    async def user_token(self, session: str) -> str:
        return str((await self.resolve(session)).json()["token"])

    async def published(self, email: str = "ana@example.com") -> list[str]:
        """The types of the public events of the client's account, in order."""
        account_id = (await self.credential(email)).account_id
        async with self.store.pool.acquire() as db:
            rows = await db.fetch(
                "select type from log where account_id = $1 order by position", account_id
            )
        return [row["type"] for row in rows]

    async def count(self, table: str) -> int:
        async with self.store.pool.acquire() as db:
            return int(await db.fetchval(f"select count(*) from {table}"))


@asynccontextmanager
async def open_house(accounts: Database, keyring: Database) -> AsyncIterator[House]:
    """The service, built by its composition root, without the bus."""
    keys = {name: new_key() for name in ("accounts", "portal", "notifications", OPERATOR)}
    public = OKPKey.import_key(keys[OPERATOR]).as_dict(private=False)
    settings = AccountsSettings.model_validate(
        {
            "service": "accounts",
            "port": 1,
            "database_url": accounts.url,
            "keyring_url": keyring.url,
            "master_key": b64encode(bytes(32)).decode(),
            "nats_url": "nats://127.0.0.1:1",
            "nats_user": "accounts",
            "nats_password": "only-for-tests-on-loopback",
            "signing_key": keys["accounts"],
            "operator_jwk": dict(public),
            "peers": {name: f"http://{name}" for name in keys},
            "portal_url": "http://{brand}.localhost",
            "allowed_hosts": ["testserver"],
        }
    )
    service = await build(settings, MovableClock())
    app = create_app(service)
    signers = {name: Signer(name, key) for name, key in keys.items()}
    for name, signer in signers.items():
        known = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
        app.state.verifier._kept[name] = (float("inf"), known)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        house = House(http, service.store, verifier=app.state.verifier, signers=signers)
        await house.configure_brand()
        yield house
    assert service.close is not None
    await service.close()
    await service.store.pool.close()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
