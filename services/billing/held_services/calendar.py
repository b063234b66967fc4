"""Billing periods, anchored on a day of the month: 31 January, 28 February, 31 March.

Never "+30 days".
A period runs from its first day to the first day of the next one, exclusive, so periods tile.
Dates are local dates of the brand.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shared.errors import Invalid

MONTHS_OF_CYCLE = {
    "monthly": 1,
    "quarterly": 3,
    "semiannual": 6,
    "annual": 12,
    "biennial": 24,
    "triennial": 36,
}
"""The cycles that are paid again, and how many months each covers."""

CYCLES_WITHOUT_PERIOD = frozenset({"one_time", "free"})
"""Paid once or never: nothing falls due again."""


class CycleHasNoPeriod(Invalid):
    """What is paid once, or never, has no billing period."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `starts_on` to the day before `ends_on`; at least one."""

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        assert self.starts_on < self.ends_on, "a period is not empty"

    @property
    def days(self) -> int:
        """How many days it has.

        >>> Period(date(2024, 2, 1), date(2024, 3, 1)).days
        29
        """
        return (self.ends_on - self.starts_on).days


@dataclass(frozen=True, slots=True)
class Portion:
    """What is billed of a period: the days of `period`, at the price of `whole`, which holds it."""

    period: Period
    whole: Period

    def __post_init__(self) -> None:
        assert self.whole.starts_on <= self.period.starts_on, "a portion begins inside of its whole"
        assert self.period.ends_on == self.whole.ends_on, "a portion ends with its whole"

    @property
    def is_whole(self) -> bool:
        return self.period == self.whole


@dataclass(frozen=True, slots=True)
class Alignment:
    """The day on which services fall due, whenever they were ordered.

    `month` (1 to 12) fixes longer cycles too, such as calendar years from January; None counts
    them from the month of the order. A monthly service ordered on `next_from_day` or later, up to
    the aligned day, pays the next month along with the rest of this one. (`day` is WHMCS' prorata
    date and Kill Bill's billing-cycle day; `next_from_day` is WHMCS' "charge next month", which
    there too is for monthly services only.)
    """

    day: int
    month: int | None = None
    next_from_day: int | None = None

    def __post_init__(self) -> None:
        assert self.next_from_day is None or 1 <= self.next_from_day <= 31, "a day of the month"
        assert 1 <= self.day <= 31, "a day of the month"
        assert self.month is None or 1 <= self.month <= 12, "a month of the year"


def months_of(cycle: str) -> int:
    """How many months a period of `cycle` covers; `CycleHasNoPeriod` if there are none.

    >>> months_of("quarterly")
    3
    """
    if cycle in CYCLES_WITHOUT_PERIOD:
        raise CycleHasNoPeriod(cycle=cycle)
    return MONTHS_OF_CYCLE[cycle]


def anchored(year: int, month: int, *, anchor_day: int) -> date:
    """The anchor's date in a month: its day, or the month's last one.

    >>> anchored(2012, 2, anchor_day=30)
    datetime.date(2012, 2, 29)
    """
    assert 1 <= anchor_day <= 31, "a day of the month"
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def period_end(start: date, *, cycle: str, anchor_day: int) -> date:
    """The first day after the period that begins on `start`.

    In a month that is too short the anchor is the month's last day; the next month returns to it
    (as Kill Bill's billing-cycle day and Lago's anniversary do).

    >>> period_end(date(2026, 1, 31), cycle="monthly", anchor_day=31)
    datetime.date(2026, 2, 28)
    >>> period_end(date(2026, 2, 28), cycle="monthly", anchor_day=31)
    datetime.date(2026, 3, 31)
    >>> period_end(date(2024, 2, 29), cycle="annual", anchor_day=29)
    datetime.date(2025, 2, 28)
    """
    return _months_on(start, months_of(cycle), anchor_day=anchor_day)


def period_from(start: date, *, cycle: str, anchor_day: int) -> Period:
    """The period that begins on `start`.

    >>> period_from(date(2026, 2, 28), cycle="monthly", anchor_day=31).days
    31
    """
    return Period(start, period_end(start, cycle=cycle, anchor_day=anchor_day))


