"""Who paid for an account by bank transfer, as the bank named them: remembered <-> forgotten."""

from typing import Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.personal import Personal


class KnownPayer(Aggregate):
    """A bank account or a name under which an account's invoices were paid."""

    TOPIC = "billing.known_payer"

    class Event(Aggregate.Event):
        TOPIC = "billing.known_payer.event"

    class Met(Aggregate.Created):
        TOPIC = "billing.known_payer.met"
        account_id: UUID
        brand: str
        payer_account: Personal[str]
        payer_name: Personal[str]

    class Forgotten(Aggregate.Event):
        TOPIC = "billing.known_payer.forgotten"

    class Remembered(Aggregate.Event):
        TOPIC = "billing.known_payer.remembered"
        payer_account: Personal[str]
        payer_name: Personal[str]

    @staticmethod
    def id_of(account_id: UUID, *, payer_account: str, payer_name: str) -> UUID:
        return uuid5(account_id, f"payer:{payer_account}:{payer_name}")

    @classmethod
    def meet(cls, *, account_id: UUID, brand: str, payer_account: str, payer_name: str) -> Self:
        """Somebody who was not known to pay for the account."""
        return cls(
            id=cls.id_of(account_id, payer_account=payer_account, payer_name=payer_name),
            account_id=account_id,
            brand=brand,
            payer_account=payer_account,
            payer_name=payer_name,
        )

    @event(Met)
    def __init__(
        self, *, id: UUID, account_id: UUID, brand: str, payer_account: str, payer_name: str
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.is_known = True

    def remember(self, *, payer_account: str, payer_name: str) -> None:
        """They paid again after they had been forgotten. Known already: nothing changes."""
        if not self.is_known:
            self._remembered(payer_account=payer_account, payer_name=payer_name)

    @event(Remembered)
    def _remembered(self, payer_account: str, payer_name: str) -> None:
        self.is_known = True

    def forget(self) -> None:
        """It was not for this account that they paid. Forgotten already: nothing changes."""
        if self.is_known:
            self._forgotten()

    @event(Forgotten)
    def _forgotten(self) -> None:
        self.is_known = False
