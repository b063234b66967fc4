"""Everybody at once about one invoice: payer, autopay, staff, webhooks and refunds, from a seed.

Each goes its way in steps that the weather holds up, so that a seed is one way in which they cross.
The gateway may answer late, never, or after it has acted. In the end all that is asked about is
answered, and then the money has to be right.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from uuid import UUID

from msgspec import structs

from services.billing.brands.commands import configure_brand
from services.billing.carts.items import PRODUCT, CartItem
from services.billing.catalogue.product import Product
from services.billing.gateways.port import (
    Capabilities,
    ChargeRequest,
    Gateway,
    Notice,
    Opened,
    PageRequest,
    RefundRequest,
    Reported,
    ReportedRefund,
)
from services.billing.invoices.commands import CancelInvoice, void_invoice
from services.billing.orders.commands import PlaceOrder, place_order
from services.billing.orders.giving_up import CancelOrder, cancel_order
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.commands import StartPayment, start_payment
from services.billing.payments.payment import Payment
from services.billing.refunds.commands import request_refund
from services.billing.refunds.giving_back import RequestRefund
from services.billing.saved_methods.collecting import Collector
from services.billing.saved_methods.collection import Collection
from services.billing.saved_methods.commands import KeepMethod, keep_method
from services.billing.webhooks.inbox import Unprocessable
from shared.errors import DomainError
from shared.ids import new_id
from shared.store import Transaction
from tests.billing.samples import saved_card
from tests.simulation.memory_postgres import Calm, MemoryConnection
from tests.simulation.virtual_time import VirtualLoop, pass_time, seeded
from tests.year.killing import copied
from tests.year.shop import SEASONS, configuration
from tests.year.world import BRAND, World, account_id

CLIENT = 1
ROUNDS = 10
ROUND_S = 3700.0
TRIES = 6
Way = Callable[[], Awaitable[None]]
READ_BY_NOBODY = frozenset(
    {"bank_entry", "bank_statement", "boleto", "brand", "cart_open", "credit_note", "draft"}
    | {"gateway_payment", "known_payer", "order_list", "product", "promotion", "reconciliation"}
    | {"saved_method", "staff_task"}
)
"""Views for pages and for days, of which there are none here; they take as long as the rest."""


class Gusts(Calm):
    """Statements take as long as it pleases the seed."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    async def out(self, connection: MemoryConnection, query: str, arguments: Sequence[Any]) -> None:
        """See `Weather.out`."""
        await pass_time(self._draw.random() * 0.02)


