"""An invoice created, posted, paid and reconciled, journal included, beside two other programs.

Tryton and django-ledger do the same work on the same PostgreSQL server, in turns with ours: one
line with tax, a number, its booking, a payment in full, its booking, both reconciled. `peers/`
holds what drives them, in environments of their own, and says how; ours goes in three ways:

- "one by one": the commands `issue_invoice`, `start_payment` and `settle_payment`, each in a
  transaction of its own, one after the other, as a client's clicks and the gateway's word come;
- "16 at once": the same for sixteen clients at the same time;
- "together": the same commands, 100 in a transaction, which reads ahead for all of them, and two
  such transactions abreast: as the business day does its chunks (`automation/chunks.py`). Each of
  the three is a transaction.

The targets hold against each of the others by the methods that it has for one invoice, Tryton's in
transactions of 100; the last rows are against what their models do for many at once.

In each way events, public log and encrypted names are stored, and all of billing's own views, the
ledger among them, have seen them before the clock stops. Policies, which decide what a payment sets
in motion at services, do not run here: the others have none. Nothing goes by HTTP.

`python -m bench.ledgers 3` plays so many rounds.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import uvloop

from bench.environment import python_of
from bench.house import House, running_house
from bench.peers.rounds import ONE_BY_ONE, SIZE, STAGES, TOGETHER
from bench.renewals import CONTACT, CONTACT_COLUMNS, OneKey
from bench.results import Result, report
from services.billing.app import VIEWS
from services.billing.automation.business_day import business_day
from services.billing.automation.chunks import LANES, StepOfDay, do_tasks
from services.billing.automation.step import Task
from services.billing.automation.tasks import STEPS
from services.billing.brands.commands import ConfigureBrand, configure_brand
from services.billing.contacts.views import account_contact
from services.billing.credit.credit_balance import CreditBalance
from services.billing.gateways.port import Reported
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.payments.commands import (
    SettlePayment,
    StartPayment,
    settle_payment,
    start_payment,
)
from services.billing.payments.payment import Payment
from services.billing.publishing import publish
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxMode, TaxRate
from shared.clock import SystemClock, local_date
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.garbage import seldom_collected
from shared.ids import new_id
from shared.store import Cause, EventStore, Transaction
from tests.billing.samples import brand_settings

ROUNDS = 3
OURS = 1000
"""Invoices of a round of ours, after which the views are waited for once; the others play 100."""
AT_ONCE = "16 at once"
CLIENTS_AT_ONCE = {ONE_BY_ONE: 1, AT_ONCE: 16, TOGETHER: LANES}
BRAND, ZONE = "ponto", "America/Sao_Paulo"
CLIENTS = 50
NET_MINOR, GROSS_MINOR = 10_000, 12_000
CAUSE = Cause(actor="bench")
MIGRATIONS = Path("services/billing/migrations")
TARGETS = {"Tryton": 100, "django-ledger": 50}
MODULES = {
    "Tryton": ("tryton", "bench.peers.tryton_invoices"),
    "django-ledger": ("django_ledger", "bench.peers.django_ledger_invoices"),
}


class Subject(Protocol):
    """A program that plays rounds."""

    name: str
    ways: Sequence[str]

    async def play(self, way: str) -> dict[str, float]:
        """Milliseconds that each stage of a round took for one invoice."""
        ...


async def measure(house: House, rounds: int = ROUNDS) -> list[Result]:
    """Invoices a second, together and one by one, against those of the others; prints stages."""
    took: dict[tuple[str, str], list[dict[str, float]]] = {}
    async with AsyncExitStack() as stack:
        subjects: list[Subject] = [await stack.enter_async_context(_own_books(house))]
        opening = [stack.enter_async_context(_peer(name, house)) for name in TARGETS]
        subjects += await asyncio.gather(*opening)
        turns = [(subject, way) for subject in subjects for way in subject.ways]
        for subject, way in turns * rounds:
            took.setdefault((subject.name, way), []).append(await subject.play(way))
    return _results({key: _middle(each) for key, each in took.items()})


def _middle(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """The round of the middle, by all that it took."""
    return sorted(rounds, key=lambda took: sum(took.values()))[len(rounds) // 2]


def _results(took: dict[tuple[str, str], dict[str, float]]) -> list[Result]:
    for (name, way), stages in took.items():
        parts = ", ".join(f"{stage} {ms:.2f}" for stage, ms in stages.items())
        print(f"{name}, {way}: {sum(stages.values()):.2f} ms an invoice ({parts})")
    a_second = {key: 1000 / sum(stages.values()) for key, stages in took.items()}
    ours = {way: rate for (name, way), rate in a_second.items() if name == "Faktura"}
    results = []
    for name, target in TARGETS.items():
        for way, rate in ours.items():
            for peers in (ONE_BY_ONE, TOGETHER) if way == TOGETHER else (ONE_BY_ONE,):
                is_promised = (way, peers) == (TOGETHER, ONE_BY_ONE)
                results.append(
                    Result(
                        name=f"invoices issued, paid, journal included, {way} / {name}, {peers}",
                        value=rate,
                        unit="invoices/s",
                        baseline=a_second[name, peers],
                        target=target if is_promised else None,
                    )
                )
    return results


# ------------------------------------------------------------------------------- the others


@dataclass
class Peer:
    """Another program, in a process of its own."""

    name: str
    process: asyncio.subprocess.Process
    ways: Sequence[str] = ()

    async def play(self, way: str) -> dict[str, float]:
        """See `Subject.play`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{way}\n".encode())
        stages: dict[str, float] = await self.answer()
        return stages

    async def answer(self) -> Any:
        """The next line that it prints."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, f"{self.name} has ended"
        return json.loads(line)


@asynccontextmanager
async def _peer(name: str, house: House) -> AsyncIterator[Peer]:
    """The program with its books open on a fresh database, warm."""
    environment, module = MODULES[name]
    python = await asyncio.to_thread(python_of, environment)
    await house.create(environment)
    server, _, database = house.postgres.url(environment).rpartition("/")
    server = server.replace("postgres://", "postgresql://")
    process = await asyncio.create_subprocess_exec(
        *(python, "-m", module, server, database),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    peer = Peer(name, process)
    try:
        peer.ways = await peer.answer()
        yield peer
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


# ------------------------------------------------------------------------------- ours


Work = Callable[[Transaction], Awaitable[Any]]


@dataclass
class OwnBooks:
    """Billing with a brand, a tax and clients."""

    store: EventStore
    consumers: Consumers
    accounts: Sequence[UUID]
    step: StepOfDay
    name: str = "Faktura"
    ways: Sequence[str] = (ONE_BY_ONE, AT_ONCE, TOGETHER)

    async def play(self, way: str) -> dict[str, float]:
        """See `Subject.play`. What is issued is posted when the journal has it, at the end."""
        started = time.perf_counter()
        invoices = [new_id() for _ in range(OURS)]
        await self._do(way, [self._issue(id, place) for place, id in enumerate(invoices)])
        issued = time.perf_counter()
        starts = [self._start(id, place) for place, id in enumerate(invoices)]
        payments: list[Payment] = await self._do(way, starts)
        await self._do(way, [_settle(payment) for payment in payments])
        paid = time.perf_counter()
        await self.consumers.reach_end("billing")
        posted = time.perf_counter()
        await self._check(invoices)
        ends = {"create": issued - started, "post": posted - paid, "pay": paid - issued}
        return {stage: ends[stage] * 1000 / OURS for stage in STAGES}

    async def _do(self, way: str, tasks: Sequence[Task]) -> list[Any]:
        """What each task's command returns, in order."""
        results: dict[str, Any] = {}
        kept = [replace(task, work=_keeping(task, results)) for task in tasks]
        works = [task.work for task in kept]
        if way == TOGETHER:
            chunks = [kept[first : first + SIZE] for first in range(0, len(kept), SIZE)]
            works = [partial(do_tasks, chunk, self.step) for chunk in chunks]
        waiting = iter(works)

        async def client() -> None:
            for work in waiting:
                await self.store.run(CAUSE, work)

        await asyncio.gather(*(client() for _ in range(CLIENTS_AT_ONCE[way])))
        return [results[task.key] for task in tasks]

    def _issue(self, invoice_id: UUID, place: int) -> Task:
        account_id = self.accounts[place % CLIENTS]
        line = InvoiceLine(kind="manual", description="Hosting, one month", net_minor=NET_MINOR)
        command = IssueInvoice(
            id=invoice_id,
            account_id=account_id,
            brand=BRAND,
            order_id=None,
            today=self.step.today.day,
            due_on=self.step.today.day,
            currency="BRL",
            lines=[line],
        )
        return Task(
            key=str(invoice_id),
            account_id=account_id,
            work=partial(issue_invoice, command),
            streams=((CreditBalance, CreditBalance.id_of(account_id, "BRL")),),
            bills_in="BRL",
        )

    def _start(self, invoice_id: UUID, place: int) -> Task:
        account_id = self.accounts[place % CLIENTS]
        command = StartPayment(account_id=account_id, invoice_id=invoice_id, method="boleto")
        return Task(
            key=str(invoice_id),
            account_id=account_id,
            work=partial(start_payment, command),
            streams=((Invoice, invoice_id),),
        )

    async def _check(self, invoices: Sequence[UUID]) -> None:
        """Every invoice is paid, has its number, and the journal has its seven entries."""
        async with self.store.pool.acquire() as db:
            listed = await db.fetchrow(
                """select count(*) filter (where status = 'paid' and open_minor = 0) as paid,
                          count(distinct number) as numbers from invoice_list
                   where invoice_id = any($1) and total_minor = $2""",
                invoices,
                GROSS_MINOR,
            )
            booked = await db.fetchrow(
                """select count(*) as entries, sum(amount_minor)::bigint as rest_minor
                   from ledger_posting where event_id in (
                       select event_id from ledger_posting where invoice_id = any($1)
                           or payment_id in (select payment_id from ledger_posting
                                             where invoice_id = any($1)))""",
                invoices,
            )
        assert listed and tuple(listed) == (OURS, OURS), "every invoice is paid and has its number"
        assert booked and tuple(booked) == (7 * OURS, 0), (
            "receivable, revenue, tax; 2 received, 2 allocated"
        )


