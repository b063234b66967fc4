"""What was the account billed, what of it is open, and when is it due? Amounts are minor units."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
from services.portal.browser.rows import as_json, read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    CreditApplied,
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentFailed,
    PaymentPending,
    PaymentReceived,
    PaymentRefunded,
    PaymentTakenBack,
)
from shared.reads import Reader

TABLES = """
create table invoice_list (
    invoice_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    service_ids uuid[] not null,
    issued_on date not null,
    due_on date not null,
    currency text not null,
    total_minor bigint not null,
    open_minor bigint not null,
    state text not null,
    pending_payments uuid[] not null,
    paid_on date,
    cancelled_on date,
    lines jsonb not null,
    billed_to_name text not null,
    billed_to_address text not null,
    billed_to_tax_id text not null,
    tax_minor bigint not null,
    taxes jsonb not null,
    notes jsonb not null,
    payee jsonb not null,
    prices_include_tax boolean not null,
    is_pro_forma boolean not null,
    credited_minor bigint not null,
    credit_notes jsonb not null
);
create index invoice_list_account on invoice_list (account_id, issued_on desc, number desc);
create index invoice_list_open on invoice_list (account_id, due_on) where state = 'unpaid';
create index invoice_list_services on invoice_list using gin (service_ids);
"""
HANDLES: Events = INVOICES | {
    CreditApplied,
    PaymentPending,
    PaymentReceived,
    PaymentFailed,
    PaymentRefunded,
}
IGNORED: Events = (
    BRANDS | DAYS | FINDINGS | PRODUCTS | ORDERS | SERVICES | NOTICES | CREDIT | PAYMENTS
) - HANDLES


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice; the period's end is exclusive."""

    description: str
    net_minor: int
    kind: str
    service_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None

    @property
    def last_day(self) -> date:
        """The last day that the line pays for."""
        assert self.period_end is not None, "only a line with a period has a last day"
        return self.period_end - timedelta(days=1)


class TaxRow(msgspec.Struct, frozen=True, kw_only=True):
    """The tax of one rate on the sum of its lines; the rate is a decimal text.

    An informative one is contained in the price: told, no part of the invoice's tax.
    """

    name: str
    rate_percent: str
    taxable_minor: int
    tax_minor: int
    is_informative: bool = False


class CreditNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken back of an invoice; `returned_minor` of it had been paid and is credit now.

    `reason`: a sentence of staff's, or a stable code where a rule took it back.
    """

    number: str
    issued_on: date
    total_minor: int
    returned_minor: int
    reason: str


class InvoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice in a list. `status` includes what is derived: overdue, payment_pending."""

    invoice_id: UUID
    account_id: UUID
    brand: str
    number: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    open_minor: int
    status: str
    paid_on: date | None
    cancelled_on: date | None
    credited_minor: int

    @property
    def id(self) -> UUID:
        """The invoice's id, as links name it."""
        return self.invoice_id

    @property
    def is_open(self) -> bool:
        """Whether something is still to be paid."""
        return self.status in ("unpaid", "overdue", "payment_pending")

    @property
    def paid_minor(self) -> int:
        """What payments have settled of it, and kept: what was taken back is not paid for."""
        if self.status in ("cancelled", "written_off"):
            return 0
        return max(0, self.total_minor - self.open_minor - self.credited_minor)


class Invoice(InvoiceRow, frozen=True, kw_only=True):
    """An invoice as its own page shows it."""

    lines: list[Line]
    service_ids: list[UUID]
    billed_to_name: str
    billed_to_address: str
    billed_to_tax_id: str
    tax_minor: int
    taxes: list[TaxRow]
    notes: list[str]
    payee: dict[str, str]
    prices_include_tax: bool
    is_pro_forma: bool
    credit_notes: list[CreditNote]

    @property
    def net_minor(self) -> int:
        """The total without tax."""
        return self.total_minor - self.tax_minor

    @property
    def charged_taxes(self) -> list[TaxRow]:
        """The taxes that are a part of the total beside the net amount."""
        return [row for row in self.taxes if not row.is_informative]

    @property
    def contained_taxes(self) -> list[TaxRow]:
        """The taxes that the prices contain and that are only told."""
        return [row for row in self.taxes if row.is_informative]


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """What the account owes; payments on their way still count as open."""

    currency: str
    open_minor: int
    open_count: int
    overdue_count: int
    next_due_on: date | None
    oldest_id: UUID | None
    oldest_open_minor: int | None


