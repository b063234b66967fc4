"""Each day's money compared with the gateway's report: what differs is a task, what is late is
made up for, and a gateway that is silent is asked again."""

import asyncio
from datetime import timedelta
from typing import Any

from services.billing.reconciliation.comparing import Comparing
from tests.billing.house import House, code_of


def comparing(house: House) -> Comparing:
    return Comparing(
        store=house.store,
        gateways=house.gateways,
        consumers=house.service.consumers,
        inquiry=house.inquiry,
    )


async def compare_today(house: House, by: Comparing | None = None) -> list[dict[str, Any]]:
    """Let the gateway's day end, which is one of UTC; compare it, and give what staff sees of it.

    In the evening of the brand it is the next one already.
    """
    day = max(await house.today(), house.store.clock.now().date())
    await house.play_until(day + timedelta(days=1))
    await (by or comparing(house)).work_off()
    await house.catch_up()
    path = f"/v1/brands/ponto/reconciliations?first={day}&last={day}"
    found: list[dict[str, Any]] = await house.do("GET", path, token=house.staff())
    return found


async def tasks(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await house.do(
        "GET", "/v1/brands/ponto/staff-tasks", token=house.staff()
    )
    return found


async def test_a_day_on_which_all_three_say_the_same_needs_nobody(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay_and_settle(house.ana, order["invoice_id"])
    (day,) = await compare_today(house)
    assert (day["gateway"], day["outcome"], day["differences"]) == ("sandbox", "equal", 0)
    assert day["totals"] == [
        {"currency": "BRL", "gateway_minor": 2990, "ours_minor": 2990, "ledger_minor": 2990}
    ]
    assert await tasks(house) == []
    assert await house.findings() == []


async def test_f50_a_webhook_that_is_lost_is_made_up_for_by_the_days_comparison(
    house: House,
) -> None:
    order = await house.order(house.ana)
    await house.pay(house.ana, order["invoice_id"], outcome="webhook-lost")
    (day,) = await compare_today(house)
    assert (day["outcome"], await tasks(house)) == ("equal", [])
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "paid"


async def test_a_ledger_that_was_tampered_with_becomes_a_task(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay_and_settle(house.ana, order["invoice_id"])
    await house.execute(
        "update ledger_posting set amount_minor = amount_minor - 1"
        " where ledger_account = 'gateway_clearing'"
    )
    (day,) = await compare_today(house)
    assert (day["outcome"], day["differences"]) == ("differs", 1)
    (task,) = await tasks(house)
    facts = task["facts"]
    assert (task["kind"], facts["difference"]) == ("reconciliation_difference", "amounts_differ")
    assert (facts["gateway_minor"], facts["ours_minor"], facts["ledger_minor"]) == (
        "2990",
        "2990",
        "2989",
    )
    assert task["account_id"] == str(house.ana)


async def test_f59_a_day_is_asked_for_and_compared_once_however_often(house: House) -> None:
    await compare_today(house)
    again = await asyncio.gather(*(comparing(house).work_off() for _ in range(4)))
    assert sum(again) == 0
    names = await house.names()
    days = {name: names.count(name) for name in ("ReconciliationAsked", "DayReconciled")}
    assert days["ReconciliationAsked"] == days["DayReconciled"]
    asked = await house.fetchval(
        "select count(*) - count(distinct (brand, gateway, day)) from reconciliation"
    )
    assert asked == 0


async def test_f59_days_that_were_missed_are_all_compared(house: House) -> None:
    today = await house.today()
    await house.play(today + timedelta(days=3))
    await comparing(house).work_off()
    await house.catch_up()
    path = f"/v1/brands/ponto/reconciliations?first={today}&last={today + timedelta(days=9)}"
    days = await house.do("GET", path, token=house.staff())
    expected = [(today + timedelta(days=n)).isoformat() for n in range(3)]
    assert [(day["day"], day["outcome"]) for day in days] == [(day, "equal") for day in expected]


async def test_a67_a_silent_gateway_is_asked_again_and_after_days_a_person_is(house: House) -> None:
    by = comparing(house)
    async with house.silent_gateway():
        (day,) = await compare_today(house, by)
        assert (day["outcome"], await tasks(house)) == (None, [])
        house.clock.ahead += timedelta(minutes=1)
        assert await by.work_off() == 0
        house.clock.ahead += timedelta(days=4)
        assert await by.work_off() > 0
    await house.catch_up()
    kinds = {task["kind"] for task in await tasks(house)}
    assert kinds == {"gateway_report_missing"}


async def test_what_was_compared_is_the_brands_own_to_see(house: House) -> None:
    path = "/v1/brands/ponto/reconciliations?first=2026-01-01&last=2026-12-31"
    for token, code in (
        (house.staff("sol"), (404, "not_found")),
        (house.staff(may=[]), (403, "forbidden")),
        (house.client(house.ana), (403, "forbidden")),
    ):
        assert code_of(await house.ask("GET", path, token=token)) == code
    without = await house.ask("GET", "/v1/brands/ponto/reconciliations", token=house.staff())
    assert without.status_code == 422
