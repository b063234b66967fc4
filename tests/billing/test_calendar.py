"""Billing periods: published figures, and what holds for every anchor, cycle and change of both.

The tables hold figures of others in a form of ours; each names its source.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import islice, pairwise

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.held_services.calendar import (
    CYCLES_WITHOUT_PERIOD,
    MONTHS_OF_CYCLE,
    Alignment,
    CycleHasNoPeriod,
    Period,
    Portion,
    anchored,
    first_portions,
    months_of,
    period_end,
    period_from,
    period_until,
    periods,
    portion_with_parent,
)
from services.billing.held_services.proration import ByDay
from shared.clock import first_instant, local_date
from tests.promises import broken_promise

DATES = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
CYCLES = st.sampled_from(sorted(MONTHS_OF_CYCLE))
ANCHORS = st.integers(min_value=1, max_value=31)
ALIGNMENTS = st.builds(
    Alignment,
    ANCHORS,
    month=st.none() | st.integers(min_value=1, max_value=12),
    next_from_day=st.none() | ANCHORS,
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def chain(
    first: date, *, count: int, cycle: str = "monthly", anchor_day: int | None = None
) -> list[Period]:
    """The first `count` periods, anchored on the first day unless told otherwise."""
    endless = periods(first, cycle=cycle, anchor_day=anchor_day or first.day)
    return [next(endless) for _ in range(count)]


def starts_from(first: date, *, count: int, cycle: str = "monthly") -> list[date]:
    return [period.starts_on for period in chain(first, count=count, cycle=cycle)]


# ---------------------------------------------------------------------- figures of others: anchors

LAGO_ANNIVERSARIES = {
    # subscribed on, billed on, whether for the period that has ended by then: the period's start
    "the 31st, on 29 March, running": ("2021-03-31", "2022-03-29", False, "2022-02-28"),
    "the 31st, on 29 February, running": ("2020-01-31", "2020-02-29", False, "2020-02-29"),
    "the 31st, on 30 April, ended": ("2021-03-31", "2021-04-30", True, "2021-03-31"),
    "the 27th, on 28 January, ended": ("2021-03-27", "2022-01-28", True, "2021-12-27"),
    "the 1st, on 2 March, ended": ("2022-01-01", "2022-03-02", True, "2022-02-01"),
}
"""getlago/lago-api spec/services/subscriptions/dates/monthly_service_spec.rb (figures only).

Lago calls the first one "in arrears": off the anniversary it takes the period that still runs.
"""


@pytest.mark.parametrize("case", LAGO_ANNIVERSARIES)
def test_an_anniversary_begins_where_lago_begins_it(case: str) -> None:
    subscribed, billed_on, has_ended, expected = LAGO_ANNIVERSARIES[case]
    months = chain(day(subscribed), count=24)
    (running,) = [n for n, m in enumerate(months) if m.starts_on <= day(billed_on) < m.ends_on]
    assert months[running - has_ended].starts_on == day(expected)


LAGO_LONGER_PERIODS = {
    # cycle, subscribed on, a day: the last day before it on which a period began
    ("quarterly", "2021-02-02", "2022-05-02"): "2022-05-02",
    ("quarterly", "2021-02-02", "2022-05-01"): "2022-02-02",
    ("quarterly", "2021-02-02", "2022-02-01"): "2021-11-02",
    ("quarterly", "2021-02-28", "2022-05-27"): "2022-02-28",
    ("quarterly", "2021-05-30", "2022-05-29"): "2022-02-28",
    ("quarterly", "2021-02-28", "2022-02-27"): "2021-11-28",
    ("quarterly", "2021-01-31", "2021-04-30"): "2021-04-30",
    ("quarterly", "2023-04-06", "2023-08-08"): "2023-07-06",
    ("quarterly", "2023-04-06", "2023-08-04"): "2023-07-06",
    ("quarterly", "2021-11-30", "2022-03-01"): "2022-02-28",
    ("quarterly", "2022-01-30", "2022-04-29"): "2022-01-30",
    ("annual", "2021-02-02", "2022-02-01"): "2021-02-02",
    ("annual", "2020-02-29", "2022-03-28"): "2022-02-28",
    ("annual", "2021-02-02", "2022-01-03"): "2021-02-02",
    ("annual", "2021-01-01", "2022-03-02"): "2022-01-01",
    ("annual", "2022-12-01", "2024-01-02"): "2023-12-01",
    ("semiannual", "2021-11-02", "2022-05-01"): "2021-11-02",
    ("semiannual", "2021-11-02", "2022-05-09"): "2022-05-02",
    ("semiannual", "2021-11-30", "2022-05-29"): "2021-11-30",
    ("semiannual", "2021-11-30", "2022-05-31"): "2022-05-30",
    ("semiannual", "2021-05-30", "2022-05-29"): "2021-11-30",
    ("semiannual", "2021-02-28", "2022-02-25"): "2021-08-28",
    ("semiannual", "2021-01-31", "2021-04-30"): "2021-01-31",
    ("semiannual", "2023-01-06", "2023-08-08"): "2023-07-06",
    ("semiannual", "2023-01-06", "2023-08-04"): "2023-07-06",
    ("semiannual", "2022-01-30", "2022-07-29"): "2022-01-30",
    ("semiannual", "2021-10-01", "2022-03-31"): "2021-10-01",
}
"""getlago/lago-api spec/services/subscriptions/dates/{quarterly,semiannual,yearly}_service_spec.rb
(figures).

