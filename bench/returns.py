"""Settling return files: 5,000, 25,000 and 50,000 boletos that were paid, from upload to the end.

For each size a fresh database has so many open invoices, each of an account of its own, with an
attempt and a boleto, recorded by their aggregates. The bank's file is brought as an upload brings
it; the clock stops when the run has read it, booked every line (payment, receipt number, invoice
paid, boleto collected; encrypted names read, public log written) and called it settled. Views and
policies follow from the log afterwards and are not in it. The run is the service's own, in this
process; `python -m bench.returns 5000 50000` measures other sizes.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import islice

import uvloop
from eventsourcing.domain import Aggregate

from bench.house import House, running_house
from bench.memory import size_mb
from bench.renewals import billing_database, billing_store
from bench.results import Result, report
from deploy.local.sandbox.bank_returns import Sender, Told, return_400
from services.billing.boleto.agreements import collection_of
from services.billing.boleto.bank_account import BankAccount
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.collection import boleto as barcode_of
from services.billing.boleto.late_payment import LateTerms
from services.billing.brands.brand import PaymentMethod
from services.billing.brands.commands import ConfigureBrand, configure_brand
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.payments.payment import Payment
from services.billing.return_files.return_file import Received, keep_return_file
from services.billing.return_files.run import ReturnFiles
from shared.ids import new_id
from shared.store import Cause, EventStore
from tests.billing.samples import brand_settings

SIZES = (5_000, 25_000, 50_000)
LIMIT_S = 60
LINEAR = 1.3
"""Ten times as many lines may make the single line so much slower."""
BRAND, AMOUNT_MINOR = "ponto", 2990
ISSUED = date(2026, 11, 2)
DUE = ISSUED + timedelta(days=14)
ACCOUNT = BankAccount(id="main", bank="237", wallet="09", branch="1234", account="123456")
CAUSE = Cause(actor="bench")


async def measure(house: House, sizes: Sequence[int] = SIZES) -> list[Result]:
    """Seconds for each size, and whether the single line costs the same."""
    taken_s: dict[int, float] = {}
    for size in sizes:
        _, url = await billing_database(house)
        async with billing_store(url) as store:
            body = await _furnish(store, size)
            taken_s[size], cpu_s = await _settle(store, body, size=size)
        print(
            f"{size:,} lines ({len(body) / 1e6:.0f} MB) settled in {taken_s[size]:.1f} s, "
            f"{taken_s[size] / size * 1e6:.0f} us each, {cpu_s / size * 1e6:.0f} us of them our "
            f"processor time; resident {size_mb():.0f} MB",
            flush=True,
        )
    first, last = min(taken_s), max(taken_s)
    return [
        Result(
            name=f"return file, {last:,} lines settled",
            value=taken_s[last] * 1000,
            unit="ms",
            baseline=LIMIT_S * 1000,
            limit=LIMIT_S * 1000,
        ),
        Result(
            name=f"return file, a line of {last:,} / of {first:,}",
            value=taken_s[last] / last * 1000,
            unit="ms",
            baseline=taken_s[first] / first * 1000,
            target=LINEAR,
        ),
    ]


async def _settle(store: EventStore, body: bytes, *, size: int) -> tuple[float, float]:
    """Seconds by the clock, and of our processor time."""
    begun, busy = time.perf_counter(), time.process_time()
    received = Received(brand=BRAND, name="CB.RET", body=body, received_by="bench")
    await keep_return_file(received, store)
    assert await ReturnFiles(store).work_off_next()
    taken_s, cpu_s = time.perf_counter() - begun, time.process_time() - busy
    async with store.pool.acquire() as db:
        settled = await db.fetchval("select count(*) from return_line where outcome = 'settled'")
        paid = await db.fetchval("select count(*) from log where type = 'InvoicePaid'")
    assert settled == paid == size, f"{settled} lines settled {paid} of {size} invoices"
    return taken_s, cpu_s


# ------------------------------------------------------------------------------- the population


async def _furnish(store: EventStore, size: int) -> bytes:
    """The brand and what is open; what the bank writes when all of it is paid."""
    methods = [
        PaymentMethod(
            id="slip", kind="boleto", label={"pt-BR": "Boleto", "en": "Boleto"}, clearing_days=2,
            gateway="boleto", bank_account="main",
        )
    ]  # fmt: skip
    settings = brand_settings(payment_methods=methods, bank_accounts=[ACCOUNT])
    configure = ConfigureBrand(slug=BRAND, settings=settings, products=[])
    await store.run(CAUSE, partial(configure_brand, configure))
    await store.save_many(CAUSE, _aggregates(size))
    sender = Sender(
        bank="237", company="PONTO", branch="1234", account="123456", written_on=DUE, sequence=1
    )
    return "".join(return_400(sender, _told(size))).encode("latin-1")


def _told(size: int) -> Iterator[Told]:
    collection = collection_of(ACCOUNT, 1)
    for sequence in range(1, size + 1):
        yield Told(
            own_number=collection.own_number(sequence),
            code="06",
            amount_minor=AMOUNT_MINOR,
            received_minor=AMOUNT_MINOR,
            occurred_on=DUE,
            credited_on=DUE,
        )


def _aggregates(size: int) -> Iterator[Aggregate]:
    for sequence in range(1, size + 1):
        yield from _open_invoice(sequence)


def _open_invoice(sequence: int) -> tuple[Aggregate, ...]:
    account_id, payment_id = new_id(), new_id()
    line = InvoiceLine(kind="manual", description="Hospedagem", net_minor=AMOUNT_MINOR)
    invoice = Invoice.issue(
        id=new_id(), account_id=account_id, brand=BRAND, number=f"PON-2026-{sequence:06}",
        order_id=None, issued_on=ISSUED, due_on=DUE, currency="BRL", lines=[line],
        billed_to=("Ana Souza", "Rua das Flores 12", "529.982.247-25"),
    )  # fmt: skip
    invoice.start_payment(payment_id=payment_id, method="slip", today=ISSUED)
    payment = Payment.start(
        id=payment_id, account_id=account_id, brand=BRAND, invoice_id=invoice.id, method="slip",
        amount_minor=AMOUNT_MINOR, currency="BRL", today=ISSUED, gateway="boleto",
    )  # fmt: skip
    boleto = _boleto(sequence, invoice, payment=payment)
    payment.mark("sent", str(boleto.id))
    return invoice, payment, boleto


def _boleto(sequence: int, invoice: Invoice, *, payment: Payment) -> Boleto:
    collection = collection_of(ACCOUNT, sequence)
    barcode = barcode_of(collection, sequence, due_on=DUE, amount_minor=AMOUNT_MINOR)
    return Boleto.issue(
        numbered_by=ACCOUNT.numbered_by, own_number=collection.own_number(sequence),
        terms=LateTerms(), account_id=invoice.account_id, brand=BRAND, payment_id=payment.id,
        invoice_id=invoice.id, document=invoice.number, bank_account="main", sequence=sequence,
        barcode=barcode.digits, amount_minor=AMOUNT_MINOR, issued_on=ISSUED, due_on=DUE,
        payable_until=DUE + timedelta(days=30),
    )  # fmt: skip


def main(*sizes: str) -> None:
    """Measure these sizes, or the usual ones."""
    with running_house() as house:
        report(uvloop.run(measure(house, [int(size) for size in sizes] or SIZES)))


if __name__ == "__main__":
    main(*islice(sys.argv, 1, None))
