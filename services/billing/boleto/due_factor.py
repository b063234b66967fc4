"""The due-date factor of a boleto: four digits for a day, which begin anew every 9,000 days."""

from datetime import date, timedelta

from services.billing.boleto.digits import BoletoInvalid

FIRST_DAY = date(2000, 7, 3)
"""The day of factor 1000, a thousand days after the base date of 1997-10-07."""

LAST_DAY = date(2049, 10, 13)
"""The day of the second 9999. What comes after it has not been published."""

CYCLE_DAYS = 9000
OVERDUE_DAYS = 3000
AHEAD_DAYS = 5500


def due_factor(due_on: date) -> int:
    """1000 to 9999: 9999 is 2025-02-21, and 2025-02-22 is 1000 again.

    Source: Banco Central, Carta-Circular 2.926; FEBRABAN's notice of the restart in 2025. Errors:
    BoletoInvalid for a day without a factor.

    >>> due_factor(date(2010, 11, 17)), due_factor(date(2025, 2, 21)), due_factor(date(2025, 2, 22))
    (4789, 9999, 1000)
    """
    if not FIRST_DAY <= due_on <= LAST_DAY:
        raise BoletoInvalid(field="due_on", reason="no_factor", due_on=due_on.isoformat())
    return 1000 + (due_on - FIRST_DAY).days % CYCLE_DAYS


def due_date(factor: int, *, read_on: date) -> date | None:
    """The day that the factor meant to who reads it on `read_on`; None for 0000, no date.

    Each factor is a day of each cycle. It is the one from 3,000 days before `read_on` to 5,500 days
    after it; at most one day is. Source: FEBRABAN, Comunicado 082/2012. Errors: BoletoInvalid for a
    factor below 1000 and for one of the 500 days that lie in neither range.

    >>> due_date(1000, read_on=date(2025, 1, 10)), due_date(9999, read_on=date(2025, 3, 1))
    (datetime.date(2025, 2, 22), datetime.date(2025, 2, 21))
    """
    if factor == 0:
        return None
    if not 1000 <= factor <= 9999:
        raise BoletoInvalid(field="due_factor", reason="out_of_range", due_factor=factor)
    for cycle in range(2):
        day = FIRST_DAY + timedelta(days=factor - 1000 + cycle * CYCLE_DAYS)
        if -OVERDUE_DAYS <= (day - read_on).days <= AHEAD_DAYS:
            return day
    raise BoletoInvalid(field="due_factor", reason="too_far", due_factor=factor)
