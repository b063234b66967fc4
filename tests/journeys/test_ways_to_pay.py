"""Each way to pay in a browser, on the running platform: the open page tells that it is paid."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from shared.clock import SystemClock
from tests.billing.banking import credit, statement
from tests.billing.codes_read import codes_on, text_of
from tests.billing.paid_in_brazil import paid, written
from tests.journeys.counter import Counter
from tests.journeys.platform import Platform
from tests.journeys.walk import ARTEFACTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAID_WITHIN_MS = 20_000
LOOKS = 75
"""At a page that the views do not have yet, a fifth of a second apart."""


class Desk:
    """The demo's client at a window, and the staff that issues the invoices."""

    def __init__(self, platform: Platform, browser: Browser) -> None:
        self.area = platform.client_area()
        self.gateway = platform.address("gateway")
        self.counter = Counter(platform)
        self.context = browser.new_context(
            locale="pt-BR", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._sign_in(platform.sign_in_of("client"))

    def _sign_in(self, person: dict[str, str]) -> None:
        self.page.goto(f"{self.area}/sign-in")
        self.page.get_by_label("E-mail").fill(person["email"])
        self.page.get_by_label("Senha").fill(person["password"])
        self.page.locator("main form button[type=submit]").click()
        expect(self.page.get_by_text("Olá, ").first).to_be_visible()

    def open(self, path: str) -> None:
        """Open a page, as soon as the views have it."""
        for _ in range(LOOKS):
            answer = self.page.goto(f"{self.area}{path}")
            if answer is not None and answer.status == 200:
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{path} is not there")

    def choose(self, method: str) -> None:
        """Choose a way to pay on the invoice's page."""
        self.page.locator(f"[name=method][value={method}]").check()
        self.page.locator("#pay-form button[type=submit]").click()

    def another_tab(self) -> Page:
        """The same page in a tab that nobody touches."""
        tab = self.context.new_page()
        tab.goto(self.page.url)
        return tab

    def approve(self, *, back_to: str) -> None:
        """Pay on the gateway's page, which leads back."""
        self.page.locator("button[value=approve]").click()
        self.page.wait_for_url(re.compile(re.escape(self.area + back_to)))

    def pay_at_bank(self, code: str) -> None:
        """Paste the code in the payer's bank."""
        bank = self.context.new_page()
        bank.goto(f"{self.gateway}/pix")
        bank.locator("#code").fill(code)
        bank.locator("button[value=approve]").click()
        expect(bank.get_by_text("paid")).to_be_visible()
        bank.close()

    def fetch(self, link: Locator) -> bytes:
        """What the link leads to, as the page itself would load it."""
        read = "async a => btoa(String.fromCharCode(...new Uint8Array("
        read += "await (await fetch(a.href)).arrayBuffer())))"
        return b64decode(link.evaluate(read))

    def bring_paid(self, line: str) -> None:
        """The bank's file that says that the boleto of this line was paid today."""
        (boleto,) = (each for each in self.counter.boletos() if each["line"] == line)
        day = date.fromisoformat(boleto["issued_at"][:10])
        told = paid(boleto, occurred_on=day, credited_on=day)
        self.counter.bring_return_file(written([told], on=day))

    def sees_it_paid(self, tab: Page | None = None) -> None:
        """The page that is open says so by itself."""
        told = (tab or self.page).get_by_text("Paga. Obrigado!")
        expect(told).to_be_visible(timeout=PAID_WITHIN_MS)

    def picture(self, name: str) -> None:
        """Keep what the client sees."""
        self.page.screenshot(path=ARTEFACTS / "ways-to-pay" / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def desk(platform: Platform, browser: Browser) -> Iterator[Desk]:
    desk = Desk(platform, browser)
    yield desk
    desk.context.close()
    desk.counter.close()
    assert desk.complaints == []


@pytest.fixture
def open_invoice(desk: Desk) -> dict[str, Any]:
    """An invoice over R$ 29,90, open in the browser."""
    invoice = desk.counter.invoice("Migração de site", 2990)
    desk.open(f"/invoices/{invoice['invoice_id']}")
    return invoice


def test_the_gateways_page_takes_a_card_and_an_older_tab_tells_of_it(
    desk: Desk, open_invoice: dict[str, Any]
) -> None:
    tab = desk.another_tab()
    desk.choose("card")
    desk.approve(back_to="/invoices/")
    desk.sees_it_paid()
    desk.sees_it_paid(tab)
    tab.close()


def test_a_pix_code_is_scanned_and_the_page_tells_that_it_is_paid(
    desk: Desk, open_invoice: dict[str, Any]
) -> None:
    desk.choose("pix")
    code = desk.page.locator("#pix-code")
    expect(code).to_have_text(re.compile("^000201"))
    desk.picture("pix")
    desk.page.emulate_media(media="screen")
    assert code.inner_text() in codes_on(desk.page.pdf()).values()
    desk.pay_at_bank(code.inner_text())
    desk.sees_it_paid()


def test_a_boleto_is_printed_and_its_return_file_changes_the_page(
    desk: Desk, open_invoice: dict[str, Any]
) -> None:
    desk.choose("boleto")
    line = desk.page.locator("#boleto-line")
    expect(line).to_have_text(re.compile("^2379"))
    desk.picture("boleto")
    pdf = desk.fetch(desk.page.get_by_role("link", name="Abrir o boleto"))
    (boleto,) = desk.counter.boletos(open_invoice["invoice_id"])
    assert line.inner_text() == boleto["line"]
    assert codes_on(pdf)["ITF"] == boleto["barcode"]
    assert boleto["line"] in text_of(pdf)
    desk.bring_paid(boleto["line"])
    desk.sees_it_paid()


def test_a_transfer_is_found_in_the_banks_file_by_its_reference(
    desk: Desk, open_invoice: dict[str, Any]
) -> None:
    desk.page.locator("[name=method][value=bank-transfer]").check()
    details = desk.page.locator(".method-bank .detail")
    expect(details).to_contain_text("73481-6")
    expect(details).to_contain_text(open_invoice["number"])
    desk.picture("transfer")
    day = SystemClock().now().date() - timedelta(days=1)
    words = f"PAGTO FATURA {open_invoice['number']}"
    desk.counter.bring_statement(statement(credit(2990, words, on=day)))
    desk.sees_it_paid()


def test_a_top_up_becomes_credit_and_pays_an_invoice_by_hand(
    desk: Desk, open_invoice: dict[str, Any]
) -> None:
    tab = desk.another_tab()
    desk.open("/credit")
    desk.page.get_by_label("Valor em BRL").fill("29,90")
    desk.page.get_by_role("button", name="Adicionar crédito").click()
    desk.approve(back_to="/credit")
    expect(desk.page.locator("main")).to_contain_text("Adicionado por você.", timeout=20_000)
    desk.picture("credit")
    desk.open(f"/invoices/{open_invoice['invoice_id']}")
    desk.picture("invoice-with-credit")
    desk.page.get_by_role("button", name="Pagar R$ 29,90 com seu crédito").click()
    desk.sees_it_paid()
    desk.sees_it_paid(tab)
    tab.close()


def test_two_invoices_are_ticked_and_paid_by_one_boleto(desk: Desk) -> None:
    ids = [desk.counter.invoice(f"Backup {n}", 4000)["invoice_id"] for n in "12"]
    for id in ids:
        desk.open(f"/invoices/{id}")
    desk.open(f"/pay?invoice={ids[0]}&invoice={ids[1]}")
    desk.page.locator("[name=method][value=boleto]").check()
    desk.page.get_by_role("button", name="Pagar R$ 80,00").click()
    line = desk.page.locator("#boleto-line")
    expect(line).to_have_text(re.compile("^2379"))
    desk.picture("several-by-boleto")
    pdf = desk.fetch(desk.page.get_by_role("link", name="Abrir o boleto"))
    assert line.inner_text() in text_of(pdf)
    desk.bring_paid(line.inner_text())
    desk.sees_it_paid()
    for id in ids:
        desk.open(f"/invoices/{id}")
        desk.sees_it_paid()


def test_two_invoices_are_ticked_and_paid_at_once(desk: Desk) -> None:
    ids = [desk.counter.invoice(f"Hora de suporte {n}", 5000)["invoice_id"] for n in "12"]
    for id in ids:
        desk.open(f"/invoices/{id}")
    tab = desk.another_tab()
    desk.open("/invoices")
    for id in ids:
        desk.page.locator(f"[name=invoice][value='{id}']").check()
    desk.picture("invoices-ticked")
    desk.page.get_by_role("button", name="Pagar selecionadas").click()
    desk.picture("pay-several")
    desk.page.get_by_role("button", name="Pagar R$ 100,00").click()
    desk.approve(back_to="/invoices")
    rows = desk.page.locator("tbody tr")
    for id in ids:
        row = rows.filter(has=desk.page.locator(f"a[href='/invoices/{id}']"))
        expect(row).to_contain_text("Paga", timeout=PAID_WITHIN_MS)
    desk.sees_it_paid(tab)
    tab.close()
    desk.open("/payments")
    desk.picture("payments")


def test_a_card_is_saved_switched_off_and_removed(desk: Desk) -> None:
    desk.open("/payment-methods")
    desk.page.get_by_role("button", name="Salvar um cartão").click()
    desk.page.wait_for_url(re.compile(re.escape(desk.gateway)))
    desk.picture("gateway-save")
    desk.page.locator("form button").first.click()
    desk.page.wait_for_url(re.compile("/payment-methods"))
    card = desk.page.locator(".cards li")
    expect(card).to_contain_text("Padrão", timeout=PAID_WITHIN_MS)
    desk.page.get_by_role("button", name="Desligar").click()
    expect(desk.page.locator("main")).to_contain_text("Seus cartões continuam salvos.")
    desk.picture("cards")
    desk.page.get_by_role("button", name="Remover").click()
    expect(desk.page.locator("main")).to_contain_text("Nenhum cartão salvo")


def test_a_top_up_by_pix_and_one_by_boleto_become_credit_while_their_pages_are_open(
    desk: Desk,
) -> None:
    """The last one: credit that is there pays the invoices that are issued after it."""
    for method in ("pix", "boleto"):
        desk.open("/credit")
        desk.page.get_by_label("Valor em BRL").fill("12,50")
        desk.page.locator(f"[name=method][value={method}]").check()
        desk.page.get_by_role("button", name="Adicionar crédito").click()
        code = desk.page.locator("#pix-code, #boleto-line")
        expect(code).to_have_text(re.compile("^000201|^2379"))
        desk.picture(f"credit-by-{method}")
        if method == "pix":
            desk.pay_at_bank(code.inner_text())
        else:
            desk.bring_paid(code.inner_text())
        told = desk.page.get_by_text("Paga. Obrigado!")
        expect(told).to_be_visible(timeout=PAID_WITHIN_MS)
        receipt = desk.fetch(desk.page.get_by_role("link", name="Recibo"))
        assert "12,50" in text_of(receipt)
    desk.page.get_by_role("link", name="Ver seu crédito").click()
    expect(desk.page.locator("tbody tr").filter(has_text="R$ 12,50")).to_have_count(2)
