"""Addons and what they belong to: billed with it, and no longer than it goes on."""

from datetime import date, timedelta
from typing import Any

from tests.billing.house import House, code_of, price
from tests.billing.shopping import product, shopper
from tests.billing.test_services import due_of, post, refused, shown

DAY = timedelta(days=1)
AT_END = {"at": "period_end", "reason": "other"}


async def bought(house: House, slug: str = "start", **item: Any) -> dict[str, str]:
    """A service that runs, ordered by a cart."""
    ana = await shopper(house)
    service_id = await ana.put_in(slug, **item)
    placed = await ana.check_out()
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", service_id)
    return {"service_id": service_id}


async def addon_to(house: House, service: dict[str, str]) -> dict[str, str]:
    return await bought(house, "tls", domain=None, parent_id=service["service_id"])


async def shop(house: House, **rules: Any) -> dict[str, str]:
    """A service of a brand that has an addon to it, which has these rules."""
    addon = product("tls", addon_to=["start"], prices=[price(recurring=990)], rules=rules)
    await house.apply_brand(products=[product(prices=[price(recurring=3000)]), addon])
    return await bought(house)


async def totals(house: House) -> list[int]:
    return [each["total_minor"] for each in await house.invoices(house.ana)]


async def test_an_addon_is_not_billed_beyond_the_end_of_what_it_belongs_to(house: House) -> None:
    service = await shop(house)
    addon, due = await addon_to(house, service), await due_of(house, service)
    await post(house, service, "cancellation", AT_END)
    await house.play_until(due - 13 * DAY)
    assert await totals(house) == [3000, 990]
    assert await refused(house, addon, "renewals", {}) == (409, "cancellation_pending")
    ana = await shopper(house)
    in_cart = await ana.ask("POST", "/renewals", {"service_id": addon["service_id"]})
    assert code_of(in_cart) == (409, "cancellation_pending")
    await post(house, service, "cancellation/withdrawal")
    await house.play_until(due - 12 * DAY)
    assert await totals(house) == [3000, 990, 3990]
    assert await house.findings() == []


async def test_what_is_open_of_an_addon_is_void_when_what_it_belongs_to_will_be_gone(
    house: House,
) -> None:
    service = await shop(house)
    addon, due = await addon_to(house, service), await due_of(house, service)
    await house.play_until(due - 14 * DAY)
    assert await totals(house) == [3000, 990, 3990]
    await post(house, service, "cancellation", AT_END)
    await house.catch_up()
    assert (await house.invoices(house.ana))[-1]["open_minor"] == 0
    await house.play_until(due)
    assert await house.service_status(addon["service_id"]) == "cancelled"
    assert await totals(house) == [3000, 990, 3990]
    assert await house.findings() == []


async def test_the_last_period_of_an_addon_with_days_of_its_own_is_cut(house: House) -> None:
    service = await shop(house, align_addons=False)
    due = await due_of(house, service)
    await house.play_until(await house.today() + 10 * DAY)
    addon = await addon_to(house, service)
    own = await due_of(house, addon)
    assert own > due
    await post(house, service, "renewals", {})
    await house.pay_and_settle(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])
    await house.until(house.is_quiet)
    end = await due_of(house, service)
    await post(house, service, "cancellation", AT_END)
    renewal = await post(house, addon, "renewals", {"periods": 12})
    (line,) = (await house.invoice(house.ana, renewal["invoice_id"]))["lines"]
    assert (line["period_start"], line["period_end"]) == (own.isoformat(), end.isoformat())
    assert 0 < line["net_minor"] < 990


async def test_whether_an_addon_comes_to_its_parents_day_is_for_its_product_to_say(
    house: House,
) -> None:
    service = await shop(house, align_addons=False)
    await house.play_until(await house.today() + 10 * DAY)
    addon = await addon_to(house, service)
    own = await due_of(house, addon)
    renewal = await post(house, addon, "renewals", {})
    assert renewal["total_minor"] == 990
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.catch_up()
    assert (await due_of(house, addon)).day == own.day
    ana = await shopper(house)
    await ana.do("POST", "/renewals", {"service_id": addon["service_id"]})
    assert (await ana.preview())["total_minor"] == 990


async def test_another_cycle_of_an_addon_begins_with_a_part_up_to_its_parents_day(
    house: House,
) -> None:
    prices = [price(recurring=1000), price("quarterly", 2500)]
    addon_product = product("tls", addon_to=["start"], prices=prices, rules={"cycle_change": "now"})
    start = product(prices=[price("annual", 30000)])
    await house.apply_brand(products=[start, addon_product])
    service = await bought(house, cycle="annual")
    addon = await addon_to(house, service)
    await house.play_until(await house.today() + 10 * DAY)
    preview = await post(house, addon, "changes/preview", {"cycle": "quarterly"})
    until = date.fromisoformat(preview["next_due_on"])
    assert until.day == (await due_of(house, service)).day
    assert until - await house.today() < timedelta(days=85)
    assert preview["charge_minor"] < 2500
    assert (await shown(house, addon))["cycle"] == "monthly"


async def test_what_is_sold_no_more_is_renewed_by_a_cart(house: House) -> None:
    service = await shop(house)
    addon = await addon_to(house, service)
    await house.apply_brand(products=[product("pro")])
    ana = await shopper(house)
    for each in (service, addon):
        await ana.do("POST", "/renewals", {"service_id": each["service_id"]})
    assert (await ana.preview())["total_minor"] == 3990
    placed = await ana.check_out()
    await house.pay_and_settle(house.ana, placed["invoice_id"])
    assert await house.findings() == []
