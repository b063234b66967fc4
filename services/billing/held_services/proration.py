"""Proration: what a part of a period costs, and what a change within it gives back and costs.

Amounts are minor units of one currency, prices those of a whole period. Each is rounded once, half
even, from exact fractions. How time is measured is the brand's choice: one of the `POLICIES`.

A moment is a date, which means the beginning of that day, or, by the second, an aware instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from services.billing.held_services.calendar import Period, Portion
from shared.clock import first_instant, local_date
from shared.errors import Conflict, Invalid
from shared.money import round_half_even


class OutsideOfPeriod(Conflict):
    """The day is not within the period that is paid for."""


class ProrationUnknown(Invalid):
    """There is no way of proration of this name."""


class Proration(Protocol):
    """How a part of a period is measured. All fractions are 0 to 1 and fall as time goes on."""

    def left(self, whole: Period, at: date) -> Fraction:
        """The share of the price of `whole` that the time from `at` to its end costs."""
        ...

    def unused(self, whole: Period, at: date) -> Fraction:
        """The share of the price of `whole` that is given back if it is given up at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class ByDay:
    """By the days of the actual period: 28 to 31 in a month, 365 or 366 in a year."""

    def left(self, whole: Period, at: date) -> Fraction:
        return Fraction((whole.ends_on - _within(whole, at)).days, whole.days)

    unused = left


@dataclass(frozen=True, slots=True)
class BySecond:
    """By the seconds of the actual period in the brand's `zone`, so a day may have 23 hours."""

    zone: str

    def left(self, whole: Period, at: date) -> Fraction:
        begin, end = (first_instant(day, self.zone) for day in (whole.starts_on, whole.ends_on))
        instant = at if isinstance(at, datetime) else first_instant(at, self.zone)
        if not begin <= instant <= end:
            raise OutsideOfPeriod(starts_on=str(whole.starts_on), ends_on=str(whole.ends_on))
        # Whole seconds: a fraction of one is never charged twice and never given back twice.
        return Fraction(int((end - instant).total_seconds()), int((end - begin).total_seconds()))

    unused = left


@dataclass(frozen=True, slots=True)
class ThirtyDayMonth:
    """Each month has thirty days, each year 360 (30E/360, ISDA 2006 section 4.16 (g)).

    The 31st counts as the 30th, and the missing days of February pass with its last one. An anchor
    that a month is too short for stands for itself: 31 January to 28 February is 30 days.
    """

    def left(self, whole: Period, at: date) -> Fraction:
        first, last = _days_of_thirty(whole)
        length = max(_months(whole.starts_on, whole.ends_on) * 30 + last - first, 1)
        passed = _months(whole.starts_on, _within(whole, at)) * 30 + min(at.day, 30) - first
        if at == whole.ends_on:
            passed = length
        return Fraction(length - min(max(passed, 0), length), length)

    unused = left


@dataclass(frozen=True, slots=True)
class NoProration:
    """A part of a period costs as much as the whole, and nothing is given back for the rest."""

    def left(self, whole: Period, at: date) -> Fraction:
        return Fraction(_within(whole, at) < whole.ends_on)

    def unused(self, whole: Period, at: date) -> Fraction:
        _within(whole, at)
        return Fraction(0)


POLICIES = ("by_day", "by_second", "thirty_day_month", "none")
"""The names that a brand may choose from; the first is the default."""


def proration(name: str, *, zone: str) -> Proration:
    """The policy of a name, for a brand in the IANA time zone `zone`; else `ProrationUnknown`.

    >>> proration("by_second", zone="Europe/Warsaw")
    BySecond(zone='Europe/Warsaw')
    """
    match name:
        case "by_day":
            return ByDay()
        case "by_second":
            return BySecond(zone)
        case "thirty_day_month":
            return ThirtyDayMonth()
        case "none":
            return NoProration()
        case _:
            raise ProrationUnknown(name=name, known=POLICIES)


# ------------------------------------------------------------------------------ parts of a period


def price_from(price_minor: int, whole: Period, *, at: date, by: Proration) -> int:
    """What the time from `at` to the end of `whole` costs. Outside of it: `OutsideOfPeriod`.

    >>> march = Period(date(2022, 3, 1), date(2022, 4, 1))
    >>> price_from(100, march, at=date(2022, 3, 4), by=ByDay())
    90
    """
    assert price_minor >= 0, "a price is not negative"
    return round_half_even(price_minor * by.left(whole, at))


