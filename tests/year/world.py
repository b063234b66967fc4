"""Billing as it is, over in-memory ports and in virtual time: store, consumers, gateway, panel.

Commands, policies, views and the run of business days are those of the service; only PostgreSQL,
the gateway and the panel are stood in for. Nothing runs by itself: `World` turns the loops.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

from msgspec import structs

from services.billing.app import POLICIES, VIEWS
from services.billing.automation.run import BusinessDayRun
from services.billing.automation.ticker import Ticker
from services.billing.contacts.views import account_contact
from services.billing.gateways.port import (
    Capabilities,
    Gateway,
    Notice,
    Opened,
    PageRequest,
    Reported,
)
from services.billing.gateways.registry import Gateways
from services.billing.payments.charging import Charges
from services.billing.payments.hosted_page import HostedPages
from services.billing.payments.inquiry import Elsewhere, Inquiry
from services.billing.payments.payment import Payment
from services.billing.payments.ways import Ways
from services.billing.provisioning.answers import PanelAnswers
from services.billing.provisioning.panel import PanelAnswer, PanelRequest
from services.billing.provisioning.panel_reactor import panel_reactor
from services.billing.publishing import publish
from services.billing.refunds.news import take_reversals
from services.billing.refunds.reactor import refund_reactor
from shared.consumers.effects import EffectRunner
from shared.consumers.group import Consumers
from shared.store import Cause, EventStore, Transaction
from tests.shared.kernel import KeysInMemory
from tests.simulation.kernel_statements import kernel_tables
from tests.simulation.lease_statements import lease_tables
from tests.simulation.memory_postgres import (
    Calm,
    MemoryConnection,
    MemoryPool,
    MemoryServer,
    Weather,
)
from tests.simulation.view_tables import tables_of
from tests.simulation.virtual_time import VirtualClock, VirtualLoop, pass_time
from tests.year import found as _  # noqa: F401 (registers what steps find)
from tests.year.statements import billing_tables

Result = TypeVar("Result")
Work = Callable[[Transaction], Awaitable[Result]]

BRAND = "ponto"
NAMESPACE = UUID("5b0c4f6e-6d0d-4b54-9a8b-0d3f5f3f8f11")
POOL_SIZE = 8
DAY_BEGINS_AT = timedelta(hours=6)
"""In UTC: three o'clock in the morning in São Paulo."""


def account_id(number: int) -> UUID:
    """The client's account."""
    return uuid5(NAMESPACE, f"account/{number}")


