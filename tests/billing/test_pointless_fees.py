"""Late fees for what staff takes back: what was never owed was never late."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.billing.automation.late_fees import ChargeLateFee, charge_late_fee
from services.billing.automation.policies import reconsider_when_taken_back
from shared.contracts.billing import CreditNoteIssued, InvoiceCancelled
from shared.store import Transaction
from tests.billing.banking import METHODS, pay_part
from tests.billing.house import House, envelope_of
from tests.billing.test_invoicing import credit_of, staff_does
from tests.billing.test_late_facts import CAUSE, DAY, FEE, learn_of_payment, settle, suspended

Shown = dict[str, Any]
NEWS: dict[str, Any] = {
    "InvoiceCancelled": InvoiceCancelled,
    "CreditNoteIssued": CreditNoteIssued,
}


async def fee_of(house: House, invoice_id: str) -> Shown:
    """The invoice over the fee for that one, as it was charged."""
    (fee,) = (
        each
        for each in await house.invoices(house.ana)
        if each["about_invoice_id"] == invoice_id and not each["corrects"]
    )
    return fee


async def void(house: House, invoice_id: str) -> None:
    await staff_does(house, f"/v1/invoices/{invoice_id}/cancel", {"reason": "Sent by mistake"})
    await house.until(house.is_quiet)


async def credit(house: House, invoice_id: str, *, minor: int | None = None) -> None:
    """Take back all that is left, or so much of the first line."""
    body: dict[str, Any] = {"reason": "Charged by mistake"}
    if minor is not None:
        body["lines"] = [{"line": 0, "amount_minor": minor}]
    await staff_does(house, f"/v1/invoices/{invoice_id}/credit-notes", body)
    await house.until(house.is_quiet)


async def correct(house: House, invoice_id: str, *, lines: list[Shown]) -> str:
    """The id of the invoice that stands for it then."""
    body = {"reason": "Wrong", "due_on": (await house.today()).isoformat(), "lines": lines}
    new = await staff_does(house, f"/v1/invoices/{invoice_id}/corrections", body)
    await house.until(house.is_quiet)
    new_id: str = new["invoice_id"]
    return new_id


def line_of(minor: int, place: int | None = 0) -> Shown:
    return {"line": place, "description": "Hosting", "net_minor": minor}


async def status_of_fee(house: House, invoice_id: str) -> tuple[str, int]:
    assert await house.findings() == []
    fee = await fee_of(house, invoice_id)
    return fee["status"], fee["open_minor"]


# ------------------------------------------------------------------------------ taken back


async def test_the_fee_for_an_invoice_that_staff_makes_void_is_void(house: House) -> None:
    _, invoice_id, due = await suspended(house)
    await void(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("cancelled", 0)
    cancelled = [f for name, f in await house.events(house.ana) if name == "InvoiceCancelled"]
    assert [each["reason"] for each in cancelled] == ["Sent by mistake", "never_owed"]
    fee = await fee_of(house, invoice_id)
    why = await house.do(
        "GET", f"/v1/why/invoice/{fee['invoice_id']}", token=house.client(house.ana)
    )
    assert why["rule"] == "invoice.never_owed"
    assert (await house.invoice(house.ana, invoice_id))["number"] in why["sentence"]
    await house.play_until(due + 12 * DAY)
    assert (await house.names(house.ana)).count("InvoiceCancelled") == 2
    assert await fee_of(house, invoice_id) == fee, "nor is another one charged"


async def test_the_fee_for_an_invoice_that_staff_credits_whole_is_void(house: House) -> None:
    """In however many notes; before the last of them something is owed."""
    _, invoice_id, _ = await suspended(house)
    await credit(house, invoice_id, minor=1000)
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    await credit(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("cancelled", 0)


async def test_the_fee_for_a_paid_invoice_that_staff_credits_whole_is_void(house: House) -> None:
    _, invoice_id, due = await suspended(house)
    await learn_of_payment(house, invoice_id, paid_on=due + 4 * DAY)
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    await credit(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("cancelled", 0)
    assert await credit_of(house) == 2990


async def test_a_fee_that_was_paid_is_credit_once_it_was_never_owed(house: House) -> None:
    _, invoice_id, _ = await suspended(house)
    fee_id = (await fee_of(house, invoice_id))["invoice_id"]
    await house.pay_and_settle(house.ana, fee_id)
    await void(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("credited", 0)
    assert await credit_of(house) == 700
    token = house.client(house.ana)
    (note,) = await house.do("GET", "/v1/credit-notes", token=token)
    assert (note["invoice_id"], note["returned_minor"]) == (fee_id, 700)
    why = await house.do("GET", f"/v1/why/credit_note/{note['credit_note_id']}", token=token)
    assert why["rule"] == "credit_note.never_owed"
    assert (await house.invoice(house.ana, invoice_id))["number"] in why["sentence"]


async def test_of_a_fee_that_staff_has_credited_in_part_the_rest_is_taken_back(
    house: House,
) -> None:
    _, invoice_id, _ = await suspended(house)
    await credit(house, (await fee_of(house, invoice_id))["invoice_id"], minor=200)
    await void(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("credited", 0)
    assert await credit_of(house) == 0


async def test_a_fee_whose_money_is_on_its_way_is_taken_back_when_it_has_come(
    house: House,
) -> None:
    _, invoice_id, due = await suspended(house)
    fee_id = (await fee_of(house, invoice_id))["invoice_id"]
    pending, _ = await house.start_payment(house.ana, fee_id)
    await settle(house, pending, paid_on=None, status="pending")
    await void(house, invoice_id)
    assert await status_of_fee(house, invoice_id) == ("payment_pending", 700)
    await settle(house, pending, paid_on=due + 6 * DAY)
    assert await status_of_fee(house, invoice_id) == ("credited", 0)
    assert await credit_of(house) == 700


@pytest.mark.parametrize("paid_minor", [0, 300])
async def test_a_pro_forma_over_a_fee_is_void_with_the_one_that_it_is_for(
    house: House, paid_minor: int
) -> None:
    """What was paid of it is credit."""
    rules = {"late_fee": FEE, "number_on_payment": True}
    await house.apply_brand(rules=rules, payment_methods=METHODS)
    await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play_until(due + 4 * DAY)
    (fee,) = [each for each in await house.invoices(house.ana) if each["about_invoice_id"]]
    assert fee["is_pro_forma"]
    if paid_minor:
        await pay_part(house, fee["invoice_id"], minor=paid_minor)
    await void(house, fee["about_invoice_id"])
    assert await status_of_fee(house, fee["about_invoice_id"]) == ("cancelled", 0)
    assert await credit_of(house) == paid_minor


# ------------------------------------------------------------------------------ corrected


async def test_a_fee_stands_with_the_invoice_that_corrects_the_late_one(house: House) -> None:
    """What was owed late was owed, at another price; once that one is taken back, it was not."""
    _, invoice_id, _ = await suspended(house)
    new_id = await correct(house, invoice_id, lines=[line_of(990)])
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    newest_id = await correct(house, new_id, lines=[line_of(590)])
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    await credit(house, newest_id)
    assert await status_of_fee(house, invoice_id) == ("cancelled", 0)


async def test_the_fee_for_an_invoice_that_is_corrected_to_nothing_is_void(house: House) -> None:
    _, invoice_id, _ = await suspended(house)
    await correct(house, invoice_id, lines=[line_of(0)])
    assert await status_of_fee(house, invoice_id) == ("cancelled", 0)


async def test_a_fee_that_was_corrected_itself_is_taken_back_as_it_stands(house: House) -> None:
    _, invoice_id, _ = await suspended(house)
    fee_id = (await fee_of(house, invoice_id))["invoice_id"]
    new_id = await correct(house, fee_id, lines=[line_of(500)])
    await void(house, invoice_id)
    assert (await house.invoice(house.ana, new_id))["status"] == "cancelled"
    assert await house.findings() == []


async def test_beside_a_fee_other_lines_of_its_invoice_are_owed_on(house: House) -> None:
    _, invoice_id, _ = await suspended(house)
    fee_id = (await fee_of(house, invoice_id))["invoice_id"]
    new_id = await correct(house, fee_id, lines=[line_of(1500, None), line_of(700)])
    await void(house, invoice_id)
    new = await house.invoice(house.ana, new_id)
    assert (new["open_minor"], new["credited_minor"]) == (1500, 700)
    notes = await house.do("GET", "/v1/credit-notes", token=house.client(house.ana))
    assert [line["place"] for line in notes[0]["lines"]] == [1]
    assert await house.findings() == []


# ------------------------------------------------------------------------------ what was owed


async def test_the_fee_for_a_debt_that_is_written_off_stands(house: House) -> None:
    """Also where a part had come in time, and the fee is looked at again as it is paid."""
    await house.apply_brand(rules={"late_fee": FEE}, payment_methods=METHODS)
    await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play_until(due - DAY)
    invoice_id = (await house.invoices(house.ana))[-1]["invoice_id"]
    await pay_part(house, invoice_id, minor=1000)
    await house.play_until(due + 4 * DAY)
    await staff_does(house, f"/v1/invoices/{invoice_id}/write-off", {"reason": "Gone"})
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    await house.pay_and_settle(house.ana, (await fee_of(house, invoice_id))["invoice_id"])
    assert await status_of_fee(house, invoice_id) == ("paid", 0)


async def test_the_fee_stands_where_the_late_invoice_ends_with_its_service(house: House) -> None:
    service, invoice_id, _ = await suspended(house)
    path = f"/v1/staff/services/{service['service_id']}/termination"
    await staff_does(house, path, {"reason": "abuse"})
    await house.until(house.is_quiet)
    assert (await house.invoice(house.ana, invoice_id))["status"] == "cancelled"
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)


async def test_the_fee_stands_where_staff_and_a_rule_take_the_invoice_back_together(
    house: House,
) -> None:
    """Also when the fee is looked at again as it is paid."""
    service, invoice_id, _ = await suspended(house)
    await credit(house, invoice_id, minor=1000)
    path = f"/v1/staff/services/{service['service_id']}/termination"
    await staff_does(house, path, {"reason": "abuse"})
    await house.until(house.is_quiet)
    assert (await house.invoice(house.ana, invoice_id))["status"] == "credited"
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)
    await house.pay_and_settle(house.ana, (await fee_of(house, invoice_id))["invoice_id"])
    assert await status_of_fee(house, invoice_id) == ("paid", 0)


async def test_the_fee_stands_where_the_late_payment_is_given_back(house: House) -> None:
    _, invoice_id, due = await suspended(house)
    payment_id, _ = await house.start_payment(house.ana, invoice_id)
    await settle(house, payment_id, paid_on=due + 4 * DAY)
    body = {"amount_minor": 2990, "way": "credit", "reason": "goodwill"}
    await staff_does(house, f"/v1/payments/{payment_id}/refunds", body)
    await house.until(house.is_quiet)
    assert (await house.invoice(house.ana, invoice_id))["status"] == "credited"
    assert await status_of_fee(house, invoice_id) == ("unpaid", 700)


# ------------------------------------------------------------------------------ in that moment


@pytest.fixture
async def late(house: House) -> tuple[str, ChargeLateFee]:
    """The id of an invoice that is late, and the command for its fee of today."""
    await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play_until(due + 3 * DAY)
    await house.apply_brand(rules={"late_fee": FEE})
    invoice_id = (await house.invoices(house.ana))[-1]["invoice_id"]
    return invoice_id, ChargeLateFee(invoice_id=UUID(invoice_id), today=due + 3 * DAY)


async def pay_before(house: House, invoice_id: str) -> None:
    await learn_of_payment(house, invoice_id, paid_on=await house.today() - DAY)


@pytest.mark.parametrize("meanwhile", [void, credit, pay_before])
async def test_no_fee_is_charged_for_an_invoice_that_is_taken_back_or_paid_in_that_moment(
    house: House, late: tuple[str, ChargeLateFee], meanwhile: Callable[..., Awaitable[None]]
) -> None:
    invoice_id, charge = late
    charged: list[bool] = []

    async def work(tx: Transaction) -> None:
        charged.append(await charge_late_fee(charge, tx) is not None)
        if len(charged) == 1:
            await meanwhile(house, invoice_id)

    await house.store.run(CAUSE, work)
    await house.catch_up()
    assert charged == [True, False]
    assert not any(each["about_invoice_id"] for each in await house.invoices(house.ana))


# ------------------------------------------------------------------------------ once


@pytest.mark.parametrize("is_paid", [False, True])
async def test_the_same_news_again_change_nothing(house: House, is_paid: bool) -> None:
    _, invoice_id, _ = await suspended(house)
    if is_paid:
        await house.pay_and_settle(house.ana, (await fee_of(house, invoice_id))["invoice_id"])
    await credit(house, invoice_id)
    taken_back = "credited" if is_paid else "cancelled"
    assert await status_of_fee(house, invoice_id) == (taken_back, 0)
    before = await house.events(house.ana)
    for name, said in before:
        if name in NEWS:
            event = msgspec.convert(said, NEWS[name], strict=False)
            envelope = envelope_of(event, account_id=house.ana)
            handle = partial(reconsider_when_taken_back.handle, envelope)
            await house.store.run(CAUSE, handle)
    await house.catch_up()
    assert await house.events(house.ana) == before
