"""What a brand file says of its catalogue: shelves, products, addons, options and promotions."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from deploy.local.brandwords import Currency, Language, Line, Minor, Part, Slug, Words


def _exactly(value: Any) -> Any:
    """A number of the file as the decimal text that it was; texts stay."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(Decimal(repr(value))) if is_number else value


def _rate(text: str) -> str:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError("is no decimal number, as in 12.5") from None
    if not (rate.is_finite() and 0 < rate <= 100 and rate == round(rate, 4)):
        raise ValueError("is not above 0 and at most 100, with at most four decimals")
    return text


Cycle = Literal[
    "one_time", "free", "monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"
]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
Units = Annotated[int, Field(ge=0, le=10_000)]
Sort = Annotated[int, Field(ge=0, le=10_000)]
Uses = Annotated[int, Field(ge=1, le=10**9)]
Rate = Annotated[str, BeforeValidator(_exactly), AfterValidator(_rate)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$")]
Rules = dict[str, Any]
"""Rule name -> its value; `services/billing/rules/rules.py` lists them."""


class Price(Part):
    """What one cycle costs; `setup_minor` once, with the first period. What is free costs 0."""

    cycle: Cycle
    currency: Currency
    recurring_minor: Minor
    setup_minor: Minor = 0


Prices = Annotated[list[Price], Field(min_length=1, max_length=80)]


class Group(Part):
    """A shelf of the catalogue."""

    slug: Slug
    name: Words
    description: Words = Field(default_factory=dict)
    sort: Sort = 0


class OptionValue(Part):
    """One of the values of a choice; without prices it is included. `plan`: the panel's name."""

    id: Id
    name: Words
    prices: list[Price] = Field(default_factory=list)
    plan: Line | None = None


class Option(Part):
    """What a client configures: one of `values`, or from `minimum` to `maximum` at `prices`."""

    id: Id
    kind: Literal["choice", "quantity"]
    name: Words
    values: Annotated[list[OptionValue], Field(max_length=100)] = Field(default_factory=list)
    minimum: Units = 0
    maximum: Units = 0
    prices: list[Price] = Field(default_factory=list)


class Revision(Part):
    """What of a product changes on a later date; what is left out stays as it was."""

    effective_on: date
    name: Words | None = None
    description: Words | None = None
    features: dict[Language, list[Line]] | None = None
    prices: Prices | None = None
    options: list[Option] | None = None
    stock: Units | None = None


class Product(Part):
    """A product that clients can order; `plan` is the panel's name for it, else the slug.

    With `addon_to`, the slugs of its parents, it is an addon. `stock`: so many and no more. A
    service ends after `term_periods`.
    """

    slug: Slug
    plan: Line | None = None
    name: Words
    description: Words
    features: dict[Language, list[Line]]
    prices: Prices
    sort: Sort = 0
    group: Slug | None = None
    addon_to: list[Slug] = Field(default_factory=list)
    options: Annotated[list[Option], Field(max_length=30)] = Field(default_factory=list)
    upgrades_to: list[Slug] = Field(default_factory=list)
    stock: Units | None = None
    term_periods: Annotated[int, Field(ge=1, le=120)] | None = None
    tax_category: Literal["standard", "reduced", "zero", "exempt"] = "standard"
    rules: Rules = Field(default_factory=dict)
    revisions: list[Revision] = Field(default_factory=list)


class Promotion(Part):
    """What is cheaper for who enters `code`. `ends_on` is the last day; `periods` null: for ever.

    `rate_percent` belongs to percent, `amounts` by currency to fixed and price. Without `products`
    and `cycles` it is for all; with a `banner` the client area advertises it.
    """

    code: Code
    kind: Literal["percent", "fixed", "price", "free_setup"]
    label: Words
    rate_percent: Rate | None = None
    amounts: dict[Currency, Minor] = Field(default_factory=dict)
    covers_setup: bool = False
    periods: Annotated[int, Field(ge=1, le=120)] | None = 1
    starts_on: date | None = None
    ends_on: date | None = None
    products: list[Slug] = Field(default_factory=list)
    cycles: list[Cycle] = Field(default_factory=list)
    new_clients_only: bool = False
    limit: Uses | None = None
    limit_per_client: Uses | None = None
    banner: Words = Field(default_factory=dict)
