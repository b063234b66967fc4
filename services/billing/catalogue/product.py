"""A product: published -> published anew with other terms -> retired (and may return)."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict, Invalid

CYCLES = ("monthly", "quarterly", "semiannual", "annual", "biennial", "triennial")


class ProductRetired(Conflict):
    """The product can no longer be ordered."""


class CycleNotOffered(Invalid):
    """The product has no price for this billing cycle."""


class PriceInvalid(Invalid):
    """A price is not above zero, its cycle is unknown, or one cycle has two prices."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one cycle costs, in minor units of `currency`; `setup_minor` once, with the first."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class ProductTerms:
    """What is offered. Texts are keyed by language tag; `plan` is the panel's name for it.

    `rules` are changes of the brand's rules for services of this product.
    """

    slug: str
    plan: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    sort: int
    rules: dict[str, Any] = field(default_factory=dict)


class Product(Aggregate):
    """Something that clients of a brand can order."""

    TOPIC = "billing.product"

    class Event(Aggregate.Event):
        TOPIC = "billing.product.event"

    class Published(Aggregate.Created):
        TOPIC = "billing.product.published"
        brand: str
        terms: ProductTerms

    class Revised(Aggregate.Event):
        TOPIC = "billing.product.revised"
        terms: ProductTerms

    class Retired(Aggregate.Event):
        TOPIC = "billing.product.retired"

    @staticmethod
    def id_of(brand: str, slug: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:product:{brand}:{slug}")

    @classmethod
    def publish(cls, *, brand: str, terms: ProductTerms) -> Self:
        """A product that was not known before."""
        _check(terms)
        return cls(id=cls.id_of(brand, terms.slug), brand=brand, terms=terms)

    @event(Published)
    def __init__(self, *, id: UUID, brand: str, terms: ProductTerms) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.terms = terms
        self.is_retired = False

    def revise(self, terms: ProductTerms) -> None:
        """The terms of later orders; a retired product returns. The same terms change nothing."""
        _check(terms)
        if terms != self.terms or self.is_retired:
            self._revised(terms=terms)

    @event(Revised)
    def _revised(self, terms: ProductTerms) -> None:
        self.terms = terms
        self.is_retired = False

    def retire(self) -> None:
        """Take it out of the catalogue. A second time changes nothing."""
        if not self.is_retired:
            self._retired()

    @event(Retired)
    def _retired(self) -> None:
        self.is_retired = True

    def price_of(self, cycle: str) -> Price:
        """What an order of this cycle costs now; refused for a retired product."""
        if self.is_retired:
            raise ProductRetired(product=self.terms.slug)
        for price in self.terms.prices:
            if price.cycle == cycle:
                return price
        raise CycleNotOffered(cycle=cycle)


def _check(terms: ProductTerms) -> None:
    cycles = [price.cycle for price in terms.prices]
    if not set(cycles) <= set(CYCLES) or len(cycles) != len(set(cycles)):
        raise PriceInvalid(cycles=cycles)
    if any(price.recurring_minor <= 0 or price.setup_minor < 0 for price in terms.prices):
        raise PriceInvalid(product=terms.slug)
