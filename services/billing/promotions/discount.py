"""What a promotion takes off, and for how long. Amounts in minor units of the service's currency.

Nothing falls below zero; shares of a hundred are rounded half even to the minor unit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from shared.money import round_half_even

PERCENT, FIXED, PRICE, FREE_SETUP = "percent", "fixed", "price", "free_setup"
KINDS = (PERCENT, FIXED, PRICE, FREE_SETUP)


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What a service was ordered with, as it was then.

    `kind` percent: `rate_percent` of the recurring amount; fixed: `amount_minor` less; price:
    `amount_minor` for each product instead of its own price where that is higher, options extra;
    free_setup: nothing but the set-up. With `covers_setup` the set-up is reduced as well: by the
    same rate, by what is left of the amount, or to nothing. `periods_left` counts the periods that
    are still to be invoiced with it; None: all.
    """

    promotion_id: UUID
    code: str
    kind: str
    rate_percent: Decimal = Decimal(0)
    amount_minor: int = 0
    covers_setup: bool = False
    periods_left: int | None = 1


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one period of a service costs: all units of the product, its options, its set-up."""

    product_minor: int
    options_minor: int = 0
    setup_minor: int = 0
    quantity: int = 1


@dataclass(frozen=True, kw_only=True)
class Off:
    """What is taken off, as amounts that are not negative."""

    recurring_minor: int = 0
    setup_minor: int = 0


NOTHING_OFF = Off()


def taken_off(discount: Discount, charge: Charge) -> Off:
    """What the discount takes off this period; never more than there is.

    >>> from uuid import UUID
    >>> half = Discount(
    ...     promotion_id=UUID(int=1), code="HALF", kind="percent", rate_percent=Decimal(50)
    ... )
    >>> taken_off(half, Charge(product_minor=2995, setup_minor=1000))
    Off(recurring_minor=1498, setup_minor=0)
    """
    recurring, setup = charge.product_minor + charge.options_minor, charge.setup_minor
    if discount.periods_left == 0:
        return Off()
    match discount.kind:
        case "percent":
            return Off(
                recurring_minor=_share(recurring, discount.rate_percent),
                setup_minor=_share(setup, discount.rate_percent) if discount.covers_setup else 0,
            )
        case "fixed":
            off = min(discount.amount_minor, recurring)
            rest = min(discount.amount_minor - off, setup) if discount.covers_setup else 0
            return Off(recurring_minor=off, setup_minor=rest)
        case "price":
            off = max(0, charge.product_minor - discount.amount_minor * charge.quantity)
            return Off(recurring_minor=off, setup_minor=setup if discount.covers_setup else 0)
        case _:
            assert discount.kind == FREE_SETUP, f"nobody said what {discount.kind} takes off"
            return Off(setup_minor=setup)


def _share(minor: int, rate_percent: Decimal) -> int:
    return min(minor, round_half_even(minor * rate_percent / 100))


def all_taken_off(discounts: Collection[Discount], charge: Charge) -> Off:
    """What all of them take off together, each from what those before it have left."""
    if not discounts:
        return NOTHING_OFF
    recurring, setup = 0, 0
    left = charge
    for discount in discounts:
        off = taken_off(discount, left)
        recurring, setup = recurring + off.recurring_minor, setup + off.setup_minor
        from_product = min(off.recurring_minor, left.product_minor)
        left = replace(
            left,
            product_minor=left.product_minor - from_product,
            options_minor=left.options_minor - (off.recurring_minor - from_product),
            setup_minor=left.setup_minor - off.setup_minor,
        )
    return Off(recurring_minor=recurring, setup_minor=setup)


def after_period(discounts: Sequence[Discount]) -> list[Discount]:
    """What is left of them once a period was invoiced; those that are used up are gone."""
    counted = [
        replace(each, periods_left=each.periods_left - 1) if each.periods_left else each
        for each in discounts
    ]
    return [each for each in counted if each.periods_left != 0]
