"""A product: published -> revised, now or from a later date -> retired (and may return)."""

from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.catalogue.terms import (
    Group,
    Option,
    OptionInvalid,
    OptionValue,
    Price,
    PriceInvalid,
    ProductTerms,
    StockInvalid,
    TermInvalid,
    check_terms,
)
from shared.errors import Conflict, Invalid

__all__ = [
    "CycleNotOffered",
    "Edition",
    "Group",
    "Option",
    "OptionInvalid",
    "OptionValue",
    "Price",
    "PriceInvalid",
    "Product",
    "ProductRetired",
    "ProductTerms",
    "RevisionNotPlanned",
    "RevisionOverdue",
    "StockInvalid",
    "TermInvalid",
]

MOST_EDITIONS = 100
"""So many past editions are kept at hand; the events know all."""


class ProductRetired(Conflict):
    """The product can no longer be ordered."""


class CycleNotOffered(Invalid):
    """The product has no price for this billing cycle in this currency."""


class RevisionOverdue(Invalid):
    """A revision that is planned takes effect on a later date than today."""


class RevisionNotPlanned(Conflict):
    """No revision is planned for this date."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The terms from `effective_on` on (None: from the first day). `number` counts from 1."""

    number: int
    effective_on: date | None
    terms: ProductTerms


class Product(Aggregate):
    """Something that clients of a brand can order. Services keep the terms they were ordered at."""

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
        effective_on: date | None = None

    class RevisionPlanned(Aggregate.Event):
        TOPIC = "billing.product.revision_planned"
        terms: ProductTerms
        effective_on: date

    class RevisionWithdrawn(Aggregate.Event):
        TOPIC = "billing.product.revision_withdrawn"
        effective_on: date

    class Retired(Aggregate.Event):
        TOPIC = "billing.product.retired"

    @staticmethod
    def id_of(brand: str, slug: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:product:{brand}:{slug}")

    @classmethod
    def publish(cls, *, brand: str, terms: ProductTerms) -> Self:
        """A product that was not known before."""
        check_terms(terms)
        return cls(id=cls.id_of(brand, terms.slug), brand=brand, terms=terms)

    @event(Published)
    def __init__(self, *, id: UUID, brand: str, terms: ProductTerms) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.terms = terms
        self.editions = [Edition(number=1, effective_on=None, terms=terms)]
        self.planned: list[Edition] = []
        self.last_number = 1
        self.is_retired = False

    def edition_on(self, day: date) -> Edition:
        """What holds on a day: the last that took effect, or will have until then.

        Before the first edition that is remembered, that one.
        """
        known = [*self.editions, *self.planned]
        begun = [each for each in known if (each.effective_on or date.min) <= day]
        return max(begun or known[:1], key=lambda each: each.effective_on or date.min)

    def terms_on(self, day: date) -> ProductTerms:
        """The terms that hold on a day."""
        return self.edition_on(day).terms

    def revise(self, terms: ProductTerms, *, today: date) -> None:
        """The terms from today on; a retired product returns. The same terms change nothing.

        What is planned for later stays planned.
        """
        check_terms(terms)
        if terms != self.terms_on(today) or self.is_retired:
            self._revised(terms=terms, effective_on=today)

    @event(Revised)
    def _revised(self, terms: ProductTerms, effective_on: date | None) -> None:
        # Terms of before dates were kept begin with the first day: nobody asks for earlier ones.
        since = effective_on or date.min
        edition = self._planned_as(terms, effective_on) or self._next(terms, effective_on)
        known = sorted((*self.editions, *self.planned), key=lambda e: e.effective_on or date.min)
        past = [each for each in known if (each.effective_on or date.min) < since]
        self.editions = [*past, edition][-MOST_EDITIONS:]
        self.planned = [each for each in self.planned if (each.effective_on or date.min) > since]
        self.terms = terms
        self.is_retired = False

    def plan_revision(self, terms: ProductTerms, *, effective_on: date, today: date) -> None:
        """The terms from a later date on, in place of what was planned for it. The same: nothing.

        `RevisionOverdue` for a date that is not after today.
        """
        check_terms(terms)
        if effective_on <= today:
            raise RevisionOverdue(effective_on=str(effective_on), today=str(today))
        if (terms, effective_on) not in [(each.terms, each.effective_on) for each in self.planned]:
            self._revision_planned(terms=terms, effective_on=effective_on)

    @event(RevisionPlanned)
    def _revision_planned(self, terms: ProductTerms, effective_on: date) -> None:
        edition = self._next(terms, effective_on)
        self.planned = [*(e for e in self.planned if e.effective_on != effective_on), edition]

    def withdraw_revision(self, effective_on: date) -> None:
        """Take a planned revision back. A second time is `RevisionNotPlanned`."""
        if effective_on not in {each.effective_on for each in self.planned}:
            raise RevisionNotPlanned(effective_on=str(effective_on))
        self._revision_withdrawn(effective_on=effective_on)

    @event(RevisionWithdrawn)
    def _revision_withdrawn(self, effective_on: date) -> None:
        self.planned = [each for each in self.planned if each.effective_on != effective_on]

    def begin_day(self, today: date) -> None:
        """Let the catalogue show the revision that was planned until today. Again: nothing."""
        due = [each for each in self.planned if each.effective_on and each.effective_on <= today]
        if due and not self.is_retired:
            latest = max(due, key=lambda each: each.effective_on or date.min)
            self._revised(terms=latest.terms, effective_on=latest.effective_on)

    def _planned_as(self, terms: ProductTerms, effective_on: date | None) -> Edition | None:
        """The planned edition that takes effect: it keeps its number."""
        found = (e for e in self.planned if (e.terms, e.effective_on) == (terms, effective_on))
        return next(found, None)

    def _next(self, terms: ProductTerms, effective_on: date | None) -> Edition:
        self.last_number += 1
        return Edition(number=self.last_number, effective_on=effective_on, terms=terms)

    def retire(self) -> None:
        """Take it out of the catalogue; services go on. A second time changes nothing."""
        if not self.is_retired:
            self._retired()

    @event(Retired)
    def _retired(self) -> None:
        self.is_retired = True

    def price_of(self, cycle: str, *, currency: str, today: date) -> Price:
        """What an order of this cycle costs today; refused for a retired product."""
        if self.is_retired:
            raise ProductRetired(product=self.terms.slug)
        price = self.terms_on(today).price(cycle=cycle, currency=currency)
        if price is None:
            raise CycleNotOffered(field="cycle", cycle=cycle, currency=currency)
        return price
