"""The national days on which Brazil's banks are closed; those of a state or town are not here.

Source: Resolução CMN 4.880/2020, article 5 (with FEBRABAN's yearly list): national holidays (Lei
662/1949, Lei 6.802/1980, Lei 14.759/2023), Monday and Tuesday of carnival, Corpus Christi.
"""

from datetime import date, timedelta
from functools import lru_cache

FIXED = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25))
BLACK_AWARENESS, SINCE = (11, 20), 2024
AROUND_EASTER = (-48, -47, -2, 60)
"""Carnival's Monday and Tuesday, Good Friday, Corpus Christi: days from Easter Sunday."""


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> frozenset[date]:
    """All of a year.

    >>> [day.isoformat() for day in sorted(bank_holidays(2026))][:4]
    ['2026-01-01', '2026-02-16', '2026-02-17', '2026-04-03']
    """
    easter = easter_sunday(year)
    fixed = (*FIXED, BLACK_AWARENESS) if year >= SINCE else FIXED
    return frozenset(date(year, month, day) for month, day in fixed) | frozenset(
        easter + timedelta(days=days) for days in AROUND_EASTER
    )


def easter_sunday(year: int) -> date:
    """Of the Gregorian calendar. Source: the anonymous algorithm (Meeus, Astronomical Algorithms).

    >>> easter_sunday(2026).isoformat(), easter_sunday(2038).isoformat()
    ('2026-04-05', '2038-04-25')
    """
    century, of_century = divmod(year, 100)
    golden = year % 19
    correction = century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    moon = (19 * golden + correction) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
