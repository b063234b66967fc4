"""Double entry: what each public event books. Amounts in minor units; debits are above zero.

The postings of one event sum to zero in its currency. Money that arrived but has found no place is
`unallocated`; it is there only between the events of one transaction. A pro forma is neither owed
nor earned: it is booked when it is paid and becomes an invoice; what settled a part of it before is
`prepayment`. What was charged back and nobody owes again stays in `charged_back`: a loss.
"""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts import PublicEvent
from shared.contracts.billing import (
    BoletoCollected,
    CreditAdded,
    CreditApplied,
    CreditGiven,
    CreditNoteIssued,
    CreditReleased,
    CreditWithdrawn,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentDisputeClosed,
    PaymentDisputed,
    PaymentReceived,
    PaymentRefunded,
    PaymentReversed,
    PaymentTakenBack,
)

RECEIVABLE = "receivable"
REVENUE = "revenue"
TAX = "tax"
WRITE_OFF = "write_off"
REFUND = "refund"
GIFT = "gift"
CLEARING = "gateway_clearing"
BANK = "bank"
UNALLOCATED = "unallocated"
CREDIT = "client_credit"
PREPAYMENT = "prepayment"
LATE_CHARGES = "late_charges"
BANK_FEES = "bank_fees"
DISPUTED = "disputed"
CHARGED_BACK = "charged_back"
PAID_BY_HAND = "paid_by_hand"

_ORIGINS = {"staff": GIFT, "service_change": REVENUE, "refund": REFUND}
"""Of credit without a payment or a note; what a change owes beyond all invoices was earned once,
and what a refund did not give back was on its way out."""
_DESTINATIONS = {"charged_back": CHARGED_BACK, "payment_taken_back": UNALLOCATED}
"""Of credit that is taken out: what the bank took makes up for it, what a payment left that was
undone goes with it, all else goes back."""


OfPayment = (
    PaymentReceived
    | PaymentReversed
    | PaymentAllocated
    | PaymentTakenBack
    | PaymentRefunded
    | PaymentDisputed
    | PaymentDisputeClosed
    | CreditAdded
)


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
            return _of_invoice(issued, sign=1) if issued.is_booked_at_issue else []
        case InvoiceNumbered() as numbered:
            return _of_invoice(numbered, sign=1, prepaid_minor=numbered.prepaid_minor)
        case InvoiceCancelled() as cancelled:
            return _of_invoice(cancelled, sign=-1) if cancelled.was_booked else []
        case CreditNoteIssued() as note:
            return _of_credit_note(note)
        case InvoiceWrittenOff(invoice_id=invoice_id, amount_minor=minor, currency=currency):
            return _transfer(minor, currency, debit=WRITE_OFF, credit=RECEIVABLE, of=invoice_id)
        case PaymentReceived() as received:
            return [
                _of_payment(received, _cleared_in(received), minor=received.amount_minor),
                _of_payment(received, UNALLOCATED, minor=-received.amount_minor),
            ]
        case PaymentAllocated() as allocated:
            return _of_allocation(allocated, minor=allocated.amount_minor)
        case PaymentTakenBack() as back:
            return _of_allocation(back, minor=-back.amount_minor)
        case BoletoCollected() as collected:
            return _of_boleto(collected)
        case CreditAdded() as added:
            return [
                _of_payment(added, UNALLOCATED, minor=added.amount_minor),
                _of_payment(added, CREDIT, minor=-added.amount_minor),
            ]
        case CreditApplied(invoice_id=invoice_id, amount_minor=minor, currency=currency) as used:
            settled_in = _settled_in(used)
            return _transfer(minor, currency, debit=CREDIT, credit=settled_in, of=invoice_id)
        case CreditReleased(invoice_id=invoice_id, amount_minor=minor, currency=currency) as freed:
            settled_in = _settled_in(freed)
            return _transfer(minor, currency, debit=settled_in, credit=CREDIT, of=invoice_id)
        case CreditGiven(source="prepayment", amount_minor=minor, currency=currency) as given:
            of = given.reference_id
            return _transfer(minor, currency, debit=PREPAYMENT, credit=CREDIT, of=of)
        case CreditGiven(source=source, amount_minor=minor, currency=currency):
            origin = _ORIGINS.get(source, UNALLOCATED)
            return _transfer(minor, currency, debit=origin, credit=CREDIT)
        case CreditWithdrawn(reason=reason, amount_minor=minor, currency=currency):
            destination = _DESTINATIONS.get(reason, REFUND)
            return _transfer(minor, currency, debit=CREDIT, credit=destination)
        case InvoiceReopened(invoice_id=invoice_id, amount_minor=minor, currency=currency) as again:
            owed_in = _settled_in(again)
            return _transfer(minor, currency, debit=owed_in, credit=CHARGED_BACK, of=invoice_id)
        case _:
            return _of_reversal(event)