def apply(envelope: Envelope, rows: Rows) -> None:
    """Follow the invoice; all of its events come in order from one source."""
    match envelope.event:
        case InvoiceIssued() as e:
            _issue(envelope, e, rows=rows)
        case PaymentAllocated(invoice_id=invoice_id, amount_minor=amount_minor):
            rows.update("invoice_list", invoice_id, open_minor=lambda open: open - amount_minor)
        case PaymentTakenBack(invoice_id=invoice_id, amount_minor=amount_minor):
            rows.update(
                "invoice_list",
                invoice_id,
                open_minor=lambda open: open + amount_minor,
                state="unpaid",
                paid_on=None,
            )
        case InvoicePaid() as e:
            rows.update("invoice_list", e.invoice_id, state="paid", paid_on=e.paid_on, open_minor=0)
        case InvoiceCancelled() as e:
            rows.update(
                "invoice_list",
                e.invoice_id,
                state="cancelled",
                cancelled_on=e.cancelled_on,
                open_minor=0,
            )
        case InvoiceWrittenOff(invoice_id=invoice_id):
            rows.update("invoice_list", invoice_id, state="written_off", open_minor=0)
        case InvoiceNumbered(invoice_id=invoice_id, number=number, numbered_on=day):
            rows.update(
                "invoice_list", invoice_id, number=number, issued_on=day, is_pro_forma=False
            )
        case _:
            _follow_money(envelope, rows)


