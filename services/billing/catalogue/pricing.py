"""What a product costs an account on a day, with what was configured. Amounts in minor units.

Pure: what is loaded comes in, so a preview and an order of the same things cost the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.billing.catalogue.product import Edition, Product
from services.billing.catalogue.terms import (
    CHOICE,
    ChosenOption,
    Option,
    OptionValue,
    Price,
    ProductTerms,
    price_among,
)
from services.billing.promotions.discount import Charge
from services.billing.rules.account_terms import AccountTerms
from shared.errors import Invalid


class OptionUnknown(Invalid):
    """The product has no such option, or it was chosen twice."""


class OptionValueUnknown(Invalid):
    """The option has no such value."""


class OptionQuantityInvalid(Invalid):
    """The quantity of the option is out of its range."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a client wants of an option: the id of a `value`, or a `quantity`."""

    option: str
    value: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """In which cycle and currency, and on which day of the brand, something is priced."""

    cycle: str
    currency: str
    today: date


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A configured product as it is ordered: the edition of the day, its price, its options."""

    edition: Edition
    price: Price
    options: list[ChosenOption]

    def charge(self, quantity: int = 1) -> Charge:
        """What the first period of so many costs, set-up included."""
        recurring = sum(option.recurring_minor for option in self.options)
        setup = self.price.setup_minor + sum(option.setup_minor for option in self.options)
        return Charge(
            product_minor=self.price.recurring_minor * quantity,
            options_minor=recurring * quantity,
            setup_minor=setup * quantity,
            quantity=quantity,
        )


def priced(
    product: Product,
    choices: Sequence[Choice],
    *,
    pricing: Pricing,
    agreed: AccountTerms | None = None,
) -> Priced:
    """All that an order keeps of what it costs. Refusals: those of `price_for` and `configure`."""
    edition = product.edition_on(pricing.today)
    return Priced(
        edition=edition,
        price=price_for(product, pricing, agreed=agreed),
        options=configure(edition.terms, choices, pricing=pricing),
    )


def price_for(product: Product, pricing: Pricing, *, agreed: AccountTerms | None = None) -> Price:
    """The price of the product alone: the account's own if one was agreed, else the catalogue's.

    `ProductRetired`; `CycleNotOffered` also where a price was agreed but the cycle is not on sale.
    """
    cycle, currency = pricing.cycle, pricing.currency
    listed = product.price_of(cycle, currency=currency, today=pricing.today)
    own = agreed.price_of(product.id, cycle=cycle, currency=currency) if agreed else None
    if own is None:
        return listed
    return Price(
        cycle=cycle,
        currency=currency,
        recurring_minor=own.recurring_minor,
        setup_minor=own.setup_minor,
    )


def configure(
    terms: ProductTerms, choices: Sequence[Choice], *, pricing: Pricing
) -> list[ChosenOption]:
    """Every option of the product in its order, as chosen, else as by default, with its cost.

    The default is the first value, or the least quantity; a quantity of none is left out.
    `OptionUnknown`, `OptionValueUnknown`, `OptionQuantityInvalid`.
    """
    wanted = {choice.option: choice for choice in choices}
    unknown = wanted.keys() - {option.id for option in terms.options}
    if unknown or len(wanted) != len(choices):
        raise OptionUnknown(field="options", options=sorted(unknown or wanted))
    chosen = [
        _chosen(option, wanted.get(option.id) or Choice(option=option.id), pricing=pricing)
        for option in terms.options
    ]
    return [each for each in chosen if each.quantity]


def _chosen(option: Option, choice: Choice, *, pricing: Pricing) -> ChosenOption:
    if option.kind == CHOICE:
        value = _value(option, choice)
        cost = _cost(value.prices, pricing)
        return ChosenOption(
            option=option.id,
            name=option.name,
            value=value.id,
            value_name=value.name,
            plan=value.plan or value.id,
            recurring_minor=cost.recurring_minor,
            setup_minor=cost.setup_minor,
        )
    count = _quantity(option, choice)
    cost = _cost(option.prices, pricing)
    return ChosenOption(
        option=option.id,
        name=option.name,
        quantity=count,
        recurring_minor=cost.recurring_minor * count,
        setup_minor=cost.setup_minor * count,
    )


def _value(option: Option, choice: Choice) -> OptionValue:
    if choice.quantity is not None:
        raise OptionQuantityInvalid(field=f"options.{option.id}", reason="it is a choice")
    if choice.value is None:
        return option.values[0]
    for value in option.values:
        if value.id == choice.value:
            return value
    raise OptionValueUnknown(field=f"options.{option.id}", values=[v.id for v in option.values])


def _quantity(option: Option, choice: Choice) -> int:
    if choice.value is not None:
        raise OptionValueUnknown(field=f"options.{option.id}", values=[])
    count = option.minimum if choice.quantity is None else choice.quantity
    if not option.minimum <= count <= option.maximum:
        raise OptionQuantityInvalid(
            field=f"options.{option.id}", minimum=option.minimum, maximum=option.maximum
        )
    return count


def _cost(prices: list[Price], pricing: Pricing) -> Price:
    """What is there; a value without prices is included."""
    found = price_among(prices, cycle=pricing.cycle, currency=pricing.currency)
    assert found or not prices, "an option has a price wherever its product has one"
    return found or Price(cycle=pricing.cycle, currency=pricing.currency, recurring_minor=0)
