"""The paid time of a service: as it is stored, as proration reckons with it, and how it begins.

Amounts are minor units, prices those of a whole period; dates are local dates of the brand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from services.billing.held_services.calendar import (
    CYCLES_WITHOUT_PERIOD,
    Alignment,
    Period,
    Portion,
    first_portions,
    period_from,
    portion_with_parent,
)
from services.billing.held_services.proration import (
    ByDay,
    PaidPeriod,
    Proration,
    Stay,
    paid_period,
)
from services.billing.held_services.terms import ChargedTime, ServiceTerms
from services.billing.rules.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Parent:
    """When the service that an addon belongs to falls due."""

    due_on: date
    anchor_day: int


@dataclass(frozen=True, kw_only=True)
class FirstTime:
    """What the first invoice charges for: nothing, if no period is ever paid."""

    charged: list[ChargedTime]
    anchor_day: int
    portions: tuple[Portion, ...] = ()

    @property
    def next_due_on(self) -> date | None:
        return self.charged[-1].period_end if self.charged else None


def alignment_of(rules: Rules) -> Alignment | None:
    """The day on which the brand's services fall due; None: the day of the month they began."""
    if rules.align_day is None:
        return None
    return Alignment(day=rules.align_day, next_from_day=rules.align_next_after_day)


def first_time(
    cycle: str,
    start: date,
    *,
    price_minor: int,
    grid: Alignment | Parent | None,
    by: Proration,
) -> FirstTime:
    """The time that an order of `start` pays for, each portion at its share of the price.

    >>> from services.billing.held_services.proration import ByDay
    >>> first = first_time("monthly", date(2026, 11, 16), price_minor=3000,
    ...                    grid=Alignment(day=1), by=ByDay())
    >>> [(each.charged_minor, each.period_end) for each in first.charged]
    [(1500, datetime.date(2026, 12, 1))]
    """
    if cycle in CYCLES_WITHOUT_PERIOD:
        return FirstTime(charged=[], anchor_day=start.day)
    portions, anchor_day = _portions(cycle, start, grid=grid)
    charged = [
        each
        for portion in portions
        for each in charged_times(paid_period(price_minor, portion, by=by))
    ]
    return FirstTime(charged=charged, anchor_day=anchor_day, portions=portions)


def _portions(
    cycle: str, start: date, *, grid: Alignment | Parent | None
) -> tuple[tuple[Portion, ...], int]:
    match grid:
        case Alignment():
            return first_portions(start, cycle=cycle, alignment=grid), grid.day
        case Parent():
            portion = portion_with_parent(
                start, cycle=cycle, parent_due_on=grid.due_on, anchor_day=grid.anchor_day
            )
            return (portion,), grid.anchor_day
        case _:
            whole = period_from(start, cycle=cycle, anchor_day=start.day)
            return (Portion(whole, whole),), start.day


def beginning(terms: ServiceTerms, today: date) -> FirstTime:
    """The paid time of a service that begins to run today.

    What the first invoice charged for counts from its order, as its due date does. If all of that
    is over by now, as much is counted from today to the next date of the same kind.
    """
    if not terms.first:
        paid_minor = terms.price_minor if terms.first_minor is None else terms.first_minor
        return first_time(terms.cycle, today, price_minor=paid_minor, grid=None, by=ByDay())
    if today < terms.first[-1].period_end:
        return FirstTime(charged=terms.first, anchor_day=terms.anchor_day)
    charged_minor = sum(each.charged_minor for each in terms.first)
    (portion, *_) = first_portions(
        today, cycle=terms.cycle, alignment=Alignment(day=terms.anchor_day)
    )
    paid = paid_period(terms.list_minor, portion, paid_minor=charged_minor, by=ByDay())
    return FirstTime(charged=charged_times(paid), anchor_day=terms.anchor_day)


def paid_periods(charged: Iterable[ChargedTime]) -> tuple[PaidPeriod, ...]:
    """The periods that were charged, each with its stays, for proration to reckon with."""
    by_period = groupby(charged, key=lambda each: (each.period_start, each.period_end))
    return tuple(
        PaidPeriod(Period(starts_on, ends_on), tuple(_stay(each) for each in stays))
        for (starts_on, ends_on), stays in by_period
    )


def _stay(each: ChargedTime) -> Stay:
    return Stay(
        since=each.since,
        price_minor=each.price_minor,
        whole=Period(each.whole_start, each.period_end),
        charged_minor=each.charged_minor,
        credited_minor=each.credited_minor,
        since_at=each.since_at,
    )


def charged_times(
    paid: PaidPeriod, *, invoice_ids: Iterable[UUID | None] = ()
) -> list[ChargedTime]:
    """The same as it is stored; `invoice_ids`: where each stay was charged, the first ones first.

    >>> june = Period(date(2026, 6, 1), date(2026, 7, 1))
    >>> paid = paid_period(2990, Portion(june, june), by=ByDay())
    >>> paid_periods(charged_times(paid)) == (paid,)
    True
    """
    known = [*invoice_ids][: len(paid.stays)]
    ids = known + [None] * (len(paid.stays) - len(known))
    return [
        ChargedTime(
            period_start=paid.whole.starts_on,
            period_end=paid.whole.ends_on,
            since=stay.since,
            whole_start=stay.whole.starts_on,
            price_minor=stay.price_minor,
            charged_minor=stay.charged_minor,
            credited_minor=stay.credited_minor,
            since_at=stay.since_at,
            invoice_id=invoice_id,
        )
        for stay, invoice_id in zip(paid.stays, ids, strict=True)
    ]
