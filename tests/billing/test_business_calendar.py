"""Business days: each local date of a brand is started once and in order."""

from datetime import date, timedelta

import pytest

from services.billing.automation.business_calendar import BusinessCalendar, BusinessDayTooFar
from tests.billing.samples import open_calendar
from tests.given import given

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