Its year of 29 February ends once on 27 and once on 28 February 2022; ours as the first.
"""


@pytest.mark.parametrize(("cycle", "subscribed", "at"), LAGO_LONGER_PERIODS)
def test_a_quarter_or_year_begins_where_lago_begins_it(
    cycle: str, subscribed: str, at: str
) -> None:
    start = day(subscribed)
    found = islice(periods(start, cycle=cycle, anchor_day=start.day), 8)
    (running,) = [period for period in found if period.starts_on <= day(at) < period.ends_on]
    assert str(running.starts_on) == LAGO_LONGER_PERIODS[cycle, subscribed, at]


DATEUTIL_ADDS = {
    # cycle, from: so many cycles later
    ("monthly", "2003-09-17", 1): "2003-10-17",
    ("monthly", "2003-01-27", 1): "2003-02-27",
    ("monthly", "2003-01-31", 1): "2003-02-28",
    ("monthly", "2003-01-31", 2): "2003-03-31",
    ("annual", "2000-02-28", 1): "2001-02-28",
    ("annual", "2000-02-29", 1): "2001-02-28",
    ("annual", "1999-02-28", 1): "2000-02-28",
    ("annual", "1999-03-01", 1): "2000-03-01",
}
"""dateutil/dateutil docs/examples.rst at 014f84e, relativedelta (Apache-2.0)."""


@pytest.mark.parametrize(("cycle", "start", "count"), DATEUTIL_ADDS)
def test_months_and_years_are_added_as_dateutil_adds_them(
    cycle: str, start: str, count: int
) -> None:
    *_, last = chain(day(start), count=count, cycle=cycle)
    assert str(last.ends_on) == DATEUTIL_ADDS[cycle, start, count]


def test_a_day_that_a_month_lacks_is_its_last_one_as_rfc_7529_skips_backward() -> None:
    """dateutil/dateutil pull request 522, SKIP=BACKWARD; RFC 5545 alone leaves such months out."""
    starts = map(str, starts_from(date(2014, 12, 31), count=4))
    assert list(starts) == ["2014-12-31", "2015-01-31", "2015-02-28", "2015-03-31"]


def test_a_month_ends_a_second_before_the_next_as_in_lago() -> None:
    february = chain(date(2022, 1, 1), count=2)[1]
    last_second = first_instant(february.ends_on, "UTC") - timedelta(seconds=1)
    assert last_second.isoformat() == "2022-02-28T23:59:59+00:00"


def test_the_month_is_that_of_the_zone_as_in_lago() -> None:
    """Billed at 2022-03-01T00:00Z it is still February in New York: January is what has passed."""
    zone = "America/New_York"
    today = local_date(datetime(2022, 3, 1, tzinfo=UTC), zone)
    january = period_until(today.replace(day=1), cycle="monthly", anchor_day=1)
    begin, end = first_instant(january.starts_on, zone), first_instant(january.ends_on, zone)
    assert begin.isoformat() == "2022-01-01T05:00:00+00:00"
    assert (end - timedelta(seconds=1)).isoformat() == "2022-02-01T04:59:59+00:00"


def test_a_billing_cycle_day_of_31_ends_a_short_month_early_as_in_kill_bill() -> None:
    """killbill/killbill TestInAdvanceBillingIntervalDetail."""
    assert period_end(date(2012, 4, 30), cycle="monthly", anchor_day=31) == date(2012, 5, 31)


KILL_BILL_FIRST_BILLING_DAYS = {
    # cycle, start, billing cycle day: the first billing cycle date
    ("annual", "2012-01-16", 17): "2012-01-17",
    ("annual", "2012-02-16", 30): "2012-02-29",
    ("annual", "2012-01-31", 30): "2013-01-30",
    ("annual", "2012-02-16", 14): "2013-02-14",
    ("monthly", "2012-01-16", 17): "2012-01-17",
    ("monthly", "2012-02-16", 14): "2012-03-14",
    ("monthly", "2012-02-16", 30): "2012-02-29",
    ("monthly", "2012-01-31", 30): "2012-02-29",
    ("monthly", "2012-07-16", 15): "2012-08-15",
    ("monthly", "2012-03-02", 3): "2012-03-03",
    ("monthly", "2012-03-04", 3): "2012-04-03",
}
"""killbill/killbill TestInAdvanceBillingIntervalDetail, testCalculateFirstBillingCycleDate."""


@pytest.mark.parametrize(("cycle", "start", "billing_day"), KILL_BILL_FIRST_BILLING_DAYS)
def test_the_first_billing_day_is_that_of_kill_bill(
    cycle: str, start: str, billing_day: int
) -> None:
    first, *_ = first_portions(day(start), cycle=cycle, alignment=Alignment(billing_day))
    assert str(first.period.ends_on) == KILL_BILL_FIRST_BILLING_DAYS[cycle, start, billing_day]


BLESTA_PRORATE_DATES = {
    # cycle, start, prorate day: the prorate date
    ("monthly", "2015-02-13", 1): "2015-03-01",
    ("monthly", "2015-03-01", 8): "2015-03-08",
    ("monthly", "2015-10-15", 1): "2015-11-01",
    ("monthly", "2015-03-13", 31): "2015-03-31",
    ("monthly", "2015-01-31", 1): "2015-02-01",
    ("monthly", "2015-02-28", 1): "2015-03-01",
    ("monthly", "2016-02-29", 1): "2016-03-01",
    ("annual", "2015-02-13", 31): "2015-02-28",
    ("annual", "2015-02-24", 26): "2015-02-26",
}
"""blesta/proration Tests/Unit/ProrationTest.php."""


@pytest.mark.parametrize(("cycle", "start", "prorate_day"), BLESTA_PRORATE_DATES)
def test_the_first_part_ends_on_the_prorate_date_of_blesta(
    cycle: str, start: str, prorate_day: int
) -> None:
    (first,) = first_portions(day(start), cycle=cycle, alignment=Alignment(prorate_day))
    assert not first.is_whole
    assert str(first.period.ends_on) == BLESTA_PRORATE_DATES[cycle, start, prorate_day]


def test_a_year_is_aligned_within_the_month_of_its_order() -> None:
    """Blesta begins a year on any next prorate day, 1 March; Kill Bill and we on 1 February."""
    (first,) = first_portions(date(2015, 2, 13), cycle="annual", alignment=Alignment(1))
    assert first.period.ends_on == date(2016, 2, 1)


def test_a_start_on_its_billing_day_has_a_whole_period_at_once() -> None:
    start = date(2026, 2, 28)
    whole = Period(start, date(2026, 3, 31))
    assert first_portions(start, cycle="monthly", alignment=Alignment(31)) == (
        Portion(whole, whole),
    )


def test_the_second_of_a_month_stays_the_second_as_in_stripe() -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle: an anchor of 2 September."""
    assert {start.day for start in starts_from(date(2026, 9, 2), count=48)} == {2}


