"""Events of a payment that say themselves what they do to it, and what is refused.

How it reaches the gateway, and how its money goes back: refunds and disputes. Amounts in minor
units of the payment's currency.
"""

from datetime import date
from typing import Any

from eventsourcing.domain import Aggregate

from services.billing.payments.mismatch import Mismatch
from shared.errors import Conflict


class PaymentNotReceived(Conflict):
    """No money of this payment is known to have come, so none of it can go back."""


class RefundExceedsPayment(Conflict):
    """No more than what is left of a payment can be refunded."""


class PaymentNotRefundable(Conflict):
    """The payment is disputed or was charged back: its money goes no second way back."""


class PageRequested(Aggregate.Event):
    """What the gateway will be asked is fixed."""

    TOPIC = "billing.payment.page_requested"
    return_path: str

    def apply(self, aggregate: Any) -> None:
        aggregate.return_path = self.return_path


class ChargeRequested(Aggregate.Event):
    """Which saved method of which customer the gateway will be asked to charge is fixed."""

    TOPIC = "billing.payment.charge_requested"
    token: str
    customer: str

    def apply(self, aggregate: Any) -> None:
        aggregate.token = self.token
        aggregate.customer = self.customer


class Sent(Aggregate.Event):
    """The gateway has the attempt, nobody has paid yet."""

    TOPIC = "billing.payment.sent"
    gateway_reference: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "sent"
        aggregate.gateway_reference = self.gateway_reference


class MarkedPending(Aggregate.Event):
    """The payer did their part and the money is on its way."""

    TOPIC = "billing.payment.marked_pending"
    gateway_reference: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "pending"
        aggregate.gateway_reference = self.gateway_reference


class OutcomeUnknown(Aggregate.Event):
    """The gateway gave no answer that can be trusted."""

    TOPIC = "billing.payment.outcome_unknown"
    cause: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "unknown"


class Succeeded(Aggregate.Event):
    """The money is ours."""

    TOPIC = "billing.payment.succeeded"
    received_on: date
    receipt_number: str
    gateway_reference: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "succeeded"
        aggregate.received_on = self.received_on
        aggregate.gateway_reference = self.gateway_reference


class Failed(Aggregate.Event):
    """The gateway says that no money will come."""

    TOPIC = "billing.payment.failed"
    reason: str

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "failed"


class MismatchFound(Aggregate.Event):
    """The gateway's word is not what was asked for, or contradicts what it said before."""

    TOPIC = "billing.payment.mismatch_found"
    mismatch: Mismatch

    def apply(self, aggregate: Any) -> None:
        aggregate.mismatch = self.mismatch


class RefundReserved(Aggregate.Event):
    """A part of the money is about to go back."""

    TOPIC = "billing.payment.refund_reserved"
    refund_id: str
    amount_minor: int

    def apply(self, aggregate: Any) -> None:
        aggregate.reserved[self.refund_id] = self.amount_minor


class RefundReleased(Aggregate.Event):
    """It does not go back after all."""

    TOPIC = "billing.payment.refund_released"
    refund_id: str

    def apply(self, aggregate: Any) -> None:
        del aggregate.reserved[self.refund_id]


class Refunded(Aggregate.Event):
    """A part of the money, or the last of it, went back to the payer, by the gateway or by hand."""

    TOPIC = "billing.payment.refunded"
    refund_id: str
    amount_minor: int
    refunded_on: date
    way: str = "gateway"

    def apply(self, aggregate: Any) -> None:
        aggregate.reserved.pop(self.refund_id, None)
        aggregate.refunds[self.refund_id] = self.amount_minor
        is_whole = aggregate.refunded_minor == aggregate.amount_minor
        if aggregate.status not in {"disputed", "charged_back"}:
            aggregate.status = "refunded" if is_whole else "refunded_in_part"


class DisputeOpened(Aggregate.Event):
    """The payer wants the money back through their bank, which holds it until it decides.

    `amount_minor`: what it holds; None, as it was told before this was kept: all that was left.
    """

    TOPIC = "billing.payment.dispute_opened"
    dispute_id: str
    reason: str
    opened_on: date
    amount_minor: int | None = None

    def apply(self, aggregate: Any) -> None:
        left_minor = aggregate.amount_minor - aggregate.refunded_minor
        held_minor = left_minor if self.amount_minor is None else self.amount_minor
        aggregate.disputes[self.dispute_id] = "open"
        aggregate.disputed[self.dispute_id] = held_minor
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
