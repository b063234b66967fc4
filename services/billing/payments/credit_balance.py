"""Credit: money of an account that we hold, in one currency; opened with the first of it.

Amounts in minor units of `currency`.
"""

from typing import Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict


class CreditAlreadyAdded(Conflict):
    """What this payment left over has been added before."""


class CreditBalance(Aggregate):
    """What an account has with us in one currency."""

    TOPIC = "billing.credit_balance"

    class Event(Aggregate.Event):
        TOPIC = "billing.credit_balance.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.credit_balance.opened"
        account_id: UUID
        brand: str
        currency: str

    class Added(Aggregate.Event):
        TOPIC = "billing.credit_balance.added"
        amount_minor: int
        reason: str
        payment_id: UUID

    @staticmethod
    def id_of(account_id: UUID, currency: str) -> UUID:
        return uuid5(account_id, f"credit:{currency}")

    @classmethod
    def open(cls, *, account_id: UUID, brand: str, currency: str) -> Self:
        """An empty balance."""
        return cls(
            id=cls.id_of(account_id, currency),
            account_id=account_id,
            brand=brand,
            currency=currency,
        )

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str, currency: str) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.currency = currency
        self.balance_minor = 0
        self.payments: frozenset[UUID] = frozenset()

    def add(self, *, amount_minor: int, reason: str, payment_id: UUID) -> None:
        """Keep what a payment left over. The same payment again is `CreditAlreadyAdded`."""
        assert amount_minor > 0, "credit grows"
        if payment_id in self.payments:
            raise CreditAlreadyAdded()
        self._added(amount_minor=amount_minor, reason=reason, payment_id=payment_id)

    @event(Added)
    def _added(self, amount_minor: int, reason: str, payment_id: UUID) -> None:
        self.balance_minor += amount_minor
        self.payments |= {payment_id}