@pytest.mark.parametrize("cycle", ["weekly", "thirty_days"])
def test_weeks_and_thirty_days_are_no_cycles_that_are_sold(cycle: str) -> None:
    """Stripe and Kill Bill have them. Ours are months: never "+30 days"."""
    with pytest.raises(KeyError):
        period_end(date(2026, 6, 5), cycle=cycle, anchor_day=5)


# --------------------------------------------------------------- figures of others: billed portions

KILL_BILL_CYCLES = """
monthly   2011-01-01 15 2011-02-27 2011-01-01  14/31
monthly   2011-01-01 15 2011-02-27 2011-01-07  14/31
monthly   2011-01-01 15 2011-02-27 2011-01-15  14/31 + 1
monthly   2011-01-01 15 2011-02-27 2011-01-22  14/31 + 1
monthly   2011-01-01 15 2011-02-27 2011-02-26  14/31 + 1 + 12/28
monthly   2011-01-01 15 2011-02-27 2011-02-27  14/31 + 1 + 12/28
monthly   2011-01-01 15 2011-02-27 2011-03-07  14/31 + 1 + 12/28
monthly   2011-01-01 15 2011-04-27 2011-02-26  14/31 + 2
monthly   2011-02-01 13 -          2011-02-04  12/31
monthly   2011-02-01 13 -          2011-04-13  12/31 + 3
monthly   2011-02-01 13 2011-04-13 2011-02-01  12/31
monthly   2011-02-01 13 2011-04-13 2011-04-10  12/31 + 2
monthly   2011-02-01 13 2011-04-13 2011-04-13  12/31 + 2
monthly   2011-02-10 10 2011-02-24 2011-03-06  1/2
monthly   2011-02-24 10 -          2011-03-06  1/2
monthly   2011-02-03 3  2011-02-17 2011-03-01  1/2
monthly   2011-02-17 3  -          2011-03-01  1/2
monthly   2011-02-17 3  -          2011-03-03  1/2 + 1
monthly   2011-02-17 3  -          2011-03-04  1/2 + 1
monthly   2011-02-01 1  2011-02-15 2011-03-01  1/2
monthly   2011-02-15 15 -          2011-03-01  1
monthly   2011-02-20 20 2011-03-06 2011-03-09  1/2
monthly   2011-03-06 6  -          2011-03-09  1
monthly   2010-12-15 15 -          2011-01-16  2
monthly   2012-02-15 15 -          2012-03-15  2
monthly   2012-01-15 15 -          2012-02-03  1
monthly   2012-01-30 30 -          2012-03-01  2
monthly   2011-02-01 1  2011-02-14 2011-03-01  13/28
monthly   2011-02-14 27 -          2011-03-01  13/31 + 1
monthly   2012-02-01 1  2012-02-15 2012-02-19  14/29
monthly   2011-02-07 7  2011-02-15 2011-04-21  8/28
monthly   2011-02-15 15 -          2011-04-21  3
monthly   2011-02-07 7  2011-03-07 2011-04-21  1
monthly   2011-03-07 15 -          2011-04-21  8/28 + 2
monthly   2011-02-07 7  2011-03-10 2011-04-21  1 + 3/31
monthly   2011-03-10 15 -          2011-04-21  5/28 + 2
monthly   2011-01-31 7  2011-03-10 2011-04-21  7/31 + 1 + 3/31
monthly   2010-12-15 15 2011-03-17 2011-03-15  3 + 2/31
monthly   2010-06-17 17 2010-07-25 2010-06-17  1
monthly   2010-06-17 17 2010-07-25 2010-06-20  1
monthly   2010-06-17 17 2010-07-25 2010-07-17  1 + 8/31
monthly   2010-06-17 17 2010-07-25 2010-07-18  1 + 8/31
monthly   2010-06-17 17 2010-07-25 2010-07-25  1 + 8/31
monthly   2010-06-17 17 2010-07-25 2010-07-30  1 + 8/31
monthly   2011-02-15 15 -          2011-02-15  1
monthly   2011-02-15 15 -          2011-03-14  1
monthly   2011-01-01 1  2011-01-15 2011-04-05  14/31
monthly   2011-01-31 31 -          2011-02-27  1
monthly   2011-01-31 31 -          2011-02-28  2
monthly   2011-01-31 31 -          2012-01-31  13
quarterly 2011-01-01 15 2011-04-27 2011-01-01  14/92
quarterly 2011-01-01 15 2011-04-27 2011-01-07  14/92
quarterly 2011-01-01 15 2011-04-27 2011-01-15  14/92 + 1
quarterly 2011-01-01 15 2011-04-27 2011-01-22  14/92 + 1
quarterly 2011-01-01 15 2011-04-27 2011-04-15  14/92 + 1 + 12/91
quarterly 2011-01-01 15 2011-04-27 2011-04-26  14/92 + 1 + 12/91
quarterly 2011-01-01 15 2011-04-27 2011-05-07  14/92 + 1 + 12/91
quarterly 2011-01-01 15 2011-08-27 2011-06-26  14/92 + 2
quarterly 2011-02-01 13 -          2011-02-04  12/92
quarterly 2011-02-01 13 -          2011-06-13  12/92 + 2
quarterly 2011-02-01 13 2011-08-13 2011-02-01  12/92
quarterly 2011-02-01 13 2011-08-13 2011-02-13  12/92 + 1
quarterly 2011-02-10 10 2011-02-24 2011-03-06  14/89
quarterly 2011-02-24 10 -          2011-03-06  75/89
quarterly 2011-02-03 3  2011-02-17 2011-05-03  14/89
quarterly 2011-02-17 3  -          2011-05-03  75/89 + 1
quarterly 2011-02-17 3  -          2011-05-04  75/89 + 1
quarterly 2011-02-15 15 -          2011-03-01  1
quarterly 2010-12-15 15 -          2011-01-16  1
quarterly 2012-02-15 15 -          2012-03-15  1
quarterly 2012-01-30 30 -          2012-03-01  1
quarterly 2011-02-01 1  2011-02-14 2011-03-01  13/89
quarterly 2011-02-14 27 -          2011-05-01  13/92 + 1
quarterly 2012-02-01 1  2012-02-15 2012-02-19  14/90
quarterly 2011-02-07 7  2011-02-15 2011-09-21  8/89
quarterly 2011-02-15 15 -          2011-09-21  3
quarterly 2011-05-07 15 -          2011-07-21  8/89 + 1
quarterly 2011-02-07 7  2011-05-10 2011-09-21  1 + 3/92
quarterly 2011-05-10 15 -          2011-09-21  5/89 + 2
quarterly 2011-01-31 7  2011-05-10 2011-05-21  66/90 + 33/91
quarterly 2011-05-10 15 -          2011-05-21  5/89 + 1
quarterly 2010-12-15 15 2011-06-17 2011-06-15  2 + 2/92
quarterly 2010-06-17 17 2010-09-25 2010-06-17  1
quarterly 2010-06-17 17 2010-09-25 2010-09-30  1 + 8/91
annual    2011-02-01 13 -          2011-02-01  12/365
annual    2011-02-01 13 -          2011-02-04  12/365
annual    2011-02-01 13 -          2011-02-13  12/365 + 1
annual    2011-02-01 13 -          2011-04-13  12/365 + 1
annual    2011-02-01 13 2012-02-13 2011-02-01  12/365
annual    2011-02-01 13 2012-02-13 2011-04-10  12/365 + 1
annual    2011-02-01 13 2012-02-13 2012-02-13  12/365 + 1
annual    2011-02-01 13 2012-02-13 2012-04-10  12/365 + 1
annual    2011-01-01 15 2012-01-27 2011-01-01  14/365
annual    2011-01-01 15 2012-01-27 2011-01-22  14/365 + 1
annual    2011-01-01 15 2012-01-27 2012-01-15  14/365 + 1 + 12/366
annual    2011-01-01 15 2012-01-27 2012-03-07  14/365 + 1 + 12/366
annual    2011-01-01 15 2013-04-27 2012-02-26  14/365 + 2
annual    2011-01-01 15 2012-01-27 2011-01-07  14/365
annual    2011-01-01 15 2012-01-27 2011-01-15  14/365 + 1
annual    2011-01-01 15 2012-01-27 2012-01-17  14/365 + 1 + 12/366
annual    2011-01-01 15 2012-01-27 2012-01-27  14/365 + 1 + 12/366
annual    2010-06-17 17 2012-06-25 2010-06-17  1
annual    2010-06-17 17 2011-06-25 2010-06-20  1
annual    2010-06-17 17 2011-06-25 2011-06-17  1 + 8/366
annual    2010-06-17 17 2011-06-25 2011-06-18  1 + 8/366
annual    2010-06-17 17 2011-06-25 2011-06-25  1 + 8/366
annual    2010-06-17 17 2011-06-25 2011-07-30  1 + 8/366
annual    2011-01-31 15 -          2011-02-24  349/365
annual    2010-12-15 4  -          2012-01-13  354/365 + 1
"""
"""Cycle, start, billing cycle day, end or none, target: how many periods are billed in advance.

killbill/killbill, invoice/src/test/java/.../proRations/inAdvance/{monthly,quarterly,annual}:
TestProRation, TestLeadingProRation, TestTrailingProRation, TestDoubleProRation, GenericProRation.
"""


