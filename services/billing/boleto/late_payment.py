"""What a late boleto costs more, and the duplicate (segunda via) that says so. Amounts: centavos.

Source: Código Civil, articles 132, 394 and 406; Código de Defesa do Consumidor (Lei 8.078/1990),
article 52, paragraph 1: a fine of at most 2 %, once; interest per day, not compounded.
"""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from services.billing.boleto.barcode import LARGEST_AMOUNT_MINOR, Barcode
from services.billing.boleto.digits import BoletoInvalid
from services.billing.boleto.due_factor import due_factor
from shared.money import round_half_up

SATURDAY = 5
DAYS_OF_A_MONTH = 30


@dataclass(frozen=True, kw_only=True)
class LateTerms:
    """What a contract asks for when it is paid late: 2 % once and 1 % a month unless it says else.

    To a consumer more than 2 % may not be asked; a contract between companies may.
    """

    fine_percent: Decimal = Decimal(2)
    interest_percent_a_month: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for percent in (self.fine_percent, self.interest_percent_a_month):
            if not (percent.is_finite() and 0 <= percent <= 100):
                raise BoletoInvalid(field="late_terms", reason="out_of_range")


@dataclass(frozen=True, kw_only=True)
class LateCharges:
    """Days late, and what they cost on top of the amount."""

    days_late: int
    fine_minor: int
    interest_minor: int

    @property
    def total_minor(self) -> int:
        """Fine and interest."""
        return self.fine_minor + self.interest_minor


NONE = LateCharges(days_late=0, fine_minor=0, interest_minor=0)


def business_day(day: date, *, holidays: Container[date]) -> date:
    """`day`, or the next one on which banks are open: no Saturday, Sunday or one of `holidays`.

    Source: Código Civil, article 132, paragraph 1. Which days are bank holidays (those of FEBRABAN
    and of the place) the caller knows.

    >>> business_day(date(2026, 11, 21), holidays={date(2026, 11, 23)})
    datetime.date(2026, 11, 24)
    """
    while day.weekday() >= SATURDAY or day in holidays:
        day += timedelta(days=1)
    return day


def late_charges(
    amount_minor: int,
    *,
    due_on: date,
    paid_on: date,
    terms: LateTerms,
    holidays: Container[date] = (),
) -> LateCharges:
    """Fine and interest of an amount that is paid on a day; nothing up to the due date.

    A due date that is no business day moves to the next one, and lateness counts from there. The
    fine is a percentage of the amount. Interest is that of a month divided by 30 for each calendar
    day. Each is rounded once, a half up.

    >>> friday, monday = date(2026, 11, 20), date(2026, 11, 30)
    >>> late_charges(10000, due_on=friday, paid_on=monday, terms=LateTerms())
    LateCharges(days_late=10, fine_minor=200, interest_minor=33)
    """
    days = (paid_on - business_day(due_on, holidays=holidays)).days
    if days <= 0:
        return NONE
    a_month = Fraction(terms.interest_percent_a_month) / 100
    return LateCharges(
        days_late=days,
        fine_minor=round_half_up(amount_minor * Fraction(terms.fine_percent) / 100),
        interest_minor=round_half_up(amount_minor * a_month * days / DAYS_OF_A_MONTH),
    )


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """The boleto once more: what is to be paid, by when, and what of it is for being late."""

    barcode: Barcode
    pay_by: date
    charges: LateCharges


def duplicate(
    original: Barcode,
    *,
    due_on: date,
    pay_by: date,
    terms: LateTerms,
    holidays: Container[date] = (),
) -> Duplicate:
    """The same boleto, number and all, to be paid on `pay_by` or the next business day.

    In time it is the original. Late, it is due on that day and for the amount with fine and
    interest up to it, so that what is printed is what is owed whenever it is paid until then.
    Errors: BoletoInvalid, where the amount grows beyond ten digits or is not in the boleto.
    """
    if original.amount_minor == 0 or original.due_factor != due_factor(due_on):
        raise BoletoInvalid(field="boleto", reason="without_amount_or_other_due_date")
    day = business_day(pay_by, holidays=holidays)
    charges = late_charges(
        original.amount_minor, due_on=due_on, paid_on=day, terms=terms, holidays=holidays
    )
    if not charges.days_late:
        return Duplicate(barcode=original, pay_by=due_on, charges=charges)
    amount_minor = original.amount_minor + charges.total_minor
    if amount_minor > LARGEST_AMOUNT_MINOR:
        raise BoletoInvalid(field="amount_minor", reason="out_of_range")
    late = replace(original, due_factor=due_factor(day), amount_minor=amount_minor)
    return Duplicate(barcode=late, pay_by=day, charges=charges)
