"""What the next periods of a service cost where one of them is no whole one."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.proration import POLICIES, proration
from services.billing.held_services.renewals import next_bill
from tests.billing.samples import ACCOUNT, ORDER, SERVICE, service_terms

FROM = date(2026, 11, 1)


def runs(next_due_on: date, *, anchor_day: int, **terms: Any) -> HeldService:
    service = HeldService.order(
        id=SERVICE, account_id=ACCOUNT, brand="ponto", order_id=ORDER, terms=service_terms(**terms)
    )
    service.activate(today=FROM, next_due_on=next_due_on, anchor_day=anchor_day)
    return service


@pytest.mark.parametrize(
    ("policy", "minor"),
    [("by_day", 1500), ("by_second", 1500), ("thirty_day_month", 1550), ("none", 3100)],
)
def test_the_last_period_of_a_term_costs_what_the_brand_says_of_a_part(
    policy: str, minor: int
) -> None:
    """15 of the 31 days of December."""
    due, end = date(2026, 12, 1), date(2026, 12, 16)
    service = runs(due, anchor_day=1, recurring_minor=3100, ends_on=end)
    bill = next_bill(service, by=proration(policy, zone="America/Sao_Paulo"), count=2)
    (last,) = bill.periods
    assert (last.period.starts_on, last.period.ends_on) == (due, end)
    assert last.product_minor == minor


def test_what_falls_due_beside_its_day_of_the_month_comes_back_to_it_by_a_part() -> None:
    """11 of the 30 days of November, then December."""
    service = runs(date(2026, 11, 20), anchor_day=1, recurring_minor=3000)
    bill = next_bill(service, by=proration("by_day", zone="America/Sao_Paulo"), count=2)
    billed = [(each.period.ends_on, each.product_minor) for each in bill.periods]
    assert billed == [(date(2026, 12, 1), 1100), (date(2027, 1, 1), 3000)]


@any_of(
    due=st.dates(date(2026, 11, 2), date(2028, 3, 31)),
    anchor_day=st.integers(1, 31),
    policy=st.sampled_from(POLICIES),
    minor=st.integers(0, 10**6),
)
def test_no_period_is_longer_or_dearer_than_a_month_wherever_it_begins(
    due: date, anchor_day: int, policy: str, minor: int
) -> None:
    service = runs(due, anchor_day=anchor_day, recurring_minor=minor)
    bill = next_bill(service, by=proration(policy, zone="Europe/Warsaw"), count=4)
    ends = [due, *(each.period.ends_on for each in bill.periods)]
    assert [each.period.starts_on for each in bill.periods] == ends[:-1]
    for each in bill.periods:
        assert 1 <= (each.period.ends_on - each.period.starts_on).days <= 31
        assert 0 <= each.product_minor <= minor