def price_of_portion(price_minor: int, portion: Portion, *, by: Proration) -> int:
    """What a portion of a period costs (`first_portions`, `portion_with_parent`)."""
    return price_from(price_minor, portion.whole, at=portion.period.starts_on, by=by)


def price_split(
    price_minor: int, whole: Period, *, cuts: Sequence[date], by: Proration
) -> list[int]:
    """The price of `whole` in parts, cut at the moments `cuts`, which rise; the parts sum to it.

    >>> june = Period(date(2026, 6, 1), date(2026, 7, 1))
    >>> price_split(1000, june, cuts=[date(2026, 6, 11), date(2026, 6, 21)], by=ByDay())
    [333, 334, 333]
    """
    assert list(cuts) == sorted(cuts), "time goes on"
    rests = [price_minor, *(price_from(price_minor, whole, at=cut, by=by) for cut in cuts), 0]
    return [before - after for before, after in pairwise(rests)]


# ------------------------------------------------------------------------------ changes within it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The time on one plan, from `since` to the next stay or the end of the period.

    `price_minor` is what all of `whole` costs and `charged_minor` what was charged for the time
    from `since` to the end of `whole`; `credited_minor` is what was given back of it since.
    `since_at` is the instant of a change, where seconds count.
    """

    since: date
    price_minor: int
    whole: Period
    charged_minor: int
    credited_minor: int = 0
    since_at: datetime | None = None

    def __post_init__(self) -> None:
        assert self.price_minor >= 0, "a price is not negative"
        assert 0 <= self.credited_minor <= self.charged_minor, "no more is given back than charged"

    @property
    def moment(self) -> date:
        """When it began, as exactly as is known."""
        return self.since_at or self.since


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """What was paid for the time up to the next due date: one stay, and one more per change.

    The periods of all stays end on that due date, as `whole` does, even those of another cycle.
    """

    whole: Period
    stays: tuple[Stay, ...]

    def __post_init__(self) -> None:
        assert self.stays, "a period has been paid for"
        assert {stay.whole.ends_on for stay in self.stays} == {self.whole.ends_on}, "one due date"

    @property
    def paid_minor(self) -> int:
        """What was charged in all, less what was given back."""
        return sum(stay.charged_minor - stay.credited_minor for stay in self.stays)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A change of plan: `credit_minor` is given back, `charge_minor` is due, `after` is the result.

    `kept_minor` of what the plan before had cost is for the time it was used: credit + kept is
    what was charged for it. `ahead` are periods that are paid along with the running one.
    """

    credit_minor: int
    kept_minor: int
    charge_minor: int
    after: PaidPeriod
    ahead: tuple[PaidPeriod, ...] = ()

    @property
    def net_minor(self) -> int:
        """What the client owes by the change; below zero, what is owed to the client."""
        return self.charge_minor - self.credit_minor


def paid_period(
    price_minor: int, portion: Portion, *, paid_minor: int | None = None, by: Proration
) -> PaidPeriod:
    """A portion of a period as its invoice was paid, before any change.

    `paid_minor` is what was paid if that is not the portion's share of the price, as with a
    promotion: then that, and no list price, is what a change gives back.

    >>> june = Period(date(2026, 6, 1), date(2026, 7, 1))
    >>> paid_period(2990, Portion(june, june), by=ByDay()).paid_minor
    2990
    """
    share_minor = price_of_portion(price_minor, portion, by=by)
    since, whole = portion.period.starts_on, portion.whole
    if paid_minor is not None and paid_minor != share_minor:
        price_minor, share_minor, whole = paid_minor, paid_minor, portion.period
    stay = Stay(since=since, price_minor=price_minor, whole=whole, charged_minor=share_minor)
    return PaidPeriod(portion.whole, (stay,))


def credit_for_unused(paid: PaidPeriod, at: date, *, by: Proration) -> int:
    """What a cancellation at `at` gives back: the unused time of what was paid, never more.

    >>> june = Period(date(2026, 6, 1), date(2026, 7, 1))
    >>> paid = paid_period(2990, Portion(june, june), by=ByDay())
    >>> [credit_for_unused(paid, date(2026, 6, day), by=ByDay()) for day in (1, 16, 30)]
    [2990, 1495, 100]
    """
    first, last = paid.stays[0], paid.stays[-1]
    assert by.left(last.whole, at) <= by.left(last.whole, last.moment), "time goes on"
    if by.unused(last.whole, at) == 0:
        return 0
    kept_minor = first.charged_minor - round_half_even(
        first.price_minor * by.unused(first.whole, at)
    )
    unused_minor = paid.paid_minor - kept_minor - round_half_even(_extra(paid, at, by=by))
    return min(max(unused_minor, 0), last.charged_minor)


