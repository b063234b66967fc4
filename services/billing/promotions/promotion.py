"""A promotion: published -> revised -> ended (one of a brand file may return with it).

Amounts are integer minor units by currency; dates are local dates of the brand.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.catalogue.terms import CYCLES, HIGHEST_MINOR
from services.billing.promotions.discount import FIXED, KINDS, PERCENT, PRICE, Discount
from shared.errors import Conflict, Invalid

FILE, STAFF = "file", "staff"
MOST_PERIODS = 120
MOST_USES = 10**9
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")


class PromotionInvalid(Invalid):
    """A promotion contradicts itself, or a value of it is out of range."""


class PromotionUnknown(Invalid):
    """There is no promotion with this code."""


class PromotionHasEnded(Conflict):
    """The promotion is over."""


class PromotionNotStarted(Conflict):
    """The promotion begins on a later date."""


class PromotionForNewClients(Conflict):
    """The promotion is for clients who have had no service yet."""


class PromotionDoesNotApply(Conflict):
    """The promotion is not for these products, cycles or this currency."""


class PromotionUsedUp(Conflict):
    """The promotion has been used as often as it may be."""


@dataclass(frozen=True, kw_only=True)
class PromotionTerms:
    """What is cheaper, for whom and for how long; see `Discount` for what each kind takes off.

    `amounts` by currency. `periods`: how many, from the first; None: for ever. `ends_on` is the
    last day. Empty `products` (slugs) and `cycles` exclude none. Texts by language; without a
    `banner` it is not advertised. New clients may use it once.
    """

    code: str
    kind: str
    label: dict[str, str]
    rate_percent: Decimal = Decimal(0)
    amounts: dict[str, int] = field(default_factory=dict)
    covers_setup: bool = False
    periods: int | None = 1
    starts_on: date | None = None
    ends_on: date | None = None
    products: list[str] = field(default_factory=list)
    cycles: list[str] = field(default_factory=list)
    new_clients_only: bool = False
    limit: int | None = None
    limit_per_client: int | None = None
    banner: dict[str, str] = field(default_factory=dict)


def normal_code(typed: str) -> str:
    """The code as it is kept, however it was typed. `PromotionUnknown` for what can be none.

    >>> normal_code(" summer-25 ")
    'SUMMER-25'
    """
    code = typed.strip()
    # Letters of other alphabets that turn into A to Z when made large are not the same code.
    if not code.isascii() or not _CODE.fullmatch(code.upper()):
        raise PromotionUnknown(field="code")
    return code.upper()


class Promotion(Aggregate):
    """What is cheaper for a while."""

    TOPIC = "billing.promotion"

    class Event(Aggregate.Event):
        TOPIC = "billing.promotion.event"

    class Published(Aggregate.Created):
        TOPIC = "billing.promotion.published"
        brand: str
        terms: PromotionTerms
        origin: str

    class Revised(Aggregate.Event):
        TOPIC = "billing.promotion.revised"
        terms: PromotionTerms

    class Ended(Aggregate.Event):
        TOPIC = "billing.promotion.ended"
        ended_on: date
        origin: str

    @staticmethod
    def id_of(brand: str, code: str) -> UUID:
        """Of a normal code."""
        return uuid5(NAMESPACE_URL, f"faktura:promotion:{brand}:{code}")

    @classmethod
    def publish(cls, *, brand: str, terms: PromotionTerms, origin: str) -> Self:
        """A promotion that was not known before; `origin`: file or staff."""
        check_promotion(terms)
        return cls(id=cls.id_of(brand, terms.code), brand=brand, terms=terms, origin=origin)

    @event(Published)
    def __init__(self, *, id: UUID, brand: str, terms: PromotionTerms, origin: str) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.terms = terms
        self.origin = origin
        self.ended_by: str | None = None

    @property
    def is_ended(self) -> bool:
        return self.ended_by is not None

    def revise(self, terms: PromotionTerms) -> None:
        """The terms of later uses; an ended one returns. The same terms change nothing."""
        assert terms.code == self.terms.code, "another code is another promotion"
        check_promotion(terms)
        if terms != self.terms or self.is_ended:
            self._revised(terms=terms)

    @event(Revised)
    def _revised(self, terms: PromotionTerms) -> None:
        self.terms = terms
        self.ended_by = None

    def end(self, *, today: date, origin: str) -> None:
        """Nobody can use it any more. A second time is `PromotionHasEnded`."""
        if self.is_ended:
            raise PromotionHasEnded(code=self.terms.code)
        self._ended(ended_on=today, origin=origin)

    @event(Ended)
    def _ended(self, ended_on: date, origin: str) -> None:
        self.ended_by = origin

    def check_open(self, *, today: date, is_new_client: bool) -> None:
        """Whether a client may use it today, its limits aside: `PromotionHasEnded`,
        `PromotionNotStarted`, `PromotionForNewClients`.
        """
        terms = self.terms
        if self.is_ended or (terms.ends_on and today > terms.ends_on):
            raise PromotionHasEnded(code=terms.code)
        if terms.starts_on and today < terms.starts_on:
            raise PromotionNotStarted(code=terms.code, starts_on=str(terms.starts_on))
        if terms.new_clients_only and not is_new_client:
            raise PromotionForNewClients(code=terms.code)

    def discount_on(self, *, product: str, cycle: str, currency: str) -> Discount | None:
        """What an item (the product's slug) is ordered with; None where it is not for that."""
        terms = self.terms
        has_amount = terms.kind not in {FIXED, PRICE} or currency in terms.amounts
        if not self.is_for(product, cycle=cycle) or not has_amount:
            return None
        return Discount(
            promotion_id=self.id,
            code=terms.code,
            kind=terms.kind,
            rate_percent=terms.rate_percent,
            amount_minor=terms.amounts.get(currency, 0),
            covers_setup=terms.covers_setup,
            periods_left=terms.periods,
        )

    def is_for(self, product: str, *, cycle: str) -> bool:
        """Whether it is for a product, by its slug, in a cycle."""
        terms = self.terms
        return (not terms.products or product in terms.products) and (
            not terms.cycles or cycle in terms.cycles
        )

    @property
    def limit_per_client(self) -> int | None:
        """How often one account may use it."""
        own = self.terms.limit_per_client
        return 1 if self.terms.new_clients_only else own


def check_promotion(terms: PromotionTerms) -> None:
    """`PromotionInvalid` with the field that is out of range or contradicts another."""
    if not terms.code.isascii() or not _CODE.fullmatch(terms.code):
        raise PromotionInvalid(field="code", code=terms.code)
    problems = {
        "kind": terms.kind not in KINDS,
        "rate_percent": not _is_rate(terms),
        "amounts": not _are_amounts(terms),
        "periods": terms.periods is not None and not 1 <= terms.periods <= MOST_PERIODS,
        "ends_on": bool(terms.starts_on and terms.ends_on and terms.ends_on < terms.starts_on),
        "cycles": not set(terms.cycles) <= set(CYCLES),
        "limit": terms.limit is not None and not 1 <= terms.limit <= MOST_USES,
        "limit_per_client": terms.limit_per_client is not None
        and not 1 <= terms.limit_per_client <= MOST_USES,
        "label": not terms.label,
    }
    for name, is_wrong in problems.items():
        if is_wrong:
            raise PromotionInvalid(field=name, code=terms.code)


def _is_rate(terms: PromotionTerms) -> bool:
    rate = terms.rate_percent
    if terms.kind != PERCENT:
        return rate == 0
    return rate.is_finite() and 0 < rate <= 100 and rate == round(rate, 4)


def _are_amounts(terms: PromotionTerms) -> bool:
    if terms.kind not in {FIXED, PRICE}:
        return not terms.amounts
    least = 1 if terms.kind == FIXED else 0
    in_range = all(least <= minor < HIGHEST_MINOR for minor in terms.amounts.values())
    return bool(terms.amounts) and in_range