def period_until(end: date, *, cycle: str, anchor_day: int) -> Period:
    """The regular period that `end`, a date on the anchor, closes.

    >>> period_until(date(2026, 2, 28), cycle="monthly", anchor_day=31)
    Period(starts_on=datetime.date(2026, 1, 31), ends_on=datetime.date(2026, 2, 28))
    """
    assert end == anchored(end.year, end.month, anchor_day=anchor_day), "the end is on the anchor"
    return Period(_months_on(end, -months_of(cycle), anchor_day=anchor_day), end)


def periods(start: date, *, cycle: str, anchor_day: int) -> Iterator[Period]:
    """One period after the other, without end; each begins where the one before it ends."""
    months = months_of(cycle)
    while True:
        end = _months_on(start, months, anchor_day=anchor_day)
        yield Period(start, end)
        start = end


def first_portions(start: date, *, cycle: str, alignment: Alignment) -> tuple[Portion, ...]:
    """What an order of `start` pays at once so that it falls due on the aligned day from then on.

    That is a part of a period; or a whole one, if `start` is an aligned day; or a part and the
    period after it (see `Alignment.next_from_day`). Whatever comes next has the anchor
    `alignment.day`.

    >>> first_of_month = Alignment(1, next_from_day=20)
    >>> [p.period.days for p in first_portions(
    ...     date(2026, 11, 19), cycle="monthly", alignment=first_of_month)]
    [12]
    >>> [p.period.days for p in first_portions(
    ...     date(2026, 11, 20), cycle="monthly", alignment=first_of_month)]
    [11, 31]
    """
    months = months_of(cycle)
    origin = anchored(start.year, alignment.month or start.month, anchor_day=alignment.day)
    first = _portion_before_grid(start, origin=origin, months=months, anchor_day=alignment.day)
    pays_next = months == 1 and _pays_next(first.period, since_day=alignment.next_from_day)
    if first.is_whole or not pays_next:
        return (first,)
    following = period_from(first.period.ends_on, cycle=cycle, anchor_day=alignment.day)
    return (first, Portion(following, following))


def portion_with_parent(
    start: date, *, cycle: str, parent_due_on: date, anchor_day: int
) -> Portion:
    """The first portion of an addon, after which it falls due together with its parent.

    `parent_due_on` and `anchor_day` are the parent's. An addon of a shorter cycle than its
    parent's has due dates between the parent's, and meets each of them; one of a longer cycle
    begins its first whole period on the parent's next due date.

    >>> portion_with_parent(
    ...     date(2026, 11, 22), cycle="monthly", parent_due_on=date(2027, 6, 10), anchor_day=10
    ... ).period
    Period(starts_on=datetime.date(2026, 11, 22), ends_on=datetime.date(2026, 12, 10))
    """
    months = months_of(cycle)
    return _portion_before_grid(start, origin=parent_due_on, months=months, anchor_day=anchor_day)


def _portion_before_grid(start: date, *, origin: date, months: int, anchor_day: int) -> Portion:
    """From `start` to the next date that lies a multiple of `months` from `origin`.

    A start on such a date has the whole period after it.
    """
    distance = (start.year - origin.year) * 12 + start.month - origin.month
    begin = _months_on(origin, distance // months * months, anchor_day=anchor_day)
    if begin > start:
        begin = _months_on(begin, -months, anchor_day=anchor_day)
    end = _months_on(begin, months, anchor_day=anchor_day)
    return Portion(Period(start, end), Period(begin, end))


def _pays_next(first: Period, *, since_day: int | None) -> bool:
    """Whether a first period begins on or after the last such day of the month before its end."""
    if since_day is None:
        return False
    aligned_on = first.ends_on
    since = anchored(aligned_on.year, aligned_on.month, anchor_day=since_day)
    if since >= aligned_on:
        since = _months_on(aligned_on, -1, anchor_day=since_day)
    return first.starts_on >= since


def _months_on(day: date, months: int, *, anchor_day: int) -> date:
    """The anchor's date in the month that lies `months` after that of `day`."""
    month = day.year * 12 + day.month - 1 + months
    return anchored(month // 12, month % 12 + 1, anchor_day=anchor_day)
