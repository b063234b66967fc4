"""What the first invoice of a service charges for, its parts apart, and the terms that it keeps.

Amounts are minor units of the service's currency; dates are local dates of the brand.
"""

from dataclasses import dataclass, replace
from datetime import date

from services.billing.held_services.calendar import (
    CYCLES_WITHOUT_PERIOD,
    Alignment,
    Period,
    Portion,
)
from services.billing.held_services.paid_time import Parent, charged_times, first_time
from services.billing.held_services.proration import Proration, paid_period, price_of_portion
from services.billing.held_services.terms import ChargedTime, ServiceTerms
from services.billing.promotions.discount import Charge, Off, after_period, all_taken_off


@dataclass(frozen=True, kw_only=True)
class FirstBill:
    """The first time of a service: what each part of it costs, and what is taken off.

    `terms` are those that the service is held at: they know what was charged for that time, and
    have the discounts that are left after it. `options_minor` in the order of the options. `period`
    is known where services fall due on a day of the brand's or of their parent's. `codes` are those
    of the promotions that take something off.
    """

    terms: ServiceTerms
    product_minor: int
    options_minor: list[int]
    setup_minor: int
    off: Off
    codes: str = ""
    period: Period | None = None

    @property
    def recurring_minor(self) -> int:
        """What the time costs, without the set-up."""
        return self.product_minor + sum(self.options_minor) - self.off.recurring_minor


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one portion of the first time costs."""

    product_minor: int
    options_minor: list[int]
    off: Off
    charged: list[ChargedTime]


def first_bill(
    terms: ServiceTerms,
    start: date,
    *,
    setup_minor: int,
    grid: Alignment | Parent | None,
    by: Proration,
) -> FirstBill:
    """What an order of `start` pays at once; `setup_minor` for all units together.

    `terms` with the discounts that it was ordered with. Without a `grid` it is one whole period
    (or the only payment), which begins when the service does.
    """
    if grid is None or terms.cycle in CYCLES_WITHOUT_PERIOD:
        return _whole(terms, setup_minor)
    time = first_time(terms.cycle, start, price_minor=terms.list_minor, grid=grid, by=by)
    parts: list[_Part] = []
    left = terms
    for portion in time.portions:
        parts.append(_part(left, portion, setup_minor=0 if parts else setup_minor, by=by))
        left = replace(left, discounts=after_period(left.discounts))
    charged = [each for part in parts for each in part.charged]
    return FirstBill(
        terms=replace(left, first=charged, anchor_day=time.anchor_day),
        product_minor=sum(part.product_minor for part in parts),
        options_minor=[sum(each) for each in zip(*(p.options_minor for p in parts), strict=True)],
        setup_minor=setup_minor,
        off=Off(
            recurring_minor=sum(part.off.recurring_minor for part in parts),
            setup_minor=sum(part.off.setup_minor for part in parts),
        ),
        codes=_codes(terms),
        period=Period(charged[0].since, charged[-1].period_end),
    )


def _whole(terms: ServiceTerms, setup_minor: int) -> FirstBill:
    charge = replace(terms.charge, setup_minor=setup_minor)
    off = all_taken_off(terms.discounts, charge)
    paid_minor = terms.list_minor - off.recurring_minor
    left = replace(terms, discounts=after_period(terms.discounts))
    if paid_minor != left.price_minor:
        left = replace(left, first_minor=paid_minor)
    return FirstBill(
        terms=left,
        product_minor=charge.product_minor,
        options_minor=[each.recurring_minor * terms.quantity for each in terms.options],
        setup_minor=setup_minor,
        off=off,
        codes=_codes(terms),
    )


def _part(terms: ServiceTerms, portion: Portion, *, setup_minor: int, by: Proration) -> _Part:
    """A portion with the discounts of its period; those off the set-up are in full."""

    def share(minor: int) -> int:
        return price_of_portion(minor, portion, by=by)

    charge: Charge = replace(terms.charge, setup_minor=setup_minor)
    off = all_taken_off(terms.discounts, charge)
    product_minor = share(charge.product_minor)
    options = [share(each.recurring_minor * terms.quantity) for each in terms.options]
    list_minor = product_minor + sum(options)
    off_minor = min(share(off.recurring_minor), list_minor)
    paid = paid_period(terms.list_minor, portion, paid_minor=list_minor - off_minor, by=by)
    return _Part(
        product_minor=product_minor,
        options_minor=options,
        off=Off(recurring_minor=off_minor, setup_minor=off.setup_minor),
        charged=charged_times(paid),
    )


def _codes(terms: ServiceTerms) -> str:
    return ", ".join(each.code for each in terms.discounts)
