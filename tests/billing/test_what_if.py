"""What would have come of the past under other rules."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.billing.automation.what_if import Course, outcome_of
from services.billing.rules.rules import LateFee, Rules
from tests.billing.house import House, code_of

DAY = timedelta(days=1)
DUE = date(2026, 3, 15)
UNTIL = date(2026, 12, 31)


def course(settled_after: int | None, **changed: Any) -> Course:
    fields: dict[str, Any] = {
        "issued_on": DUE - 14 * DAY,
        "due_on": DUE,
        "settled_on": None if settled_after is None else DUE + settled_after * DAY,
        "total_minor": 10_000,
        "currency": "BRL",
        "is_renewal": True,
    }
    return Course(**{**fields, **changed})


def test_an_invoice_that_is_paid_early_meets_no_rule_of_the_late() -> None:
    outcome = outcome_of(course(-10), Rules(), until=UNTIL)
    assert not outcome.counts
    assert outcome.minor == {("invoiced", "BRL"): 10_000}


def test_an_invoice_paid_on_a_day_is_not_open_for_the_run_of_that_day() -> None:
    assert outcome_of(course(5), Rules(), until=UNTIL).counts["suspensions"] == 0
    assert outcome_of(course(6), Rules(), until=UNTIL).counts["suspensions"] == 1


def test_other_rules_of_the_late_differ_in_things_and_money() -> None:
    fee = LateFee(kind="percent", rate_percent=Decimal(2), after_days=3)
    now, then = Rules(), Rules(suspension_days=10, late_fee=fee, termination_days=30)
    late = course(20)
    as_is = outcome_of(late, now, until=UNTIL)
    changed = outcome_of(late, then, until=UNTIL, price_change_percent=Decimal(10))
    assert as_is.counts["suspended_days"] == 15
    assert changed.counts["suspended_days"] == 10
    assert (as_is.counts["late_fees"], changed.counts["late_fees"]) == (0, 1)
    assert changed.minor == {("invoiced", "BRL"): 11_000, ("late_fees", "BRL"): 220}
    never = outcome_of(course(None), then, until=UNTIL)
    assert (never.counts["terminations"], never.counts["suspended_days"]) == (1, 30)


@given(st.integers(-14, 60), st.integers(3, 40), st.integers(1, 20))
def test_waiting_longer_never_suspends_more(settled: int, days: int, more: int) -> None:
    shorter = outcome_of(course(settled), Rules(suspension_days=days), until=UNTIL)
    longer = outcome_of(course(settled), Rules(suspension_days=days + more), until=UNTIL)
    assert longer.counts["suspensions"] <= shorter.counts["suspensions"]
    assert longer.counts["suspended_days"] <= shorter.counts["suspended_days"]
    assert longer.minor == shorter.minor


async def test_staff_asks_what_if_and_nothing_is_written(house: House) -> None:
    await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play(due + 12 * DAY)
    before = await house.fetchval("select count(*) from events")
    path, token = "/v1/brands/ponto/what-if", house.staff()
    body = {
        "first": due.isoformat(),
        "last": (due + 11 * DAY).isoformat(),
        "rules": {"suspension_days": 8, "late_fee": {"kind": "fixed", "amount_minor": 500}},
        "price_change_percent": "10",
    }
    answer = await house.do("POST", path, body, token=token)
    figures = {(each["what"], each["currency"]): each for each in answer["differences"]}
    assert answer["invoices"] == 1
    suspended = figures["suspended_days", None]
    assert (suspended["as_is"], suspended["changed"]) == (6, 3)
    assert figures["late_fees", "BRL"]["changed"] == 500
    assert figures["invoiced", "BRL"] == {
        "what": "invoiced",
        "currency": "BRL",
        "as_is": 2990,
        "changed": 3289,
    }
    assert await house.fetchval("select count(*) from events") == before
    for wrong, code in (({"suspend": 3}, "rule_unknown"), ({"suspension_days": 0}, "rule_invalid")):
        refused = await house.ask("POST", path, {**body, "rules": wrong}, token=token)
        assert code_of(refused) == (422, code)
    foreign = await house.ask("POST", path, body, token=house.staff("leste"))
    assert code_of(foreign) == (404, "not_found")
