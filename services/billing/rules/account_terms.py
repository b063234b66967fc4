"""What is agreed with one account: changes of the rules and prices of its own; amended at will."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

_NAMESPACE = UUID("0b7c0f0a-5f6e-4a0b-8c39-0b9f3f6d2e55")


@dataclass(frozen=True, kw_only=True)
class AgreedPrice:
    """What one cycle of a product costs this account, in minor units of `currency`."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


class AccountTerms(Aggregate):
    """The terms that one account has beside its brand's."""

    TOPIC = "billing.account_terms"

    class Event(Aggregate.Event):
        TOPIC = "billing.account_terms.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.account_terms.opened"
        account_id: UUID
        brand: str

    class RulesChanged(Aggregate.Event):
        TOPIC = "billing.account_terms.rules_changed"
        rules: dict[str, Any] = field(default_factory=dict)

    class PricesAgreed(Aggregate.Event):
        TOPIC = "billing.account_terms.prices_agreed"
        product_id: UUID
        prices: list[AgreedPrice]

    @staticmethod
    @lru_cache(maxsize=4096)
    def id_of(account_id: UUID) -> UUID:
        return uuid5(_NAMESPACE, str(account_id))

    @classmethod
    def open(cls, *, account_id: UUID, brand: str) -> Self:
        """An account without terms of its own."""
        return cls(id=cls.id_of(account_id), account_id=account_id, brand=brand)

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.rules: dict[str, Any] = {}
        self.prices: dict[UUID, tuple[AgreedPrice, ...]] = {}

    def change_rules(self, rules: dict[str, Any]) -> None:
        """The changes of the rules from now on, checked by the caller. The same: nothing."""
        if rules != self.rules:
            self._rules_changed(rules=rules)

    @event(RulesChanged)
    def _rules_changed(self, rules: dict[str, Any]) -> None:
        self.rules = dict(rules)

    def agree_prices(self, *, product_id: UUID, prices: list[AgreedPrice]) -> None:
        """The account's own prices of a product; none: those of the catalogue hold again."""
        assert all(price.recurring_minor >= 0 <= price.setup_minor for price in prices)
        if tuple(prices) != self.prices.get(product_id, ()):
            self._prices_agreed(product_id=product_id, prices=prices)

    @event(PricesAgreed)
    def _prices_agreed(self, product_id: UUID, prices: list[AgreedPrice]) -> None:
        others = {key: kept for key, kept in self.prices.items() if key != product_id}
        self.prices = {**others, product_id: tuple(prices)} if prices else others

    def price_of(self, product_id: UUID, *, cycle: str, currency: str) -> AgreedPrice | None:
        """The account's own price, if one was agreed."""
        for price in self.prices.get(product_id, ()):
            if (price.cycle, price.currency) == (cycle, currency):
                return price
        return None
