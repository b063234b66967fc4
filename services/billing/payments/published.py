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
                gateway=payment.gateway,
            )
        case Payment.Reversed(reason=reason):
            return billing.PaymentReversed(
                **ids, **money, method=payment.method, reason=reason, gateway=payment.gateway
            )
        case Payment.Failed(reason=reason):
            return billing.PaymentFailed(**about, reason=reason)
        case Payment.MismatchFound(mismatch=mismatch):
            return billing.PaymentMismatchFound(
                **ids, field=mismatch.field, expected=mismatch.expected, found=mismatch.found
            )
        case _:
            return _of_reversal(event, payment, about=about)


def _of_reversal(
    event: DomainEvent, payment: Payment, *, about: dict[str, Any]
) -> PublicEvent | None:
    """How the money went back; a refund names what is left by what it makes of the payment."""
    ids = {name: about[name] for name in ("payment_id", "invoice_id")}
    match event:
        case Payment.Refunded() as refunded:
            return billing.PaymentRefunded(
                **about,
                refund_id=refunded.refund_id,
                amount_minor=refunded.amount_minor,
                currency=payment.currency,
                refunded_on=refunded.refunded_on,
                way=refunded.way,
                is_whole=_is_whole(refunded.refund_id, payment),
            )
        case Payment.DisputeOpened() as opened:
            return billing.PaymentDisputed(
                **ids,
                dispute_id=opened.dispute_id,
                amount_minor=payment.disputed[opened.dispute_id],
                currency=payment.currency,
                reason=opened.reason,
                opened_on=opened.opened_on,
            )
        case Payment.DisputeClosed() as closed:
            return billing.PaymentDisputeClosed(
                **ids,
                dispute_id=closed.dispute_id,
                amount_minor=payment.disputed[closed.dispute_id],
                currency=payment.currency,
                outcome=closed.outcome,
                closed_on=closed.closed_on,
            )
        case _:
            return None


def _is_whole(refund_id: str, payment: Payment) -> bool:
    """Whether nothing was left after it: those after it do not count."""
    ids = list(payment.refunds)
    until = ids[: ids.index(refund_id) + 1]
    return sum(payment.refunds[id] for id in until) == payment.amount_minor
