"""What payments tell the world."""

from typing import Any

from services.billing.payments.payment import Payment
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_payment(event: DomainEvent, payment: Payment) -> PublicEvent | None:
    """The public event of a payment attempt."""
    ids: dict[str, Any] = {"payment_id": payment.id, "invoice_id": payment.invoice_id}
    money: dict[str, Any] = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    about: dict[str, Any] = {
        **ids,
        "purpose": payment.purpose,
        "further_invoices": list(payment.further_invoices),
    }
    match event:
        case Payment.Started():
            return billing.PaymentStarted(
                **about, **money, method=payment.method, gateway=payment.gateway
            )
        case Payment.Sent(gateway_reference=reference):
            return billing.PaymentSent(**ids, gateway_reference=reference)
        case Payment.OutcomeUnknown(cause=cause):
            return billing.PaymentOutcomeUnknown(**ids, cause=cause, is_charge=bool(payment.token))
        case Payment.MarkedPending():
            return billing.PaymentPending(**about)
        case Payment.Succeeded() as succeeded:
            return billing.PaymentReceived(
                **about,
                **money,
                method=payment.method,
                received_on=succeeded.received_on,
                receipt_number=succeeded.receipt_number,
                gateway_reference=succeeded.gateway_reference,
            )
        case Payment.Failed(reason=reason):
            return billing.PaymentFailed(**about, reason=reason)
        case Payment.MismatchFound(mismatch=mismatch):
            return billing.PaymentMismatchFound(
                **ids, field=mismatch.field, expected=mismatch.expected, found=mismatch.found
            )
        case _:
            return None
