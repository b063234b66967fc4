"""Top-ups by bank transfer: recognised by their reference, credited once each time money comes."""

from typing import Any

import pytest

from tests.billing.banking import (
    credit,
    credit_of,
    decide,
    entries,
    open_bank,
    send,
    statement,
    take_in,
    work_off,
)
from tests.billing.codes_read import text_of
from tests.billing.house import House, code_of
from tests.billing.test_top_ups import want

pytestmark = pytest.mark.measured


async def said(house: House, name: str) -> list[dict[str, Any]]:
    return [data for each, data in await house.events(house.ana) if each == name]


async def test_what_names_its_top_up_is_credited_as_it_came_once_and_with_a_receipt(
    house: House,
) -> None:
    await open_bank(house)
    today = await house.today()
    exact, less, more = [await want(house, 5000, "transfer") for _ in range(3)]
    body = {"amount_minor": 900, "method": "transfer"}
    others = await house.do("POST", "/v1/top-ups", body, token=house.client(house.rui))
    file = statement(
        credit(5000, f"credito {exact['reference']}", on=today, bank_reference="1"),
        credit(4000, less["reference"].lower(), on=today, bank_reference="2"),
        credit(6000, f"Ref. {more['reference']}/ana", on=today, bank_reference="3"),
        credit(900, others["reference"], on=today, bank_reference="4"),
    )
    for _ in range(2):
        assert (await send(house, file)).status_code == 201
        await work_off(house)
    received = await said(house, "PaymentReceived")
    assert {(each["invoice_id"], each["amount_minor"]) for each in received} == {
        (exact["top_up_id"], 5000),
        (less["top_up_id"], 4000),
        (more["top_up_id"], 6000),
    }
    assert {(each["purpose"], each["method"]) for each in received} == {("top_up", "transfer")}
    added = await said(house, "CreditAdded")
    assert sorted(each["amount_minor"] for each in added) == [4000, 5000, 6000]
    assert {each["reason"] for each in added} == {"top_up"}
    assert len(received) == 3 and await credit_of(house, house.ana) == 15000
    assert await credit_of(house, house.rui) == 900
    path = f"/v1/payments/{received[0]['payment_id']}/receipt"
    receipt = await house.ask("GET", path, token=house.client(house.ana))
    assert {"Recibo", received[0]["receipt_number"]} <= set(text_of(receipt.content).split())
    assert await house.invoices(house.ana) == [] and await house.findings() == []


async def test_a_second_transfer_under_the_same_reference_is_credited_when_staff_says_so(
    house: House,
) -> None:
    await open_bank(house)
    today, wanted = await house.today(), await want(house, 5000, "transfer")
    payer = {"payer_name": "ANA SOUZA", "payer_account": "9981"}
    for n in "12":
        await take_in(house, credit(5000, wanted["reference"], on=today, bank_reference=n, **payer))
    assert await credit_of(house, house.ana) == 5000
    (entry,) = await entries(house)
    assert entry["reasons"] == ["already_settled"]
    (reading,) = entry["readings"]
    assert (reading["invoice_ids"], reading["top_up_ids"]) == ([], [wanted["top_up_id"]])
    assert (await decide(house, entry["entry_id"], "confirmation", {"reading": 0})).is_success
    assert await credit_of(house, house.ana) == 10000
    assert await house.findings() == []


