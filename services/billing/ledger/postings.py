"""Double entry: what each public event books. Amounts in minor units; debits are above zero.

The postings of one event sum to zero in its currency. Money that arrived but has found no place is
`unallocated`; it is there only between the events of one transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts import PublicEvent
from shared.contracts.billing import (
    CreditAdded,
    CreditApplied,
    CreditGiven,
    CreditNoteIssued,
    CreditReleased,
    CreditWithdrawn,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentReceived,
)

RECEIVABLE = "receivable"
REVENUE = "revenue"
TAX = "tax"
WRITE_OFF = "write_off"
REFUND = "refund"
GIFT = "gift"
CLEARING = "gateway_clearing"
UNALLOCATED = "unallocated"
CREDIT = "client_credit"

_ORIGINS = {"staff": GIFT, "service_change": REVENUE}
"""Of credit without a payment or a note; what a change owes beyond all invoices was earned once."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One side of a booking, and the invoice or payment that it is about."""

    ledger_account: str
    amount_minor: int
    currency: str
    invoice_id: UUID | None = None
    payment_id: UUID | None = None


def postings_of(event: PublicEvent) -> list[Posting]:
    """The bookings of an event; none for what moves no money."""
    match event:
        case InvoiceIssued() as issued:
            return _of_invoice(issued, sign=1)
        case InvoiceCancelled() as cancelled:
            return _of_invoice(cancelled, sign=-1)
        case CreditNoteIssued() as note:
            return _of_credit_note(note)
        case InvoiceWrittenOff(invoice_id=invoice_id, amount_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=WRITE_OFF, credit=RECEIVABLE, of=invoice_id)
        case PaymentReceived() as received:
            return [
                _of_payment(received, CLEARING, minor=received.amount_minor),
                _of_payment(received, UNALLOCATED, minor=-received.amount_minor),
            ]
        case PaymentAllocated() as allocated:
            return [
                _of_payment(allocated, UNALLOCATED, minor=allocated.amount_minor),
                Posting(
                    ledger_account=RECEIVABLE,
                    amount_minor=-allocated.amount_minor,
                    currency=allocated.currency,
                    invoice_id=allocated.invoice_id,
                    payment_id=allocated.payment_id,
                ),
            ]
        case CreditAdded() as added:
            return [
                _of_payment(added, UNALLOCATED, minor=added.amount_minor),
                _of_payment(added, CREDIT, minor=-added.amount_minor),
            ]
        case CreditApplied(invoice_id=invoice_id, amount_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=CREDIT, credit=RECEIVABLE, of=invoice_id)
        case CreditReleased(invoice_id=invoice_id, amount_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=RECEIVABLE, credit=CREDIT, of=invoice_id)
        case CreditGiven(source=source, amount_minor=minor, currency=currency):
            origin = _ORIGINS.get(source, UNALLOCATED)
            return _transfer(minor, currency, debit=origin, credit=CREDIT)
        case CreditWithdrawn(amount_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=CREDIT, credit=REFUND)
        case _:
            return []


def _of_invoice(event: InvoiceIssued | InvoiceCancelled, *, sign: int) -> list[Posting]:
    """What is owed against what is earned and what is due to the tax office."""
    net_minor = event.total_minor - event.tax_minor
    sides = {RECEIVABLE: event.total_minor, REVENUE: -net_minor, TAX: -event.tax_minor}
    return [
        Posting(
            ledger_account=account,
            amount_minor=sign * minor,
            currency=event.currency,
            invoice_id=event.invoice_id,
        )
        for account, minor in sides.items()
        if minor
    ]


def _of_credit_note(note: CreditNoteIssued) -> list[Posting]:
    """What was earned and taxed less; it was owed, or is the account's to have back."""
    sides = {
        REVENUE: note.total_minor - note.tax_minor,
        TAX: note.tax_minor,
        RECEIVABLE: note.returned_minor - note.total_minor,
        UNALLOCATED: -note.returned_minor,
    }
    return [
        Posting(
            ledger_account=account,
            amount_minor=minor,
            currency=note.currency,
            invoice_id=note.invoice_id,
        )
        for account, minor in sides.items()
        if minor
    ]


def _transfer(
    minor: int, currency: str, *, debit: str, credit: str, of: UUID | None = None
) -> list[Posting]:
    return [
        Posting(ledger_account=account, amount_minor=amount, currency=currency, invoice_id=of)
        for account, amount in ((debit, minor), (credit, -minor))
    ]


def _of_payment(
    event: PaymentReceived | PaymentAllocated | CreditAdded, account: str, *, minor: int
) -> Posting:
    return Posting(
        ledger_account=account,
        amount_minor=minor,
        currency=event.currency,
        payment_id=event.payment_id,
    )
