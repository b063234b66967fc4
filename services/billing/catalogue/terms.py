"""What is offered, as values: a product with its prices, options and place in the catalogue.

Amounts are integer minor units of their currency. Texts are keyed by language tag.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.errors import Invalid

CYCLES = (
    "one_time",
    "free",
    "monthly",
    "quarterly",
    "semiannual",
    "annual",
    "biennial",
    "triennial",
)
"""How often a product is paid: once, never, or for periods of so many months."""
FREE = "free"
CHOICE, QUANTITY = "choice", "quantity"
HIGHEST_MINOR = 10**12
MOST_UNITS = 10_000
MOST_TERM_PERIODS = 120


class PriceInvalid(Invalid):
    """A price is out of range, its cycle is unknown, or a cycle has two prices in one currency."""


class OptionInvalid(Invalid):
    """An option contradicts itself, or has no price where its product has one."""


class StockInvalid(Invalid):
    """The stock is not a whole number from 0."""


class TermInvalid(Invalid):
    """A fixed term is of at least one period."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one cycle costs, in minor units of `currency`; `setup_minor` once, with the first."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Group:
    """A shelf of the catalogue; `sort` orders the shelves of a brand."""

    slug: str
    name: dict[str, str]
    description: dict[str, str] = field(default_factory=dict)
    sort: int = 0


@dataclass(frozen=True, kw_only=True)
class OptionValue:
    """One of the values of a choice. Without prices it is included; `plan` is the panel's name."""

    id: str
    name: dict[str, str]
    prices: list[Price] = field(default_factory=list)
    plan: str = ""


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a client configures. `kind`: choice of one of `values`, the first unless said
    otherwise, or quantity from `minimum` to `maximum` at `prices` for each unit.
    """

    id: str
    kind: str
    name: dict[str, str]
    values: list[OptionValue] = field(default_factory=list)
    minimum: int = 0
    maximum: int = 0
    prices: list[Price] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ProductTerms:
    """What is offered; `plan` is the panel's name for it.

    `rules` are changes of the brand's rules for services of this product. A product with
    `addon_to`, the slugs of its parents, is only sold for a service of one of them. `upgrades_to`
    are the slugs of the products that a service may go up to; the ways down are these backwards.
    `stock` is how many can be held at once, None: any number. A service ends after `term_periods`,
    None: when it is cancelled. `tax_category`: standard, reduced,
    zero or exempt.
    """

    slug: str
    plan: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    sort: int
    rules: dict[str, Any] = field(default_factory=dict)
    group: Group | None = None
    addon_to: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    upgrades_to: list[str] = field(default_factory=list)
    stock: int | None = None
    term_periods: int | None = None
    tax_category: str = "standard"

    def price(self, *, cycle: str, currency: str) -> Price | None:
        """What a cycle costs in a currency, if it is offered."""
        return price_among(self.prices, cycle=cycle, currency=currency)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a product is from a date on."""

    effective_on: date
    terms: ProductTerms


@dataclass(frozen=True, kw_only=True)
class ChosenOption:
    """An option as it was ordered, with what it cost then.

    `value` and `value_name` are of a choice, `quantity` is of a quantity and 1 for a choice.
    `recurring_minor` and `setup_minor` are for one product, all units together.
    """

    option: str
    name: dict[str, str]
    recurring_minor: int
    setup_minor: int = 0
    value: str = ""
    value_name: dict[str, str] = field(default_factory=dict)
    quantity: int = 1
    plan: str = ""


def price_among(prices: Iterable[Price], *, cycle: str, currency: str) -> Price | None:
    """The price of a cycle in a currency, if there is one."""
    found = (each for each in prices if (each.cycle, each.currency) == (cycle, currency))
    return next(found, None)


def check_terms(terms: ProductTerms) -> None:
    """`PriceInvalid`, `OptionInvalid` or `StockInvalid`, with the field that is wrong."""
    _check_prices(terms.prices, field="prices", lowest=1)
    if not terms.prices:
        raise PriceInvalid(field="prices", reason="there is none")
    ids = [option.id for option in terms.options]
    _refuse_option(_repeated(ids), field="options", reason="stands there twice")
    for option in terms.options:
        _check_option(option, terms)
    if terms.stock is not None and not 0 <= terms.stock <= MOST_UNITS:
        raise StockInvalid(field="stock")
    if terms.term_periods is not None and not 1 <= terms.term_periods <= MOST_TERM_PERIODS:
        raise TermInvalid(field="term_periods")


def _check_option(option: Option, terms: ProductTerms) -> None:
    where = f"options.{option.id}"
    is_choice = option.kind == CHOICE
    _refuse_option(
        option.kind not in {CHOICE, QUANTITY}, field=f"{where}.kind", reason="is unknown"
    )
    _refuse_option(
        is_choice == bool(option.prices), field=f"{where}.prices", reason="are those of a quantity"
    )
    _refuse_option(
        is_choice != bool(option.values), field=f"{where}.values", reason="are those of a choice"
    )
    _refuse_option(
        _repeated(v.id for v in option.values), field=f"{where}.values", reason="stands there twice"
    )
    if not is_choice:
        fits = 0 <= option.minimum <= option.maximum <= MOST_UNITS and option.maximum > 0
        _refuse_option(not fits, field=f"{where}.maximum", reason="is not above the minimum")
    for name, prices in _priced(option, where):
        _check_prices(prices, field=name, lowest=0)
        for cycle, currency in _combinations(terms.prices) if prices else ():
            is_missing = price_among(prices, cycle=cycle, currency=currency) is None
            _refuse_option(is_missing, field=name, reason=f"has no price for {cycle} in {currency}")


def _priced(option: Option, where: str) -> Iterator[tuple[str, list[Price]]]:
    if option.kind == QUANTITY:
        yield f"{where}.prices", option.prices
    for value in option.values:
        yield f"{where}.values.{value.id}.prices", value.prices


def _combinations(prices: Iterable[Price]) -> list[tuple[str, str]]:
    return [(price.cycle, price.currency) for price in prices]


def _check_prices(prices: list[Price], *, field: str, lowest: int) -> None:
    """Each cycle and currency once; a recurring price from `lowest`, but for what is free."""
    if _repeated(_combinations(prices)):
        raise PriceInvalid(field=field, reason="a cycle has two prices in one currency")
    for price in prices:
        least, most = (0, 1) if price.cycle == FREE else (lowest, HIGHEST_MINOR)
        is_right = price.cycle in CYCLES and 0 <= price.setup_minor < HIGHEST_MINOR
        if not is_right or not least <= price.recurring_minor < most:
            raise PriceInvalid(field=field, cycle=price.cycle, currency=price.currency)


def _repeated(ids: Iterable[Any]) -> bool:
    return any(count > 1 for count in Counter(ids).values())


def _refuse_option(is_wrong: bool, *, field: str, reason: str) -> None:
    if is_wrong:
        raise OptionInvalid(field=field, reason=reason)
