"""What a late boleto costs, from which day on, and the duplicate that says so."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.boleto.banks.itau import ItauCollection
from services.billing.boleto.barcode import LARGEST_AMOUNT_MINOR, Barcode, read_boleto
from services.billing.boleto.collection import boleto
from services.billing.boleto.digits import BoletoInvalid
from services.billing.boleto.late_payment import (
    LateTerms,
    business_day,
    duplicate,
    late_charges,
)

TERMS = LateTerms()
FREE = LateTerms(fine_percent=Decimal(0), interest_percent_a_month=Decimal(0))
CARNIVAL = {date(2027, 2, 8), date(2027, 2, 9)}
ITAU = ItauCollection(wallet="109", branch="1248", account="2124")

days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
amounts = st.integers(1, 10**8)


def charged(amount_minor: int, due_on: date, paid_on: date) -> tuple[int, int, int]:
    found = late_charges(amount_minor, due_on=due_on, paid_on=paid_on, terms=TERMS)
    return found.days_late, found.fine_minor, found.interest_minor


FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)

# By hand: 2 % once; 1 % a month is a thirtieth of it for each day. Halves are rounded up.
WORKED_OUT = [
    (10000, FRIDAY, FRIDAY, (0, 0, 0)),
    (10000, FRIDAY, date(2026, 11, 21), (1, 200, 3)),  # 3.33
    (10000, FRIDAY, date(2026, 12, 20), (30, 200, 100)),
    (29721, FRIDAY, date(2026, 11, 30), (10, 594, 99)),  # 594.42, 99.07
    (25, FRIDAY, date(2026, 11, 21), (1, 1, 0)),  # 0.5 goes up
    (1500, FRIDAY, date(2026, 11, 21), (1, 30, 1)),  # interest of 0.5 goes up
    (10000, SATURDAY, date(2026, 11, 23), (0, 0, 0)),  # due on Saturday, paid on Monday
    (10000, SATURDAY, date(2026, 11, 24), (1, 200, 3)),
    (10000, FRIDAY, date(2026, 1, 1), (0, 0, 0)),
]


@pytest.mark.parametrize(("amount_minor", "due_on", "paid_on", "expected"), WORKED_OUT)
def test_fine_and_interest_are_those_worked_out_by_hand(
    amount_minor: int, due_on: date, paid_on: date, expected: tuple[int, int, int]
) -> None:
    assert charged(amount_minor, due_on, paid_on) == expected


def test_a_due_date_on_a_bank_holiday_moves_with_the_weekend_before_it() -> None:
    saturday = date(2027, 2, 6)
    assert business_day(saturday, holidays=CARNIVAL) == date(2027, 2, 10)
    paid = late_charges(
        10000, due_on=saturday, paid_on=date(2027, 2, 10), terms=TERMS, holidays=CARNIVAL
    )
    assert paid.total_minor == 0
    late = late_charges(
        10000, due_on=saturday, paid_on=date(2027, 2, 12), terms=TERMS, holidays=CARNIVAL
    )
    assert (late.days_late, late.total_minor) == (2, 207)


@any_of(days, st.sets(days, max_size=20))
def test_a_business_day_is_the_first_that_is_neither_weekend_nor_holiday(
    day: date, holidays: set[date]
) -> None:
    found = business_day(day, holidays=holidays)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    assert found.weekday() < 5 and found not in holidays
    assert all(each.weekday() >= 5 or each in holidays for each in between)


@any_of(amounts, days, st.integers(0, 1000))
def test_a_day_later_never_costs_less_and_the_fine_is_asked_once(
    amount_minor: int, due_on: date, late: int
) -> None:
    paid_on = due_on + timedelta(days=late)
    before, after = (
        late_charges(amount_minor, due_on=due_on, paid_on=day, terms=TERMS)
        for day in (paid_on, paid_on + timedelta(days=1))
    )
    assert before.interest_minor <= after.interest_minor
    assert after.fine_minor - before.fine_minor in {0, after.fine_minor}
    assert 2 * abs(50 * after.fine_minor - amount_minor * bool(after.days_late)) <= 50


@pytest.mark.parametrize("percent", [Decimal(-1), Decimal(101), Decimal("NaN"), Decimal("inf")])
def test_terms_that_cannot_be_are_refused(percent: Decimal) -> None:
    for terms in ({"fine_percent": percent}, {"interest_percent_a_month": percent}):
        with pytest.raises(BoletoInvalid) as refused:
            LateTerms(**terms)
        assert refused.value.facts == {"field": "late_terms", "reason": "out_of_range"}


def test_terms_at_their_limits_are_taken() -> None:
    terms = LateTerms(fine_percent=Decimal(100), interest_percent_a_month=Decimal(100))
    double = late_charges(3000, due_on=FRIDAY, paid_on=SATURDAY, terms=terms)
    assert (double.fine_minor, double.interest_minor) == (3000, 100)


# -------------------------------------------------------------------------------------- duplicates


def test_a_duplicate_in_time_is_the_boleto_itself() -> None:
    original = boleto(ITAU, 10152, due_on=SATURDAY, amount_minor=10000)
    on_monday = duplicate(original, due_on=SATURDAY, pay_by=SATURDAY, terms=TERMS)
    assert on_monday.barcode == original
    assert on_monday.pay_by == SATURDAY
    assert on_monday.charges.total_minor == 0


def test_a_late_duplicate_has_the_same_number_a_later_day_and_the_charges_in_its_amount() -> None:
    original = boleto(ITAU, 10152, due_on=FRIDAY, amount_minor=10000)
    late = duplicate(original, due_on=FRIDAY, pay_by=date(2026, 11, 28), terms=TERMS)
    assert late.pay_by == date(2026, 11, 30)
    assert late.charges == late_charges(10000, due_on=FRIDAY, paid_on=late.pay_by, terms=TERMS)
    read = read_boleto(late.barcode.line)
    assert read.free_field == original.free_field
    assert read.amount_minor == 10233
    assert read.due_on(read_on=FRIDAY) == late.pay_by


def test_without_fine_and_interest_a_duplicate_has_a_later_day_alone() -> None:
    original = boleto(ITAU, 1, due_on=FRIDAY, amount_minor=10000)
    late = duplicate(original, due_on=FRIDAY, pay_by=date(2026, 12, 1), terms=FREE)
    assert late.barcode.amount_minor == 10000
    assert late.barcode.due_on(read_on=FRIDAY) == date(2026, 12, 1)


@pytest.mark.parametrize(
    "original",
    [
        Barcode.of(bank="341", due_on=FRIDAY, amount_minor=0, free_field="1" * 25),
        Barcode.of(bank="341", due_on=None, amount_minor=1, free_field="1" * 25),
        Barcode.of(bank="341", due_on=SATURDAY, amount_minor=1, free_field="1" * 25),
        Barcode.of(
            bank="341", due_on=FRIDAY, amount_minor=LARGEST_AMOUNT_MINOR, free_field="1" * 25
        ),
    ],
    ids=["no amount", "no due date", "another due date", "too large then"],
)
def test_a_boleto_that_cannot_be_worked_out_anew_is_refused(original: Barcode) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        duplicate(original, due_on=FRIDAY, pay_by=date(2026, 12, 1), terms=TERMS)
    is_large = original.amount_minor == LARGEST_AMOUNT_MINOR
    assert refused.value.facts == (
        {"field": "amount_minor", "reason": "out_of_range"}
        if is_large
        else {"field": "boleto", "reason": "without_amount_or_other_due_date"}
    )