def billed(start: str, billing_day: str, cycle: str, *, end: str, target: str) -> Fraction:
    """How many periods are billed by `target`, each as it begins, the last until `end`."""
    total, by = Fraction(0), ByDay()
    (portion,) = first_portions(day(start), cycle=cycle, alignment=Alignment(int(billing_day)))
    stop = date.max if end == "-" else day(end)
    while portion.period.starts_on <= day(target) and portion.period.starts_on < stop:
        until = min(stop, portion.period.ends_on)
        total += by.left(portion.whole, portion.period.starts_on) - by.left(portion.whole, until)
        following = period_from(portion.period.ends_on, cycle=cycle, anchor_day=int(billing_day))
        portion = Portion(following, following)
    return total


def total_of(terms: str) -> Fraction:
    return sum((Fraction(term) for term in terms.split("+")), start=Fraction(0))


@pytest.mark.parametrize("case", KILL_BILL_CYCLES.strip().splitlines())
def test_as_many_periods_are_billed_as_in_kill_bill(case: str) -> None:
    cycle, start, billing_day, end, target, *expected = case.split()
    found = billed(start, billing_day, cycle, end=end, target=target)
    assert found == total_of("".join(expected))


@pytest.mark.parametrize(
    ("cycle", "ours", "of_kill_bill"),
    [
        ("monthly", Fraction(14, 28), Fraction(14, 31)),
        ("quarterly", Fraction(14, 90), Fraction(14, 92)),
    ],
)
def test_the_period_before_an_anchor_of_31_begins_on_the_last_day_of_its_month(
    cycle: str, ours: Fraction, of_kill_bill: Fraction
) -> None:
    """Kill Bill (testSinglePlan_ChangeBCDTo31) counts back from 28 February to the 28th.

    Then the same February would have 31 days for one client and 28 for another, who came before;
    here the period before one that begins on 28 February is the one that a chain would have had.
    """
    found = billed("2011-02-14", "31", cycle, end="-", target="2011-03-01")
    assert found == 1 + ours != 1 + of_kill_bill


