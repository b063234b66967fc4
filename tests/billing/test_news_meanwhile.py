"""What is learnt or changed between two steps: an order's money, rules, what was charged first."""

from datetime import timedelta
from typing import Any

import pytest

from tests.billing.house import House, price
from tests.billing.test_services import due_of, holding, post, products
from tests.conftest import wait_until

DAY = timedelta(days=1)
TAX = {
    "mode": "exclusive",
    "seller_country": "BR",
    "rates": [{"name": "ISS", "percent": "10", "country": "BR"}],
}


@pytest.mark.parametrize("word", ["pending", "succeeded"])
async def test_an_order_whose_money_is_learnt_of_as_it_expires_is_kept(
    house: House, word: str
) -> None:
    """The gateway tells nobody; it is asked in the step that would give the order up."""
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"], method="boleto")
    house.sandbox.change_checkouts(f"status = '{word}'")
    await house.play((await house.today()) + 8 * DAY)
    assert "OrderCancelled" not in await house.names(house.ana)
    assert await house.fetchval("select count(*) from business_day_problem") == 0
    status = (await house.invoice(house.ana, order["invoice_id"]))["status"]
    assert status == {"pending": "payment_pending", "succeeded": "paid"}[word]
    assert await house.findings() == []


async def test_an_order_that_was_credited_in_part_is_staffs_to_end(house: House) -> None:
    order = await house.order(house.ana)
    body = {"reason": "As agreed", "lines": [{"line": 0, "amount_minor": 990}]}
    path = f"/v1/invoices/{order['invoice_id']}/credit-notes"
    await house.do("POST", path, body, token=house.staff())
    await house.catch_up()
    await house.play((await house.today()) + 8 * DAY)
    assert await house.service_status(order["service_id"]) == "pending"
    assert await house.fetchval("select count(*) from business_day_problem") == 0
    assert await house.findings() == []


async def test_what_a_correction_asks_for_of_an_order_that_was_paid_is_dunned_as_any_debt(
    house: House,
) -> None:
    await house.apply_brand(rules={"late_fee": {"kind": "fixed", "amount_minor": 700}})
    order = await house.active_service(house.ana)
    due = await house.today() + 10 * DAY
    line = {"line": 0, "description": "Hosting", "net_minor": 3990}
    body = {"reason": "The price was wrong", "due_on": due.isoformat(), "lines": [line]}
    path = f"/v1/invoices/{order['invoice_id']}/corrections"
    await house.do("POST", path, body, token=house.staff())
    await house.play(due + 3 * DAY)
    events = await house.events(house.ana)
    told = [said.get("days_before", said.get("days_after")) for _, said in events]
    assert [days for days in told if days] == [7, 1, 1, 1, 3], "that of the fee among them"
    fees = [i for i in await house.invoices(house.ana) if i["lines"][0]["kind"] == "late_fee"]
    assert [fee["total_minor"] for fee in fees] == [700]
    assert await house.service_status(order["service_id"]) == "active"
    assert await house.findings() == []


async def test_what_a_downgrade_leaves_over_of_the_first_period_comes_back_with_its_tax(
    house: House,
) -> None:
    cheap, dear = products(downgrade="now")
    cheap["prices"], dear["prices"] = [price(recurring=3000)], [price(recurring=6000)]
    await house.apply_brand(products=[cheap, dear], tax=TAX)
    body = {
        "product_id": await house.product_id("pro"),
        "cycle": "monthly",
        "domain": "ana.example",
    }
    placed = await house.do("POST", "/v1/orders", body, token=house.client(house.ana))
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", placed["service_id"])
    await post(house, placed, "changes", {"product_id": await house.product_id("start")})
    await house.until(house.is_quiet)
    await house.catch_up()
    events = dict(await house.events(house.ana))
    assert events["CreditNoteIssued"]["tax_minor"] == 300
    assert events["CreditNoteIssued"]["invoice_id"] == placed["invoice_id"]
    given = events["CreditGiven"]
    assert (given["amount_minor"], given["source"]) == (3300, "credit_note")
    assert await house.findings() == []


async def test_a_fee_that_was_paid_before_the_lift_is_not_asked_for_again_by_a_new_rule(
    house: House,
) -> None:
    before = {"kind": "before_lift", "amount_minor": 500}
    service = await holding(house, reactivation_fee=before)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    await house.pay_and_settle(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])
    await house.until(house.is_quiet)
    fee = (await house.invoices(house.ana))[-1]
    assert fee["lines"][0]["kind"] == "reactivation_fee"
    after = {"kind": "next_invoice", "amount_minor": 700}
    await house.apply_brand(products=products(reactivation_fee=after))
    await house.pay(house.ana, fee["invoice_id"])
    await house.until_service_is("active", service["service_id"])
    await house.catch_up()
    assert "BillableItemAdded" not in await house.names(house.ana)
    assert await house.fetchval("select count(*) from parked") == 0
    assert await house.findings() == []


async def asked_of_panel(house: House) -> list[dict[str, Any]]:
    events = await house.events(house.ana)
    return [said for name, said in events if name == "ProvisioningRequested"]


async def kinds_of_invoices(house: House) -> list[str]:
    return sorted(each["lines"][0]["kind"] for each in await house.invoices(house.ana))


async def test_a_lift_that_the_panel_has_not_answered_costs_no_fee_of_a_new_rule(
    house: House,
) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    await house.pay(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])

    async def is_panel_asked() -> bool:
        await house.inbox.work_off_due()
        await house.catch_up()
        return bool((await asked_of_panel(house))[-1]["action"] == "unsuspend")

    await wait_until(is_panel_asked)
    fee = {"kind": "before_lift", "amount_minor": 500}
    await house.apply_brand(products=products(reactivation_fee=fee))
    await house.play(due + 6 * DAY)
    assert await house.service_status(service["service_id"]) == "active"
    assert await kinds_of_invoices(house) == ["new", "renewal"]


async def test_an_open_fee_keeps_no_service_that_runs_from_being_billed(house: House) -> None:
    fee = {"kind": "before_lift", "amount_minor": 500}
    service = await holding(house, reactivation_fee=fee)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    await house.pay_and_settle(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])
    await house.until(house.is_quiet)
    path = f"/v1/staff/services/{service['service_id']}/suspension/end"
    await house.do("POST", path, token=house.staff())
    await house.until_service_is("active", service["service_id"])
    await house.play_until(await due_of(house, service) - 14 * DAY)
    assert await kinds_of_invoices(house) == ["new", "reactivation_fee", "renewal", "renewal"]
    assert await house.findings() == []


async def test_a_service_that_staff_has_run_again_is_not_deleted_meanwhile_for_its_debt(
    house: House,
) -> None:
    service = await holding(house, termination_days=9)
    due = await due_of(house, service)
    await house.play_until(due + 13 * DAY)
    path = f"/v1/staff/services/{service['service_id']}/suspension/end"
    await house.do("POST", path, token=house.staff())
    assert [said["action"] for said in await asked_of_panel(house)][-1] == "unsuspend"
    await house.play(due + 14 * DAY)
    assert await house.service_status(service["service_id"]) == "active"
    assert "terminate" not in [said["action"] for said in await asked_of_panel(house)]
    assert await house.findings() == []
