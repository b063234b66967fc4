"""What becomes of a service when nobody will pay an invoice of it: void, credited or given up."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.billing.house import House

WAIVING: dict[str, dict[str, Any]] = {
    "write-off": {"reason": "Too small to ask for"},
    "credit-notes": {"reason": "Goodwill"},
}
VOIDING: dict[str, dict[str, Any]] = {"cancel": {"reason": "Sent by mistake"}}


async def renewal_of(house: House, order: dict[str, str]) -> dict[str, Any]:
    """The invoice over the service's next period, on the day of its issue."""
    due_on: date = await house.fetchval(
        "select next_due_on from service_due where service_id = $1", UUID(order["service_id"])
    )
    await house.play_until(due_on - timedelta(days=14))
    renewal = (await house.invoices(house.ana))[-1]
    (line,) = renewal["lines"]
    assert line["kind"] == "renewal"
    return renewal


async def let_go(house: House, invoice: dict[str, Any], *, path: str, body: Any) -> None:
    """Staff's action about it, and all that follows."""
    token = house.staff()
    await house.do("POST", f"/v1/invoices/{invoice['invoice_id']}/{path}", body, token=token)
    await house.until(house.is_quiet)


async def renewals(house: House) -> list[tuple[str, str]]:
    """Period of each renewal on an invoice, in order, and the invoice's status."""
    return [
        (line["period_start"], invoice["status"])
        for invoice in await house.invoices(house.ana)
        for line in invoice["lines"]
        if line["kind"] == "renewal"
    ]


@pytest.mark.parametrize("path", WAIVING)
async def test_a_period_that_staff_lets_go_of_follows_and_the_next_one_is_billed(
    house: House, path: str
) -> None:
    order = await house.active_service(house.ana)
    renewal = await renewal_of(house, order)
    end = date.fromisoformat(renewal["lines"][0]["period_end"])
    await let_go(house, renewal, path=path, body=WAIVING[path])
    renewed = [said for name, said in await house.events(house.ana) if name == "ServiceRenewed"]
    assert [(said["next_due_on"], said["why"]["rule"]) for said in renewed] == [
        (end.isoformat(), "renewal.waived")
    ]
    await house.play_until(end - timedelta(days=14))
    assert [start for start, _ in await renewals(house)] == [
        renewal["lines"][0]["period_start"],
        end.isoformat(),
    ]
    assert await house.service_status(order["service_id"]) == "active"
    assert await house.findings() == []


@pytest.mark.parametrize("path", VOIDING)
async def test_a_period_of_an_invoice_that_never_was_is_billed_anew(
    house: House, path: str
) -> None:
    order = await house.active_service(house.ana)
    renewal = await renewal_of(house, order)
    start = renewal["lines"][0]["period_start"]
    await let_go(house, renewal, path=path, body=VOIDING[path])
    assert "ServiceRenewed" not in await house.names(house.ana)
    await house.play_until(await house.today() + timedelta(days=1))
    assert await renewals(house) == [(start, "cancelled"), (start, "unpaid")]
    assert await house.findings() == []


async def test_nothing_is_ever_given_back_of_a_period_that_nobody_paid(house: House) -> None:
    order = await house.active_service(house.ana)
    renewal = await renewal_of(house, order)
    await let_go(house, renewal, path="write-off", body=WAIVING["write-off"])
    due_on = date.fromisoformat(renewal["due_on"])
    await house.play_until(due_on + timedelta(days=1))
    body = {"at": "now", "reason": "other"}
    path = f"/v1/services/{order['service_id']}/cancellation"
    await house.do("POST", path, body, token=house.client(house.ana))
    await house.until(house.is_quiet)
    given = "select count(*) from ledger_posting where ledger_account = 'client_credit'"
    assert await house.fetchval(given) == 0
    assert await house.findings() == []


async def test_an_invoice_credited_in_part_is_ended_when_its_service_ends_meanwhile(
    house: House,
) -> None:
    """While money is on its way nothing is done about it; the business day looks again."""
    order = await house.active_service(house.ana)
    renewal = await renewal_of(house, order)
    part = {"reason": "Two days off", "lines": [{"line": 0, "amount_minor": 100}]}
    await let_go(house, renewal, path="credit-notes", body=part)
    payment_id, _ = await house.start_payment(house.ana, renewal["invoice_id"])
    house.sandbox.change_checkouts("status = 'pending'")
    await house.inquiry.ask(UUID(payment_id))
    path = f"/v1/staff/services/{order['service_id']}/termination"
    await house.do("POST", path, {"reason": "abuse"}, token=house.staff())
    await house.until_service_is("terminated", order["service_id"])
    house.sandbox.change_checkouts("status = 'failed', failure_code = 'card_declined'")
    await house.inquiry.ask(UUID(payment_id))
    await house.play_until(await house.today() + timedelta(days=2))
    shown = await house.invoice(house.ana, renewal["invoice_id"])
    assert (shown["status"], shown["open_minor"]) == ("credited", 0)
    assert await house.fetchval("select count(*) from business_day_problem") == 0
    assert await house.findings() == []


async def test_a_period_taken_off_a_shared_invoice_is_billed_anew_once_its_service_goes_on(
    house: House,
) -> None:
    kept, wavering = [
        await house.active_service(house.ana, domain=domain)
        for domain in ("one.example", "two.example")
    ]
    due_on: date = await house.fetchval("select min(next_due_on) from service_due")
    await house.play_until(due_on - timedelta(days=14))
    shared = (await house.invoices(house.ana))[-1]
    assert {line["service_id"] for line in shared["lines"]} == {
        kept["service_id"],
        wavering["service_id"],
    }
    token = house.client(house.ana)
    path = f"/v1/services/{wavering['service_id']}/cancellation"
    await house.do("POST", path, {"at": "period_end", "reason": "other"}, token=token)
    await house.do("POST", f"{path}/withdrawal", token=token)
    await house.until(house.is_quiet)
    await house.play_until(await house.today() + timedelta(days=1))
    anew = (await house.invoices(house.ana))[-1]
    assert [line["service_id"] for line in anew["lines"]] == [wavering["service_id"]]
    assert anew["lines"][0]["period_start"] == due_on.isoformat()
    assert await house.findings() == []
