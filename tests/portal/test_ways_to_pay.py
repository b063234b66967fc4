"""Paying on the client area's pages: what billing is asked, in which order, and what is refused."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser

from services.portal.app import LOCALES
from services.portal.credit.amounts import read_amount
from shared.contracts import billing
from shared.i18n import Catalogues
from shared.ids import new_id
from tests.portal.browsing import errors_on, form_on, send
from tests.portal.house import CLIENT, STRANGER, House
from tests.portal.world import NOW, PIX_CODE, PRODUCTS, World, boleto, owing, pix_code

STARTED = {"payment_id": "p1", "status": "created", "amount_minor": 1, "currency": "BRL"}


def attempts(world: World, method: str) -> list[tuple[UUID, UUID]]:
    """Payment and invoice of each attempt by the method, oldest first."""
    started = [e.event for e in world.envelopes if isinstance(e.event, billing.PaymentStarted)]
    return [(each.payment_id, each.invoice_id) for each in started if each.method == method]


def asked(house: House) -> list[str]:
    """What billing was asked to do, in order."""
    told = [each for each in house.neighbours.asked if each.path.startswith("/v1/")]
    return [f"{each.method} {each.path}" for each in told]


def let_pay(house: House, path: str, *, url: str | None) -> None:
    """Billing takes a payment at `path` and opens its page."""
    house.neighbours.answer("POST", path, STARTED, status=201)
    house.neighbours.answer("POST", "/v1/payments/p1/hosted-page", {"url": url})


async def test_another_way_is_begun_only_after_the_first_is_closed(house: House) -> None:
    world = await house.tell(owing())
    ((payment_id, invoice_id), *_) = attempts(world, "pix")
    let_pay(house, f"/v1/invoices/{invoice_id}/payments", url=None)
    house.neighbours.answer("POST", f"/v1/payments/{payment_id}/withdrawal", STARTED)
    page = f"/invoices/{invoice_id}"
    async with house.browser(CLIENT) as browser:
        shown = (await browser.get(page)).text
        hidden = form_on(shown, f"/payments/{payment_id}/withdraw").values
        paid = await browser.post(f"{page}/pay", data={**hidden, "method": "boleto"})
    assert (paid.status_code, paid.headers["location"]) == (303, page)
    assert asked(house) == [
        f"POST /v1/payments/{payment_id}/withdrawal",
        f"POST /v1/invoices/{invoice_id}/payments",
        "POST /v1/payments/p1/hosted-page",
    ]


async def test_what_cannot_be_closed_yet_is_said_and_nothing_else_is_begun(house: House) -> None:
    world = await house.tell(owing())
    ((payment_id, invoice_id), *_) = attempts(world, "pix")
    path = f"/v1/payments/{payment_id}/withdrawal"
    house.neighbours.refuse("POST", path, status=409, code="payment_awaited")
    async with house.browser(CLIENT) as browser:
        shown = (await browser.get(f"/invoices/{invoice_id}")).text
        hidden = form_on(shown, f"/payments/{payment_id}/withdraw").values
        for form in ("pay", "credit"):
            said = {**hidden, "method": "boleto"}
            refused = await browser.post(f"/invoices/{invoice_id}/{form}", data=said)
            assert refused.status_code == 422 and "a caminho" in refused.text
    assert asked(house) == [f"POST {path}"] * 2


async def test_a_late_boleto_asks_for_an_updated_one(house: House) -> None:
    world = await house.tell(owing())
    ((payment_id, invoice_id), *_) = attempts(world, "boleto")
    page, action = f"/invoices/{invoice_id}", f"/payments/{payment_id}/boleto/again"
    issued = [e.event for e in world.envelopes if isinstance(e.event, billing.BoletoIssued)]
    path = f"/v1/boletos/{issued[0].boleto_id}/duplicates"
    house.neighbours.answer("POST", path, {}, status=201)
    async with house.browser(CLIENT) as browser:
        again = await send(browser, page, action=action)
    assert (again.status_code, again.headers["location"]) == (303, page)
    assert asked(house) == [f"POST {path}"]


async def test_only_what_is_open_and_ones_own_is_paid_together(house: House) -> None:
    world = await house.tell(owing())
    (_, first), (_, second) = attempts(world, "boleto")
    other = World(positions=world.positions, numbers=world.numbers).register()
    _, foreign = other.order("alheio.com.br", PRODUCTS[0])
    await house.feed(other.envelopes)
    query = "&".join(f"invoice={id}" for id in (second, foreign, first, "nonsense"))
    for payment_id, _ in attempts(world, "boleto"):
        house.neighbours.answer("POST", f"/v1/payments/{payment_id}/withdrawal", STARTED)
    url = f"{house.desk.settings.payment_origins[0]}/pay/co_1"
    let_pay(house, "/v1/payments", url=url)
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, f"/pay?{query}", action="/pay")
    assert (sent.status_code, sent.headers["location"]) == (303, url)
    body = house.neighbours.last("/v1/payments").body
    assert body == {"method": "card", "invoice_ids": [str(first), str(second)]}


@pytest.mark.parametrize("path", ["withdraw", "boleto/again", "confirm"])
async def test_a_strangers_payment_cannot_be_touched(house: House, path: str) -> None:
    world = await house.tell(owing())
    payment_id, _ = attempts(world, "boleto")[0]
    async with house.browser(STRANGER) as browser:
        values = form_on((await browser.get("/payment-methods")).text, "/payment-methods/add")
        refused = await browser.post(f"/payments/{payment_id}/{path}", data=values.values)
        assert refused.status_code == 404
        assert (await browser.get(f"/payments/{payment_id}/boleto")).status_code == 404
    assert asked(house) == []


@pytest.mark.parametrize(
    ("text", "language", "minor"),
    [
        ("150", "pt-BR", 15000),
        ("1.250,50", "pt-BR", 125050),
        (" 0,01 ", "pt-BR", 1),
        ("1,250.50", "en", 125050),
        ("0", "en", None),
        ("-5", "en", None),
        ("1.5.0", "en", None),
        ("12,345", "pt-BR", None),
        ("NaN", "en", None),
        ("1e5", "en", None),
        ("99999999999", "en", None),
        ("", "en", None),
    ],
)
def test_an_amount_is_read_as_its_reader_writes_it(
    text: str, language: str, minor: int | None
) -> None:
    words = Catalogues(LOCALES).for_language(language)
    assert read_amount(text, "BRL", language=words) == minor


async def test_a_top_up_asks_for_what_was_typed_and_a_wrong_amount_stands_at_its_field(
    house: House,
) -> None:
    await house.tell(owing())
    url = f"{house.desk.settings.payment_origins[0]}/pay/co_1"
    wanted: dict[str, Any] = {**STARTED, "reference": "T1", "instructions": {}}
    house.neighbours.answer("POST", "/v1/top-ups", wanted, status=201)
    house.neighbours.answer("POST", "/v1/payments/p1/hosted-page", {"url": url})
    async with house.browser(CLIENT) as browser:
        refused = await send(browser, "/credit", action="/credit", amount="dez")
        assert refused.status_code == 422
        assert errors_on(refused.text) == {"amount": "Digite um valor como 150,00."}
        sent = await send(browser, "/credit", action="/credit", amount="1.250,50")
        assert (sent.status_code, sent.headers["location"]) == (303, url)
        told = {"amount_minor": 125050, "method": "card", "currency": "BRL"}
        assert house.neighbours.last("/v1/top-ups").body == told
        house.neighbours.answer(
            "POST", "/v1/top-ups", {**wanted, "payment_id": None, "amount_minor": 900}, status=201
        )
        shown = await send(browser, "/credit", action="/credit", amount="9", method="transfer")
    data = [node.text(strip=True) for node in LexborHTMLParser(shown.text).css("dd")]
    assert data[:3] == ["Banco Exemplo (999)", "0001", "12345-6"]
    assert data[-2] == "R$\xa09,00" and data[-1].startswith("T1")


TRANSFER = {
    "top_up_id": str(new_id()),
    "method": "transfer",
    "amount_minor": 12345,
    "currency": "BRL",
    "reference": "T80000000051",
    "wanted_on": "2026-11-19",
    "instructions": {},
}


async def awaited_on(house: House) -> list[str]:
    """What the client's page of credit says that is awaited, a text each."""
    async with house.browser(CLIENT) as browser:
        page = LexborHTMLParser((await browser.get("/credit")).text)
    rows = page.css("section[aria-labelledby=awaited] li")
    return [" ".join(row.text(separator=" ").split()) for row in rows]


