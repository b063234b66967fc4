"""A client of the brand `ponto` in a real browser: what the person does, step by step."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.journeys.platform import Platform

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
PASSWORD = "um pão na chapa, por favor"
COMES_BACK_WITHIN = 40
"""Attempts at a page of a program that is being started again, half a second apart."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Debian's Chromium without a window; skips the test where there is none."""
    chromium = which("chromium")
    if chromium is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


class Walk:
    """One person, one browser window, one account."""

    def __init__(self, platform: Platform, browser: Browser, *, name: str) -> None:
        self.platform = platform
        self.email = f"joana.{uuid4().hex[:8]}@cliente.example"
        self.account_id = ""
        self._area = platform.client_area()
        context = browser.new_context(
            locale="pt-BR", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._name = name
        self._pictures = 0

    def picture(self, what: str) -> None:
        """Keep a screenshot of the whole page in the folder artefacts/."""
        self._pictures += 1
        file = ARTEFACTS / self._name / f"{self._pictures:02d}-{what}.png"
        self.page.screenshot(path=file, full_page=True)

    def visit(self, path: str) -> None:
        """Open a page; where the portal is being started again, try again as a person would."""
        for _ in range(COMES_BACK_WITHIN):
            if self._opens(path):
                return
            self.page.wait_for_timeout(500)
        raise AssertionError(f"{path} did not come back: {self.page.title()}")

    def order(self, domain: str) -> None:
        """Choose the first plan by the month, with a domain name."""
        self.visit("/products")
        self.picture("products")
        self.page.get_by_text("Contratar este plano").first.click()
        self.page.locator("[name=cycle][value=monthly]").check()
        self.page.get_by_label("Domínio").fill(domain)
        self.page.get_by_role("button", name="Continuar").click()

    def register(self) -> None:
        """Give all that is asked for; the account's e-mail is not confirmed yet."""
        self.visit("/register")
        for field, text in {
            "name": "Joana Sá",
            "email": self.email,
            "phone": "+55 11 98888-7777",
            "tax_id": "529.982.247-25",
            "address": "Rua das Flores, 10",
            "city": "São Paulo",
            "state": "SP",
            "postal_code": "01000-000",
            "password": PASSWORD,
        }.items():
            self.page.locator(f"[name={field}]").fill(text)
        self.page.locator("select[name=country]").select_option("BR")
        self.page.locator("select[name=language]").select_option("pt-BR")
        self.picture("register")
        self._press(
            "main form button[type=submit]:last-of-type",
            leads_to="/check-your-mail",
            typed_again=("password", PASSWORD),
        )

    def confirm(self) -> None:
        """Open the link of the mail and confirm."""
        text = self.platform.mail_to(self.email, "Confirme")["text"]
        link = re.search(r"https?://\S+(/confirm\S+)", text)
        assert link is not None, text
        self.visit(link.group(1))
        self._press("main form button", leads_to="/sign-in")

    def sign_in(self) -> None:
        """With e-mail and password."""
        self.visit("/sign-in")
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Senha").fill(PASSWORD)
        self._press(
            "main form button[type=submit]",
            leads_to=r":\d+/(orders/review)?$",
            typed_again=("password", PASSWORD),
        )
        expect(self.page.get_by_text("Olá, Joana!").first).to_be_visible()

    def place_order(self) -> None:
        """See what it will cost and order; the invoice opens."""
        self.visit("/orders/review")
        self.picture("review")
        self._press("main form button[type=submit]", leads_to="/invoices/")

    def open_invoice(self, number_from_the_top: int = 0) -> None:
        """Open one of the account's invoices; the newest stands first."""
        self.visit("/invoices")
        link = self.page.get_by_role("link", name=re.compile("Ver fatura", re.IGNORECASE))
        link.nth(number_from_the_top).click()
        expect(self.page).to_have_url(re.compile("/invoices/[0-9a-f-]{36}"))

    def start_payment(self) -> None:
        """Choose the card and go to the gateway's page."""
        self.page.locator("[name=method]").first.check()
        self._press("#pay-form button[type=submit]", leads_to="/pay/")

    def approve(self) -> None:
        """Pay on the gateway's page, which sends the person back to the invoice."""
        self.picture("gateway")
        self._press("button[value=approve]", leads_to="/invoices/")

    def sees(self, text: str) -> None:
        """The page shows the text within the time of a person's patience, without a reload."""
        expect(self.page.locator("main")).to_contain_text(
            re.compile(text, re.IGNORECASE), timeout=15_000, use_inner_text=True
        )

    def sees_in(self, path: str, text: str) -> None:
        """A page shows the text, at the latest after a few reloads."""
        for _ in range(COMES_BACK_WITHIN):
            self.visit(path)
            if re.search(text, self.page.locator("main").inner_text(), re.IGNORECASE):
                return
            self.page.wait_for_timeout(500)
        raise AssertionError(f"{path} never showed {text!r}")

    def _press(
        self, button: str, *, leads_to: str, typed_again: tuple[str, str] | None = None
    ) -> None:
        """Press a button; where a program is being started again, press or load again as told.

        `typed_again`: name and text of a field that a page never shows filled.
        """
        self.page.locator(button).first.click()
        for _ in range(COMES_BACK_WITHIN):
            if re.search(leads_to, self.page.url):
                return
            self.page.wait_for_timeout(500)
            if self.page.url.startswith("chrome-error:"):
                self._load_again()
            elif self.page.locator("main [role=alert]").count():
                if typed_again:
                    self.page.locator(f"[name={typed_again[0]}]").fill(typed_again[1])
                self.page.locator(button).first.click()
        raise AssertionError(f"{button} led to {self.page.url}")

    def _load_again(self) -> None:
        with suppress(BrowserError):
            self.page.reload()

    def _opens(self, path: str) -> bool:
        try:
            answer: Response | None = self.page.goto(f"{self._area}{path}")
        except BrowserError:
            return False
        return answer is not None and answer.status < 500


def account_of(platform: Platform, email: str) -> str:
    """The id of the account that was opened last; `email` is only said when there is none."""
    opened = [e for e in platform.ask("events", "list") if e["type"] == "AccountOpened"]
    assert opened, f"no account for {email}"
    account: str = opened[-1]["account_id"]
    return account