class CrossedGateway(Gateway):
    """Does what it is asked once for each key; whether it says so is another matter."""

    name = "sandbox"
    capabilities = Capabilities(
        hosted_page=True, saved_methods=True, refunds=True, expires=True, pending_days=5
    )

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self.attempts: dict[str, Reported] = {}
        self.refunds: dict[str, ReportedRefund] = {}
        self.captured: Counter[str] = Counter()
        """By reference: how often money came."""
        self.is_calm = False

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`."""
        await self._begin()
        known = self.attempts.setdefault(request.reference, _attempt(request))
        await self._end()
        return Opened(id=known.id, url=f"http://gateway/{known.id}")

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        await self._begin()
        return next((self._told(r) for r, each in self.attempts.items() if each.id == id), None)

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`."""
        await self._begin()
        return self._told(reference) if reference in self.attempts else None

    async def expire(self, id: str) -> Reported:
        """See `Gateway.expire`."""
        await self._begin()
        reference = next(r for r, each in self.attempts.items() if each.id == id)
        if self.attempts[reference].status == "open":
            self._set(reference, status="expired")
        await self._end()
        return self._told(reference)

    async def charge(self, request: ChargeRequest) -> Reported:
        """See `Gateway.charge`."""
        await self._begin()
        if request.reference not in self.attempts:
            self.attempts[request.reference] = _attempt(request)
            if self._draw.random() < 0.7:
                self._capture(request.reference)
            else:
                self._set(request.reference, status="failed", failure_code="insufficient_funds")
        await self._end()
        return self._told(request.reference)

    async def refund(self, request: RefundRequest) -> ReportedRefund:
        """See `Gateway.refund`."""
        await self._begin()
        if request.reference not in self.refunds:
            self.refunds[request.reference] = ReportedRefund(
                id=f"re_{request.reference}",
                reference=request.reference,
                amount_minor=request.amount_minor,
                currency=request.currency,
                status="succeeded" if self._draw.random() < 0.8 else "failed",
            )
            reference = next(r for r, e in self.attempts.items() if e.id == request.payment_id)
            told = [*self.attempts[reference].refunds, self.refunds[request.reference]]
            self._set(reference, refunds=told)
        await self._end()
        return self.refunds[request.reference]

    def pay(self, reference: str) -> None:
        """The payer, on the page of an attempt that is open."""
        if reference in self.attempts and self.attempts[reference].status == "open":
            self._capture(reference)

    @property
    def kept_minor(self) -> int:
        """What came and was not given back."""
        came = sum(e.amount_minor for e in self.attempts.values() if e.status == "succeeded")
        left = (each for each in self.refunds.values() if each.status == "succeeded")
        return came - sum(each.amount_minor for each in left)

    def _capture(self, reference: str) -> None:
        self.captured[reference] += 1
        self._set(reference, status="succeeded")

    def _set(self, reference: str, **changed: Any) -> None:
        self.attempts[reference] = structs.replace(self.attempts[reference], **changed)

    def _told(self, reference: str) -> Reported:
        return self.attempts[reference]

    async def _begin(self) -> None:
        await pass_time(self._draw.random() * 0.3)
        if not self.is_calm and self._draw.random() < 0.15:
            raise OutcomeUnknown(what="gateway", cause="hang_before")

    async def _end(self) -> None:
        await pass_time(self._draw.random() * 0.3)
        if not self.is_calm and self._draw.random() < 0.15:
            raise OutcomeUnknown(what="gateway", cause="hang_after")


def _attempt(request: PageRequest | ChargeRequest) -> Reported:
    return Reported(
        id=f"chk_{request.reference}",
        reference=request.reference,
        amount_minor=request.amount_minor,
        currency=request.currency,
        status="open",
    )


@dataclass(frozen=True, kw_only=True)
class Eve:
    """An invoice that nobody has paid yet, and a client with a card that is charged by itself."""

    world: World
    at_s: float
    order_id: UUID
    invoice_id: UUID


@cache
def _eve() -> Eve:
    """Every seed begins with it, on a copy."""
    loop = VirtualLoop()
    with seeded(loop, "crossing"):
        try:
            return loop.run(_furnished(World(loop, other_gateway=CrossedGateway(random.Random(0)))))
        finally:
            loop.close()


async def _furnished(world: World) -> Eve:
    await world.begin_process()
    configure = partial(configure_brand, configuration(SEASONS[0]))
    await world.do(configure, actor="user:operator")
    world.register(CLIENT)
    await world.play_day()
    product = CartItem(
        item_id=new_id(),
        kind=PRODUCT,
        product_id=Product.id_of(BRAND, "start"),
        cycle="monthly",
        domain="ana.example",
    )
    account = account_id(CLIENT)
    command = PlaceOrder(id=new_id(), account_id=account, brand=BRAND, items=[product])
    order = await world.do(partial(place_order, command), actor="user:1")
    card = KeepMethod(account_id=account, brand=BRAND, saved=saved_card(), is_preferred=True)
    await world.do(partial(keep_method, card), actor="user:1")
    await world.catch_up()
    return Eve(world=world, at_s=world.loop.seconds, order_id=order.id, invoice_id=order.invoice_id)


class Crossing:
    """One seed."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.draw = random.Random(f"{seed}/crossing")
        self.gateway = CrossedGateway(self.draw)
        eve = _eve()
        loop.seconds = eve.at_s
        self.world = World(loop, copied(eve.world.server, loop), other_gateway=self.gateway)
        self.account = account_id(CLIENT)
        self.order_id, self.invoice_id = eve.order_id, eve.invoice_id
        self.counts: Counter[str] = Counter()

    async def play(self) -> Counter[str]:
        """All of it, and what came of it: the published events, by name, and autopay's words."""
        await self.world.begin_process(Gusts(self.draw), without=READ_BY_NOBODY)
        world = self.world
        self.collector = Collector(store=world.store, charges=world.charges, inquiry=world.inquiry)
        ways: list[Way] = [self._by_page, self._by_page, self._news, self._news, self._refund]
        ways += [partial(self._autopay, key) for key in ("0", "1")]
        if self.draw.random() < 0.6:
            ways.append(self.draw.choice([self._cancel, self._void]))
        await asyncio.gather(*(self._go(way) for way in ways), self._keep_up())
        await self._settle()
        await self._check()
        return self.counts + Counter(row["type"] for row in self.world.server.read("log"))

    # ------------------------------------------------------------------------ who does what

    async def _go(self, way: Way) -> None:
        """At a moment of its own, and again while others are in its way or nobody answers."""
        await pass_time(self.draw.random() * 3)
        for _ in range(TRIES):
            try:
                await way()
                return
            except (DomainError, Unprocessable) as error:
                self.counts[type(error).__name__] += 1
                await pass_time(self.draw.random())

    async def _do(self, work: Callable[[Transaction], Awaitable[Any]]) -> Any:
        return await self.world.do(work, actor="user:1")

    async def _start(self) -> Payment:
        start = StartPayment(account_id=self.account, invoice_id=self.invoice_id, method="card")
        payment: Payment = await self._do(partial(start_payment, start))
        return payment

    async def _by_page(self) -> None:
        payment = await self._start()
        await self.world.pages.open(
            payment.id,
            account_id=self.account,
            return_path="/invoices",
            cause=self.world.cause("user:1"),
        )
        await pass_time(self.draw.random())
        self.gateway.pay(str(payment.id))

    async def _autopay(self, key: str) -> None:
        """Charge the saved card, as on the due day (`0`) and at the first try after it (`1`)."""
        due = Collection(account_id=self.account, brand=BRAND, invoice_id=self.invoice_id, key=key)
        cause = self.world.cause("automation:autopay")
        self.counts[f"autopay {await self.collector.collect(due, cause=cause)}"] += 1

    async def _cancel(self) -> None:
        cancel = CancelOrder(
            order_id=self.order_id,
            reason="client",
            today=self.world.today,
            account_id=self.account,
        )
        await self._do(partial(cancel_order, cancel))

    async def _void(self) -> None:
        void = CancelInvoice(
            invoice_id=self.invoice_id, today=self.world.today, reason="Sent by mistake"
        )
        await self._do(partial(void_invoice, void))

    async def _news(self) -> None:
        """A webhook about something, often too early, and more than once."""
        for _ in range(self.draw.randrange(1, 4)):
            await pass_time(self.draw.random())
            if self.gateway.attempts:
                about = self.draw.choice(sorted(self.gateway.attempts.values(), key=lambda e: e.id))
                notice = Notice(event_id="evt", about=about.id)
                await self.world.inquiry.take_notice("sandbox", notice)

    async def _refund(self) -> None:
        await pass_time(self.draw.random() * 3)
        paid = [r for r, each in self.gateway.attempts.items() if each.status == "succeeded"]
        if not paid:
            return
        payment: Payment = await self._do(lambda tx: tx.load(Payment, UUID(paid[0])))
        wanted = RequestRefund(
            id=new_id(),
            payment_id=payment.id,
            amount_minor=self.draw.choice([payment.amount_minor, 1000]),
            way="gateway",
            reason="Sorry",
            requested_by="user:2",
            today=self.world.today,
            invoice_id=self.draw.choice([self.invoice_id, None]),
        )
        await self._do(partial(request_refund, wanted))

    async def _keep_up(self) -> None:
        for _ in range(6):
            await pass_time(self.draw.random())
            await self.world.catch_up()

    # ------------------------------------------------------------------------ what must hold

    async def _settle(self) -> None:
        """The gateway answers at last whatever it is asked; nobody does anything new."""
        self.gateway.is_calm = True
        for _ in range(ROUNDS):
            await self.world.catch_up()
            await self.world.inquiry.ask_about_due()
            await pass_time(ROUND_S)
        await self.world.catch_up()

    async def _check(self) -> None:
        read = self.world.server.read
        balances: Counter[str] = Counter()
        by_event: Counter[UUID] = Counter()
        for row in read("ledger_posting"):
            balances[row["ledger_account"]] += row["amount_minor"]
            by_event[row["event_id"]] += row["amount_minor"]
        assert not any(by_event.values()), "I1: each booking balances"
        assert sum(balances.values()) == 0, "I1: the ledger balances"
        assert not balances["unallocated"], "I1: all money has found its place"
        assert not balances["refund"], "I1: what left the account has gone back or come back to it"
        assert max(self.gateway.captured.values(), default=0) <= 1, "I2: a key charges once"
        assert sum(self.gateway.captured.values()) <= 1, "I2: one invoice, one capture"
        assert balances["gateway_clearing"] == self.gateway.kept_minor, "I2: booked as it is there"
        (listed,) = read("invoice_list")
        assert balances["receivable"] == listed["open_minor"], "I1: owed as it is booked"
        periods = [row for row in read("log") if row["type"] == "InvoiceIssued"]
        assert len(periods) == 1, "I3: one period, one invoice"
        paid = [row for row in read("log") if row["type"] == "InvoicePaid"]
        assert len(paid) <= 1, "I3: settled once"


def play_crossing(seed: int) -> Counter[str]:
    """Play the seed. Raises `AssertionError` where the money is not right in the end."""
    loop = VirtualLoop()
    with seeded(loop, f"crossing/{seed}"):
        try:
            return loop.run(Crossing(loop, seed).play())
        finally:
            loop.close()
