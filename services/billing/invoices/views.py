"""Two questions about invoices: an account's invoices, and which are open for dunning."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
    Group,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    CreditApplied,
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceLine,
    InvoiceNumbered,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentFailed,
    PaymentOutcomeUnknown,
    PaymentPending,
    PaymentRefunded,
    PaymentTakenBack,
)

PENDING: Group = frozenset({PaymentPending, PaymentOutcomeUnknown, PaymentFailed})
LISTED: Group = frozenset(
    {
        CreditApplied,
        PaymentAllocated,
        PaymentPending,
        PaymentOutcomeUnknown,
        PaymentFailed,
        PaymentRefunded,
    }
)

INVOICE_LIST_TABLES = """
create table invoice_list (
    invoice_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    order_id uuid,
    status text not null,
    issued_on date not null,
    due_on date not null,
    paid_on date,
    currency text not null,
    total_minor bigint not null,
    open_minor bigint not null,
    lines jsonb not null,
    tax_minor bigint not null default 0,
    taxes jsonb not null default '[]',
    prices_include_tax boolean not null default false,
    notes jsonb not null default '[]',
    payee jsonb not null default '{}',
    is_pro_forma boolean not null default false,
    corrects uuid,
    about_invoice_id uuid,
    paid_minor bigint not null default 0,
    credit_minor bigint not null default 0,
    credited_minor bigint not null default 0,
    corrected_by uuid,
    is_booked boolean not null default true
);
create index invoice_list_of_account on invoice_list (account_id, invoice_id);
"""

INVOICE_OPEN_TABLES = """
create table invoice_open (
    invoice_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    order_id uuid,
    issued_on date not null,
    due_on date not null,
    currency text not null,
    is_fee boolean not null,
    is_pending boolean not null default false
);
create index invoice_open_due on invoice_open (brand, due_on);
create index invoice_open_of_account on invoice_open (account_id);
create index invoice_open_of_order on invoice_open (brand, issued_on) where order_id is not null;
create table invoice_open_service (
    invoice_id uuid not null,
    service_id uuid not null,
    period_end date,
    primary key (invoice_id, service_id)
);
create index invoice_open_of_service on invoice_open_service (service_id);
"""


def apply_to_list(envelope: Envelope, rows: Rows) -> None:
    """An account's invoices with what is open of each, and what settled the rest."""
    match envelope.event:
        case InvoiceIssued() as issued:
            _list_issued(envelope, issued, rows=rows)
        case PaymentAllocated(invoice_id=invoice_id, amount_minor=amount_minor):
            _settle(rows, invoice_id, by="paid_minor", amount_minor=amount_minor)
        case CreditApplied(invoice_id=invoice_id, amount_minor=amount_minor):
            _settle(rows, invoice_id, by="credit_minor", amount_minor=amount_minor)
        case PaymentTakenBack(invoice_id=invoice_id, amount_minor=amount_minor):
            _settle(rows, invoice_id, by="paid_minor", amount_minor=-amount_minor)
            rows.update("invoice_list", invoice_id, status="unpaid", paid_on=None)
        case CreditNoteIssued() as note:
            _list_credit_note(note, rows)
        case (PaymentPending() | PaymentOutcomeUnknown(is_charge=True)) as pending:
            _mark(pending, rows, before="unpaid", after="payment_pending")
        case PaymentFailed() as failed:
            _mark(failed, rows, before="payment_pending", after="unpaid")
        case _:
            _list_end(envelope, rows)


def _mark(
    event: PaymentPending | PaymentOutcomeUnknown | PaymentFailed,
    rows: Rows,
    *,
    before: str,
    after: str,
) -> None:
    for id in _invoices_of(event):
        rows.update("invoice_list", id, where={"status": before}, status=after)


def _invoices_of(
    event: PaymentPending | PaymentOutcomeUnknown | PaymentFailed | PaymentRefunded,
) -> list[UUID]:
    """A charge that nobody answered is for one invoice."""
    further = [] if isinstance(event, PaymentOutcomeUnknown) else event.further_invoices
    return [event.invoice_id, *further]