def _follow_money(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case CreditApplied(invoice_id=invoice_id, amount_minor=amount_minor):
            # What it paid in full is told before: then nothing is open any more.
            rows.update(
                "invoice_list", invoice_id, open_minor=lambda open: max(0, open - amount_minor)
            )
        case CreditNoteIssued() as note:
            _take_back(note, rows)
        case InvoiceReopened(invoice_id=invoice_id, amount_minor=amount_minor):
            rows.update(
                "invoice_list",
                invoice_id,
                state="unpaid",
                paid_on=None,
                open_minor=lambda open: open + amount_minor,
            )
        case PaymentPending(payment_id=payment_id) as e:
            for invoice_id in (e.invoice_id, *e.further_invoices):
                rows.update(
                    "invoice_list",
                    invoice_id,
                    pending_payments=lambda pending: [*pending, payment_id],
                )
        case PaymentRefunded(is_whole=True) as e:
            for id in (e.invoice_id, *e.further_invoices):
                rows.update("invoice_list", id, where={"state": "credited"}, state="refunded")
        case PaymentReceived() | PaymentFailed() as e:
            _no_longer_pending(e, rows=rows)


def _take_back(note: CreditNoteIssued, rows: Rows) -> None:
    settled_minor = note.total_minor - note.returned_minor
    rows.update(
        "invoice_list",
        note.invoice_id,
        open_minor=lambda open: open - settled_minor,
        credited_minor=lambda credited: credited + note.total_minor,
        credit_notes=lambda notes: as_json([*msgspec.json.decode(notes), _shown(note)]),
    )
    if note.leaves_nothing:
        rows.update("invoice_list", note.invoice_id, state="credited")


def _shown(note: CreditNoteIssued) -> CreditNote:
    return CreditNote(
        number=note.number,
        issued_on=note.issued_on,
        total_minor=note.total_minor,
        returned_minor=note.returned_minor,
        reason=note.reason,
    )


def _no_longer_pending(e: PaymentReceived | PaymentFailed, *, rows: Rows) -> None:
    for invoice_id in (e.invoice_id, *e.further_invoices):
        rows.update(
            "invoice_list",
            invoice_id,
            pending_payments=lambda pending: [id for id in pending if id != e.payment_id],
        )


def _issue(envelope: Envelope, e: InvoiceIssued, *, rows: Rows) -> None:
    rows.insert(
        "invoice_list",
        invoice_id=e.invoice_id,
        account_id=envelope.account,
        brand=envelope.brand,
        number=e.number,
        service_ids=sorted({line.service_id for line in e.lines if line.service_id}),
        issued_on=e.issued_on,
        due_on=e.due_on,
        currency=e.currency,
        total_minor=e.total_minor,
        open_minor=e.total_minor,
        state="unpaid",
        pending_payments=[],
        lines=as_json(e.lines),
        billed_to_name=e.billed_to_name,
        billed_to_address=e.billed_to_address,
        billed_to_tax_id=e.billed_to_tax_id,
        tax_minor=e.tax_minor,
        taxes=as_json(e.taxes),
        notes=as_json(e.notes),
        payee=as_json(e.payee),
        prices_include_tax=e.prices_include_tax,
        is_pro_forma=e.is_pro_forma,
        credited_minor=0,
        credit_notes="[]",
    )


STATUS = """case when state <> 'unpaid' then state
                 when pending_payments <> '{}' then 'payment_pending'
                 when due_on < today then 'overdue' else 'unpaid' end"""
"""The status of an invoice on the date `today`."""
_STATUS = STATUS.replace("today", "$2")
_READ = f"select *, {_STATUS} as status from invoice_list i"  # noqa: S608 (a constant)


async def invoices_of(
    db: Reader, account_id: UUID, *, today: date, page: Page, status: str = ""
) -> list[InvoiceRow]:
    """The account's invoices, latest first.

    `status` is one of the statuses that an `InvoiceRow` has, or `open` for all that want money.
    """
    records = await db.fetch(
        f"""{_READ} where account_id = $1
              and ($3 = '' or {_STATUS} = $3 or ($3 = 'open' and state = 'unpaid'))
              and ($5::uuid is null or (issued_on, number) <
                   (select a.issued_on, a.number from invoice_list a
                    where a.invoice_id = $5 and a.account_id = $1))
            order by issued_on desc, number desc limit $4""",  # noqa: S608 (constants of this file)
        account_id,
        today,
        status,
        page.limit,
        page.after,
    )
    return [read_row(InvoiceRow, record) for record in records]


async def invoices_of_service(
    db: Reader, account_id: UUID, *, service_id: UUID, today: date
) -> list[InvoiceRow]:
    """The last invoices with a line for the service."""
    records = await db.fetch(
        f"""{_READ} where account_id = $1 and service_ids @> array[$3::uuid]
            order by issued_on desc, number desc limit 20""",
        account_id,
        today,
        service_id,
    )
    return [read_row(InvoiceRow, record) for record in records]


async def invoice_by_id(db: Reader, invoice_id: UUID, *, today: date) -> Invoice | None:
    """The whole invoice, unless the view has not seen it."""
    record = await db.fetchrow(f"{_READ} where invoice_id = $1", invoice_id, today)
    return read_row(Invoice, record) if record else None


async def invoice_numbers(db: Reader, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The number of each of these invoices that the view has seen."""
    records = await db.fetch(
        "select invoice_id, number from invoice_list where invoice_id = any($1)", list(ids)
    )
    return {record["invoice_id"]: record["number"] for record in records}


async def debt_of(db: Reader, account_id: UUID, *, today: date, currency: str) -> Debt:
    """What the account owes; `currency` is the brand's, for an account without invoices."""
    record = await db.fetchrow(
        f"""with open as (select *, {_STATUS} as status from invoice_list
                          where account_id = $1 and state = 'unpaid'),
                 oldest as (select * from open where status <> 'payment_pending'
                            order by due_on, number limit 1)
            select coalesce(max(currency), $3) as currency,
              coalesce(sum(open_minor), 0)::bigint as open_minor, count(*) as open_count,
              count(*) filter (where status = 'overdue') as overdue_count,
              min(due_on) as next_due_on, (select invoice_id from oldest) as oldest_id,
              (select open_minor from oldest) as oldest_open_minor
            from open""",  # noqa: S608 (constants of this file)
        account_id,
        today,
        currency,
    )
    assert record is not None, "an aggregate query has a row"
    return read_row(Debt, record)


async def invoice_count(db: Reader, account_id: UUID, *, today: date, status: str = "") -> int:
    """How many invoices the account has of the status, as `invoices_of` means it."""
    count: int = await db.fetchval(
        f"""select count(*) from invoice_list where account_id = $1
              and ($3 = '' or {_STATUS} = $3 or ($3 = 'open' and state = 'unpaid'))""",  # noqa: S608 (constants of this file)
        account_id,
        today,
        status,
    )
    return count


invoice_list = View(
    name="invoice_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