# -------------------------------------------------------------------------------------- alignment

WHMCS = Alignment(1, next_from_day=20)


@pytest.mark.parametrize(
    ("ordered", "days"),
    [("2026-11-01", [30]), ("2026-11-19", [12]), ("2026-11-20", [11, 31]), ("2026-11-30", [1, 31])],
)
def test_an_order_on_or_after_the_day_also_pays_the_next_month(
    ordered: str, days: list[int]
) -> None:
    """docs.whmcs.com/Prorata_Billing: prorata date 1, charge next month 20."""
    portions = first_portions(day(ordered), cycle="monthly", alignment=WHMCS)
    assert [portion.period.days for portion in portions] == days


@pytest.mark.parametrize(
    ("ordered", "portions"),
    [("2026-11-09", 1), ("2026-11-10", 2), ("2026-11-14", 2), ("2026-11-15", 1), ("2026-11-16", 1)],
)
def test_a_day_before_the_aligned_one_counts_in_the_same_month(ordered: str, portions: int) -> None:
    aligned = Alignment(15, next_from_day=10)
    assert len(first_portions(day(ordered), cycle="monthly", alignment=aligned)) == portions


@pytest.mark.parametrize(
    ("ordered", "portions"),
    [("2026-11-15", 1), ("2026-11-27", 1), ("2026-11-28", 2), ("2026-12-03", 2), ("2026-12-14", 2)],
)
def test_a_day_after_the_aligned_one_counts_until_the_next_month(
    ordered: str, portions: int
) -> None:
    aligned = Alignment(15, next_from_day=28)
    assert len(first_portions(day(ordered), cycle="monthly", alignment=aligned)) == portions


