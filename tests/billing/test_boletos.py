"""Paying by boleto: a number of its own, what it says, once more when it is late."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.boleto.barcode import read_boleto
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.expiring import BoletoExpiry
from services.billing.boleto.late_payment import LateTerms, late_charges
from services.billing.documents.boleto_papers import boleto_paper
from services.billing.documents.paper import BoletoPaper
from shared.errors import NotFound
from shared.store import Cause
from tests.billing.codes_read import codes_on, text_of
from tests.billing.house import House, brand_file, code_of
from tests.billing.paid_in_brazil import (
    ACCOUNTS,
    LATE,
    open_attempt,
    order_and_boleto,
    pays_in_brazil,
    ways_to_pay,
)


async def again(house: House, boleto: dict[str, Any], **body: Any) -> Any:
    path = f"/v1/boletos/{boleto['boleto_id']}/duplicates"
    return await house.ask("POST", path, body, token=house.client(house.ana))


async def test_a_boleto_says_the_invoice_and_is_the_same_when_asked_again(house: House) -> None:
    await pays_in_brazil(house)
    order = await house.order(house.ana)
    first = await open_attempt(house, house.ana, order["invoice_id"], method="slip")
    assert await open_attempt(house, house.ana, order["invoice_id"], method="slip") == first
    names = await house.names(house.ana)
    assert (names.count("PaymentStarted"), names.count("BoletoIssued")) == (1, 1)
    barcode, today = read_boleto(first[1]["line"]), await house.today()
    assert (barcode.bank, barcode.amount_minor) == ("237", 2990)
    assert barcode.due_on(read_on=today) == today + timedelta(days=3)
    assert barcode.digits == first[1]["barcode"]
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert invoice["status"] == "unpaid", "a slip of paper is no money on its way"
    listed = await house.do("GET", "/v1/boletos", token=house.client(house.ana))
    assert [each["boleto_id"] for each in listed] == [first[1]["boleto_id"]]
    assert await house.findings() == []


async def test_own_numbers_have_no_gaps_and_come_once_whoever_asks_at_once(house: House) -> None:
    """Two brands that collect under one agreement with their bank share its numbers."""
    await pays_in_brazil(house)
    await house.apply_brand("vela", **{**ways_to_pay(), "hosts": ["vela.localhost"]})
    orders = [await house.order(house.ana, domain=f"n{n}.example") for n in range(8)]
    invoices = [each["invoice_id"] for each in orders]
    await asyncio.gather(
        *(open_attempt(house, house.ana, each, method="slip") for each in (*invoices, *invoices))
    )
    issued = [f for name, f in await house.events(house.ana) if name == "BoletoIssued"]
    assert sorted(each["sequence"] for each in issued) == list(range(1, 9))
    assert len({each["own_number"] for each in issued}) == 8
    assert await house.findings() == []


async def test_twenty_clicks_at_once_make_one_boleto(house: House) -> None:
    await pays_in_brazil(house)
    order = await house.order(house.ana)
    token = house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    payment = await house.do("POST", path, {"method": "slip"}, token=token)
    page = f"/v1/payments/{payment['payment_id']}/hosted-page"
    answers = await asyncio.gather(
        *(house.ask("POST", page, {"return_url_path": "/"}, token=token) for _ in range(20))
    )
    assert {each.status_code for each in answers} <= {200, 503}
    told = {each.json()["instructions"]["boleto_id"] for each in answers if each.is_success}
    assert len(told) == 1
    assert (await house.names(house.ana)).count("BoletoIssued") == 1
    assert await house.findings() == []


async def test_a_late_boleto_is_issued_again_with_fine_and_interest(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    in_time = (await again(house, boleto)).json()
    assert (in_time["line"], in_time["days_late"]) == (boleto["line"], 0)
    house.clock.ahead = timedelta(days=13)
    late = (await again(house, boleto)).json()
    assert (await again(house, boleto)).json() == late
    charges = late_charges(
        2990,
        due_on=date.fromisoformat(boleto["due_on"]),
        paid_on=date.fromisoformat(late["pay_by"]),
        terms=LateTerms(),
    )
    assert late["days_late"] >= 7
    assert late["amount_minor"] == 2990 + charges.total_minor
    barcode = read_boleto(late["line"])
    assert barcode.amount_minor == late["amount_minor"]
    assert barcode.free_field == read_boleto(boleto["line"]).free_field
    path = f"/v1/boletos/{boleto['boleto_id']}"
    await house.catch_up()
    shown = await house.do("GET", path, token=house.client(house.ana))
    assert [each["line"] for each in shown["again"]] == [late["line"]]
    assert (await house.names(house.ana)).count("BoletoReissued") == 1


async def test_what_the_paper_shows_is_the_boleto_and_its_segunda_via(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")

    async def paper(**of: Any) -> BoletoPaper:
        async with house.store.transaction(Cause(actor="test")) as tx:
            return await boleto_paper(await tx.load(Boleto, UUID(boleto["boleto_id"])), tx, **of)

    slip = await paper()
    assert (slip.bank_code, slip.bank_name) == ("237-2", "Bradesco")
    assert (slip.typeable_line, slip.barcode) == (boleto["line"], boleto["barcode"])
    assert (slip.own_number, slip.branch_and_account) == ("09/00000000001-1", "1234/123456")
    assert slip.payer.name == "Ana Souza"
    assert slip.instructions == (
        "Após o vencimento, cobrar multa de 2%.",
        "Após o vencimento, cobrar juros de 1% ao mês.",
    )
    assert (slip.is_duplicate, slip.charged_minor) == (False, None)
    house.clock.ahead = timedelta(days=13)
    late = (await again(house, boleto)).json()
    second = await paper(pay_by=date.fromisoformat(late["pay_by"]))
    assert (second.typeable_line, second.charged_minor) == (late["line"], late["amount_minor"])
    assert (second.is_duplicate, second.amount_minor) == (True, 2990)
    with pytest.raises(NotFound):
        await paper(pay_by=date(2031, 1, 1))


async def test_the_pdf_of_a_boleto_is_read_back_by_a_reader_of_barcodes(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    token, path = house.client(house.ana), f"/v1/boletos/{boleto['boleto_id']}/pdf"
    printed = await house.ask("GET", path, token=token)
    assert printed.headers["content-type"] == "application/pdf"
    assert codes_on(printed.content)["ITF"] == boleto["barcode"]
    assert boleto["line"] in text_of(printed.content)
    house.clock.ahead = timedelta(days=13)
    late = (await again(house, boleto)).json()
    second = await house.ask("GET", f"{path}?pay_by={late['pay_by']}", token=token)
    assert codes_on(second.content)["ITF"] == late["barcode"]
    assert "Segunda via" in text_of(second.content)
    never = await house.ask("GET", f"{path}?pay_by=2031-01-01", token=token)
    assert code_of(never) == (404, "not_found")


async def test_a_boleto_that_is_over_is_not_issued_again(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    far = (await house.today() + timedelta(days=300)).isoformat()
    assert code_of(await again(house, boleto, pay_by=far)) == (409, "boleto_not_payable")
    token = house.client(house.ana)
    await house.do("DELETE", f"/v1/boletos/{boleto['boleto_id']}", token=token)
    assert code_of(await again(house, boleto)) == (409, "boleto_not_payable")


async def test_a20_boletos_of_others_do_not_exist(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    path, stranger = f"/v1/boletos/{boleto['boleto_id']}", house.client(house.rui)
    asked = (
        ("GET", path),
        ("DELETE", path),
        ("POST", path + "/duplicates"),
        ("GET", path + "/pdf"),
    )
    for method, each in asked:
        body: dict[str, Any] | None = {} if method == "POST" else None
        answer = await house.ask(method, each, body, token=stranger)
        assert code_of(answer) == (404, "not_found")
    assert await house.do("GET", "/v1/boletos", token=stranger) == []


async def test_f50_a_boleto_that_the_bank_no_longer_takes_makes_room(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    expiry = BoletoExpiry(house.store)
    assert await house.inquiry.ask(UUID(boleto["payment_id"])), "nobody else is to be asked"
    assert await expiry.end_what_is_over() == 0
    house.clock.ahead = timedelta(days=40)
    assert await expiry.end_what_is_over() == 1
    await house.catch_up()
    assert await expiry.end_what_is_over() == 0
    failed = dict(await house.events(house.ana))["PaymentFailed"]
    assert failed["reason"] == "boleto_expired"


async def test_f54_a_boleto_is_taken_back_before_a_card_is_charged(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    ended = await house.inquiry.end(UUID(boleto["payment_id"]))
    assert (ended.status, ended.is_paid) == ("failed", False)
    token = house.client(house.ana)
    await house.catch_up()
    shown = await house.do("GET", f"/v1/boletos/{boleto['boleto_id']}", token=token)
    assert shown["status"] == "ended"


async def test_a52_what_a_boleto_says_is_not_the_clients_to_say(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    said: list[dict[str, Any]] = [
        {"amount_minor": 1},
        {"due_on": "2030-01-01"},
        {"fine_minor": 0},
        {"account_id": str(house.rui)},
    ]
    for body in said:
        assert (await again(house, boleto, **body)).status_code == 422


# --------------------------------------------------------------------------- what a brand may say


async def refused(house: House, **changed: Any) -> dict[str, Any]:
    body = brand_file(**{**ways_to_pay(), **changed})
    answer = await house.ask("PUT", "/internal/brands/ponto", body, token=house.internal())
    assert answer.status_code == 422, answer.text
    problem: dict[str, Any] = answer.json()
    return {"code": problem["code"], **problem.get("facts", {})}


async def test_a_bank_account_that_cannot_collect_is_refused_by_field(house: House) -> None:
    account = {"id": "main", "bank": "237", **ACCOUNTS["237"], **LATE}
    wrong: dict[str, dict[str, Any]] = {
        "wallet": {"wallet": ""},
        "agreement": {"agreement": "123"},
        "account": {"account": "123456789"},
        "fine_percent": {"fine_percent": "101"},
    }
    for field, change in wrong.items():
        found = await refused(house, bank_accounts=[{**account, **change}])
        assert (found["code"], found["field"]) == ("bank_account_invalid", field)
    twice = await refused(house, bank_accounts=[account, account])
    assert (twice["code"], twice["field"]) == ("bank_account_invalid", "id")


async def test_a_way_to_pay_names_an_account_of_the_brand(house: House) -> None:
    found = await refused(house, bank_accounts=[])
    assert (found["code"], found["field"]) == ("payment_method_lacks", "bank_account")
    found = await refused(house, pix_receivers=[])
    assert (found["code"], found["field"]) == ("payment_method_lacks", "pix_receiver")
    key = [{**ways_to_pay()["pix_receivers"][0], "key": "not a key"}]
    found = await refused(house, pix_receivers=key)
    assert (found["code"], found["field"]) == ("pix_receiver_invalid", "key")


async def test_the_first_number_does_not_change_once_boletos_are_counted(house: House) -> None:
    await pays_in_brazil(house)
    account = ways_to_pay()["bank_accounts"][0]
    found = await refused(house, bank_accounts=[{**account, "first_number": 100}])
    assert found["code"] == "numbering_goes_on"
