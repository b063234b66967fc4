"""Billing periods, anchored on a day of the month: 31 January, 28 February, 31 March.

Never "+30 days".
A period runs from its first day to the first day of the next one, exclusive, so periods tile.
Dates are local dates of the brand.
"""

from calendar import monthrange
from datetime import date

MONTHS_OF_CYCLE = {
    "monthly": 1,
    "quarterly": 3,
    "semiannual": 6,
    "annual": 12,
    "biennial": 24,
    "triennial": 36,
}


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
    months = start.year * 12 + start.month - 1 + MONTHS_OF_CYCLE[cycle]
    return anchored(months // 12, months % 12 + 1, anchor_day=anchor_day)


def anchored(year: int, month: int, *, anchor_day: int) -> date:
    """The anchor's date in a month: its day, or the month's last one.

    >>> anchored(2012, 2, anchor_day=30)
    datetime.date(2012, 2, 29)
    """
    assert 1 <= anchor_day <= 31, "a day of the month"
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))