@pytest.mark.parametrize("ordered", ["2026-11-14", "2026-11-16"])
def test_from_the_aligned_day_on_means_every_order_but_one_on_it(ordered: str) -> None:
    aligned = Alignment(15, next_from_day=15)
    assert len(first_portions(day(ordered), cycle="monthly", alignment=aligned)) == 2
    assert len(first_portions(date(2026, 11, 15), cycle="monthly", alignment=aligned)) == 1


def test_a_longer_cycle_pays_no_second_period_along() -> None:
    (first,) = first_portions(date(2026, 11, 25), cycle="annual", alignment=WHMCS)
    assert first.period == Period(date(2026, 11, 25), date(2027, 11, 1))


@pytest.mark.parametrize(
    ("cycle", "ends"),
    [("quarterly", "2027-01-01"), ("semiannual", "2027-01-01"), ("annual", "2027-01-01")],
)
def test_a_fixed_month_gives_calendar_quarters_and_years(cycle: str, ends: str) -> None:
    """As Lago's calendar billing, which begins its years in January."""
    aligned = Alignment(1, month=1)
    (first,) = first_portions(date(2026, 11, 22), cycle=cycle, alignment=aligned)
    assert first.period.ends_on == first.whole.ends_on == day(ends)
    assert months_between(first.whole) == MONTHS_OF_CYCLE[cycle]


def test_a_fixed_month_after_the_order_is_of_the_year_before() -> None:
    (first,) = first_portions(date(2026, 2, 10), cycle="annual", alignment=Alignment(5, month=7))
    assert first.whole == Period(date(2025, 7, 5), date(2026, 7, 5))


NO_DAYS = [
    (0, None, None, "day of the month"),
    (32, None, None, "day of the month"),
    (1, 0, None, "month of the year"),
    (1, 13, None, "month of the year"),
    (1, 1, 0, "day of the month"),
    (1, 1, 32, "day of the month"),
]


@pytest.mark.parametrize(("aligned", "month", "next_from", "promise"), NO_DAYS)
def test_an_alignment_to_no_day_is_a_programming_error(
    aligned: int, month: int | None, next_from: int | None, promise: str
) -> None:
    with broken_promise(f"a {promise}"):
        Alignment(aligned, month, next_from)


def test_the_first_and_last_days_of_month_and_year_can_be_aligned_to() -> None:
    assert Alignment(1, 1, 1) != Alignment(31, 12, 31)


@any_of(start=DATES, cycle=CYCLES, alignment=ALIGNMENTS)
def test_what_is_billed_first_leads_to_the_aligned_day(
    start: date, cycle: str, alignment: Alignment
) -> None:
    portions = first_portions(start, cycle=cycle, alignment=alignment)
    assert portions[0].period.starts_on == start
    for before, after in pairwise(portions):
        assert before.period.ends_on == after.period.starts_on and after.is_whole
    for portion in portions:
        end = portion.whole.ends_on
        assert end == anchored(end.year, end.month, anchor_day=alignment.day)
        assert portion.whole == period_until(end, cycle=cycle, anchor_day=alignment.day)
        if alignment.month is not None:
            assert (end.month - alignment.month) % min(months_of(cycle), 12) == 0


# --------------------------------------------------------------------------------- with the parent

