"""What happens to a boleto after its issue, each event with what it does. Amounts are centavos."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from services.billing.why.why import Why


@dataclass(frozen=True, kw_only=True)
class Takings:
    """What a bank took for a boleto, by one line of its files.

    `paid_minor` is all that the payer paid, `late_charges_minor` what of it is for being late. The
    bank keeps `fee_minor` of it. `fact` is the same whenever the same is told.
    """

    fact: str
    payment_id: UUID
    paid_minor: int
    late_charges_minor: int
    fee_minor: int
    collected_on: date


class Reissued(Aggregate.Event):
    """A segunda via: the same boleto, late and dearer, to be paid by another day."""

    TOPIC = "billing.boleto.reissued"
    reissued_on: date
    pay_by: date
    barcode: str
    fine_minor: int
    interest_minor: int
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.reissued = {
            **aggregate.reissued,
            self.pay_by.isoformat(): self.fine_minor + self.interest_minor,
        }


class Answered(Aggregate.Event):
    """The bank said something that moves no money."""

    TOPIC = "billing.boleto.answered"
    fact: str
    kind: str
    code: str
    reasons: list[str]
    told_on: date | None

    def apply(self, aggregate: Any) -> None:
        aggregate.facts = (*aggregate.facts, self.fact)


class Collected(Aggregate.Event):
    """The bank took money for it."""

    TOPIC = "billing.boleto.collected"
    takings: Takings
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "collected"
        aggregate.facts = (*aggregate.facts, self.takings.fact)


class Ended(Aggregate.Event):
    """It is not to be paid any more."""

    TOPIC = "billing.boleto.ended"
    reason: str
    ended_on: date

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "ended"
