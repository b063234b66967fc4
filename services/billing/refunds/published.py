"""What refunds tell the world."""

from typing import Any

from services.billing.refunds.refund import Refund
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_refund(event: DomainEvent, refund: Refund) -> PublicEvent | None:
    """The public event of a refund."""
    ids: dict[str, Any] = {"refund_id": refund.id, "payment_id": refund.payment_id}
    money: dict[str, Any] = {
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "way": refund.way,
    }
    match event:
        case Refund.Requested():
            return billing.RefundRequested(
                **ids,
                **money,
                invoice_id=refund.invoice_id,
                further_invoices=list(refund.further_invoices),
                reason=refund.reason,
            )
        case Refund.Ordered():
            return billing.RefundOrdered(
                **ids,
                **money,
                gateway=refund.gateway,
                gateway_reference=refund.payment_reference,
            )
        case Refund.Declined(reason=reason):
            return billing.RefundDeclined(**ids, reason=reason)
        case Refund.Done(refunded_on=day):
            return billing.RefundDone(**ids, refunded_on=day)
        case Refund.Failed(reason=reason):
            return billing.RefundFailed(**ids, reason=reason)
        case _:
            return None