def change_plan(
    paid: PaidPeriod, price_minor: int, *, at: date, by: Proration, whole: Period | None = None
) -> PlanChange:
    """Another plan from `at` on, the due date unchanged: what is given back and what is charged.

    `price_minor` is the new price of a whole period: of the one that is paid for, or of `whole`,
    which ends on the same date, if the cycle changes too (`period_until`).

    What is charged is the share of the new price. What is given back is what was paid less the
    worth of what was used, where the worth is reckoned from the whole history of the period and
    rounded once. So a way back to the first plan costs the rounded difference in worth of the time
    spent away from it: nothing on the same day, never less than nothing if the other plans are
    dearer. (Rounding each change by itself would let a client gain a cent on each way.)

    >>> june = Period(date(2026, 6, 1), date(2026, 7, 1))
    >>> paid = paid_period(9900, Portion(june, june), by=ByDay())
    >>> change = change_plan(paid, 24900, at=date(2026, 6, 13), by=ByDay())
    >>> change.credit_minor, change.charge_minor, change.net_minor
    (5940, 14940, 9000)
    """
    whole = whole or paid.whole
    credit_minor = credit_for_unused(paid, at, by=by)
    charge_minor = price_from(price_minor, whole, at=at, by=by)
    *before, last = paid.stays
    left = replace(last, credited_minor=credit_minor)
    begun = Stay(
        since=_local_day(at, by=by),
        price_minor=price_minor,
        whole=whole,
        charged_minor=charge_minor,
        since_at=at if isinstance(at, datetime) else None,
    )
    return PlanChange(
        credit_minor=credit_minor,
        kept_minor=last.charged_minor - credit_minor,
        charge_minor=charge_minor,
        after=PaidPeriod(paid.whole, (*before, left, begun)),
    )


def restart(
    paid: PaidPeriod, price_minor: int, *, portions: Sequence[Portion], by: Proration
) -> PlanChange:
    """Another cycle from now on, with a new due date: the old period ends where `portions` begin.

    The first of `portions` begins at the change and becomes `after`; any others are `ahead`.
    """
    credit_minor = credit_for_unused(paid, portions[0].period.starts_on, by=by)
    after, *ahead = (paid_period(price_minor, portion, by=by) for portion in portions)
    return PlanChange(
        credit_minor=credit_minor,
        kept_minor=paid.stays[-1].charged_minor - credit_minor,
        charge_minor=sum(begun.paid_minor for begun in (after, *ahead)),
        after=after,
        ahead=tuple(ahead),
    )


# --------------------------------------------------------------------------------- how it is done


def _extra(paid: PaidPeriod, at: date, *, by: Proration) -> Fraction:
    """How much more was used up to `at`, by its exact worth, than on the first plan alone."""
    first = paid.stays[0]
    ends = [*(stay.moment for stay in paid.stays[1:]), at]
    worths = [_worth(stay, end, by=by) for stay, end in zip(paid.stays, ends, strict=True)]
    return sum(worths, start=-_worth(first, at, by=by))


def _worth(stay: Stay, until: date, *, by: Proration) -> Fraction:
    """What the time of a stay until then is worth at its price, exactly."""
    used = by.left(stay.whole, stay.moment) - by.unused(stay.whole, until)
    return stay.price_minor * used


def _local_day(at: date, *, by: Proration) -> date:
    """The brand's date at a moment."""
    return local_date(at, by.zone) if isinstance(by, BySecond) and isinstance(at, datetime) else at


def _within(whole: Period, at: date) -> date:
    """The day, if the period has it, or if it is the day after."""
    assert not isinstance(at, datetime), "days are counted from dates"
    if not whole.starts_on <= at <= whole.ends_on:
        raise OutsideOfPeriod(starts_on=str(whole.starts_on), ends_on=str(whole.ends_on))
    return at


def _months(since: date, until: date) -> int:
    """How many times the month changes."""
    return (until.year - since.year) * 12 + until.month - since.month


def _days_of_thirty(whole: Period) -> tuple[int, int]:
    """The days of the month, at most the 30th, that the ends of a period stand for."""
    first, last = min(whole.starts_on.day, 30), min(whole.ends_on.day, 30)
    if first < last and _ends_month(whole.starts_on):
        return last, last
    if last < first and _ends_month(whole.ends_on):
        return first, first
    return first, last


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1
