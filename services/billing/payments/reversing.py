"""Taking back a payment that was booked by mistake: the money is ours, but it is another's."""

from typing import Any

from eventsourcing.domain import Aggregate

from shared.errors import Conflict


class PaymentNotReversible(Conflict):
    """Only a payment of which all money is still here can be taken back."""


class Reversed(Aggregate.Event):
    """The payment never was; what was booked for it is booked back."""

    TOPIC = "billing.payment.reversed"
    reason: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "reversed"


def reverse_payment(payment: Any, reason: str) -> None:
    """Book it back. Once; `PaymentNotReversible` where money of it went back or is disputed."""
    if payment.status != "succeeded":
        raise PaymentNotReversible(status=payment.status)
    payment.trigger_event(payment.Reversed, reason=reason)
