"""What a change makes of discounts, and of what is paid once: nothing is had for nothing."""

from datetime import date
from typing import Any

import pytest

from tests.billing.house import House, price
from tests.billing.shopping import product, shopper
from tests.billing.test_services import DAY, due_of, facts, post, shown

PRICES = [price(recurring=3000), price("annual", 30000), price("one_time", 50000)]
TOKEN = {
    "code": "TOKEN",
    "kind": "price",
    "amounts": {"BRL": 100},
    "label": {"en": "Start for 1.00"},
    "periods": None,
    "products": ["start"],
    "cycles": ["monthly"],
}
HALF = {
    "code": "HALF",
    "kind": "percent",
    "rate_percent": "50",
    "label": {"en": "50 % off"},
    "periods": 3,
}


async def holding(house: House, code: str, **rules: Any) -> dict[str, str]:
    """A service that was ordered with a promotion; it may go up to another product."""
    plans = [
        product(prices=PRICES, upgrades_to=["pro"], rules=rules),
        product("pro", prices=[price(recurring=6000)], rules=rules),
    ]
    await house.apply_brand(products=plans, promotions=[TOKEN, HALF])
    ana = await shopper(house)
    service_id = await ana.put_in()
    await ana.do("PUT", "/promotion", {"code": code})
    placed = await ana.check_out()
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", service_id)
    return {"service_id": service_id}


async def change(house: House, service: dict[str, str], **body: Any) -> dict[str, Any]:
    """The preview of a change that is made at once."""
    preview: dict[str, Any] = await post(house, service, "changes/preview", body)
    ordered = await post(house, service, "changes", body)
    if ordered["invoice_id"]:
        invoice = await house.invoice(house.ana, ordered["invoice_id"])
        if invoice["open_minor"]:
            await house.pay_and_settle(house.ana, ordered["invoice_id"])
    await house.until(house.is_quiet)
    return preview


async def test_a_promotion_of_one_product_is_left_behind_with_it(house: House) -> None:
    service = await holding(house, "TOKEN", downgrade="now")
    up = await change(house, service, product_id=await house.product_id("pro"))
    assert (up["credit_minor"], up["charge_minor"]) == (100, 6000)
    down = await change(house, service, product_id=await house.product_id("start"))
    assert (down["credit_minor"], down["charge_minor"]) == (6000, 3000)


async def test_a_promotion_of_one_cycle_is_left_behind_with_it(house: House) -> None:
    service = await holding(house, "TOKEN", cycle_change="now")
    preview = await change(house, service, cycle="annual")
    assert (preview["credit_minor"], preview["charge_minor"]) == (100, 30000)


async def test_more_of_the_same_is_had_with_the_promotion_as_it_was(house: House) -> None:
    service = await holding(house, "TOKEN")
    plans = [product(prices=PRICES, upgrades_to=["pro"]), product("pro")]
    await house.apply_brand(products=plans, promotions=[{**TOKEN, "products": ["pro"]}])
    preview = await change(house, service, quantity=2)
    assert (preview["credit_minor"], preview["charge_minor"]) == (100, 200)


async def test_a_cycle_that_begins_at_once_is_a_period_of_a_promotion(house: House) -> None:
    service = await holding(house, "HALF", cycle_change="now")
    cycles = ("annual", "monthly", "annual", "monthly")
    charged = [(await change(house, service, cycle=each))["charge_minor"] for each in cycles]
    assert charged == [15000, 1500, 30000, 3000]
    assert await house.findings() == []


@pytest.mark.parametrize("rule", ["now", "period_end"])
async def test_what_is_paid_once_from_now_on_is_paid_now(house: House, rule: str) -> None:
    service = await holding(house, "HALF", cycle_change=rule)
    due = await due_of(house, service)
    once = await change(house, service, cycle="one_time")
    assert (once["effective"], once["credit_minor"], once["charge_minor"]) == ("now", 1500, 25000)
    after = await shown(house, service)
    assert (after["cycle"], after["next_due_on"]) == ("one_time", None)
    await house.play_until(due + DAY)
    assert await house.service_status(service["service_id"]) == "active"


async def test_by_the_second_a_day_that_is_ahead_of_the_clock_counts_from_its_beginning(
    house: House,
) -> None:
    service = await holding(house, "HALF", proration="by_second")
    began_on = date.fromisoformat((await facts(house, "ServiceActivated"))["activated_on"])
    due = await due_of(house, service)
    await house.play_until(due - 15 * DAY)
    preview = await change(house, service, product_id=await house.product_id("pro"))
    assert preview["charge_minor"] == round(3000 * 15 / (due - began_on).days)
    assert await house.findings() == []