def _list_end(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case InvoicePaid(invoice_id=invoice_id, paid_on=paid_on):
            rows.update("invoice_list", invoice_id, status="paid", paid_on=paid_on)
        case InvoiceReopened(invoice_id=invoice_id, amount_minor=amount_minor):
            _settle(rows, invoice_id, by="paid_minor", amount_minor=-amount_minor)
            rows.update("invoice_list", invoice_id, status="unpaid", paid_on=None)
        case PaymentRefunded(is_whole=True) as refunded:
            for id in _invoices_of(refunded):
                rows.update("invoice_list", id, where={"status": "credited"}, status="refunded")
        case InvoiceNumbered(invoice_id=invoice_id, number=number):
            rows.update(
                "invoice_list", invoice_id, number=number, is_pro_forma=False, is_booked=True
            )
        case InvoiceCancelled(invoice_id=invoice_id):
            rows.update("invoice_list", invoice_id, status="cancelled", open_minor=0)
        case InvoiceWrittenOff(invoice_id=invoice_id):
            rows.update("invoice_list", invoice_id, status="written_off", open_minor=0)


def _settle(rows: Rows, invoice_id: UUID, *, by: str, amount_minor: int) -> None:
    changes: dict[str, Any] = {
        by: lambda settled: settled + amount_minor,
        "open_minor": lambda open: open - amount_minor,
    }
    rows.update("invoice_list", invoice_id, **changes)


def _list_credit_note(note: CreditNoteIssued, rows: Rows) -> None:
    """What is taken back is no longer owed; all of it: the invoice is credited, paid or not."""
    settled_minor = note.total_minor - note.returned_minor
    rows.update(
        "invoice_list",
        note.invoice_id,
        open_minor=lambda open: open - settled_minor,
        credited_minor=lambda credited: credited + note.total_minor,
    )
    if note.leaves_nothing:
        rows.update(
            "invoice_list", note.invoice_id, status="credited", corrected_by=note.corrected_by
        )


def _list_issued(envelope: Envelope, issued: InvoiceIssued, *, rows: Rows) -> None:
    rows.insert(
        "invoice_list",
        invoice_id=issued.invoice_id,
        account_id=envelope.account,
        brand=envelope.brand,
        number=issued.number,
        order_id=issued.order_id,
        status="unpaid",
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        currency=issued.currency,
        total_minor=issued.total_minor,
        open_minor=issued.total_minor,
        lines=_json(issued.lines),
        tax_minor=issued.tax_minor,
        taxes=_json(issued.taxes),
        prices_include_tax=issued.prices_include_tax,
        notes=_json(issued.notes),
        payee=_json(issued.payee),
        is_pro_forma=issued.is_pro_forma,
        corrects=issued.corrects,
        about_invoice_id=issued.about_invoice_id,
        is_booked=issued.is_booked_at_issue,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def apply_to_open(envelope: Envelope, rows: Rows) -> None:
    """The invoices that still want money, with the services that hang on them."""
    match envelope.event:
        case InvoiceIssued() as issued:
            _open(envelope, issued, order_id=issued.order_id, rows=rows)
        case (
            InvoicePaid(invoice_id=invoice_id)
            | InvoiceCancelled(invoice_id=invoice_id)
            | InvoiceWrittenOff(invoice_id=invoice_id)
        ):
            rows.delete("invoice_open", invoice_id)
            rows.delete("invoice_open_service", where={"invoice_id": invoice_id})
        case CreditNoteIssued(invoice_id=invoice_id, leaves_nothing=True):
            rows.delete("invoice_open", invoice_id)
            rows.delete("invoice_open_service", where={"invoice_id": invoice_id})
        case CreditNoteIssued(invoice_id=invoice_id, released_services=released):
            for service_id in released:
                rows.delete("invoice_open_service", invoice_id, service_id)
        case PaymentTakenBack() as back:
            _reopen(envelope, back, rows=rows)
        case (PaymentPending() | PaymentOutcomeUnknown(is_charge=True) | PaymentFailed()) as said:
            for id in _invoices_of(said):
                rows.update("invoice_open", id, is_pending=not isinstance(said, PaymentFailed))
        case InvoiceReopened() as again:
            _open(envelope, again, rows=rows)


def _open(
    envelope: Envelope,
    issued: InvoiceIssued | InvoiceReopened,
    *,
    rows: Rows,
    order_id: UUID | None = None,
) -> None:
    """What is owed again is not of its order any more: that has been paid once and carried out."""
    rows.upsert(
        "invoice_open",
        invoice_id=issued.invoice_id,
        account_id=envelope.account,
        brand=envelope.brand,
        order_id=order_id,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        currency=issued.currency,
        is_pending=False,
        is_fee=issued.about_invoice_id is not None,
    )
    for service_id, period_end in _ends(issued.lines).items():
        rows.upsert(
            "invoice_open_service",
            invoice_id=issued.invoice_id,
            service_id=service_id,
            period_end=period_end,
        )


def _ends(lines: Iterable[InvoiceLine]) -> dict[UUID, date | None]:
    """Of each service the end of the last period that the invoice is about."""
    ends: dict[UUID, date | None] = {}
    for line in lines:
        if line.service_id:
            known = (ends.get(line.service_id), line.period_end)
            ends[line.service_id] = max(filter(None, known), default=None)
    return ends


def _reopen(envelope: Envelope, back: PaymentTakenBack, *, rows: Rows) -> None:
    """It may be open still, if the payment had settled a part of it."""
    rows.upsert(
        "invoice_open",
        invoice_id=back.invoice_id,
        account_id=envelope.account,
        brand=envelope.brand,
        order_id=back.order_id,
        issued_on=back.issued_on,
        due_on=back.due_on,
        currency=back.currency,
        is_fee=back.is_fee,
    )
    for service_id, period_end in _ends(back.lines).items():
        rows.upsert(
            "invoice_open_service",
            invoice_id=back.invoice_id,
            service_id=service_id,
            period_end=period_end,
        )


invoice_list = View(
    name="invoice_list",
    sources=("billing",),
    tables=INVOICE_LIST_TABLES,
    apply=apply_to_list,
    handles=INVOICES | LISTED,
    ignored=((PAYMENTS | CREDIT) - LISTED)
    | BRANDS
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)

invoice_open = View(
    name="invoice_open",
    sources=("billing",),
    tables=INVOICE_OPEN_TABLES,
    apply=apply_to_open,
    handles=(INVOICES - {InvoiceNumbered}) | PENDING,
    ignored=(PAYMENTS - PENDING)
    | {InvoiceNumbered}
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
