"""What a request may say of products, prices and options: exact types, bounded, fields named."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, ConfigDict, Field

from services.billing.catalogue.terms import (
    HIGHEST_MINOR,
    MOST_TERM_PERIODS,
    MOST_UNITS,
    Group,
    ProductTerms,
    Revision,
)
from shared.http.body import Body, Day, Line, Paragraph

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=0, lt=HIGHEST_MINOR)]
Units = Annotated[int, Field(ge=0, le=MOST_UNITS)]
Texts = dict[Language, Line]
Cycle = Literal[
    "one_time", "free", "monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"
]
MOST_OPTIONS = 30
MOST_VALUES = 100
MOST_PRICES = 80


def _without_floats(value: Any) -> Any:
    """The same with fractions as decimal texts, as they were written."""
    match value:
        case dict():
            return {name: _without_floats(each) for name, each in value.items()}
        case list():
            return [_without_floats(each) for each in value]
        case None | str() | int():
            return value
    return str(Decimal(repr(value)))


RuleChanges = Annotated[dict[Line, Any], AfterValidator(_without_floats)]
"""Rule name -> its value; `services/billing/rules/rules.py` lists and checks them."""


class PriceBody(Body):
    """What one cycle costs, in minor units; the currency is the brand's if left out.

    A cycle that is free has 0, any other more.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"cycle": "monthly", "currency": "BRL", "recurring_minor": 2990}]
        }
    )

    cycle: Cycle
    recurring_minor: Minor
    setup_minor: Minor = 0
    currency: Currency | None = None


Prices = Annotated[list[PriceBody], Field(max_length=MOST_PRICES)]


class GroupBody(Body):
    """A shelf of the catalogue."""

    slug: Slug
    name: Texts
    description: dict[Language, Paragraph] = Field(default_factory=dict)
    sort: Annotated[int, Field(ge=0, le=10_000)] = 0


class OptionValueBody(Body):
    """One of the values of a choice; without prices it is included."""

    id: Id
    name: Texts
    prices: Prices = Field(default_factory=list)
    plan: Line | None = None


class OptionBody(Body):
    """What a client configures; `values` are of a choice, the rest is of a quantity."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "mailboxes",
                    "kind": "quantity",
                    "name": {"en": "Extra mailboxes"},
                    "maximum": 50,
                    "prices": [{"cycle": "monthly", "currency": "BRL", "recurring_minor": 300}],
                }
            ]
        }
    )

    id: Id
    kind: Literal["choice", "quantity"]
    name: Texts
    values: Annotated[list[OptionValueBody], Field(max_length=MOST_VALUES)] = Field(
        default_factory=list
    )
    minimum: Units = 0
    maximum: Units = 0
    prices: Prices = Field(default_factory=list)


Options = Annotated[list[OptionBody], Field(max_length=MOST_OPTIONS)]


class RevisionBody(Body):
    """What of a product changes on a later date; what is left out stays as it was."""

    effective_on: Day
    name: Texts | None = None
    description: dict[Language, Paragraph] | None = None
    features: dict[Language, list[Line]] | None = None
    prices: Annotated[list[PriceBody], Field(min_length=1, max_length=MOST_PRICES)] | None = None
    options: Options | None = None
    stock: Units | None = None


class ProductBody(Body):
    """A product; `plan` is the panel's name for it, the slug if left out.

    With `term_periods` a service ends after so many periods.
    """

    slug: Slug
    plan: Line | None = None
    name: Texts
    description: dict[Language, Paragraph] = Field(default_factory=dict)
    features: dict[Language, list[Line]] = Field(default_factory=dict)
    prices: Annotated[list[PriceBody], Field(min_length=1, max_length=MOST_PRICES)]
    sort: Annotated[int, Field(ge=0, le=10_000)] = 0
    group: Slug | None = None
    addon_to: list[Slug] = Field(default_factory=list)
    options: Options = Field(default_factory=list)
    upgrades_to: list[Slug] = Field(default_factory=list)
    stock: Units | None = None
    term_periods: Annotated[int, Field(ge=1, le=MOST_TERM_PERIODS)] | None = None
    tax_category: Literal["standard", "reduced", "zero", "exempt"] = "standard"
    rules: RuleChanges = Field(default_factory=dict)
    revisions: list[RevisionBody] = Field(default_factory=list)

    def terms(self, currency: str, *, group: Group | None = None) -> ProductTerms:
        """As a value of the domain, on its shelf; `currency` is that of prices without one."""
        fields = self.model_dump(exclude={"group", "revisions"})
        plan = self.plan or self.slug
        return _terms({**fields, "plan": plan, "group": group}, currency)

    def later(self, currency: str, *, group: Group | None = None) -> list[Revision]:
        """The revisions that are planned, each on top of those before it."""
        fields = msgspec.to_builtins(self.terms(currency, group=group))
        found = []
        for each in sorted(self.revisions, key=lambda each: each.effective_on):
            changes = each.model_dump(exclude={"effective_on"})
            fields |= {name: value for name, value in changes.items() if value is not None}
            found.append(Revision(effective_on=each.effective_on, terms=_terms(fields, currency)))
        return found


def _terms(fields: dict[str, Any], currency: str) -> ProductTerms:
    """The brand's first currency comes first: who shows one price shows that."""
    completed: dict[str, Any] = _completed(fields, currency)
    completed["prices"].sort(key=lambda price: price["currency"] != currency)
    return msgspec.convert(completed, ProductTerms)


def _completed(value: Any, currency: str) -> Any:
    """The same, with the brand's currency in every price that has none and no empty plan."""
    match value:
        case {"cycle": _, "currency": None}:
            return {**value, "currency": currency}
        case dict():
            items = value.items()
            kept = {k: v for k, v in items if not (k == "plan" and v is None)}
            return {name: _completed(each, currency) for name, each in kept.items()}
        case list():
            return [_completed(each, currency) for each in value]
    return value


class ChoiceBody(Body):
    """What a client wants of an option: a `value` of a choice, or a `quantity`."""

    option: Id
    value: Id | None = None
    quantity: Units | None = None