async def test_a_guess_is_confirmed_taken_back_and_what_was_wanted_is_recognised_anew(
    house: House,
) -> None:
    await open_bank(house)
    today, wanted = await house.today(), await want(house, 5000, "transfer")
    await take_in(house, credit(5000, "hospedagem", on=today, bank_reference="1"))
    (entry,) = await entries(house)
    (reading,) = entry["readings"]
    assert reading["top_up_ids"] == [wanted["top_up_id"]]
    assert reading["reasons"] == ["amount_is_open"] and await credit_of(house, house.ana) == 0
    assert (await decide(house, entry["entry_id"], "confirmation", {"reading": 0})).is_success
    assert await credit_of(house, house.ana) == 5000
    undo = {"reason": "It was somebody else's."}
    assert (await decide(house, entry["entry_id"], "reopening", undo)).is_success
    assert await credit_of(house, house.ana) == 0 and await house.findings() == []
    assert (await said(house, "CreditWithdrawn"))[0]["reason"] == "payment_taken_back"
    await take_in(house, credit(5000, wanted["reference"], on=today, bank_reference="2"))
    assert await credit_of(house, house.ana) == 5000
    (named,) = await entries(house, "allocated")
    order = await house.order(house.ana)
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "paid"
    refused = await decide(house, named["entry_id"], "reopening", undo)
    assert code_of(refused) == (409, "credit_too_small")
    assert await house.findings() == []


async def test_staff_assigns_an_entry_to_an_invoice_and_the_rest_to_a_top_up(house: House) -> None:
    await open_bank(house)
    order, today = await house.order(house.ana), await house.today()
    wanted = await want(house, 5000, "transfer")
    await take_in(house, credit(7000, "tudo", on=today))
    (entry,) = await entries(house)
    top_up = {"invoice_id": wanted["top_up_id"], "purpose": "top_up"}
    unknown = {"invoices": [{"invoice_id": wanted["top_up_id"]}]}
    assert code_of(await decide(house, entry["entry_id"], "assignment", unknown)) == (
        404,
        "not_found",
    )
    body = {"invoices": [{"invoice_id": order["invoice_id"]}, top_up]}
    assert (await decide(house, entry["entry_id"], "assignment", body)).is_success
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "paid"
    (shown,) = await entries(house, "allocated")
    assert [(s["purpose"], s["amount_minor"]) for s in shown["shares"]] == [
        ("invoice", 2990),
        ("top_up", 4010),
    ]
    assert await credit_of(house, house.ana) == 4010
    assert await house.findings() == []


async def test_what_is_awaited_is_told_its_own_account_until_its_money_is_there(
    house: House,
) -> None:
    await open_bank(house)
    today = await house.today()
    first, second = [await want(house, minor, "transfer") for minor in (5000, 7000)]
    await want(house, 9000, "card")
    ana, rui = house.client(house.ana), house.client(house.rui)

    async def awaited(token: str, query: str = "") -> list[dict[str, Any]]:
        return list((await house.ask("GET", f"/v1/top-ups{query}", token=token)).json())

    told = await awaited(ana)
    assert [each["top_up_id"] for each in told] == [second["top_up_id"], first["top_up_id"]]
    assert told[1] == {
        "top_up_id": first["top_up_id"],
        "method": "transfer",
        "amount_minor": 5000,
        "currency": "BRL",
        "reference": first["reference"],
        "wanted_on": today.isoformat(),
        "instructions": first["instructions"],
    }
    assert await awaited(ana, "?limit=1") == told[:1] and await awaited(rui) == []
    assert code_of(await house.ask("GET", "/v1/top-ups", token=house.staff())) == (
        403,
        "forbidden",
    )
    await take_in(house, credit(5000, first["reference"], on=today))
    assert await awaited(ana) == told[:1]
    (entry,) = await entries(house, "allocated")
    undo = {"reason": "It was somebody else's."}
    assert (await decide(house, entry["entry_id"], "reopening", undo)).is_success
    assert await awaited(ana) == told


async def test_a_top_up_wanted_before_its_way_was_kept_goes_to_the_brands_first_account(
    house: House,
) -> None:
    await open_bank(house)
    wanted = await want(house, 5000, "transfer")
    await house.execute("update top_up_by_transfer set method = null")
    (told,) = (await house.ask("GET", "/v1/top-ups", token=house.client(house.ana))).json()
    assert (told["method"], told["instructions"]) == (None, wanted["instructions"])
