"""Events of an invoice that say themselves what they do to it. Amounts in minor units."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from services.billing.why.why import Why


class Paid(Aggregate.Event):
    """Nothing is open any more."""

    TOPIC = "billing.invoice.paid"
    paid_on: date

    def apply(self, aggregate: Any) -> None:
        aggregate.was_paid = True


class Settled(Aggregate.Event):
    """Credit settled a part, or a credit note took one back: `returned` is what had been paid."""

    TOPIC = "billing.invoice.settled"
    by: str
    reference_id: UUID
    amount_minor: int
    returned_minor: int = 0
    settled_on: date | None = None

    def apply(self, aggregate: Any) -> None:
        share_minor = self.amount_minor - self.returned_minor
        after = aggregate.settlement.settled(
            self.by, self.reference_id, amount_minor=self.amount_minor, share_minor=share_minor
        )
        if self.settled_on and share_minor:
            after = replace(after, settled_on=max(self.settled_on, after.settled_on or date.min))
        aggregate.settlement = after


class Reminded(Aggregate.Event):
    """The client was told that the due date comes."""

    TOPIC = "billing.invoice.reminded"
    days_before: int
    why: Why | None = None


class OverdueNoticed(Aggregate.Event):
    """The client was told that the due date has passed."""

    TOPIC = "billing.invoice.overdue_noticed"
    days_after: int
    why: Why | None = None


class WrittenOff(Aggregate.Event):
    """What was open has been given up."""

    TOPIC = "billing.invoice.written_off"
    amount_minor: int
    reason: str
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.settlement = replace(aggregate.settlement, open_minor=0, is_written_off=True)


class Reopened(Aggregate.Event):
    """What a payment had settled was charged back, and is owed again."""

    TOPIC = "billing.invoice.reopened"
    payment_id: UUID
    amount_minor: int
    reopened_on: date

    def apply(self, aggregate: Any) -> None:
        without = aggregate.settlement.without_payment(self.payment_id, self.amount_minor)
        aggregate.settlement = replace(without, is_charged_back=True)


class LateFeeCharged(Aggregate.Event):
    """Being late cost a fee, which that invoice asks for."""

    TOPIC = "billing.invoice.late_fee_charged"
    fee_invoice_id: UUID