async def test_credit_that_is_awaited_stands_on_its_page_until_it_is_there_or_its_time_is_over(
    house: House,
) -> None:
    world = owing()
    slip = world.start_payment(top_up := new_id(), 7000, method="boleto", purpose="top_up")
    world.happen(boleto(slip, top_up, minor=7000, due_on=date(2026, 11, 27)))
    over = world.start_payment(expired := new_id(), 6600, method="pix", purpose="top_up")
    code = pix_code(over, expired, minor=6600)
    world.happen(msgspec.structs.replace(code, expires_at=NOW))
    world.start_payment(new_id(), 8800, purpose="top_up")
    house.neighbours.answer("GET", "/v1/top-ups", [TRANSFER])
    await house.tell(world)
    boleto_row, pix_row, transfer_row = await awaited_on(house)
    assert boleto_row == "R$ 70,00 Aguarda pagamento Boleto bancário · desde 20/11/2026 Ver boleto"
    assert pix_row.startswith("R$ 150,00 Aguarda pagamento PIX · desde 20/11/2026")
    assert transfer_row.startswith(
        "R$ 123,45 Aguarda pagamento Transferência bancária · desde 19/11/2026 "
        "Referência T80000000051"
    )
    assert "Agência 0001" in transfer_row
    world.happen(billing.PaymentPending(payment_id=slip, invoice_id=top_up))
    house.neighbours.answer("GET", "/v1/top-ups", [])
    await house.feed(world.envelopes[-1:])
    assert (await awaited_on(house))[0].startswith("R$ 70,00 Processando")
    for payment_id, _ in attempts(world, "pix")[1:]:
        world.happen(billing.PaymentFailed(payment_id=payment_id, invoice_id=slip, reason="x"))
    world.happen(
        billing.PaymentReceived(
            payment_id=slip,
            invoice_id=top_up,
            method="boleto",
            amount_minor=7000,
            currency="BRL",
            received_on=date(2026, 11, 21),
            receipt_number="REC-000078",
            gateway_reference="b2",
        )
    )
    await house.feed(world.envelopes[-3:])
    assert await awaited_on(house) == []