PARENTS = {
    # cycle of the addon, ordered, the parent falls due: first period of the addon until, of days
    "the same cycle": ("monthly", "2026-11-22", "2026-12-10", "2026-12-10", 30),
    "a shorter one": ("monthly", "2026-11-22", "2027-06-10", "2026-12-10", 30),
    "a longer one": ("annual", "2026-11-22", "2026-12-10", "2026-12-10", 365),
    "the parent's last day": ("monthly", "2026-12-09", "2026-12-10", "2026-12-10", 30),
    "the day the parent falls due": ("monthly", "2026-12-10", "2026-12-10", "2027-01-10", 31),
    "the parent is overdue": ("quarterly", "2026-12-15", "2026-12-10", "2027-03-10", 90),
}


@pytest.mark.parametrize("case", PARENTS)
def test_an_addon_falls_due_together_with_its_parent(case: str) -> None:
    cycle, ordered, due, until, days = PARENTS[case]
    first = portion_with_parent(day(ordered), cycle=cycle, parent_due_on=day(due), anchor_day=10)
    assert first.period == Period(day(ordered), day(until))
    assert first.whole.days == days


def test_an_addon_keeps_the_anchor_of_its_parent_through_february() -> None:
    first = portion_with_parent(
        date(2026, 1, 15), cycle="monthly", parent_due_on=date(2026, 2, 28), anchor_day=31
    )
    assert first == Portion(
        Period(date(2026, 1, 15), date(2026, 1, 31)), Period(date(2025, 12, 31), date(2026, 1, 31))
    )


@any_of(start=DATES, ordered_after=st.integers(min_value=0, max_value=1200), data=st.data())
def test_an_addon_meets_its_parent_on_one_due_date(
    start: date, ordered_after: int, data: st.DataObject
) -> None:
    parent_cycle, cycle = data.draw(CYCLES), data.draw(CYCLES)
    ordered = start + timedelta(days=ordered_after)
    parents = periods(start, cycle=parent_cycle, anchor_day=start.day)
    due = next(period.ends_on for period in parents if period.ends_on > ordered)
    first = portion_with_parent(ordered, cycle=cycle, parent_due_on=due, anchor_day=start.day)
    ends = [first.period.ends_on]
    while ends[-1] < due:
        ends.append(period_end(ends[-1], cycle=cycle, anchor_day=start.day))
    assert ends[-1] == due


# ------------------------------------------------------------------------------- what always holds


def months_between(period: Period) -> int:
    begin, end = period.starts_on, period.ends_on
    return (end.year - begin.year) * 12 + end.month - begin.month


def test_the_last_day_of_january_comes_back_after_february() -> None:
    starts = starts_from(date(2026, 1, 31), count=5)
    assert [(start.month, start.day) for start in starts] == [
        (1, 31),
        (2, 28),
        (3, 31),
        (4, 30),
        (5, 31),
    ]


def test_a_leap_day_comes_back_every_fourth_year() -> None:
    starts = starts_from(date(2024, 2, 29), count=5, cycle="annual")
    assert [start.day for start in starts] == [29, 28, 28, 28, 29]


def test_a_century_without_a_leap_day_has_none() -> None:
    starts = starts_from(date(2096, 2, 29), count=3, cycle="biennial")
    assert [str(start) for start in starts] == ["2096-02-29", "2098-02-28", "2100-02-28"]


@any_of(start=DATES, cycle=CYCLES)
def test_periods_tile_and_keep_their_anchor(start: date, cycle: str) -> None:
    found = chain(start, count=40, cycle=cycle)
    for before, after in pairwise(found):
        assert before.ends_on == after.starts_on
    months = start.year * 12 + start.month
    for place, period in enumerate(found):
        begin = period.starts_on
        assert begin.year * 12 + begin.month == months + place * MONTHS_OF_CYCLE[cycle]
        assert begin.day == min(start.day, monthrange(begin.year, begin.month)[1])


@any_of(
    start=DATES,
    anchor_day=ANCHORS,
    changes=st.lists(st.tuples(CYCLES, st.integers(min_value=1, max_value=5)), max_size=12),
)
def test_changes_of_cycle_leave_neither_gap_nor_overlap(
    start: date, anchor_day: int, changes: list[tuple[str, int]]
) -> None:
    """Every day from the first to the last belongs to exactly one period, whatever was changed."""
    (first,) = first_portions(start, cycle="monthly", alignment=Alignment(anchor_day))
    found = [first.period]
    for cycle, count in changes:
        found += chain(found[-1].ends_on, count=count, cycle=cycle, anchor_day=anchor_day)
    assert sum(period.days for period in found) == (found[-1].ends_on - start).days
    assert all(before.ends_on == after.starts_on for before, after in pairwise(found))
    for period in found:
        end = period.ends_on
        assert end == anchored(end.year, end.month, anchor_day=anchor_day)


@any_of(start=DATES, cycle=CYCLES, anchor_day=ANCHORS)
def test_the_period_until_a_date_is_the_one_that_led_there(
    start: date, cycle: str, anchor_day: int
) -> None:
    begin = anchored(start.year, start.month, anchor_day=anchor_day)
    period = period_from(begin, cycle=cycle, anchor_day=anchor_day)
    assert period_until(period.ends_on, cycle=cycle, anchor_day=anchor_day) == period