def _keeping(task: Task, results: dict[str, Any]) -> Work:
    async def keep(tx: Transaction) -> None:
        results[task.key] = await task.work(tx)

    return keep


def _settle(payment: Payment) -> Task:
    """What is done when the gateway has said that the money is there."""
    assert payment.account_id is not None
    reported = Reported(
        id=f"checkout-{payment.id}",
        reference=str(payment.id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        status="succeeded",
    )
    return Task(
        key=str(payment.id),
        account_id=payment.account_id,
        work=partial(settle_payment, SettlePayment(payment_id=payment.id, reported=reported)),
        streams=((Payment, payment.id), (Invoice, payment.invoice_id)),
    )


@asynccontextmanager
async def _own_books(house: House) -> AsyncIterator[OwnBooks]:
    """Ours, open on a fresh database, warm."""
    owner_url, url = await house.database(MIGRATIONS, VIEWS)
    accounts = await _open_accounts(owner_url)
    pool = await open_pool(url, size=18, schemas=[view.schema for view in VIEWS])
    keyring, clock = OneKey(), SystemClock()
    store = EventStore(pool, service="billing", publish=publish, keyring=keyring, clock=clock)
    tax = BrandTaxes(
        mode=TaxMode.EXCLUSIVE,
        seller_country="BR",
        rates=[TaxRate(name="Imposto", percent=Decimal(20), country="BR")],
    )
    configure = ConfigureBrand(slug=BRAND, settings=brand_settings(tax=tax), products=[])
    await store.run(CAUSE, partial(configure_brand, configure))
    today = await _today(store, local_date(clock.now(), ZONE))
    own = [each for each in VIEWS if each.sources == ("billing",)]
    consumers = Consumers(own, store, None)  # type: ignore[arg-type]
    await consumers.load()
    books = OwnBooks(store=store, consumers=consumers, accounts=accounts, step=today)
    with seldom_collected():  # as every service does
        for way in books.ways:
            await books.play(way)
        yield books
    await pool.close()


async def _today(store: EventStore, day: date) -> StepOfDay:
    """A step's place in a business day: what `do_tasks` wants to know besides the tasks."""
    today = await store.run(CAUSE, lambda tx: business_day(BRAND, day, tx=tx))
    step = STEPS["issue_renewals"]
    return StepOfDay(name="issue_renewals", step=step, ordinal=-1, today=today, cause=CAUSE)


async def _open_accounts(owner_url: str) -> list[UUID]:
    accounts = [new_id() for _ in range(CLIENTS)]
    owner = await asyncpg.connect(owner_url)
    await owner.copy_records_to_table(
        "account_contact",
        schema_name=account_contact.schema,
        columns=CONTACT_COLUMNS,
        records=[(id, BRAND, *CONTACT) for id in accounts],
    )
    await owner.close()
    return accounts


def main(rounds: str) -> None:
    """So many rounds, and the table."""
    with running_house() as house:
        report(uvloop.run(measure(house, int(rounds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
