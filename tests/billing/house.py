"""The billing service on a real database, with the sandbox gateway and panel as real servers.

The service answers HTTP on a port, so that the webhooks of both reach it; its loops are turned by
hand, one turn after another, so that a test sees each step.
"""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch
from uuid import UUID, uuid5

import httpx
import msgspec
import uvicorn
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from deploy.local.sandbox import gateway, panel
from deploy.local.sandbox.settings import SandboxSettings
from services.billing.app import build
from services.billing.automation.run import BusinessDayRun
from services.billing.automation.ticker import Ticker
from services.billing.contacts.views import apply as apply_contact
from services.billing.gateways.port import Gateway
from services.billing.gateways.registry import Gateways
from services.billing.gateways.sandbox import SandboxGateway
from services.billing.payments.charging import Charges
from services.billing.payments.hosted_page import HostedPages
from services.billing.payments.inquiry import Elsewhere, Inquiry
from services.billing.payments.ways import Ways
from services.billing.provisioning.answers import PanelAnswers
from services.billing.provisioning.panel import HostingPanel
from services.billing.refunds.news import take_reversals
from services.billing.settings import BillingSettings
from services.billing.webhooks.inbox import Inbox
from shared.consumers import Envelope, Reactor
from shared.consumers.effects import EffectRunner
from shared.contracts import PublicEvent, accounts
from shared.contracts.permissions import STAFF_PERMISSIONS
from shared.http.app import Service, create_app
from shared.ids import new_id
from shared.store import EventStore
from shared.tokens import OPERATOR, Signer
from tests.conftest import Database, wait_until
from tests.feeding import feed
from tests.servers import free_port

