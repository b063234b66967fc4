"""Every page, in every state, in both languages: it is shown, and says nothing in the other one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.responses import Response

from services.portal.app import LOCALES
from shared.contracts import billing
from shared.i18n import Catalogues
from shared.ids import new_id
from tests.portal.house import CLIENT, STAFF, STRANGER, House
from tests.portal.messages import messages_in_use
from tests.portal.pages_known import Shown, pages_of
from tests.portal.world import STATES, TODAY, World, normal

COOKIES = {"client": CLIENT, "staff": STAFF, "visitor": ""}
SPOKEN = ("aria-label", "placeholder", "title", "alt", "data-text", "data-copied")


def said_on(page: str) -> Iterator[str]:
    """Every text and every spoken attribute of a page."""
    tree = LexborHTMLParser(page)
    for node in tree.css("*"):
        yield from (node.attributes.get(name) or "" for name in SPOKEN)
    assert tree.root is not None
    for node in tree.root.traverse(include_text=True):
        if node.tag == "-text":
            yield node.text(deep=False).strip()


def english_only() -> set[str]:
    """Sentences that are not the same in Portuguese, and have no values in them."""
    portuguese = Catalogues(LOCALES).for_language("pt-BR")
    return {
        message[0]
        for message in messages_in_use()
        if len(message) == 1
        and "%(" not in message[0]
        and portuguese.gettext(message[0]) != message[0]
    }


async def shown(house: House, page: Shown, language: str) -> httpx.Response:
    async with house.browser(COOKIES[page.who]) as browser:
        browser.cookies.set("language", language)
        browser.cookies.set("cart", page.cart)
        return await browser.get(page.path)


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("state", sorted(STATES))
async def test_every_page_is_shown_in_every_state_and_language(
    house: House, state: str, language: str
) -> None:
    world = await house.tell(STATES[state]())
    for page in pages_of(house, world, state):
        answer = await shown(house, page, language)
        assert answer.status_code == (404 if page.name == "missing" else 200), page
        assert f'<html lang="{language}">' in answer.text
        assert "[erased]" not in answer.text


@pytest.mark.parametrize("state", sorted(STATES))
async def test_a_portuguese_page_has_no_english_words(house: House, state: str) -> None:
    world = await house.tell(STATES[state]())
    english = english_only()
    for page in pages_of(house, world, state):
        answer = await shown(house, page, "pt-BR")
        assert not english.intersection(said_on(answer.text)), page


async def test_the_lines_of_an_invoice_add_up_to_its_total(house: House) -> None:
    world = await house.tell(STATES["worst"]())
    page = next(each for each in pages_of(house, world, "worst") if each.name == "invoice2")
    tree = LexborHTMLParser((await shown(house, page, "en")).text)
    amounts = [cell.text(strip=True) for cell in tree.css(".lines td.num")]
    *lines, total, balance = [minor(amount) for amount in amounts]
    assert len(lines) == 12
    assert sum(lines) == total == balance


async def test_an_invoice_shows_its_taxes_its_notes_and_what_was_taken_back(house: House) -> None:
    world = normal()
    invoice_id, note_id = new_id(), new_id()
    tax = billing.TaxRow(
        name="ISS",
        category="S",
        rate_percent=Decimal("2.9"),
        taxable_minor=9718,
        tax_minor=282,
    )
    world.happen(
        billing.InvoiceIssued(
            invoice_id=invoice_id,
            number="PON-2026-000900",
            order_id=None,
            issued_on=TODAY,
            due_on=TODAY,
            currency="BRL",
            lines=[world.line(None, 10000, "a.example")],
            total_minor=10000,
            tax_minor=282,
            taxes=[tax],
            prices_include_tax=True,
            notes=["Pedido 4711"],
            payee={"name": "Outra Razão Social"},
            billed_to_name="Maria Souza",
            billed_to_address="Rua das Flores, 123",
            billed_to_tax_id="",
        )
    )
    world.happen(
        billing.CreditNoteIssued(
            credit_note_id=note_id,
            number="PON-C-2026-000001",
            invoice_id=invoice_id,
            invoice_number="PON-2026-000900",
            issued_on=TODAY,
            currency="BRL",
            lines=[],
            taxes=[],
            tax_minor=28,
            total_minor=1000,
            returned_minor=0,
            leaves_nothing=False,
            reason="Dois dias sem serviço",
            billed_to_name="Maria Souza",
            billed_to_address="Rua das Flores, 123",
            billed_to_tax_id="",
        )
    )
    await house.tell(world)
    async with house.browser(CLIENT) as browser:
        page = await browser.get(f"/invoices/{invoice_id}")
    tree = LexborHTMLParser(page.text)
    amounts = [minor(cell.text(strip=True)) for cell in tree.css(".lines td.num")]
    assert amounts == [10000, 9718, 282, 10000, 1000, 9000]
    said = set(said_on(page.text))
    assert {"ISS 2,9 %", "Pedido 4711", "Outra Razão Social"} <= said
    assert {"Os preços incluem impostos.", "Estornado por notas de crédito"} <= said
    assert {"Notas de crédito", "PON-C-2026-000001", "Dois dias sem serviço"} <= said


async def test_a_tax_that_the_price_contains_stands_under_the_total(house: House) -> None:
    world, invoice_id = normal(), new_id()
    told = billing.TaxRow(
        name="ISS",
        category="S",
        rate_percent=Decimal(5),
        taxable_minor=10000,
        tax_minor=500,
        is_informative=True,
    )
    world.happen(
        billing.InvoiceIssued(
            invoice_id=invoice_id,
            number="PON-2026-000901",
            order_id=None,
            issued_on=TODAY,
            due_on=TODAY,
            currency="BRL",
            lines=[world.line(None, 10000, "a.example")],
            total_minor=10000,
            taxes=[told],
            prices_include_tax=True,
            billed_to_name="Maria Souza",
            billed_to_address="Rua das Flores, 123",
            billed_to_tax_id="",
        )
    )
    await house.tell(world)
    async with house.browser(CLIENT) as browser:
        page = await browser.get(f"/invoices/{invoice_id}")
    tree = LexborHTMLParser(page.text)
    amounts = [minor(cell.text(strip=True)) for cell in tree.css(".lines td.num")]
    assert amounts == [10000, 10000, 500, 10000]
    said = set(said_on(page.text))
    assert "do qual ISS 5 %" in said
    assert not {"Os preços incluem impostos.", "Sem impostos"} & said


async def test_an_invoice_and_a_receipt_are_handed_on_as_billing_makes_them(house: House) -> None:
    world = await house.tell(normal())
    events = [each.event for each in world.envelopes]
    issued = next(each for each in events if isinstance(each, billing.InvoiceIssued))
    paid = next(each for each in events if isinstance(each, billing.PaymentReceived))
    papers = {
        f"/invoices/{issued.invoice_id}/pdf": f"/v1/invoices/{issued.invoice_id}/pdf",
        f"/payments/{paid.payment_id}/receipt": f"/v1/payments/{paid.payment_id}/receipt",
    }
    named = {"content-disposition": 'inline; filename="PON-1.pdf"', "etag": '"a"', "x-own": "b"}
    for path in papers.values():
        house.neighbours.answers["GET", path] = Response(
            b"%PDF", 200, named, media_type="application/pdf"
        )
    async with house.browser(CLIENT) as browser, house.browser() as visitor:
        for path in papers:
            answer = await browser.get(path)
            assert (answer.status_code, answer.content) == (200, b"%PDF")
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.headers["content-disposition"] == named["content-disposition"]
            assert "x-own" not in answer.headers
            assert (await visitor.get(path)).status_code == 303
        page = (await browser.get(f"/invoices/{paid.invoice_id}")).text
        assert f'href="/invoices/{paid.invoice_id}/pdf"' in page
        assert f'href="/payments/{paid.payment_id}/receipt"' in page
        path = f"/v1/invoices/{issued.invoice_id}/pdf"
        house.neighbours.refuse("GET", path, status=503, code="documents_busy")
        refused = await browser.get(f"/invoices/{issued.invoice_id}/pdf")
    assert (refused.status_code, "html" in refused.headers["content-type"]) == (503, True)


def minor(amount: str) -> int:
    return int("".join(character for character in amount if character.isdigit()))


@pytest.mark.parametrize("kind", ["invoices", "services", "tickets"])
async def test_what_belongs_to_another_account_is_not_found(house: House, kind: str) -> None:
    world = await house.tell(normal())
    pages = [
        page.path for page in pages_of(house, world, "normal") if page.path.startswith(f"/{kind}/")
    ]
    own = [path for path in pages if "no-such" not in path and path != "/tickets/new"]
    assert own
    async with house.browser(CLIENT) as owner, house.browser(STRANGER) as stranger:
        for path in own:
            assert (await owner.get(path)).status_code == 200
            assert (await stranger.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/ops", "/ops/search?q=a", "/ops/tickets", "/ops/parked"])
async def test_clients_do_not_see_that_there_are_pages_for_staff(house: House, path: str) -> None:
    await house.tell(normal())
    async with house.browser(CLIENT) as browser:
        assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/invoices", "/services", "/tickets", "/profile", "/ops"])
async def test_a_visitor_is_asked_to_sign_in_and_then_led_on(house: House, path: str) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={path.replace('/', '%2F')}"


async def test_an_unknown_address_is_a_page_in_the_brands_look(house: House) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        answer = await browser.get("/no/such/page")
    assert answer.status_code == 404
    assert "Não encontramos esta página" in answer.text
    assert "Ponto Hospedagem" in answer.text


async def test_an_unknown_host_is_a_problem(house: House) -> None:
    await house.tell(normal())
    async with house.browser(host="elsewhere.localhost") as browser:
        answer = await browser.get("/products")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_a_command_did_is_said_to_be_on_its_way(house: House) -> None:
    await house.tell(normal())
    missing = "0193f000-0000-7000-8000-00000000ffff"
    async with house.browser(CLIENT) as browser:
        late = await browser.get(f"/invoices/{missing}?at=billing/3/999999")
        listed = await browser.get("/invoices?at=billing/3/999999")
        unknown = await browser.get(f"/invoices/{missing}")
    assert late.status_code == 202
    assert 'http-equiv="refresh"' in late.text
    assert "Atualizando" in listed.text
    assert unknown.status_code == 404


async def test_days_are_those_of_the_brands_own_calendar(house: House) -> None:
    world = World().found_brand().on(TODAY)
    world.at = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    await house.tell(world.register())
    async with house.browser(CLIENT) as browser:
        assert "cliente desde 20 de novembro de 2026" in (await browser.get("/")).text


async def test_a_long_list_is_read_page_by_page_without_a_gap(house: House) -> None:
    await house.tell(STATES["worst"]())
    seen: list[str] = []
    path: str | None = "/invoices"
    async with house.browser(CLIENT) as browser:
        while path:
            tree = LexborHTMLParser((await browser.get(path)).text)
            seen += [link.text() for link in tree.css("a.row-link")]
            older = tree.css_first("a[rel=next]")
            path = older.attributes["href"] if older else None
    assert len(seen) == len(set(seen)) == 202
