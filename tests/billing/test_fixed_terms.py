"""What is sold for so many periods: billed for these, then over."""

from datetime import date
from typing import Any

import pytest

from services.billing.catalogue.terms import TermInvalid, check_terms
from services.billing.held_services.terms import term_end
from tests.billing.house import House, price
from tests.billing.samples import product_terms, service_terms
from tests.billing.shopping import product, shopper
from tests.billing.test_services import DAY, due_of, facts, post, refused, shown

PRICES = [price(recurring=3000), price("annual", 30000)]


@pytest.mark.parametrize(
    ("first_ends_on", "anchor_day", "periods", "end"),
    [
        (date(2026, 2, 28), 31, 1, date(2026, 2, 28)),
        (date(2026, 2, 28), 31, 3, date(2026, 4, 30)),
        (date(2026, 2, 28), 31, 12, date(2027, 1, 31)),
        (date(2028, 2, 29), 29, 13, date(2029, 2, 28)),
    ],
)
def test_a_term_ends_with_the_last_of_its_periods(
    first_ends_on: date, anchor_day: int, periods: int, end: date
) -> None:
    terms = service_terms(term_periods=periods)
    assert term_end(terms, first_ends_on, anchor_day=anchor_day) == end


def test_what_falls_due_never_or_ends_on_a_day_has_no_other_end() -> None:
    end = date(2027, 1, 1)
    assert term_end(service_terms(term_periods=3), None, anchor_day=1) is None
    assert term_end(service_terms(), end, anchor_day=1) is None
    known = service_terms(term_periods=3, ends_on=end)
    assert term_end(known, date(2026, 5, 1), anchor_day=1) == end


@pytest.mark.parametrize("periods", [0, -1, 121])
def test_a_term_of_no_or_too_many_periods_is_refused(periods: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        check_terms(product_terms(term_periods=periods))
    assert refused.value.facts == {"field": "term_periods"}


async def bought(house: House, **fields: Any) -> dict[str, str]:
    """A service of a product that is sold for a term."""
    await house.apply_brand(products=[product(prices=PRICES, **fields)])
    ana = await shopper(house)
    service_id = await ana.put_in()
    (item,) = (await ana.preview())["items"]
    assert item["term_periods"] == fields["term_periods"]
    placed = await ana.check_out()
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", service_id)
    return {"service_id": service_id}


async def test_a_service_is_billed_for_its_term_and_ends_with_it(house: House) -> None:
    service = await bought(house, term_periods=2)
    first_due = await due_of(house, service)
    end = date.fromisoformat((await shown(house, service))["ends_on"])
    assert (end - first_due).days in range(28, 32)
    renewal = await post(house, service, "renewals", {"periods": 12})
    assert renewal["total_minor"] == 3000
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.catch_up()
    assert await due_of(house, service) == end
    assert await refused(house, service, "renewals", {}) == (409, "nothing_due")
    await house.play_until(end - DAY)
    assert await house.service_status(service["service_id"]) == "active"
    await house.play_until(end)
    assert await house.service_status(service["service_id"]) == "cancelled"
    assert (await facts(house, "ServiceEnded"))["reason"] == "fixed_term"
    assert [each["total_minor"] for each in await house.invoices(house.ana)] == [3000, 3000]
    assert await house.findings() == []


async def test_a_term_stays_with_who_takes_the_service_over(house: House) -> None:
    service = await bought(house, term_periods=12)
    path = f"/v1/staff/services/{service['service_id']}/transfer"
    answer = await house.do("POST", path, {"account_id": str(house.rui)}, token=house.staff())
    await house.until_service_is("active", answer["successor_id"])
    path = f"/v1/services/{answer['successor_id']}"
    theirs = await house.do("GET", path, token=house.client(house.rui))
    assert theirs["ends_on"] == (await shown(house, service))["ends_on"]


async def test_no_other_cycle_begins_within_a_period_of_a_term(house: House) -> None:
    service = await bought(house, term_periods=12, rules={"cycle_change": "now"})
    now = {"cycle": "annual", "at": "now"}
    assert await refused(house, service, "changes", now) == (409, "change_only_at_period_end")
    preview = await post(house, service, "changes/preview", {"cycle": "annual"})
    assert (preview["effective"], preview["net_minor"]) == ("period_end", 0)