class MemoryGateway(Gateway):
    """The gateway: what the payers have done there, by our payment's id."""

    name = "sandbox"
    capabilities = Capabilities(hosted_page=True, pending_days=5)

    def __init__(self) -> None:
        self.checkouts: dict[str, Reported] = {}
        self._references: dict[str, str] = {}

    def take(self, payment: Payment, status: Any, *, paid_on: date | None) -> str:
        """What the payer did on the payment page; the gateway's id of it."""
        reference = str(payment.id)
        said = Reported(
            id=f"chk_{payment.id.hex}",
            reference=reference,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            status=status,
            failure_code="card_declined" if status == "failed" else None,
            paid_on=paid_on,
        )
        self.checkouts[reference] = said
        self._references[said.id] = reference
        return said.id

    def copy(self) -> "MemoryGateway":
        """Another one that knows the same."""
        made = MemoryGateway()
        made.checkouts, made._references = dict(self.checkouts), dict(self._references)
        return made

    def settle(self, reference: str, status: Any, *, today: date) -> None:
        """What the bank says later of money that was on its way."""
        said = self.checkouts[reference]
        paid_on = said.paid_on or today
        self.checkouts[reference] = structs.replace(said, status=status, paid_on=paid_on)

    @property
    def captured_minor(self) -> int:
        """All money that ever came in."""
        paid = (each for each in self.checkouts.values() if each.status == "succeeded")
        return sum(each.amount_minor for each in paid)

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`; payers are on their page at once here."""
        raise AssertionError(f"nobody asks for a page: {request}")

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        return self.checkouts.get(self._references.get(id, ""))

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`."""
        return self.checkouts.get(reference)


class MemoryPanel:
    """The panel: requests that it has got and has yet to answer."""

    def __init__(self) -> None:
        self.requests: dict[str, PanelRequest] = {}

    async def request(self, request: PanelRequest) -> None:
        """See `Panel.request`."""
        self.requests[request.request_id] = request

    async def answer(self, request_id: str) -> PanelAnswer | None:
        """See `Panel.answer`; its answers come by webhook here."""
        raise AssertionError(f"nobody asks: {request_id}")


class Still(Calm):
    """Nothing ever happens on the way, which takes no turn either."""

    async def out(self, connection: MemoryConnection, query: str, arguments: Sequence[Any]) -> None:
        """See `Weather.out`."""


class World:
    """One installation of billing. A process of it may end and another go on."""

    def __init__(
        self,
        loop: VirtualLoop,
        server: MemoryServer | None = None,
        *,
        other_gateway: Gateway | None = None,
    ) -> None:
        self.loop = loop
        self.server = server or MemoryServer(_tables(), loop.now)
        self.gateway = MemoryGateway()
        self._other_gateway = other_gateway
        self.panel = MemoryPanel()
        self.keyring = KeysInMemory()

    async def begin_process(
        self, weather: Weather | None = None, *, without: frozenset[str] = frozenset()
    ) -> None:
        """Put together what the service's composition root does, without HTTP and the bus.

        `without`: views that nobody reads, by name.
        """
        self.pool = MemoryPool(
            self.server, size=POOL_SIZE, weather=weather or Still(), name="billing"
        )
        self.store = EventStore(
            cast(Any, self.pool),
            service="billing",
            publish=publish,
            keyring=self.keyring,
            clock=VirtualClock(self.loop),
        )
        gateways = Gateways([self._other_gateway or self.gateway])
        reactor = panel_reactor(self.panel, notify_url="http://billing")
        refunds = refund_reactor(gateways)
        left_out = {account_contact.name} | without
        views = tuple(view for view in VIEWS if view.name not in left_out)
        self.consumers = Consumers(
            (*views, *POLICIES, reactor, refunds), self.store, cast(Any, None)
        )
        ways = Ways(portal_url="http://portal", webhooks_url="http://billing")
        self.charges = Charges(store=self.store, gateways=gateways, ways=ways)
        self.pages = HostedPages(store=self.store, gateways=gateways, ways=ways)
        self.inquiry = Inquiry(
            store=self.store,
            gateways=gateways,
            pages=self.pages,
            charges=self.charges,
            elsewhere=Elsewhere(reversals=take_reversals),
        )
        self.answers = PanelAnswers(store=self.store, panel=self.panel)
        self.days = BusinessDayRun(store=self.store, consumers=self.consumers, inquiry=self.inquiry)
        self.ticker = Ticker(self.store)
        self._runners = [
            EffectRunner(each, self.store, worker.planned)
            for each in (reactor, refunds)
            for worker in self.consumers.workers
            if worker.name == each.name
        ]
        await self.consumers.load()

    @property
    def today(self) -> date:
        """The date at the brand, while it is day."""
        return self.loop.now().date()

    async def until(self, day: date) -> None:
        """Let the time pass until the morning of that day."""
        morning = datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY_BEGINS_AT
        await pass_time((morning - self.loop.now()).total_seconds())

    def cause(self, actor: str) -> Cause:
        """Who does something."""
        return Cause(actor=actor)

    async def do(self, work: Work[Result], *, actor: str) -> Result:
        """One command in one transaction."""
        return await self.store.run(self.cause(actor), work)

    def register(self, number: int, *, language: str = "en") -> None:
        """The accounts service has told of a client: that view is fed by its log alone."""
        row = {
            "account_id": account_id(number),
            "brand": BRAND,
            "number": f"{number:06d}",
            "language": language,
            "name": f"Client {number}",
            "address": "Rua das Flores 12",
            "tax_id": "",
            "country": "BR",
            "state": "SP",
        }
        self.server.tables["account_contact"].store((row["account_id"],), row)

    async def catch_up(self) -> None:
        """Let views and policies see the log to its end, and the panel what it is asked for."""
        await self.consumers.reach_end("billing")
        for runner in self._runners:
            await runner.carry_out_due()

    async def play_day(self) -> None:
        """What the clock sets going: the business day, and all of its steps."""
        await self.ticker.tick()
        await self.days.work_off()
        await self.catch_up()

    async def tell_of_payment(self, checkout_id: str) -> None:
        """The gateway's webhook."""
        await self.inquiry.take_notice("sandbox", Notice(event_id="evt", about=checkout_id))

    async def answer_for_panel(self, request_id: str, *, refusal: str | None = None) -> None:
        """The panel's webhook about a request that it has got."""
        request = self.panel.requests.pop(request_id)
        said = {
            "request_id": request_id,
            "service_id": request.service_id,
            "result": "refused" if refusal else "done",
            "reason": refusal,
        }
        await self.answers.take_webhook(json.dumps(said))


def _tables() -> list[Any]:
    return [*kernel_tables(), *lease_tables(), *billing_tables(), *tables_of(VIEWS)]
