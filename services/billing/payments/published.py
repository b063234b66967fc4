"""What payments tell the world."""

from typing import Any

from services.billing.payments.payment import Payment
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_payment(event: DomainEvent, payment: Payment) -> PublicEvent | None:
    """The public event of a payment attempt."""
    ids: dict[str, Any] = {"payment_id": payment.id, "invoice_id": payment.invoice_id}
    money: dict[str, Any] = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    match event:
        case Payment.Started():
            return billing.PaymentStarted(
                **ids, **money, method=payment.method, gateway=payment.gateway
            )
        case Payment.Sent(gateway_reference=reference):
            return billing.PaymentSent(**ids, gateway_reference=reference)
        case Payment.OutcomeUnknown(cause=cause):
            return billing.PaymentOutcomeUnknown(**ids, cause=cause, is_charge=bool(payment.token))
        case Payment.MarkedPending():
            return billing.PaymentPending(**ids)
        case Payment.Succeeded() as succeeded:
            return billing.PaymentReceived(
                **ids,
                **money,
                method=payment.method,
                received_on=succeeded.received_on,
                receipt_number=succeeded.receipt_number,
                gateway_reference=succeeded.gateway_reference,
                gateway=payment.gateway,
            )
        case Payment.Reversed(reason=reason):
            return billing.PaymentReversed(
                **ids, **money, method=payment.method, reason=reason, gateway=payment.gateway
            )
        case Payment.Failed(reason=reason):
            return billing.PaymentFailed(**ids, reason=reason)
        case Payment.MismatchFound(mismatch=mismatch):
            return billing.PaymentMismatchFound(
                **ids, field=mismatch.field, expected=mismatch.expected, found=mismatch.found
            )
        case _:
            return None