@pytest.mark.parametrize("cycle", sorted(CYCLES_WITHOUT_PERIOD))
def test_what_is_paid_once_or_never_has_no_period(cycle: str) -> None:
    with pytest.raises(CycleHasNoPeriod) as refused:
        period_end(date(2026, 1, 1), cycle=cycle, anchor_day=1)
    assert refused.value.facts == {"cycle": cycle}
    with pytest.raises(CycleHasNoPeriod):
        first_portions(date(2026, 1, 1), cycle=cycle, alignment=Alignment(1))


@pytest.mark.parametrize("anchor_day", [0, 32])
def test_an_anchor_that_is_no_day_of_the_month_is_a_programming_error(anchor_day: int) -> None:
    with broken_promise("a day of the month"):
        anchored(2026, 1, anchor_day=anchor_day)


def test_a_period_has_at_least_a_day() -> None:
    assert Period(date(2026, 1, 1), date(2026, 1, 2)).days == 1
    with broken_promise("a period is not empty"):
        Period(date(2026, 1, 1), date(2026, 1, 1))


def test_a_portion_is_the_end_of_its_whole() -> None:
    whole = Period(date(2026, 1, 5), date(2026, 2, 5))
    assert Portion(Period(date(2026, 1, 20), date(2026, 2, 5)), whole).is_whole is False
    with broken_promise("a portion begins inside of its whole"):
        Portion(Period(date(2026, 1, 4), date(2026, 2, 5)), whole)
    for end in (date(2026, 2, 4), date(2026, 2, 6)):
        with broken_promise("a portion ends with its whole"):
            Portion(Period(date(2026, 1, 5), end), whole)


def test_a_period_until_a_date_off_the_anchor_is_a_programming_error() -> None:
    with broken_promise("the end is on the anchor"):
        period_until(date(2026, 2, 27), cycle="monthly", anchor_day=31)


# ------------------------------------------------------------------------------------------- zones

DAYS_OF_THE_CLOCK = {
    # zone, day: its first instant in UTC, how many hours it has
    ("America/New_York", "2026-03-08"): ("2026-03-08T05:00:00+00:00", 23),
    ("America/New_York", "2026-11-01"): ("2026-11-01T04:00:00+00:00", 25),
    ("Europe/Warsaw", "2026-03-29"): ("2026-03-28T23:00:00+00:00", 23),
    ("Europe/Warsaw", "2026-10-25"): ("2026-10-24T22:00:00+00:00", 25),
    ("Europe/Moscow", "2026-10-25"): ("2026-10-24T21:00:00+00:00", 24),
    # The clocks went from 24:00 to 1:00, so there was no midnight, and from 24:00 to 23:00.
    ("America/Sao_Paulo", "2018-11-04"): ("2018-11-04T03:00:00+00:00", 23),
    ("America/Sao_Paulo", "2018-02-17"): ("2018-02-17T02:00:00+00:00", 25),
    # The clocks went back at 1:00, so midnight came twice.
    ("America/Havana", "2026-11-01"): ("2026-11-01T04:00:00+00:00", 25),
    # Half an hour only.
    ("Australia/Lord_Howe", "2026-04-05"): ("2026-04-04T13:00:00+00:00", Fraction(49, 2)),
    # Samoa crossed the date line: a Friday that never was.
    ("Pacific/Apia", "2011-12-30"): ("2011-12-30T10:00:00+00:00", 0),
}
"""The IANA time zone database."""


@pytest.mark.parametrize(("zone", "text"), DAYS_OF_THE_CLOCK)
def test_a_day_begins_at_its_first_instant_and_has_its_own_hours(zone: str, text: str) -> None:
    begin, end = first_instant(day(text), zone), first_instant(day(text) + timedelta(days=1), zone)
    hours = Fraction(int((end - begin).total_seconds()), 3600)
    assert (begin.isoformat(), hours) == DAYS_OF_THE_CLOCK[zone, text]


@any_of(
    on=st.dates(min_value=date(1990, 1, 1), max_value=date(2037, 12, 31)),
    zone=st.sampled_from(sorted({zone for zone, _ in DAYS_OF_THE_CLOCK} | {"America/St_Johns"})),
)
def test_the_second_before_a_day_belongs_to_another(on: date, zone: str) -> None:
    begin = first_instant(on, zone)
    assert local_date(begin - timedelta(seconds=1), zone) < on <= local_date(begin, zone)


def test_the_date_is_that_of_the_brands_own_zone() -> None:
    late = datetime(2022, 2, 1, 4, 59, 59, tzinfo=UTC)
    assert local_date(late, "America/New_York") == date(2022, 1, 31)
    assert local_date(late + timedelta(seconds=1), "America/New_York") == date(2022, 2, 1)