async def test_a_page_of_credit_shows_what_it_knows_while_billing_is_silent(house: House) -> None:
    await house.tell(owing())
    house.neighbours.refuse("GET", "/v1/top-ups", status=503, code="unavailable")
    async with house.browser(CLIENT) as browser:
        page = await browser.get("/credit")
    assert page.status_code == 200 and "quais transferências" in page.text
    assert len(await awaited_on(house)) == 1


async def test_credit_that_goes_with_its_payment_is_not_said_to_be_paid_out(house: House) -> None:
    world = owing()
    for reason in ("payment_taken_back", "charged_back", "refund"):
        withdrawn = billing.CreditWithdrawn(
            withdrawal_id=new_id(), amount_minor=1, currency="BRL", reason=reason
        )
        world.happen(withdrawn)
    await house.tell(world)
    async with house.browser(CLIENT) as browser:
        shown = (await browser.get("/credit")).text
    for told in ("registrado por engano", "O banco estornou", "Foi devolvido a você"):
        assert shown.count(told) == 1


async def test_a_code_for_credit_or_for_several_invoices_stands_on_its_own_page(
    house: House,
) -> None:
    world = await house.tell(owing())
    credit, _ = attempts(world, "pix")[1]
    wanted: dict[str, Any] = {**STARTED, "payment_id": str(credit), "reference": "T1"}
    house.neighbours.answer("POST", "/v1/top-ups", wanted, status=201)
    house.neighbours.answer("POST", f"/v1/payments/{credit}/hosted-page", {"url": None})
    page = f"/payments/{credit}"
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, "/credit", action="/credit", amount="150", method="pix")
        assert (sent.status_code, sent.headers["location"]) == (303, page)
        assert house.neighbours.last("/v1/top-ups").body["method"] == "pix"
        shown = (await browser.get(page)).text
        assert PIX_CODE in shown and "R$\xa0150,00" in shown
        assert f'href="{page}"' in (await browser.get("/credit")).text
        closing = f"/v1/payments/{credit}/withdrawal"
        house.neighbours.answer("POST", closing, STARTED)
        closed = await send(browser, page, action=f"{page}/withdraw")
        assert closed.headers["location"] == "/credit"
        for payment_id, _ in attempts(world, "boleto"):
            house.neighbours.answer("POST", f"/v1/payments/{payment_id}/withdrawal", STARTED)
        let_pay(house, "/v1/payments", url=None)
        ids = [id for _, id in attempts(world, "boleto")]
        query = "&".join(f"invoice={id}" for id in ids)
        sent = await send(browser, f"/pay?{query}", action="/pay", method="boleto")
        assert (sent.status_code, sent.headers["location"]) == (303, "/payments/p1")
    body = house.neighbours.last("/v1/payments").body
    assert body == {"method": "boleto", "invoice_ids": [str(id) for id in ids]}
    async with house.browser(STRANGER) as browser:
        assert (await browser.get(page)).status_code == 404


