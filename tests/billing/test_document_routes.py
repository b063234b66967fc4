"""Documents over HTTP: whose they are, their types and names, when they are made anew."""

from io import BytesIO
from typing import Any

import httpx
import pypdf
import pytest
from lxml import etree

from shared.ids import new_id
from tests.billing.house import House, code_of
from tests.billing.official_rules import broken_rules

PAYEE = {
    "name": "Wisła sp. z o.o.",
    "tax_id": "8567346215",
    "address": "ul. Długa 7",
    "city": "Kraków",
    "postal_code": "31-147",
    "country": "PL",
}
FORMS = ("pdf", "ubl", "factur-x")
TAX = {
    "mode": "inclusive",
    "seller_country": "PL",
    "rates": [{"name": "VAT", "percent": "23", "country": ""}],
}


async def get(
    house: House, path: str, *, token: str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    asked = token or house.client(house.ana)
    return await house.ask("GET", path, token=asked, headers=headers)


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(answer.content)).pages)


async def taxed_invoice(house: House) -> str:
    """An open invoice of Ana's from a brand in Poland that charges VAT."""
    await house.apply_brand(payee=PAYEE, tax=TAX)
    return (await house.order(house.ana))["invoice_id"]


async def test_a_client_downloads_its_invoice_in_its_language(house: House) -> None:
    order = await house.order(house.ana)
    invoice = await house.invoice(house.ana, order["invoice_id"])
    answer = await get(house, f"/v1/invoices/{order['invoice_id']}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    name = f'inline; filename="{invoice["number"]}.pdf"'
    assert answer.headers["content-disposition"] == name
    text = text_of(answer)
    assert "Fatura" in text and invoice["number"] in text and "Ana Souza" in text


async def test_a_document_that_the_browser_has_is_not_sent_again(house: House) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/pdf"
    first = await get(house, path)
    assert first.headers["cache-control"] == "private, no-cache"
    again = await get(house, path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await get(house, path)).content == first.content
    await house.pay_and_settle(house.ana, order["invoice_id"])
    paid = await get(house, path, headers={"if-none-match": first.headers["etag"]})
    assert "Paga" in text_of(paid), "what has changed is sent"


async def test_a_receipt_is_for_money_that_came(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    answer = await get(house, f"/v1/payments/{payment_id}/receipt")
    assert code_of(answer) == (409, "payment_not_received_yet")
    other = await house.order(house.rui)
    paid_id = await house.pay(house.rui, other["invoice_id"])
    await house.until(lambda: is_paid(house, other["invoice_id"]))
    token = house.client(house.rui)
    text = text_of(await get(house, f"/v1/payments/{paid_id}/receipt", token=token))
    assert "Recibo de pagamento" in text and "R$\xa029,90" in text.replace("R$ ", "R$\xa0")
    number = (await house.invoice(house.rui, other["invoice_id"]))["number"]
    assert f"Fatura {number}" in text


async def is_paid(house: House, invoice_id: str) -> bool:
    return bool((await house.invoice(house.rui, invoice_id))["status"] == "paid")


async def test_an_electronic_invoice_keeps_the_official_rules(house: House) -> None:
    invoice_id = await taxed_invoice(house)
    ubl = await get(house, f"/v1/invoices/{invoice_id}/ubl")
    assert ubl.headers["content-type"] == "application/xml"
    assert ubl.headers["content-disposition"].startswith("attachment; filename=")
    assert broken_rules(ubl.text, "invoice") == []
    factur_x = await get(house, f"/v1/invoices/{invoice_id}/factur-x")
    (attached,) = pypdf.PdfReader(BytesIO(factur_x.content)).attachments.values()
    assert broken_rules(attached[0].decode(), "cii") == []


async def test_a_credit_note_is_printed_and_electronic_as_well(house: House) -> None:
    invoice_id = await taxed_invoice(house)
    path = f"/v1/invoices/{invoice_id}/credit-notes"
    note = await house.do("POST", path, {"reason": "Cobrada em dobro"}, token=house.staff())
    of_note = f"/v1/credit-notes/{note['credit_note_id']}"
    text = text_of(await get(house, f"{of_note}/pdf"))
    assert "Nota de crédito" in text and "Cobrada em dobro" in text
    ubl = await get(house, f"{of_note}/ubl")
    assert broken_rules(ubl.text, "credit_note") == []
    root = etree.fromstring(ubl.content)
    assert root.tag.endswith("CreditNote")
    assert (await get(house, f"{of_note}/factur-x")).status_code == 200
    struck = text_of(await get(house, f"/v1/invoices/{invoice_id}/pdf"))
    assert "Creditada" in struck


async def test_documents_are_for_their_account_and_for_the_brands_staff(house: House) -> None:
    invoice_id = await taxed_invoice(house)
    note_path = f"/v1/invoices/{invoice_id}/credit-notes"
    note = await house.do("POST", note_path, {"reason": "x"}, token=house.staff())
    other = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, other["invoice_id"])
    for path in (
        *(f"/v1/credit-notes/{note['credit_note_id']}/{form}" for form in FORMS),
        *(f"/v1/invoices/{invoice_id}/{form}" for form in FORMS),
        f"/v1/payments/{payment_id}/receipt",
    ):
        stranger = await get(house, path, token=house.client(house.rui))
        other_brand = await get(house, path, token=house.staff("vela"))
        assert stranger.status_code == other_brand.status_code == 404, path
        without = await get(house, path, token=house.staff(may=[]))
        assert code_of(without) == (403, "forbidden")
    answer = await get(house, f"/v1/invoices/{invoice_id}/pdf", token=house.staff())
    assert answer.status_code == 200
    assert (await house.http.get(f"/v1/invoices/{invoice_id}/pdf")).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/invoices/{}/pdf",
        "/v1/invoices/{}/ubl",
        "/v1/invoices/{}/factur-x",
        "/v1/credit-notes/{}/pdf",
        "/v1/credit-notes/{}/ubl",
        "/v1/credit-notes/{}/factur-x",
        "/v1/payments/{}/receipt",
    ],
)
async def test_what_there_is_not_is_not_found_and_nonsense_is_malformed(
    house: House, path: str
) -> None:
    missing = await get(house, path.format(new_id()))
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert (await get(house, path.format("x"))).status_code == 422


async def test_what_en_16931_cannot_say_is_refused_by_name(house: House) -> None:
    """The brand of the house names no tax number of its own."""
    order = await house.order(house.ana)
    answer = await get(house, f"/v1/invoices/{order['invoice_id']}/ubl")
    assert code_of(answer) == (409, "not_for_en16931")
    facts: dict[str, Any] = answer.json()["facts"]
    assert facts["reason"].startswith("seller_without_")


async def test_f68_a_paper_that_cannot_be_made_leaves_its_invoice_and_comes_later(
    house: House,
) -> None:
    order = await house.order(house.ana)
    workshop = house.service.state.workshop
    await workshop.close()
    command, workshop._command = workshop._command, ("false",)
    answer = await get(house, f"/v1/invoices/{order['invoice_id']}/pdf")
    assert code_of(answer) == (503, "document_not_made")
    assert answer.headers["retry-after"]
    await house.pay_and_settle(house.ana, order["invoice_id"])
    workshop._command = command
    assert (await get(house, f"/v1/invoices/{order['invoice_id']}/pdf")).status_code == 200
