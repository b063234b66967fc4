"""A gateway's day of a brand, to be compared with ours: due -> equal | differs | unreported.

Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

Outcome = Literal["equal", "differs", "unreported"]


@dataclass(frozen=True, kw_only=True)
class DayTotal:
    """What gateway, payments and ledger say came on the day in a currency."""

    currency: str
    gateway_minor: int
    ours_minor: int
    ledger_minor: int


class Reconciliation(Aggregate):
    """One gateway, one brand, one day; asked for once, compared once."""

    TOPIC = "billing.reconciliation"

    class Event(Aggregate.Event):
        TOPIC = "billing.reconciliation.event"

    class Asked(Aggregate.Created):
        TOPIC = "billing.reconciliation.asked"
        brand: str
        gateway: str
        day: date

    class Compared(Aggregate.Event):
        TOPIC = "billing.reconciliation.compared"
        outcome: str
        totals: list[DayTotal]
        differences: int

    @staticmethod
    def id_of(brand: str, gateway: str, day: date) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:reconciliation:{brand}:{gateway}:{day}")

    @classmethod
    def ask(cls, *, brand: str, gateway: str, day: date) -> Self:
        """The day is over and can be compared."""
        return cls(id=cls.id_of(brand, gateway, day), brand=brand, gateway=gateway, day=day)

    @event(Asked)
    def __init__(self, *, id: UUID, brand: str, gateway: str, day: date) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.gateway = gateway
        self.day = day
        self.outcome: Outcome | None = None

    def compare(self, *, totals: Sequence[DayTotal], differences: int) -> None:
        """What came of it. Compared already: nothing changes."""
        if self.outcome is None:
            outcome: Outcome = "differs" if differences else "equal"
            self._compared(outcome=outcome, totals=list(totals), differences=differences)

    def give_up(self) -> None:
        """The gateway never gave its report. Compared already: nothing changes."""
        if self.outcome is None:
            self._compared(outcome="unreported", totals=[], differences=0)

    @event(Compared)
    def _compared(self, outcome: Outcome, totals: list[DayTotal], differences: int) -> None:
        self.outcome = outcome
