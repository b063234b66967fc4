"""Who uses the installation: clients that order and pay, a gateway, a panel. They never give up.

A command goes through the code of shared/http/route.py: one transaction with its idempotency key.
Whoever gets no answer asks again with the same key; what was acknowledged is written down.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid5

import msgspec
from starlette.responses import Response

from services.billing.brands.brand import Brand
from services.billing.gateways.port import Reported
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import ServiceTerms
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.numbers import next_document_number
from services.billing.orders.items import OrderedItem
from services.billing.orders.order import Order
from services.billing.payments.commands import (
    SettlePayment,
    StartPayment,
    settle_payment,
    start_payment,
)
from services.billing.provisioning.commands import TakeAnswer, take_answer
from services.billing.provisioning.panel import PanelRequest
from services.billing.provisioning.provisioning import Provisioning
from shared.database import LOST
from shared.errors import DomainError
from shared.http import route
from shared.http.access import Repeat
from shared.store import Transaction
from tests.billing.samples import brand_settings
from tests.simulation.case import Case
from tests.simulation.processes import ProcessDied
from tests.simulation.services import BRAND, Installation, Service
from tests.simulation.virtual_time import pass_time

Work = Callable[[Transaction], Awaitable[Any]]

NAMESPACE = UUID("7a1c0f6e-6d0d-4b54-9a8b-0d3f5f3f8f11")
TODAY = date(2026, 1, 15)
TOTAL_MINOR = 2990
LONGEST_S = 15.0
"""The time limit of a request (HTTP handler)."""


@dataclass
class Acknowledged:
    """What clients were told is done: by the id of the request, how many public events it made."""

    events: dict[UUID, int] = field(default_factory=dict)
    sent: set[UUID] = field(default_factory=set)


class Clients:
    """All who use the installation, and what they know of it."""

    def __init__(self, house: Installation, draw: random.Random) -> None:
        self._house = house
        self._draw = draw
        self.known = Acknowledged()
        self._answered: set[str] = set()
        self.finished: set[str] = set()
        """The panel's requests whose answer billing has taken."""

    # ------------------------------------------------------------------------------ how they ask

    async def ask(self, service: str, key: str, work: Work, *, events: int) -> Any:
        """What `work` returned, once it is acknowledged. `events` it publishes when it is done."""
        request_id = uuid5(NAMESPACE, key)
        self.known.sent.add(request_id)
        body = await self._until_answered(service, key, self._keyed(key, request_id, work))
        self.known.events[request_id] = events
        return msgspec.json.decode(body)

    async def tell(self, service: str, name: str, work: Work) -> None:
        """Have it done at least once; `work` does nothing the second time."""
        await self._until_answered(service, name, self._natural(work))

    async def _until_answered(
        self, service: str, name: str, send: Callable[[Service], Awaitable[bytes]]
    ) -> bytes:
        sky = self._house.sky
        while True:
            answer = await self._send(service, send)
            if answer is not None and not sky.happens(sky.climate.call_lost):
                sky.trace.note("acknowledged", name)
                return answer
            await pass_time(self._draw.uniform(0.05, 1.0))

    async def _send(
        self, service: str, send: Callable[[Service], Awaitable[bytes]]
    ) -> bytes | None:
        """One try at one process; None: no answer, or one that says to try later."""
        living = self._house.living(service)
        if not living:
            return None
        process = self._draw.choice(living)

        async def serve() -> bytes:
            return await send(process)

        task = process.spawn(serve())
        await asyncio.wait([task], timeout=LONGEST_S)
        if not task.done():
            task.cancel()
            return None
        if task.cancelled():
            return None
        error = task.exception()
        if isinstance(error, (ProcessDied, DomainError, *LOST)):
            self._house.sky.trace.note("refused", type(error).__name__)
            return None
        answer: bytes = task.result()
        return answer

    def _keyed(
        self, key: str, request_id: UUID, work: Work
    ) -> Callable[[Service], Awaitable[bytes]]:
        async def handle(request: Any) -> Response:
            return Response(msgspec.json.encode(await work(request.state.tx)), 201)

        async def send(process: Service) -> bytes:
            request = _request(process, key, request_id)
            response = await route._write(request, handle, repeat=Repeat.KEYED)
            return bytes(response.body)

        return send

    def _natural(self, work: Work) -> Callable[[Service], Awaitable[bytes]]:
        async def handle(request: Any) -> Response:
            await work(request.state.tx)
            return Response(b"null", 200)

        async def send(process: Service) -> bytes:
            request = _request(process, "", UUID(int=0))
            await route._write(request, handle, repeat=Repeat.NATURAL)
            return b"null"

        return send

    # ------------------------------------------------------------------------------ what they do

    async def open_shop(self) -> None:
        """The brand that everything else needs."""

        async def work(tx: Transaction) -> None:
            await tx.save(Brand.configure(slug=BRAND, settings=brand_settings()))

        await self.ask("billing", "brand", work, events=1)

    async def buy(self, number: int) -> None:
        """Order, pay, and let the gateway say so, more than once."""
        account_id = account(number)
        await self._pause()
        invoice_id = UUID(await self.ask("billing", f"order/{number}", order(account_id), events=3))
        command = StartPayment(account_id=account_id, invoice_id=invoice_id, method="card")

        async def pay(tx: Transaction) -> str:
            return str((await start_payment(command, tx)).id)

        payment_id = UUID(await self.ask("billing", f"pay/{number}", pay, events=1))
        words = self._draw.choice([["succeeded"], ["pending", "succeeded"], ["succeeded"] * 3])
        await asyncio.gather(*(self._settle(payment_id, word) for word in words))

    async def _settle(self, payment_id: UUID, status: Any) -> None:
        reported = Reported(
            id=f"checkout-{payment_id}",
            reference=str(payment_id),
            amount_minor=TOTAL_MINOR,
            currency="BRL",
            status=status,
        )

        async def work(tx: Transaction) -> None:
            await settle_payment(SettlePayment(payment_id=payment_id, reported=reported), tx)

        await self._pause()
        await self.tell("billing", f"settle/{payment_id}", work)

    async def talk(self, number: int, replies: int) -> None:
        """Open a case and reply to it from several places at once."""
        case_id = uuid5(NAMESPACE, f"case/{number}")

        async def open_it(tx: Transaction) -> str:
            await tx.save(Case(id=case_id, account_id=account(number), brand=BRAND))
            return str(case_id)

        async def reply(tx: Transaction) -> int:
            case = await tx.load(Case, case_id)
            case.reply("client")
            await tx.save(case)
            return case.replies

        await self.ask("tickets", f"case/{number}", open_it, events=1)
        names = [f"reply/{number}/{n}" for n in range(replies)]
        await asyncio.gather(*(self._later("tickets", name, reply) for name in names))

    async def escalate(self, number: int) -> None:
        """Make the tickets service publish an event that its readers do not know."""
        case_id = uuid5(NAMESPACE, f"case/{number}")

        async def work(tx: Transaction) -> None:
            case = await tx.load(Case, case_id)
            case.escalate()
            await tx.save(case)

        await self.ask("tickets", f"escalate/{number}", work, events=1)

    async def _later(self, service: str, key: str, work: Work) -> None:
        await self._pause()
        await self.ask(service, key, work, events=1)

    async def answer_for_the_panel(self) -> None:
        """The panel's webhooks: each request is answered, some more than once."""
        while True:
            waiting = sorted(self._house.outside.requests.keys() - self._answered)
            self._answered.update(waiting)
            await asyncio.gather(*(self._answer(request_id) for request_id in waiting))
            await pass_time(0.25)

    async def _answer(self, request_id: str) -> None:
        request = self._house.outside.requests[request_id]
        times = self._draw.choice([1, 1, 2])
        await asyncio.gather(*(self._take(request) for _ in range(times)))
        self.finished.add(request_id)

    async def _take(self, request: PanelRequest) -> None:
        answer = TakeAnswer(
            service_id=UUID(request.service_id), request_id=UUID(request.request_id), refusal=None
        )

        async def work(tx: Transaction) -> None:
            await take_answer(answer, tx)

        await self.tell("billing", f"panel/{request.request_id}", work)

    async def _pause(self) -> None:
        await pass_time(self._draw.uniform(0, 4))


