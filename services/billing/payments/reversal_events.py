"""How the money of a payment goes back: refunds and disputes, each event with what it does.

What is refused stands here too. Amounts in minor units of the payment's currency.
"""

from datetime import date
from typing import Any

from eventsourcing.domain import Aggregate

from shared.errors import Conflict


class PaymentNotReceived(Conflict):
    """No money of this payment is known to have come, so none of it can go back."""


class RefundExceedsPayment(Conflict):
    """No more than what is left of a payment can be refunded."""


class PaymentNotRefundable(Conflict):
    """The payment is disputed or was charged back: its money goes no second way back."""


class DisputeUnknown(Conflict):
    """No such dispute was opened for this payment."""


class Refunded(Aggregate.Event):
    """A part of the money, or the last of it, went back to the payer."""

    TOPIC = "billing.payment.refunded"
    refund_id: str
    amount_minor: int
    refunded_on: date

    def apply(self, aggregate: Any) -> None:
        aggregate.refunds[self.refund_id] = self.amount_minor
        is_whole = aggregate.refunded_minor == aggregate.amount_minor
        aggregate.status = "refunded" if is_whole else "refunded_in_part"


class DisputeOpened(Aggregate.Event):
    """The payer wants the money back through their bank, which holds it until it decides."""

    TOPIC = "billing.payment.dispute_opened"
    dispute_id: str
    reason: str
    opened_on: date

    def apply(self, aggregate: Any) -> None:
        aggregate.disputes[self.dispute_id] = "open"
        aggregate.status = "disputed"


class DisputeClosed(Aggregate.Event):
    """The bank has decided: `outcome` is won or lost. What was refunded before stays refunded."""

    TOPIC = "billing.payment.dispute_closed"
    dispute_id: str
    outcome: str
    closed_on: date

    def apply(self, aggregate: Any) -> None:
        aggregate.disputes[self.dispute_id] = self.outcome
        kept = "refunded_in_part" if aggregate.refunds else "succeeded"
        aggregate.status = kept if self.outcome == "won" else "charged_back"
