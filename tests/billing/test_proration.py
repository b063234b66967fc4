"""Proration: published figures, and what no sequence of changes can break.

The tables hold figures of others in a form of ours; each names its source.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.held_services.calendar import (
    MONTHS_OF_CYCLE,
    Alignment,
    Period,
    Portion,
    anchored,
    first_portions,
    period_from,
    period_until,
    portion_with_parent,
)
from services.billing.held_services.proration import (
    POLICIES,
    ByDay,
    BySecond,
    NoProration,
    OutsideOfPeriod,
    PaidPeriod,
    Proration,
    ProrationUnknown,
    Stay,
    ThirtyDayMonth,
    change_plan,
    credit_for_unused,
    paid_period,
    price_from,
    price_of_portion,
    price_split,
    proration,
    restart,
)
from shared.money import round_half_even
from tests.promises import broken_promise

ZONE = "America/New_York"
BY_DAY, BY_SECOND, THIRTY, NONE = ByDay(), BySecond(ZONE), ThirtyDayMonth(), NoProration()
JUNE = Period(date(2026, 6, 1), date(2026, 7, 1))
MAY = Period(date(2026, 5, 1), date(2026, 6, 1))

PRICES = st.integers(min_value=0, max_value=100_000)
POLICY = st.sampled_from([BY_DAY, BY_SECOND, THIRTY, NONE])
MEASURED = st.sampled_from([BY_DAY, BY_SECOND, THIRTY])
PERIODS = st.builds(
    lambda day, cycle, anchor: period_from(
        anchored(day.year, day.month, anchor_day=anchor), cycle=cycle, anchor_day=anchor
    ),
    st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31)),
    st.sampled_from(sorted(MONTHS_OF_CYCLE)),
    st.integers(min_value=1, max_value=31),
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def paid_for(price_minor: int, whole: Period, *, by: Proration = BY_DAY) -> PaidPeriod:
    return paid_period(price_minor, Portion(whole, whole), by=by)


# --------------------------------------------------------------------------- figures of others

KILL_BILL_FRACTIONS = {
    # from, until, the whole month, days of a month or 0: the share
    ("2023-06-23", "2023-07-15", "2023-06-23", 0): "22/30",
    ("2024-02-23", "2024-03-15", "2024-02-23", 0): "21/29",
    ("2023-06-23", "2023-07-15", "2023-06-15", 0): "22/30",
    ("2023-02-23", "2023-03-15", "2023-02-23", 30): "22/30",
    ("2024-02-23", "2024-03-15", "2024-02-23", 30): "22/30",
    ("2023-05-23", "2023-06-15", "2023-05-23", 30): "22/30",
    ("2023-06-23", "2023-07-15", "2023-06-23", 30): "22/30",
    ("2023-05-23", "2023-06-15", "2023-05-15", 30): "22/30",
    ("2023-06-23", "2023-07-15", "2023-06-15", 30): "22/30",
    ("2023-02-23", "2023-03-15", "2023-02-15", 30): "22/30",
    ("2024-02-23", "2024-03-15", "2024-02-15", 30): "22/30",
    ("2023-05-15", "2023-05-23", "2023-04-23", 30): "8/30",
    ("2023-06-15", "2023-06-23", "2023-05-23", 30): "8/30",
}
"""killbill/killbill TestInvoiceDateUtils{With,Without}FixedProration."""

FRACTIONS_OF_OTHERS = {
    ("2012-02-23", "2012-03-01", "2012-02-01", 0): "7/29",
    ("2012-03-23", "2012-04-01", "2012-03-01", 0): "9/31",
    ("2012-04-23", "2012-05-01", "2012-04-01", 0): "8/30",
    ("2019-03-15", "2019-04-11", "2019-03-15", 0): "27/31",
    ("2025-03-28", "2025-04-05", "2025-03-05", 0): "8/31",
    ("2018-08-18", "2018-09-01", "2018-08-01", 0): "14/31",
}
"""michaellif/pyx4j ProrationTest (0.24138, 0.29032, 0.26667); docs.oracle.com, partial periods;
help.salesforce.com, monthly proration from day 5; docs.zuora.com, order metrics part 3, TCV."""

FRACTIONS = KILL_BILL_FRACTIONS | FRACTIONS_OF_OTHERS


@pytest.mark.parametrize("case", FRACTIONS)
def test_a_part_of_a_month_is_the_share_of_others(case: tuple[str, str, str, int]) -> None:
    since, until, begin, days = case
    by: Proration = THIRTY if days else BY_DAY
    whole = period_from(day(begin), cycle="monthly", anchor_day=day(begin).day)
    share = by.left(whole, day(since)) - by.left(whole, day(until))
    assert share == Fraction(FRACTIONS[case])


FROM_A_DAY_ON = {
    # price, whole period, from: what is charged
    "lago: a month after a trial of 3 days": (100, "2022-03-01", "2022-04-01", "2022-03-04", 90),
    "lago: from the 15th, after 3 days": (100, "2022-03-01", "2022-04-01", "2022-03-18", 45),
    "lago: a week from Wednesday": (100, "2022-06-20", "2022-06-27", "2022-06-22", 71),
    "lago: from the 15th": (100, "2022-03-01", "2022-04-01", "2022-03-15", 55),
    "lago: a week after 3 days": (100, "2022-06-20", "2022-06-27", "2022-06-23", 57),
    "lago: January after 15 days": (100, "2022-01-01", "2022-02-01", "2022-01-16", 52),
    "lago: a month of the 31st, after 15": (3000, "2022-08-31", "2022-10-01", "2022-09-15", 1548),
    "lago: a year from 15 March": (100, "2022-01-01", "2023-01-01", "2022-03-15", 80),
    "lago: a year after 35 days": (100, "2022-01-01", "2023-01-01", "2022-02-05", 90),
    "blesta: the last day of January": (10000, "2015-01-01", "2015-02-01", "2015-01-31", 323),
    "blesta: all January but a day": (10000, "2015-01-01", "2015-02-01", "2015-01-02", 9677),
    "kill bill: until the 15th": (1000, "2011-08-15", "2011-09-15", "2011-09-01", 452),
    "kill bill: an addon until the 10th": (2000, "2011-06-10", "2011-07-10", "2011-06-21", 1267),
    "zuora: from the 18th": (3500, "2018-08-01", "2018-09-01", "2018-08-18", 1581),
}
"""getlago/lago-api spec/services/fees/subscription_service_spec.rb (figures only);
blesta/proration Tests/Unit/ProrationTest.php, which rounds to four places;
killbill/killbill TestDefaultInvoiceGenerator; docs.zuora.com, order metrics part 3, TCV."""


@pytest.mark.parametrize("case", FROM_A_DAY_ON)
def test_the_rest_of_a_period_costs_what_others_published(case: str) -> None:
    price_minor, begin, end, since, expected = FROM_A_DAY_ON[case]
    whole = Period(day(begin), day(end))
    assert price_from(price_minor, whole, at=day(since), by=BY_DAY) == expected


USED = {
    # price, whole period, from, until: what is charged for the days between
    "lago: ended on 20 March": (100, "2022-03-01", "2022-04-01", "2022-03-01", "2022-03-21", 65),
    "lago: the same after a trial": (
        100,
        "2022-03-01",
        "2022-04-01",
        "2022-03-18",
        "2022-03-21",
        10,
    ),
    "lago: ended on a Wednesday": (100, "2022-03-14", "2022-03-21", "2022-03-14", "2022-03-17", 43),
}
"""getlago/lago-api spec/services/fees/subscription_service_spec.rb (figures only)."""


@pytest.mark.parametrize("case", USED)
def test_the_days_that_were_used_cost_what_others_published(case: str) -> None:
    price_minor, begin, end, since, until, expected = USED[case]
    whole = Period(day(begin), day(end))
    parts = price_split(price_minor, whole, cuts=[day(since), day(until)], by=BY_DAY)
    assert parts[1] == expected


CHANGES = {
    # old price, new price, period, changed on: credit, charge
    "stripe: halfway": (1000, 2000, "2026-06-01", "2026-07-01", "2026-06-16", 500, 1000),
    "stripe guide: up": (9900, 24900, "2026-06-01", "2026-07-01", "2026-06-13", 5940, 14940),
    "stripe guide: down": (24900, 9900, "2026-06-01", "2026-07-01", "2026-06-13", 14940, 5940),
    "chargebee: down": (6000, 3000, "2012-04-01", "2012-05-01", "2012-04-21", 2000, 1000),
    "chargebee: quantity": (9000, 6000, "2013-04-01", "2013-05-01", "2013-04-11", 6000, 4000),
    "samsung: up": (3000, 6000, "2026-09-01", "2026-10-01", "2026-09-16", 1500, 3000),
    "blesta: up": (100, 2501, "2015-02-01", "2015-03-01", "2015-02-25", 14, 357),
    "nadles: up": (10000, 30000, "2026-01-01", "2026-02-01", "2026-01-27", 1613, 4839),
    "nadles: down": (30000, 10000, "2026-01-01", "2026-02-01", "2026-01-27", 4839, 1613),
    "vaocher: up": (6900, 19900, "2026-06-01", "2026-07-01", "2026-06-16", 3450, 9950),
    "baremetrics: up": (1200, 2400, "2026-02-01", "2026-03-01", "2026-02-08", 900, 1800),
    "autumn: up": (2000, 5000, "2026-06-01", "2026-07-01", "2026-06-16", 1000, 2500),
    "a half of x.99": (999, 1999, "2026-06-01", "2026-07-01", "2026-06-16", 500, 1000),
}
"""docs.stripe.com/billing/subscriptions/prorations; teamcoby.com/guides/proration-explained-stripe;
chargebee.com/docs/proration-old.html; developer.samsung.com/iap/subscription-guide;
blesta/proration Tests/Unit/ProrationTest.php; docs.nadles.com, upgrades and downgrades;
vaocherapp.com, subscription prorations; changelog.baremetrics.com, proration charge fixes;
docs.useautumn.com, proration; the last one is ours: both halves go to the even."""


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_within_a_period_costs_what_others_published(case: str) -> None:
    old, new, begin, end, changed, credit, charge = CHANGES[case]
    paid = paid_for(old, Period(day(begin), day(end)))
    change = change_plan(paid, new, at=day(changed), by=BY_DAY)
    assert (change.credit_minor, change.charge_minor) == (credit, charge)
    assert change.net_minor == charge - credit


CANCELLED = {
    # price, period, cancelled on: what is given back
    "with 6 of 30 days left": (1200, "2011-04-05", "2011-05-05", "2011-04-29", 240),
    "with 3 of 30 days left": (2000, "2011-09-10", "2011-10-10", "2011-10-07", 200),
}
"""killbill/killbill TestDefaultInvoiceGenerator, testMultiplePlansWithUtterChaos."""


@pytest.mark.parametrize("case", CANCELLED)
def test_a_cancellation_gives_back_what_kill_bill_does(case: str) -> None:
    price_minor, begin, end, cancelled, credit = CANCELLED[case]
    paid = paid_for(price_minor, Period(day(begin), day(end)))
    assert credit_for_unused(paid, day(cancelled), by=BY_DAY) == credit


def test_a_year_that_begins_within_a_month_costs_what_it_does_in_kill_bill() -> None:
    """The same test: 10.00 a month to 100.00 a year on the twelfth day of 31 come to 93.55."""
    month = Period(date(2011, 7, 20), date(2011, 8, 20))
    year = Period(date(2011, 7, 31), date(2012, 7, 31))
    change = restart(paid_for(1000, month), 10000, portions=[Portion(year, year)], by=BY_DAY)
    assert (change.credit_minor, change.charge_minor, change.net_minor) == (645, 10000, 9355)


def test_each_side_of_a_change_is_rounded_by_itself() -> None:
    """docs.cloudblue.com, upgrade and downgrade charges: 6.67 for the difference, as one figure.

    Either side stands on a line of its own here, so 13.33 and 6.67 come to 6.66.
    """
    change = change_plan(paid_for(1000, MAY, by=THIRTY), 2000, at=date(2026, 5, 11), by=THIRTY)
    assert (change.credit_minor, change.charge_minor, change.net_minor) == (667, 1333, 666)


def test_a_thirty_day_month_ends_on_its_thirtieth() -> None:
    """docs.zuora.com, order metrics part 3, TCB: 14 of 30 days from 18 August, 16.33 of 35.00.

    That is its actual/360; ours is its strict 30/360, where the 31st is no day of its own.
    """
    august = Period(date(2018, 8, 1), date(2018, 9, 1))
    assert price_from(3500, august, at=date(2018, 8, 18), by=THIRTY) == 1517


def test_half_of_the_seconds_is_half_of_the_price_as_in_stripe() -> None:
    """An old page of Stripe, for a change in the middle of May: 5.00 now, 20.00 from June."""
    begin, end = datetime(2026, 5, 1, 4, tzinfo=UTC), datetime(2026, 6, 1, 4, tzinfo=UTC)
    paid = paid_for(1000, MAY, by=BY_SECOND)
    change = change_plan(paid, 2000, at=begin + (end - begin) / 2, by=BY_SECOND)
    assert (change.credit_minor, change.charge_minor) == (500, 1000)


def test_the_15th_of_may_is_not_half_of_a_month_of_31_days() -> None:
    """Where the same page says half a month, we count: 17 of 31 days; of thirty, 16 of 30."""
    by_day = change_plan(paid_for(1000, MAY), 2000, at=date(2026, 5, 15), by=BY_DAY)
    assert (by_day.credit_minor, by_day.charge_minor) == (548, 1097)
    thirty = change_plan(paid_for(1000, MAY, by=THIRTY), 2000, at=date(2026, 5, 15), by=THIRTY)
    assert (thirty.credit_minor, thirty.charge_minor) == (533, 1067)


def test_a_price_per_day_is_never_rounded_by_itself() -> None:
    """help.mlytics.com: 10.00 and 99.00 a month, 15 days, 0.33 and 3.30 a day: 4.95 and 49.50."""
    september = Period(date(2026, 9, 1), date(2026, 10, 1))
    change = change_plan(paid_for(1000, september), 9900, at=date(2026, 9, 16), by=BY_DAY)
    assert (change.credit_minor, change.charge_minor) == (500, 4950)


YEAR_TO_JULY = period_until(date(2026, 7, 1), cycle="annual", anchor_day=1)


def test_half_a_month_of_a_year_of_360_days_is_that_of_revenuecat() -> None:
    """revenuecat purchases-kmp, CHARGE_PRORATED_PRICE: 2.00 a month to 36.00 a year, due as before.

    The year's price is charged for the rest of the month: 1.50 is 15 of 360 days.
    """
    paid = paid_for(200, JUNE, by=THIRTY)
    change = change_plan(paid, 3600, at=date(2026, 6, 16), whole=YEAR_TO_JULY, by=THIRTY)
    assert (change.credit_minor, change.charge_minor, change.net_minor) == (100, 150, 50)


def test_half_a_month_of_the_actual_year_is_fifteen_of_365_days() -> None:
    """By day, where RevenueCat takes a twenty-fourth of a year: 36.00 * 15/365."""
    change = change_plan(
        paid_for(200, JUNE), 3600, at=date(2026, 6, 16), whole=YEAR_TO_JULY, by=BY_DAY
    )
    assert (change.credit_minor, change.charge_minor) == (100, 148)


# ------------------------------------------------------------------------------- first portions


def test_an_order_near_the_aligned_day_pays_the_rest_and_the_next_month() -> None:
    """docs.whmcs.com/Prorata_Billing: prorata date 1, charge next month 20; it has no sums."""
    portions = first_portions(
        date(2026, 11, 25), cycle="monthly", alignment=Alignment(1, next_from_day=20)
    )
    assert [price_of_portion(3000, portion, by=BY_DAY) for portion in portions] == [600, 3000]
    assert [price_of_portion(3000, portion, by=NONE) for portion in portions] == [3000, 3000]


def test_an_addon_pays_its_days_until_the_parent_falls_due() -> None:
    portion = portion_with_parent(
        date(2026, 11, 22), cycle="annual", parent_due_on=date(2026, 12, 10), anchor_day=10
    )
    assert price_of_portion(36500, portion, by=BY_DAY) == 1800


# -------------------------------------------------------------------------------------- policies

WINTER_TO_SUMMER = Period(date(2026, 3, 1), date(2026, 4, 1))
DAYLIGHT = {
    # New York's March 2026 has 31 * 24 - 1 hours, 743; the 8th has 23 of them.
    datetime(2026, 3, 8, 5, tzinfo=UTC): Fraction(743 - 7 * 24, 743),
    datetime(2026, 3, 9, 4, tzinfo=UTC): Fraction(743 - 7 * 24 - 23, 743),
    datetime(2026, 3, 9, 4, 0, 0, 999_999, tzinfo=UTC): Fraction(
        743 * 3600 - 191 * 3600 - 1, 743 * 3600
    ),
}


@pytest.mark.parametrize("instant", DAYLIGHT)
def test_a_day_of_23_hours_counts_as_such_by_the_second(instant: datetime) -> None:
    assert BY_SECOND.left(WINTER_TO_SUMMER, instant) == DAYLIGHT[instant]


def test_a_date_means_its_first_instant_in_the_brands_zone() -> None:
    at = date(2026, 3, 9)
    assert BY_SECOND.left(WINTER_TO_SUMMER, at) == Fraction(743 - 191, 743)
    assert BySecond("UTC").left(WINTER_TO_SUMMER, at) == Fraction(23, 31)


THIRTY_DAYS = {
    # period, day: how many thirtieths of a month are left
    ("2026-01-31", "2026-02-28", "2026-02-01"): 29,
    ("2026-01-31", "2026-02-28", "2026-02-27"): 3,
    ("2026-02-28", "2026-03-31", "2026-02-28"): 30,
    ("2026-02-28", "2026-03-31", "2026-03-01"): 29,
    ("2026-02-28", "2026-03-31", "2026-03-30"): 0,
    ("2026-01-28", "2026-02-28", "2026-02-27"): 1,
    ("2026-02-28", "2026-03-28", "2026-03-01"): 27,
    ("2026-01-01", "2026-02-01", "2026-01-30"): 1,
    ("2026-01-01", "2026-02-01", "2026-01-31"): 1,
    ("2026-02-01", "2026-03-01", "2026-02-28"): 3,
    ("2024-01-30", "2024-02-29", "2024-02-28"): 2,
}
"""30E/360: the day of the month, at most the 30th."""


@pytest.mark.parametrize("case", THIRTY_DAYS)
def test_every_month_has_thirty_days_by_that_policy(case: tuple[str, str, str]) -> None:
    begin, end, at = map(day, case)
    assert THIRTY.left(Period(begin, end), at) == Fraction(THIRTY_DAYS[case], 30)


def test_a_first_part_has_its_own_thirtieths() -> None:
    """The 21st to the 30th are ten days, of which five are left on the 26th."""
    part = Period(date(2026, 6, 21), date(2026, 7, 1))
    assert THIRTY.left(part, date(2026, 6, 26)) == Fraction(5, 10)


def test_a_year_of_thirty_day_months_has_360_days() -> None:
    year = Period(date(2024, 3, 15), date(2025, 3, 15))
    assert THIRTY.left(year, date(2024, 12, 31)) == Fraction(75, 360)


def test_a_single_day_that_is_a_31st_costs_what_was_paid_for_it() -> None:
    the_31st = Period(date(2026, 1, 30), date(2026, 1, 31))
    assert THIRTY.left(the_31st, the_31st.starts_on) == 1
    assert THIRTY.left(the_31st, the_31st.ends_on) == 0


def test_without_proration_a_part_costs_the_whole_and_nothing_comes_back() -> None:
    change = change_plan(paid_for(1000, JUNE, by=NONE), 2000, at=date(2026, 6, 30), by=NONE)
    assert (change.credit_minor, change.kept_minor, change.charge_minor) == (0, 1000, 2000)
    again = change_plan(change.after, 1000, at=date(2026, 6, 30), by=NONE)
    assert (again.credit_minor, again.charge_minor) == (0, 1000)
    assert price_from(1000, JUNE, at=JUNE.ends_on, by=NONE) == 0


@any_of(whole=PERIODS, by=POLICY, data=st.data())
def test_what_is_left_falls_from_all_to_nothing(
    whole: Period, by: Proration, data: st.DataObject
) -> None:
    inside = st.dates(min_value=whole.starts_on, max_value=whole.ends_on)
    earlier, later = sorted([data.draw(inside), data.draw(inside)])
    assert by.left(whole, whole.starts_on) == 1
    assert by.left(whole, whole.ends_on) == 0
    assert 1 >= by.left(whole, earlier) >= by.left(whole, later) >= 0
    assert by.unused(whole, later) <= by.left(whole, later)


@pytest.mark.parametrize("by", [BY_DAY, BY_SECOND, THIRTY, NONE])
@pytest.mark.parametrize("at", [date(2026, 5, 31), date(2026, 7, 2)])
def test_a_day_outside_of_the_period_is_refused(by: Proration, at: date) -> None:
    for measure in (by.left, by.unused):
        with pytest.raises(OutsideOfPeriod) as refused:
            measure(JUNE, at)
        assert refused.value.facts == {"starts_on": "2026-06-01", "ends_on": "2026-07-01"}


@pytest.mark.parametrize("by", [BY_DAY, THIRTY, NONE])
def test_an_instant_is_no_day_and_a_programming_error(by: Proration) -> None:
    for measure in (by.left, by.unused):
        with broken_promise("days are counted from dates"):
            measure(JUNE, datetime(2026, 6, 15, tzinfo=UTC))


def test_a_brand_names_its_policy() -> None:
    found = [proration(name, zone=ZONE) for name in POLICIES]
    assert found == [BY_DAY, BY_SECOND, THIRTY, NONE]
    with pytest.raises(ProrationUnknown) as refused:
        proration("by_hour", zone=ZONE)
    assert refused.value.facts == {"name": "by_hour", "known": POLICIES}


# ---------------------------------------------------------------------- whole, nothing, refusals


@pytest.mark.parametrize("by", [BY_DAY, BY_SECOND, THIRTY])
def test_a_change_on_the_first_day_gives_all_back_and_charges_all(by: Proration) -> None:
    change = change_plan(paid_for(999, JUNE, by=by), 1501, at=JUNE.starts_on, by=by)
    assert (change.credit_minor, change.kept_minor, change.charge_minor) == (999, 0, 1501)


@pytest.mark.parametrize("by", [BY_DAY, BY_SECOND, THIRTY, NONE])
def test_a_change_on_the_due_date_gives_and_charges_nothing(by: Proration) -> None:
    change = change_plan(paid_for(999, JUNE, by=by), 1501, at=JUNE.ends_on, by=by)
    assert (change.credit_minor, change.kept_minor, change.charge_minor) == (0, 999, 0)


def test_a_plan_that_costs_nothing_is_worth_nothing() -> None:
    change = change_plan(paid_for(0, JUNE), 1000, at=date(2026, 6, 16), by=BY_DAY)
    assert (change.credit_minor, change.charge_minor) == (0, 500)
    back = change_plan(change.after, 0, at=date(2026, 6, 21), by=BY_DAY)
    assert (back.credit_minor, back.charge_minor) == (333, 0)


def test_a_negative_price_is_a_programming_error() -> None:
    with broken_promise("a price is not negative"):
        price_from(-1, JUNE, at=JUNE.starts_on, by=BY_DAY)
    with broken_promise("a price is not negative"):
        change_plan(paid_for(1, JUNE), -1, at=JUNE.starts_on, by=BY_DAY)
    stay = paid_for(10, JUNE).stays[0]
    with broken_promise("a price is not negative"):
        replace(stay, price_minor=-1)
    for credited_minor in (-1, 11):
        with broken_promise("no more is given back than charged"):
            replace(stay, credited_minor=credited_minor)
    assert replace(stay, credited_minor=10).credited_minor == 10


def test_a_change_before_the_last_one_is_a_programming_error() -> None:
    after = change_plan(paid_for(100, JUNE), 200, at=date(2026, 6, 16), by=BY_DAY).after
    with broken_promise("time goes on"):
        change_plan(after, 300, at=date(2026, 6, 15), by=BY_DAY)


def test_a_paid_period_has_one_due_date_and_a_stay() -> None:
    stay = Stay(since=MAY.starts_on, price_minor=1, whole=MAY, charged_minor=1)
    assert PaidPeriod(MAY, (stay,)).paid_minor == 1
    with broken_promise("a period has been paid for"):
        PaidPeriod(MAY, ())
    with broken_promise("one due date"):
        PaidPeriod(MAY, (stay, replace(stay, whole=JUNE)))
    with broken_promise("one due date"):
        change_plan(paid_for(1, JUNE), 2, at=JUNE.starts_on, whole=MAY, by=BY_DAY)


# ---------------------------------------------------------------------------- what was paid counts


def test_a_promotion_gives_back_what_was_paid_and_not_the_list_price() -> None:
    paid = paid_period(3000, Portion(JUNE, JUNE), paid_minor=1000, by=BY_DAY)
    assert paid.paid_minor == 1000
    change = change_plan(paid, 6000, at=date(2026, 6, 16), by=BY_DAY)
    assert (change.credit_minor, change.charge_minor) == (500, 3000)


def test_a_promotion_on_a_first_part_gives_back_its_own_days() -> None:
    (portion,) = first_portions(date(2026, 6, 21), cycle="monthly", alignment=Alignment(1))
    paid = paid_period(3000, portion, paid_minor=500, by=BY_DAY)
    assert credit_for_unused(paid, date(2026, 6, 26), by=BY_DAY) == 250
    assert change_plan(paid, 6000, at=date(2026, 6, 26), by=BY_DAY).charge_minor == 1000


def test_a_first_part_gives_back_at_the_rate_of_the_whole_month() -> None:
    (portion,) = first_portions(date(2026, 6, 21), cycle="monthly", alignment=Alignment(1))
    for paid in (
        paid_period(2999, portion, by=BY_DAY),
        paid_period(2999, portion, paid_minor=1000, by=BY_DAY),
    ):
        assert paid.paid_minor == 1000
        assert credit_for_unused(paid, date(2026, 6, 30), by=BY_DAY) == 100


@pytest.mark.parametrize(
    ("cancelled", "credit"),
    [("2026-06-01", 2990), ("2026-06-16", 1495), ("2026-06-30", 100), ("2026-07-01", 0)],
)
def test_a_cancellation_gives_back_the_unused_days(cancelled: str, credit: int) -> None:
    assert credit_for_unused(paid_for(2990, JUNE), day(cancelled), by=BY_DAY) == credit


def test_less_than_half_a_cent_is_not_given_back() -> None:
    assert credit_for_unused(paid_for(14, JUNE), date(2026, 6, 30), by=BY_DAY) == 0
    assert credit_for_unused(paid_for(16, JUNE), date(2026, 6, 30), by=BY_DAY) == 1


def test_a_period_that_is_paid_ahead_changes_as_a_whole() -> None:
    july = Period(date(2026, 7, 1), date(2026, 8, 1))
    change = change_plan(paid_for(1000, july), 2000, at=july.starts_on, by=BY_DAY)
    assert (change.net_minor, change.after.paid_minor) == (1000, 2000)


def test_another_cycle_from_now_on_begins_a_period_of_its_own() -> None:
    """docs.stripe.com: a change of interval moves the billing date to the day of the change."""
    year = period_from(date(2026, 6, 16), cycle="annual", anchor_day=16)
    change = restart(paid_for(3000, JUNE), 30000, portions=[Portion(year, year)], by=BY_DAY)
    assert (change.credit_minor, change.kept_minor, change.charge_minor) == (1500, 1500, 30000)
    assert change.after == paid_for(30000, year)


def test_another_cycle_can_begin_with_a_part_and_a_whole() -> None:
    portions = first_portions(
        date(2026, 6, 21), cycle="monthly", alignment=Alignment(1, next_from_day=20)
    )
    change = restart(paid_for(3000, JUNE), 6000, portions=portions, by=BY_DAY)
    assert (change.credit_minor, change.charge_minor) == (1000, 2000 + 6000)
    assert (change.after.whole, change.after.paid_minor) == (JUNE, 2000)
    july = Period(date(2026, 7, 1), date(2026, 8, 1))
    assert change.ahead == (paid_for(6000, july),)


# --------------------------------------------------------------------------- what no change breaks


@any_of(price_minor=PRICES, whole=PERIODS, by=POLICY, data=st.data())
def test_parts_of_a_period_sum_to_its_price(
    price_minor: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    inside = st.dates(min_value=whole.starts_on, max_value=whole.ends_on)
    cuts = sorted(data.draw(st.lists(inside, max_size=8)))
    parts = price_split(price_minor, whole, cuts=cuts, by=by)
    assert len(parts) == len(cuts) + 1
    assert sum(parts) == price_minor and min(parts) >= 0


def test_parts_are_cut_in_the_order_of_time() -> None:
    with broken_promise("time goes on"):
        price_split(100, JUNE, cuts=[date(2026, 6, 20), date(2026, 6, 10)], by=BY_DAY)


@any_of(old=PRICES, new=PRICES, whole=PERIODS, by=POLICY, data=st.data())
def test_credit_charge_and_rest_are_exactly_the_whole(
    old: int, new: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    at = data.draw(st.dates(min_value=whole.starts_on, max_value=whole.ends_on))
    change = change_plan(paid_for(old, whole, by=by), new, at=at, by=by)
    before, after = price_split(new, whole, cuts=[at], by=by)
    assert change.credit_minor + change.kept_minor == old
    assert change.charge_minor + before == new and change.charge_minor == after
    assert change.credit_minor == round_half_even(old * by.unused(whole, at))
    assert change.after.paid_minor == change.kept_minor + change.charge_minor
    assert (change.after.stays[-1].since, change.after.stays[-1].since_at) == (at, None)


CENTS = st.integers(min_value=0, max_value=12)
REAL_PRICES = st.integers(min_value=1000, max_value=100_000)


def steps(
    whole: Period, prices: st.SearchStrategy[int] = PRICES
) -> st.SearchStrategy[list[tuple[date, int]]]:
    """Days in order, a price each."""
    inside = st.dates(min_value=whole.starts_on, max_value=whole.ends_on)
    return st.lists(st.tuples(inside, prices), max_size=10).map(sorted)


def carry_out(
    paid: PaidPeriod, changes: list[tuple[date, int]], *, by: Proration
) -> tuple[PaidPeriod, int]:
    """The period after the changes, and what they cost in all."""
    net_minor = 0
    for at, price_minor in changes:
        change = change_plan(paid, price_minor, at=at, by=by)
        last = paid.stays[-1]
        assert 0 <= change.credit_minor <= last.charged_minor
        assert change.credit_minor + change.kept_minor == last.charged_minor
        paid, net_minor = change.after, net_minor + change.net_minor
    return paid, net_minor


@any_of(first=PRICES, whole=PERIODS, by=POLICY, data=st.data())
@settings(max_examples=300)
def test_a56_a_way_up_and_back_to_the_first_plan_never_pays(
    first: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    dearer_by = data.draw(st.sampled_from([CENTS, PRICES]))  # a cent is gained among cents
    changes = [(at, first + more) for at, more in data.draw(steps(whole, dearer_by))]
    home = max([whole.starts_on, *(at for at, _ in changes)])
    back = data.draw(st.dates(min_value=home, max_value=whole.ends_on))
    _, net_minor = carry_out(paid_for(first, whole, by=by), [*changes, (back, first)], by=by)
    assert net_minor >= 0


@any_of(first=PRICES, whole=PERIODS, by=MEASURED, data=st.data())
def test_ways_there_and_back_on_one_day_cost_nothing(
    first: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    at = data.draw(st.dates(min_value=whole.starts_on, max_value=whole.ends_on))
    prices = data.draw(st.lists(PRICES, max_size=6))
    changes = [(at, price_minor) for price_minor in [*prices, first]]
    after, net_minor = carry_out(paid_for(first, whole, by=by), changes, by=by)
    assert net_minor == 0
    assert after.paid_minor == first


@any_of(first=REAL_PRICES, whole=PERIODS, by=MEASURED, data=st.data())
@settings(max_examples=300)
def test_what_is_paid_follows_what_is_used_whatever_is_changed(
    first: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    """Roundings do not add up: after any number of changes they are off by two at most."""
    changes = data.draw(steps(whole, REAL_PRICES))
    after, _ = carry_out(paid_for(first, whole, by=by), changes, by=by)
    days = [whole.starts_on, *(at for at, _ in changes), whole.ends_on]
    prices = [first, *(price_minor for _, price_minor in changes)]
    exact = Fraction(0)
    for price_minor, (since, until) in zip(prices, pairwise(days), strict=True):
        exact += price_minor * (by.left(whole, since) - by.left(whole, until))
    assert abs(after.paid_minor - exact) <= 2


@any_of(first=PRICES, whole=PERIODS, by=MEASURED, data=st.data())
def test_a56_a_cancellation_after_changes_gives_back_no_more_than_was_charged(
    first: int, whole: Period, by: Proration, data: st.DataObject
) -> None:
    after, _ = carry_out(paid_for(first, whole, by=by), data.draw(steps(whole)), by=by)
    since = after.stays[-1].since
    at = data.draw(st.dates(min_value=since, max_value=whole.ends_on))
    credit = credit_for_unused(after, at, by=by)
    assert 0 <= credit <= after.stays[-1].charged_minor
    assert credit_for_unused(after, whole.ends_on, by=by) == 0


@any_of(
    price_minor=PRICES,
    begin=st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1)),
    data=st.data(),
)
def test_a_first_part_is_never_a_way_to_gain(
    price_minor: int, begin: date, data: st.DataObject
) -> None:
    """From a part of a period, at a price whose share is rounded: up and back, on any days."""
    alignment = Alignment(data.draw(st.integers(min_value=1, max_value=31)))
    cycle = data.draw(st.sampled_from(sorted(MONTHS_OF_CYCLE)))
    (portion,) = first_portions(begin, cycle=cycle, alignment=alignment)
    inside = st.dates(min_value=begin, max_value=portion.period.ends_on)
    up, back = sorted([data.draw(inside), data.draw(inside)])
    more = data.draw(CENTS | PRICES)
    paid = paid_period(price_minor, portion, by=BY_DAY)
    changes = [(up, price_minor + more), (back, price_minor)]
    assert carry_out(paid, changes, by=BY_DAY)[1] >= 0


def test_a_cent_a_day_cannot_be_gained() -> None:
    """10.00 to 10.10 and back on the next day: each rounded by itself gives 9.67, 9.76, 9.43, 9.33.

    That is a cent for the client, who used the dearer plan for a day.
    """
    paid, there, back = paid_for(1000, JUNE), date(2026, 6, 2), date(2026, 6, 3)
    by_itself = [
        price_from(price, JUNE, at=at, by=BY_DAY)
        for price, at in ((1000, there), (1010, there), (1010, back), (1000, back))
    ]
    assert by_itself[1] - by_itself[0] + by_itself[3] - by_itself[2] == -1
    assert carry_out(paid, [(there, 1010), (back, 1000)], by=BY_DAY)[1] == 0


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.5", 0),
        ("1.5", 2),
        ("2.5", 2),
        ("-0.5", 0),
        ("-1.5", -2),
        ("1.49999999999999999999999999999", 1),
    ],
)
def test_a_half_goes_to_the_even_neighbour(exact: str, rounded: int) -> None:
    assert round_half_even(Decimal(exact)) == rounded
    assert round_half_even(Fraction(exact)) == rounded


def test_a_huge_amount_keeps_its_last_digit() -> None:
    """More digits than the decimal context has by default, which is 28."""
    assert round_half_even(Decimal(10**40 + 1)) == 10**40 + 1


def test_seconds_of_a_change_are_whole() -> None:
    at = datetime(2026, 6, 16, 4, tzinfo=UTC)
    paid = paid_for(10**12, JUNE, by=BY_SECOND)
    found = {
        credit_for_unused(paid, at + timedelta(microseconds=m), by=BY_SECOND) for m in (1, 999_999)
    }
    assert found == {credit_for_unused(paid, at + timedelta(seconds=1), by=BY_SECOND)}


def test_a_history_is_stored_and_read_back_with_its_instants() -> None:
    at = datetime(2026, 6, 11, 2, 30, tzinfo=UTC)
    paid = change_plan(paid_for(2990, JUNE, by=BY_SECOND), 4990, at=at, by=BY_SECOND).after
    again = msgspec.json.decode(msgspec.json.encode(paid), type=PaidPeriod)
    assert again == paid
    assert (again.stays[1].since, again.stays[1].moment) == (date(2026, 6, 10), at)
    back = change_plan(again, 2990, at=at, by=BY_SECOND)
    assert change_plan(paid, 2990, at=at, by=BY_SECOND) == back
    assert back.after.paid_minor == 2990