def account(number: int) -> UUID:
    """The client's account."""
    return uuid5(NAMESPACE, f"account/{number}")


def order(account_id: UUID) -> Work:
    """An order as place_order makes it, less the catalogue and the contact, which are views."""
    service_id = uuid5(account_id, "service")
    invoice_id = uuid5(account_id, "invoice")

    async def work(tx: Transaction) -> str:
        brand = await tx.load(Brand, Brand.id_of(BRAND))
        number = await next_document_number(tx, brand, series="invoice", today=TODAY)
        placed = _placed(account_id, invoice_id, service_id)
        service = HeldService.order(
            id=service_id,
            account_id=account_id,
            brand=BRAND,
            order_id=placed.id,
            terms=_terms(),
        )
        provisioning = Provisioning.prepare(
            account_id=account_id, brand=BRAND, service_id=service_id, plan="start", domain="a.de"
        )
        await tx.save(placed, service, provisioning)
        invoice = Invoice.issue(
            id=invoice_id,
            account_id=account_id,
            brand=BRAND,
            number=number,
            order_id=None,
            issued_on=TODAY,
            due_on=TODAY,
            currency="BRL",
            lines=[_line(service_id)],
            billed_to=("Ana", "Rua 1", ""),
        )
        await tx.save(invoice)
        return str(invoice_id)

    return work


def _placed(account_id: UUID, invoice_id: UUID, service_id: UUID) -> Order:
    item = OrderedItem(
        product_id=UUID(int=1),
        service_id=service_id,
        cycle="monthly",
        domain="a.de",
        total_minor=TOTAL_MINOR,
        currency="BRL",
    )
    return Order.place(
        id=uuid5(account_id, "order"),
        account_id=account_id,
        brand=BRAND,
        number=f"O-{account_id}",
        invoice_id=invoice_id,
        items=[item],
    )


def _line(service_id: UUID) -> InvoiceLine:
    return InvoiceLine(
        kind="new", description="Start", net_minor=TOTAL_MINOR, service_id=service_id
    )


def _terms() -> ServiceTerms:
    return ServiceTerms(
        product_id=UUID(int=1),
        product_name={"en": "Start"},
        plan="start",
        domain="a.de",
        cycle="monthly",
        recurring_minor=TOTAL_MINOR,
        currency="BRL",
    )


def _request(process: Service, key: str, request_id: UUID) -> Any:
    """The part of a starlette request that the route code looks at."""

    async def body() -> bytes:
        return key.encode()

    return cast(
        Any,
        SimpleNamespace(
            app=SimpleNamespace(state=SimpleNamespace(store=process.store)),
            state=SimpleNamespace(
                caller=SimpleNamespace(actor="user:simulated"), request_id=request_id, tx=None
            ),
            headers={"idempotency-key": key},
            method="POST",
            url=SimpleNamespace(path="/simulated"),
            body=body,
        ),
    )