def _of_reversal(event: PublicEvent) -> list[Posting]:
    """Money that goes back: paid back, or held by the payer's bank until it decides."""
    match event:
        case PaymentReversed():
            debit, credit = UNALLOCATED, _cleared_in(event)
        case PaymentRefunded(way="by_hand"):
            debit, credit = REFUND, PAID_BY_HAND
        case PaymentRefunded():
            debit, credit = REFUND, CLEARING
        case PaymentDisputed():
            debit, credit = DISPUTED, CLEARING
        case PaymentDisputeClosed(outcome="won"):
            debit, credit = CLEARING, DISPUTED
        case PaymentDisputeClosed():
            debit, credit = CHARGED_BACK, DISPUTED
        case _:
            return []
    minor = event.amount_minor
    return [_of_payment(event, debit, minor=minor), _of_payment(event, credit, minor=-minor)]


def _of_allocation(event: PaymentAllocated | PaymentTakenBack, *, minor: int) -> list[Posting]:
    return [
        _of_payment(event, UNALLOCATED, minor=minor),
        Posting(
            ledger_account=_settled_in(event),
            amount_minor=-minor,
            currency=event.currency,
            invoice_id=event.invoice_id,
            payment_id=event.payment_id,
        ),
    ]


def _of_boleto(event: BoletoCollected) -> list[Posting]:
    """Fine and interest are earned beside the payment; the bank keeps its fee of it all."""
    sides = {
        CLEARING: event.late_charges_minor - event.fee_minor,
        LATE_CHARGES: -event.late_charges_minor,
        BANK_FEES: event.fee_minor,
    }
    return [
        Posting(
            ledger_account=account,
            amount_minor=minor,
            currency=event.currency,
            payment_id=event.payment_id,
        )
        for account, minor in sides.items()
        if minor
    ]


def _cleared_in(event: PaymentReceived | PaymentReversed) -> str:
    """Where money lies that came: on our bank account, or with the gateway until it pays it out."""
    return BANK if event.gateway == BANK else CLEARING


def _settled_in(
    event: PaymentAllocated | PaymentTakenBack | CreditApplied | CreditReleased | InvoiceReopened,
) -> str:
    """What becomes less by what settles an invoice: what is owed, if that is booked."""
    return PREPAYMENT if event.is_prepayment else RECEIVABLE


def _of_invoice(
    event: InvoiceIssued | InvoiceNumbered | InvoiceCancelled,
    *,
    sign: int,
    prepaid_minor: int = 0,
) -> list[Posting]:
    """What is owed, or paid already, against what is earned and what is due to the tax office."""
    sides = {
        RECEIVABLE: event.total_minor - prepaid_minor,
        PREPAYMENT: prepaid_minor,
        REVENUE: event.tax_minor - event.total_minor,
        TAX: -event.tax_minor,
    }
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


def _of_payment(event: OfPayment, account: str, *, minor: int) -> Posting:
    return Posting(
        ledger_account=account,
        amount_minor=minor,
        currency=event.currency,
        payment_id=event.payment_id,
    )