SECRET = "only-for-tests-on-loopback"
PORTAL_URL = "http://{brand}.localhost:7100"
CONTACT = {
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


class ShiftedClock:
    """The machine's clock, put forward as far as the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC) + self.ahead  # noqa: TID251


def envelope_of(
    event: PublicEvent, *, account_id: UUID | None, brand: str = "ponto", source: str = "billing"
) -> Envelope:
    return Envelope(
        source=source,
        partition=1,
        position=1,
        id=new_id(),
        type=type(event).__name__,
        version=1,
        account_id=account_id,
        brand=brand,
        occurred_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        actor="test",
        causation_id=None,
        correlation_id=new_id(),
        traceparent="",
        event=event,
    )


def price(cycle: str = "monthly", recurring: int = 2990, setup: int = 0) -> dict[str, Any]:
    return {"cycle": cycle, "recurring_minor": recurring, "setup_minor": setup}


def brand_file(**changed: Any) -> dict[str, Any]:
    return {
        "name": "Ponto Hospedagem",
        "hosts": ["ponto.localhost"],
        "languages": ["pt-BR", "en"],
        "default_language": "pt-BR",
        "time_zone": "America/Sao_Paulo",
        "currency": "BRL",
        "invoice_prefix": "PON",
        "sender_name": "Ponto",
        "sender_email": "ola@ponto.example",
        "accent_colour": "#0b7285",
        "payee": {"name": "Ponto Ltda"},
        "payment_methods": [
            {"id": "card", "kind": "hosted_page", "label": {"en": "Card"}},
            {"id": "boleto", "kind": "hosted_page", "label": {"en": "Boleto"}},
            {"id": "transfer", "kind": "bank_transfer", "label": {"en": "Transfer"}},
        ],
        "departments": [],
        "products": [
            {
                "slug": "start",
                "name": {"pt-BR": "Hospedagem Início", "en": "Start hosting"},
                "prices": [price(), price("annual", 29900, 1000)],
            },
            {"slug": "pro", "name": {"en": "Pro"}, "prices": [price(recurring=4990)]},
        ],
        "promotions": [
            {
                "code": "WELCOME",
                "kind": "percent",
                "rate_percent": "10",
                "label": {"en": "10 % off"},
            }
        ],
        **changed,
    }


class House:
    """The service's HTTP interface and its loops. `ana` and `rui` are clients with an account."""

    def __init__(self, http: httpx.AsyncClient, service: Service, *, sandbox: "Sandbox") -> None:
        self.http = http
        self.service = service
        self.store: EventStore = service.store
        self.sandbox = sandbox
        self.clock = ShiftedClock()
        self.store.clock = self.clock
        self.ana, self.rui = new_id(), new_id()
        self.signers = {name: Signer(name, key) for name, key in sandbox.keys.items()}
        self.gateways: Gateways = service.state.gateways
        self.gateway = self.gateways.named("sandbox")
        self.panel = HostingPanel(url=sandbox.panel_url, key=SecretStr(SECRET))
        ways = Ways(portal_url=PORTAL_URL, webhooks_url=sandbox.url("billing"))
        self.charges = Charges(store=self.store, gateways=self.gateways, ways=ways)
        pages: HostedPages = service.state.hosted_pages
        self.inquiry = Inquiry(
            store=self.store,
            gateways=self.gateways,
            pages=pages,
            charges=self.charges,
            elsewhere=Elsewhere(reversals=take_reversals),
        )
        self.answers = PanelAnswers(store=self.store, panel=self.panel)
        self.run = BusinessDayRun(
            store=self.store, consumers=service.consumers, inquiry=self.inquiry
        )
        self.ticker = Ticker(self.store)

    @property
    def inbox(self) -> Inbox:
        inbox: Inbox = self.service.state.inbox
        return inbox

    @asynccontextmanager
    async def silent_gateway(self) -> AsyncIterator[None]:
        """For a while the gateway does not answer."""
        secret = SecretStr(SECRET)
        silent = SandboxGateway(url="http://127.0.0.1:1", key=secret, webhook_secret=secret)
        with self.behind(silent):
            yield
        await silent.close()

    @contextmanager
    def behind(self, gateway: Gateway) -> Iterator[None]:
        """For a while this gateway stands in for the sandbox's."""
        with patch.dict(self.gateways._by_name, {"sandbox": gateway}):
            yield

    # ------------------------------------------------------------------------ who calls

    def client(self, account_id: UUID, brand: str = "ponto") -> str:
        user_id = uuid5(account_id, "user")
        return self.signers["accounts"].issue(
            "billing", subject=str(user_id), scopes=["client"], brand=brand, account_id=account_id
        )

    def staff(self, brand: str = "ponto", *, may: Sequence[str] = STAFF_PERMISSIONS) -> str:
        user_id = uuid5(self.ana, f"staff of {brand}")
        return self.signers["accounts"].issue(
            "billing", subject=str(user_id), scopes=["staff", *may], brand=brand
        )

    def internal(self) -> str:
        return self.signers["portal"].issue(
            "billing", subject="service:portal", scopes=["internal"]
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        given = {
            "authorization": f"Bearer {token}",
            "idempotency-key": str(new_id()),
            **(headers or {}),
        }
        return await self.http.request(method, path, json=body, headers=given)

    async def do(self, method: str, path: str, body: Any = None, *, token: str) -> Any:
        """The answer to what must succeed."""
        answer = await self.ask(method, path, body, token=token)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    # ------------------------------------------------------------------------ the story so far

    async def furnish(self) -> None:
        """Apply the brand's file and let the accounts service tell of its clients."""
        await self.apply_brand()
        for name, account_id in (("Ana Souza", self.ana), ("Rui Alves", self.rui)):
            await self.register(name, account_id)
        await self.ticker.tick()
        await self.run.work_off()

    async def apply_brand(self, slug: str = "ponto", **changed: Any) -> None:
        path = f"/internal/brands/{slug}"
        await self.do("PUT", path, brand_file(**changed), token=self.internal())
        await self.catch_up()

    async def register(self, name: str, account_id: UUID, *, language: str = "pt-BR") -> None:
        opened = accounts.AccountOpened(user_id=new_id(), language=language, name=name, **CONTACT)
        number = accounts.AccountNumberAssigned(number=str(account_id.int)[-6:])
        async with self.store.pool.acquire() as db:
            for event in (opened, number):
                told = envelope_of(event, account_id=account_id, source="accounts")
                await feed(db, apply_contact, told)

    async def product_id(self, slug: str = "start", brand: str = "ponto") -> str:
        products = (await self.http.get("/v1/products", params={"brand": brand})).json()
        return next(str(p["product_id"]) for p in products if p["slug"] == slug)

    async def order(
        self, account_id: UUID, *, domain: str = "ana.example", cycle: str = "monthly"
    ) -> dict[str, str]:
        """A placed order: its ids and number."""
        body = {"product_id": await self.product_id(), "cycle": cycle, "domain": domain}
        order: dict[str, str] = await self.do(
            "POST", "/v1/orders", body, token=self.client(account_id)
        )
        await self.catch_up()
        return order

    async def start_payment(
        self, account_id: UUID, invoice_id: str, *, method: str = "card"
    ) -> tuple[str, str]:
        """The id of the attempt and the address of its payment page."""
        token = self.client(account_id)
        path = f"/v1/invoices/{invoice_id}/payments"
        payment = await self.do("POST", path, {"method": method}, token=token)
        page = await self.do(
            "POST",
            f"/v1/payments/{payment['payment_id']}/hosted-page",
            {"return_url_path": f"/invoices/{invoice_id}"},
            token=token,
        )
        return payment["payment_id"], page["url"]

    async def pay(self, account_id: UUID, invoice_id: str, *, outcome: str = "approve") -> str:
        """Go through the payment page; the webhook is on its way. The id of the attempt."""
        payment_id, url = await self.start_payment(account_id, invoice_id)
        await self.sandbox.decide(url, outcome)
        return payment_id

    async def active_service(self, account_id: UUID, **order: str) -> dict[str, str]:
        """An order that is paid and whose service runs."""
        placed = await self.order(account_id, **order)
        await self.pay(account_id, placed["invoice_id"])
        await self.until_service_is("active", placed["service_id"])
        return placed

    async def pay_and_settle(self, account_id: UUID, invoice_id: str) -> None:
        await self.pay(account_id, invoice_id)
        await self.until(lambda: self._is_paid(invoice_id))

    # ------------------------------------------------------------------------ turning the loops

    async def catch_up(self) -> None:
        """Let billing's own consumers see its log to the end."""
        heads: dict[int, int] = {}
        feed = self.service.consumers.feeds["billing"]
        while heads != (now := await feed.heads()):
            heads = now
            for worker in self.service.consumers.workers:
                if "billing" in worker.consumer.sources:
                    await worker.catch_up("billing")

    async def turn(self) -> None:
        """One turn of every loop that reacts to something."""
        await self.inbox.work_off_due()
        await self.catch_up()
        await self.talk_to_panel()
        await self.catch_up()

    async def talk_to_panel(self) -> None:
        for worker in self.service.consumers.workers:
            if isinstance(worker.consumer, Reactor):
                runner = EffectRunner(worker.consumer, self.store, worker.planned)
                await runner.carry_out_due()

    async def until(self, holds: Any) -> None:
        """Turn the loops until it holds."""

        async def turned() -> bool:
            await self.turn()
            return bool(await holds())

        await wait_until(turned)

    async def until_service_is(self, status: str, service_id: str) -> None:
        async def is_so() -> bool:
            return await self.service_status(service_id) == status

        await self.until(is_so)

    async def play(self, day: date, *, brand: str = "ponto") -> None:
        """Start the business day and work it off, with what it sets in motion at the panel."""
        body = {"brand": brand, "day": day.isoformat()}
        await self.do("POST", "/internal/business-days", body, token=self.internal())
        await self.run.work_off()
        await self.until(self.is_quiet)

    async def play_until(self, day: date) -> None:
        today = await self.today()
        while today < day:
            today += timedelta(days=1)
            await self.play(today)

    async def is_quiet(self) -> bool:
        """Nothing is on its way to or from the panel and the gateway."""
        pending = await self.fetchval("select count(*) from effect where state = 'pending'")
        waiting = await self.fetchval("select count(*) from webhook where processed_at is null")
        asked = await self.fetchval("select count(*) from provisioning_open")
        return not (pending or waiting or asked)

    # ------------------------------------------------------------------------ what came of it

    async def today(self, brand: str = "ponto") -> date:
        path = f"/internal/business-days/{brand}"
        answer = await self.do("GET", path, token=self.internal())
        return date.fromisoformat(answer["today"])

    async def service_status(self, service_id: str) -> str:
        return str(
            await self.fetchval(
                "select status from service_list where service_id = $1", UUID(service_id)
            )
        )

    async def invoice(self, account_id: UUID, invoice_id: str) -> dict[str, Any]:
        await self.catch_up()
        found: dict[str, Any] = await self.do(
            "GET", f"/v1/invoices/{invoice_id}", token=self.client(account_id)
        )
        return found

    async def invoices(self, account_id: UUID) -> list[dict[str, Any]]:
        """The account's invoices, oldest first."""
        await self.catch_up()
        found = await self.do("GET", "/v1/invoices", token=self.client(account_id))
        return list(reversed(found))

    async def events(self, account_id: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
        """What was published about the account (None: about the brand), in order."""
        async with self.store.pool.acquire() as db:
            rows = await db.fetch(
                """select type, data from log where account_id is not distinct from $1
                   order by partition, position""",
                account_id,
            )
        return [(row["type"], msgspec.json.decode(row["data"])) for row in rows]

    async def names(self, account_id: UUID | None = None) -> list[str]:
        return [name for name, _ in await self.events(account_id)]

    async def fetchval(self, query: str, *values: Any) -> Any:
        async with self.store.pool.acquire() as db:
            return await db.fetchval(query, *values)

    async def execute(self, query: str, *values: Any) -> None:
        async with self.store.pool.acquire() as db:
            await db.execute(query, *values)

    async def findings(self) -> list[dict[str, Any]]:
        """What verification finds, but in the view that was told of accounts without a log."""
        await self.catch_up()
        answer = await self.do("GET", "/internal/verify", token=self.internal())
        return [each for each in answer["findings"] if each.get("view") != "account_contact"]

    async def _is_paid(self, invoice_id: str) -> bool:
        status = await self.fetchval(
            "select status from invoice_list where invoice_id = $1", UUID(invoice_id)
        )
        return bool(status == "paid")


class Sandbox:
    """The gateway and the panel, where they listen, and the keys of all who sign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("gateway", "panel", "billing")}
        names = ("accounts", "billing", "portal")
        self.keys = {n: dict(OKPKey.generate_key("Ed25519").as_dict(private=True)) for n in names}

    @property
    def gateway_url(self) -> str:
        return self.url("gateway")

    @property
    def panel_url(self) -> str:
        return self.url("panel")

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def settings(self, name: str) -> SandboxSettings:
        return SandboxSettings(
            port=self.ports[name],
            public_url=f"http://127.0.0.1:{self.ports[name]}",
            data=self.folder / f"{name}.sqlite",
            key=SECRET,
            webhook_secret=SECRET,
        )

    def change_checkouts(self, assignment: str) -> None:
        """Let something happen at the gateway of which it tells nobody."""
        with sqlite3.connect(self.folder / "gateway.sqlite") as database:
            database.execute(f"update checkout set {assignment}")

    def ask_gateway(self, query: str) -> Any:
        """What the gateway has: the one value that the query finds."""
        with sqlite3.connect(self.folder / "gateway.sqlite") as database:
            return database.execute(query).fetchone()[0]

    def change_panel(self, statement: str) -> None:
        """Let something happen on the panel of which it tells nobody."""
        with sqlite3.connect(self.folder / "panel.sqlite") as database:
            database.execute(statement)

    async def decide(self, url: str, outcome: str) -> None:
        """What the payer does on the payment page."""
        async with httpx.AsyncClient() as payer:
            answer = await payer.post(url, data={"outcome": outcome})
        assert answer.status_code == 303, answer.text


def billing_settings(database: Database, sandbox: Sandbox, **more: Any) -> BillingSettings:
    operator = OKPKey.generate_key("Ed25519").as_dict(private=False)
    own = f"http://127.0.0.1:{sandbox.ports['billing']}"
    return BillingSettings.model_validate(
        {
            "service": "billing",
            "port": sandbox.ports["billing"],
            "database_url": database.url,
            "nats_url": "nats://127.0.0.1:1",
            "nats_user": "billing",
            "nats_password": SECRET,
            "signing_key": sandbox.keys["billing"],
            "operator_jwk": dict(operator),
            "peers": {
                **{name: f"http://{name}" for name in (*sandbox.keys, OPERATOR)},
                "billing": own,
            },
            "portal_url": PORTAL_URL,
            "gateway_url": sandbox.gateway_url,
            "gateway_key": SECRET,
            "gateway_webhook_secret": SECRET,
            "panel_url": sandbox.panel_url,
            "panel_key": SECRET,
            "panel_webhook_secret": SECRET,
            **more,
        }
    )


@asynccontextmanager
async def serving(
    app: Any, port: int, *, lifespan: Literal["on", "off"] = "on"
) -> AsyncIterator[uvicorn.Server]:
    """The application on a port of loopback, for the time of the block."""
    config = uvicorn.Config(
        app,
        port=port,
        log_level="error",
        lifespan=lifespan,
        timeout_keep_alive=600,  # longer than the client's, which else may ask while it is closed
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())

    async def has_started() -> bool:
        return server.started

    await wait_until(has_started)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_house(database: Database, folder: Path, **settings: Any) -> AsyncIterator[House]:
    """The service, built by its composition root, without the bus, between its sandboxes."""
    sandbox = Sandbox(folder)
    with patch.object(ssl.SSLContext, "load_verify_locations"):
        # Eight clients of loopback addresses need no list of certificate authorities.
        async with _furnished_house(database, settings, sandbox=sandbox) as house:
            yield house


@asynccontextmanager
async def _furnished_house(
    database: Database, settings: dict[str, Any], *, sandbox: Sandbox
) -> AsyncIterator[House]:
    service = await build(billing_settings(database, sandbox, **settings))
    service.store.keyring = KeysInMemory()
    app = create_app(service)
    for name in ("accounts", "portal"):
        signer = Signer(name, sandbox.keys[name])
        known = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
        app.state.verifier._kept[name] = (float("inf"), known)
    await service.consumers.load()
    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(gateway, "WEBHOOK_AFTER_S", 0.02))
        stack.enter_context(patch.object(panel, "WORK_TAKES_S", 0.02))
        own = serving(app, sandbox.ports["billing"], lifespan="off")
        servers = [await stack.enter_async_context(own)]
        for name, server in (("gateway", gateway.Gateway), ("panel", panel.Panel)):
            application = server(sandbox.settings(name)).app()
            sandboxed = serving(application, sandbox.ports[name])
            servers.append(await stack.enter_async_context(sandboxed))
        base = f"http://127.0.0.1:{sandbox.ports['billing']}"
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=30))
        house = House(http, service, sandbox=sandbox)
        stack.push_async_callback(house.gateway.close)
        stack.push_async_callback(house.panel.close)
        await house.furnish()
        yield house
        for each in servers:
            each.should_exit = True
    assert service.close is not None
    await service.close()
    await service.store.pool.close()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
