"""Double entry: what each public event books. Amounts in minor units; debits are above zero.

The postings of one event sum to zero in its currency. Money that arrived but has found no place is
`unallocated`; it is there only between the events of one transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts import PublicEvent
from shared.contracts.billing import (
    CreditAdded,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentAllocated,
    PaymentReceived,
)

RECEIVABLE = "receivable"
REVENUE = "revenue"
CLEARING = "gateway_clearing"
UNALLOCATED = "unallocated"
CREDIT = "client_credit"


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
        case InvoiceIssued(invoice_id=invoice_id, total_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=RECEIVABLE, credit=REVENUE, of=invoice_id)
        case InvoiceCancelled(invoice_id=invoice_id, total_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=REVENUE, credit=RECEIVABLE, of=invoice_id)
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
        case _:
            return []


def _transfer(minor: int, currency: str, *, debit: str, credit: str, of: UUID) -> list[Posting]:
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
