"""What changes of a service cost: each period that is paid for is reckoned for itself."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.held_services.calendar import Alignment
from services.billing.held_services.paid_time import Parent, beginning, first_time
from services.billing.held_services.proration import ByDay, NoProration
from services.billing.held_services.terms import ChargedTime, ServiceTerms, whole_period
from services.billing.service_changes.reckoning import ChangeTooLate, Moment, Reckoned, reckon
from services.billing.service_changes.uncredited import cut
from tests.billing.samples import INVOICE, service_terms

JUNE, JULY, AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
BASIC, PRO = service_terms(recurring_minor=3000), service_terms(recurring_minor=6000)


def paid(price_minor: int = 3000) -> list[ChargedTime]:
    return [whole_period(JUNE, JULY, price_minor=price_minor, on=INVOICE)]


def changed(
    charged: list[ChargedTime], old: ServiceTerms, new: ServiceTerms, *, on: date
) -> Reckoned:
    return reckon(charged, old, new=new, when=Moment(today=on, by=ByDay()))


def test_an_upgrade_in_the_middle_of_a_month_costs_half_of_the_difference() -> None:
    found = changed(paid(), BASIC, PRO, on=date(2026, 6, 16))
    assert (found.credit_minor, found.charge_minor, found.net_minor) == (1500, 3000, 1500)
    assert (found.next_due_on, found.anchor_day) == (JULY, 0)
    assert [time.invoice_id for time in found.charged] == [INVOICE, None]


def test_a_downgrade_gives_back_no_more_than_was_paid() -> None:
    found = changed(paid(6000), PRO, BASIC, on=date(2026, 6, 16))
    assert found.net_minor == -1500


def test_what_was_paid_with_a_discount_is_given_back_with_it() -> None:
    found = changed(paid(1000), BASIC, PRO, on=date(2026, 6, 16))
    assert found.credit_minor == 500


def test_months_that_are_paid_ahead_change_as_a_whole() -> None:
    ahead = [*paid(), whole_period(JULY, AUGUST, price_minor=3000, on=INVOICE)]
    found = changed(ahead, BASIC, PRO, on=date(2026, 6, 16))
    assert (found.credit_minor, found.charge_minor) == (1500 + 3000, 3000 + 6000)
    assert found.next_due_on == AUGUST


def test_periods_that_are_over_are_left_alone() -> None:
    with pytest.raises(ChangeTooLate):
        changed(paid(), BASIC, PRO, on=JULY)


def test_another_cycle_begins_at_once_and_the_unused_time_is_given_back() -> None:
    annual = service_terms(cycle="annual", recurring_minor=30000)
    found = changed(paid(), BASIC, annual, on=date(2026, 6, 16))
    assert (found.credit_minor, found.charge_minor) == (1500, 30000)
    assert (found.next_due_on, found.anchor_day) == (date(2027, 6, 16), 16)


def test_another_cycle_begins_on_the_day_on_which_the_brand_wants_it() -> None:
    annual = service_terms(cycle="quarterly", recurring_minor=9000)
    when = Moment(today=date(2026, 6, 16), by=ByDay(), grid=Alignment(day=1))
    found = reckon(paid(), BASIC, new=annual, when=when)
    assert (found.next_due_on, found.anchor_day) == (date(2026, 9, 1), 1)


def test_what_is_paid_once_costs_its_price_and_falls_due_never() -> None:
    once = service_terms(cycle="one_time", recurring_minor=9000)
    found = changed(paid(), BASIC, once, on=date(2026, 6, 16))
    assert (found.charge_minor, found.charged, found.next_due_on) == (9000, [], None)


def test_what_was_free_pays_from_the_change_on() -> None:
    free = service_terms(cycle="free", recurring_minor=0)
    found = changed([], free, BASIC, on=date(2026, 6, 16))
    assert (found.credit_minor, found.charge_minor) == (0, 3000)
    assert found.next_due_on == date(2026, 7, 16)


def test_without_proration_a_change_costs_the_whole_and_gives_nothing_back() -> None:
    when = Moment(today=date(2026, 6, 16), by=NoProration())
    found = reckon(paid(), BASIC, new=PRO, when=when)
    assert (found.credit_minor, found.charge_minor) == (0, 6000)


days = st.lists(st.integers(0, 60), min_size=1, max_size=6).map(sorted)
prices = st.lists(st.integers(0, 20_000), min_size=7, max_size=7)


@settings(max_examples=500)
@given(days=days, prices=prices)
def test_going_up_and_down_never_yields_profit(days: list[int], prices: list[int]) -> None:
    """Two paid months; what was paid in all is never below the worth of the cheapest plan used."""
    first = prices[0]
    charged = [
        whole_period(JUNE, JULY, price_minor=first),
        whole_period(JULY, AUGUST, price_minor=first),
    ]
    terms, paid_minor, used = service_terms(recurring_minor=first), 2 * first, [first]
    for day, price in zip(days, prices[1:], strict=False):
        new = service_terms(recurring_minor=price)
        found = changed(charged, terms, new, on=JUNE + timedelta(days=day))
        charged, terms, paid_minor = found.charged, new, paid_minor + found.net_minor
        used.append(price)
    assert paid_minor >= 2 * min(used)


@settings(max_examples=300)
@given(day=st.integers(0, 29), prices=prices)
def test_back_on_the_same_day_costs_nothing_and_brings_nothing(day: int, prices: list[int]) -> None:
    on = JUNE + timedelta(days=day)
    charged, terms, net_minor = paid(prices[0]), service_terms(recurring_minor=prices[0]), 0
    for price in (*prices[1:], prices[0]):
        new = service_terms(recurring_minor=price)
        found = changed(charged, terms, new, on=on)
        charged, terms, net_minor = found.charged, new, net_minor + found.net_minor
    assert net_minor == 0


def test_the_first_time_runs_to_the_brands_day_and_takes_the_next_month_with_it() -> None:
    alignment = Alignment(day=1, next_from_day=20)
    first = first_time("monthly", date(2026, 11, 20), price_minor=3000, grid=alignment, by=ByDay())
    assert [time.charged_minor for time in first.charged] == [1100, 3000]
    assert (first.next_due_on, first.anchor_day) == (date(2027, 1, 1), 1)


def test_the_first_time_of_an_addon_runs_to_its_parents_due_date() -> None:
    parent = Parent(due_on=date(2026, 12, 10), anchor_day=10)
    first = first_time("monthly", date(2026, 11, 25), price_minor=3000, grid=parent, by=ByDay())
    assert [time.charged_minor for time in first.charged] == [1500]
    assert first.next_due_on == date(2026, 12, 10)


def test_what_is_paid_once_or_never_has_no_first_time() -> None:
    first = first_time("one_time", JUNE, price_minor=3000, grid=None, by=ByDay())
    assert (first.charged, first.next_due_on) == ([], None)


def test_a_service_begins_with_the_time_that_its_order_paid_for() -> None:
    alignment = Alignment(day=1)
    first = first_time("monthly", date(2026, 11, 16), price_minor=3000, grid=alignment, by=ByDay())
    terms = service_terms(first=first.charged, anchor_day=1)
    begun = beginning(terms, date(2026, 11, 18))
    assert (begun.next_due_on, begun.anchor_day) == (date(2026, 12, 1), 1)
    late = beginning(terms, date(2026, 12, 3))
    assert late.next_due_on == date(2027, 1, 1)
    assert [time.charged_minor for time in late.charged] == [1500]


def test_a_service_without_a_day_of_its_brand_begins_with_a_whole_period() -> None:
    begun = beginning(service_terms(), date(2026, 1, 31))
    assert (begun.next_due_on, begun.anchor_day) == (date(2026, 2, 28), 31)


@given(
    left=st.dictionaries(st.integers(0, 5), st.integers(-500, 5000), max_size=5),
    most=st.integers(1, 9000),
)
def test_what_is_cut_of_lines_is_what_was_asked_for_or_all_there_is(
    left: dict[int, int], most: int
) -> None:
    amounts = cut(left, most)
    assert sum(amounts.values()) == max(0, min(sum(left.values()), most))
    assert all(0 < minor <= left[place] for place, minor in amounts.items() if minor > 0)
