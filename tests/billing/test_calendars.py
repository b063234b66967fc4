"""Billing periods against published cases, and business days once and in order."""

import json
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.automation.business_calendar import BusinessCalendar, BusinessDayTooFar
from services.billing.held_services.calendar import MONTHS_OF_CYCLE, anchored, period_end
from shared.clock import local_date
from tests.billing.samples import open_calendar
from tests.given import given

CASES = Path(__file__).parents[3] / "shared" / "cases" / "month_end_anchors.json"
DATES = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
CYCLES = st.sampled_from(sorted(MONTHS_OF_CYCLE))


def starts_from(first: date, *, count: int, cycle: str = "monthly") -> list[date]:
    """The first days of `count` periods that follow one another."""
    found = [first]
    while len(found) < count:
        found.append(period_end(found[-1], cycle=cycle, anchor_day=first.day))
    return found


def published(case_id: str) -> dict[str, Any]:
    if not CASES.exists():
        pytest.skip("the published cases are not part of this checkout")
    cases: list[dict[str, Any]] = json.loads(CASES.read_text())["cases"]
    return next(case for case in cases if case["id"] == case_id)


def test_a_period_from_the_thirtieth_ends_on_its_anchor_as_in_kill_bill() -> None:
    case = published("killbill-bcd31-apr")
    start = date.fromisoformat(case["start"])
    expected = date.fromisoformat(case["expected"]["effective_end"])
    assert period_end(start, cycle="monthly", anchor_day=case["bcd"]) == expected


def test_an_anchor_that_the_month_lacks_is_its_last_day_as_in_kill_bill() -> None:
    case = published("killbill-bcd30-feb")
    start = date.fromisoformat(case["start"])
    expected = date.fromisoformat(case["expected"]["first_billing_cycle_date"])
    assert anchored(start.year, start.month, anchor_day=case["bcd"]) == expected


@pytest.mark.parametrize(
    "case_id",
    [
        "lago-anniv-31-mar-billed-29-mar",
        "lago-anniv-31-jan-advance-29-feb",
        "lago-anniv-31-mar-arrears-30-apr",
        "lago-anniv-27-mar-billed-28-jan",
    ],
)
def test_an_anniversary_begins_where_lago_begins_it(case_id: str) -> None:
    case = published(case_id)
    starts = starts_from(date.fromisoformat(case["subscription_at"]), count=24)
    billed = date.fromisoformat(case["billing_at"])
    assert date.fromisoformat(case["expected"]["from"]) in starts
    assert date.fromisoformat(case["expected"]["from"]) <= billed


def test_an_anniversary_ends_where_lago_ends_it() -> None:
    case = published("lago-anniv-1-jan")
    starts = starts_from(date.fromisoformat(case["subscription_at"]), count=12)
    last_day = datetime.fromisoformat(case["expected"]["to"]).date()
    assert last_day + timedelta(days=1) in starts


def test_the_second_of_a_month_stays_the_second() -> None:
    published("stripe-sep2")
    assert {start.day for start in starts_from(date(2026, 9, 2), count=48)} == {2}


def test_the_date_is_that_of_the_brands_own_zone() -> None:
    published("lago-calendar-tz")
    late = datetime(2022, 2, 1, 4, 59, 59, tzinfo=UTC)
    assert local_date(late, "America/New_York") == date(2022, 1, 31)
    assert local_date(late + timedelta(seconds=1), "America/New_York") == date(2022, 2, 1)


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


@any_of(start=DATES, cycle=CYCLES)
def test_periods_tile_and_keep_their_anchor(start: date, cycle: str) -> None:
    months = start.year * 12 + start.month
    for place, begin in enumerate(starts_from(start, count=40, cycle=cycle)):
        expected_month = months + place * MONTHS_OF_CYCLE[cycle]
        assert begin.year * 12 + begin.month == expected_month
        last = monthrange(begin.year, begin.month)[1]
        assert begin.day == min(start.day, last)


def test_an_anchor_that_is_no_day_of_the_month_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        anchored(2026, 1, anchor_day=32)


DAY = date(2026, 11, 21)


def begun() -> BusinessCalendar:
    calendar = open_calendar()
    calendar.start(DAY)
    return calendar


def test_the_first_day_begins_alone() -> None:
    given(open_calendar()).when(lambda c: c.start(DAY)).then(
        (BusinessCalendar.DayStarted, {"day": DAY})
    )


def test_missed_days_begin_in_order_before_the_day() -> None:
    started: list[date] = []
    given(begun()).when(lambda c: started.extend(c.start(DAY + timedelta(days=3)))).then(
        *(
            (BusinessCalendar.DayStarted, {"day": DAY + timedelta(days=offset)})
            for offset in (1, 2, 3)
        )
    )
    assert started == [DAY + timedelta(days=offset) for offset in (1, 2, 3)]


@pytest.mark.parametrize("day", [DAY, DAY - timedelta(days=40)])
def test_a_day_that_has_begun_does_not_begin_again(day: date) -> None:
    given(begun()).when(lambda c: c.start(day)).then_nothing()


def test_a_day_too_far_ahead_is_refused() -> None:
    given(begun()).when(lambda c: c.start(DAY + timedelta(days=401))).then_refused(
        BusinessDayTooFar
    )
