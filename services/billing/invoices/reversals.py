"""Taking back that a payment counted towards an invoice: what it settled is owed again."""

from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from services.billing.invoices.settlement import check_not_given_up
from shared.errors import Conflict


class PaymentNotCounted(Conflict):
    """The payment settles nothing of this invoice."""


class InvoiceIsCredited(Conflict):
    """A credit note has given back money of this invoice: none of its payments can be undone."""


class PaymentTakenBack(Aggregate.Event):
    """The payment was another's, or for something else; the invoice is open by that much more."""

    TOPIC = "billing.invoice.payment_taken_back"
    payment_id: UUID
    amount_minor: int
    taken_back_on: date

    def apply(self, aggregate: Any) -> None:
        settlement = aggregate.settlement
        aggregate.settlement = settlement.without_payment(self.payment_id, self.amount_minor)


def take_payment_back(invoice: Any, payment_id: UUID, *, today: date) -> int:
    """What the payment had settled of the invoice is owed again; how much that is.

    Errors: PaymentNotCounted, InvoiceIsCredited, InvoiceIsWrittenOff, InvoiceIsCancelled.
    """
    settlement = invoice.settlement
    if payment_id not in settlement.payments:
        raise PaymentNotCounted()
    check_not_given_up(settlement)
    if settlement.credit_notes:
        raise InvoiceIsCredited()
    amount_minor: int = settlement.payments[payment_id]
    invoice.trigger_event(
        invoice.PaymentTakenBack,
        payment_id=payment_id,
        amount_minor=amount_minor,
        taken_back_on=today,
    )
    return amount_minor