async def test_what_became_of_a_payment_stands_on_its_page(house: House) -> None:
    world = await house.tell(owing())
    (_, first), (credit, _) = attempts(world, "pix")
    _, second = attempts(world, "boleto")[0]
    both = world.start_payment(first, 8980, method="boleto", further=[second])
    world.happen(boleto(both, first, minor=8980, due_on=date(2026, 11, 30)))
    world.happen(billing.PaymentFailed(payment_id=credit, invoice_id=first, reason="expired"))
    await house.feed(world.envelopes[-3:])
    async with house.browser(CLIENT) as browser:
        over = (await browser.get(f"/payments/{credit}")).text
        assert "O prazo do código acabou." in over and 'href="/credit"' in over
        assert PIX_CODE not in over
        shared = (await browser.get(f"/invoices/{first}")).text
        assert f'href="/payments/{both}"' in shared and "2 faturas juntas" in shared
        world.happen(
            billing.PaymentReceived(
                payment_id=both,
                invoice_id=first,
                method="boleto",
                amount_minor=8980,
                currency="BRL",
                received_on=date(2026, 11, 21),
                receipt_number="REC-000077",
                gateway_reference="b1",
            )
        )
        await house.feed(world.envelopes[-1:])
        paid = (await browser.get(f"/payments/{both}")).text
    assert f'href="/payments/{both}/receipt"' in paid


async def test_cards_are_chosen_removed_and_switched_off_in_the_clients_name(house: House) -> None:
    world = await house.tell(owing())
    saved = [e.event for e in world.envelopes if isinstance(e.event, billing.PaymentMethodSaved)]
    other = saved[2].method_id
    for method, path in [
        ("PUT", "/v1/saved-methods/default"),
        ("DELETE", f"/v1/saved-methods/{other}"),
        ("PUT", "/v1/autopay"),
    ]:
        house.neighbours.answer(method, path, {})
    page = "/payment-methods"
    async with house.browser(CLIENT) as browser:
        for action in (f"{page}/{other}/default", f"{page}/{other}/remove", f"{page}/autopay"):
            done = await send(browser, page, action=action, is_on="yes")
            assert done.headers["location"].startswith(f"{page}?done=")
    assert house.neighbours.last("/v1/saved-methods/default").body == {"method_id": str(other)}
    assert house.neighbours.last("/v1/autopay").body == {"is_on": True}
