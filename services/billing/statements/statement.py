"""An account as of a past date: what was true then, by what was known at a moment. A pure fold.

Two times: a fact is true from a date on (an invoice from its issue, a payment from the day on which
the money came, a suspension from its day) and known from the instant at which it was recorded.
Money is what the ledger books of each event; a pro forma, which it does not book before it is paid,
is shown with what is open of it and not owed. Amounts in minor units.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.billing.ledger.postings import CREDIT, PREPAYMENT, RECEIVABLE, postings_of
from shared.clock import local_date
from shared.contracts import PublicEvent
from shared.contracts.billing import (
    CreditAdded,
    CreditWithdrawn,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    PaymentAllocated,
    PaymentReceived,
    PaymentReversed,
    PaymentTakenBack,
    ServiceActivated,
    ServiceCancelled,
    ServiceEnded,
    ServiceOrdered,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
)
from shared.envelope import Envelope


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """`true_on`: the date in question; `known_at`: only what was recorded by then, None: all."""

    true_on: date
    known_at: datetime | None
    zone: str


@dataclass(kw_only=True)
class InvoiceAsOf:
    """One that was issued by the date; `open_minor` is what was owed for it."""

    invoice_id: UUID
    number: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    open_minor: int = 0
    is_booked: bool = True


@dataclass(kw_only=True)
class ServiceAsOf:
    """`status` as it was: pending, active, suspended, terminated or cancelled."""

    service_id: UUID
    product_name: dict[str, str]
    domain: str
    status: str = "pending"


@dataclass(kw_only=True)
class Statement:
    """By currency what was owed and what credit there was; the invoices and services of then."""

    owed_minor: Counter[str] = field(default_factory=Counter)
    credit_minor: Counter[str] = field(default_factory=Counter)
    invoices: dict[UUID, InvoiceAsOf] = field(default_factory=dict)
    services: dict[UUID, ServiceAsOf] = field(default_factory=dict)


def statement_of(history: Iterable[Envelope], as_of: AsOf) -> Statement:
    """The account's statement by its own events, in the order in which they were recorded.

    A fact that became known late stands where it was true: two questions about the same date,
    asked before and after, differ by it and by nothing else.
    """
    statement, open_minor = Statement(), Counter[UUID | None]()
    for _, envelope in sorted(_true_by_then(history, as_of), key=lambda fact: fact[0]):
        _book(statement, envelope.event, open_minor=open_minor)
        _note_invoice(statement, envelope.event)
        _note_service(statement, envelope.event)
    for invoice in statement.invoices.values():
        invoice.open_minor = open_minor[invoice.invoice_id]
        if invoice.is_booked:
            statement.owed_minor[invoice.currency] += invoice.open_minor
    return statement


def _true_by_then(history: Iterable[Envelope], as_of: AsOf) -> list[tuple[date, Envelope]]:
    """What was known, with the date from which on it was true, up to the date in question."""
    received_on: dict[UUID, date] = {}
    facts = []
    for envelope in history:
        if as_of.known_at is not None and envelope.occurred_at > as_of.known_at:
            continue
        if isinstance(envelope.event, PaymentReceived):
            received_on[envelope.event.payment_id] = envelope.event.received_on
        true_on = _true_on(envelope.event, received_on)
        facts.append((true_on or local_date(envelope.occurred_at, as_of.zone), envelope))
    return [fact for fact in facts if fact[0] <= as_of.true_on]


def _true_on(event: PublicEvent, received_on: dict[UUID, date]) -> date | None:
    """The date of the fact itself; None where that is the day on which it was recorded."""
    match event:
        case InvoiceIssued(issued_on=day) | InvoiceCancelled(cancelled_on=day):
            return day
        case PaymentReceived(received_on=day):
            return day
        case PaymentAllocated(payment_id=payment_id) | CreditAdded(payment_id=payment_id):
            return received_on.get(payment_id)
        case PaymentTakenBack(payment_id=payment_id) | PaymentReversed(payment_id=payment_id):
            return received_on.get(payment_id)  # it never was true
        case CreditWithdrawn(withdrawal_id=payment_id):
            return received_on.get(payment_id)
        case ServiceActivated(activated_on=day) | ServiceSuspended(suspended_on=day):
            return day
        case ServiceUnsuspended(unsuspended_on=day) | ServiceTerminated(terminated_on=day):
            return day
        case ServiceCancelled(cancelled_on=day) | ServiceEnded(ended_on=day):
            return day
        case ServiceTransferred(transferred_on=day):
            return day
        case _:
            return None


def _book(statement: Statement, event: PublicEvent, *, open_minor: Counter[UUID | None]) -> None:
    for posting in postings_of(event):
        if posting.ledger_account == CREDIT:
            statement.credit_minor[posting.currency] -= posting.amount_minor
        elif posting.ledger_account in {RECEIVABLE, PREPAYMENT}:
            open_minor[posting.invoice_id] += posting.amount_minor
    match event:
        case InvoiceIssued(invoice_id=invoice_id, is_booked_at_issue=False) as pro_forma:
            open_minor[invoice_id] += pro_forma.total_minor
        case InvoiceNumbered(invoice_id=invoice_id) as numbered:
            open_minor[invoice_id] -= numbered.total_minor
        case InvoiceCancelled(invoice_id=invoice_id, was_booked=False) as pro_forma:
            open_minor[invoice_id] -= pro_forma.total_minor


def _note_invoice(statement: Statement, event: PublicEvent) -> None:
    match event:
        case InvoiceIssued() as issued:
            statement.invoices[issued.invoice_id] = InvoiceAsOf(
                invoice_id=issued.invoice_id,
                number=issued.number,
                issued_on=issued.issued_on,
                due_on=issued.due_on,
                currency=issued.currency,
                total_minor=issued.total_minor,
                is_booked=issued.is_booked_at_issue,
            )
        case InvoiceNumbered(invoice_id=invoice_id, number=number):
            if invoice := statement.invoices.get(invoice_id):
                invoice.number, invoice.is_booked = number, True


def _note_service(statement: Statement, event: PublicEvent) -> None:
    match event:
        case ServiceOrdered() as ordered:
            statement.services[ordered.service_id] = ServiceAsOf(
                service_id=ordered.service_id,
                product_name=ordered.product_name,
                domain=ordered.domain,
            )
        case ServiceTransferred(service_id=service_id):
            statement.services.pop(service_id, None)
        case (
            ServiceActivated(service_id=service_id)
            | ServiceSuspended(service_id=service_id)
            | ServiceUnsuspended(service_id=service_id)
            | ServiceTerminated(service_id=service_id)
            | ServiceCancelled(service_id=service_id)
            | ServiceEnded(service_id=service_id)
        ):
            if service_id in statement.services:
                statement.services[service_id].status = _STATUS[type(event)]


_STATUS: dict[type[PublicEvent], str] = {
    ServiceActivated: "active",
    ServiceSuspended: "suspended",
    ServiceUnsuspended: "active",
    ServiceTerminated: "terminated",
    ServiceCancelled: "cancelled",
    ServiceEnded: "cancelled",
}
