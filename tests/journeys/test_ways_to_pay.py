"""Each way to pay in a browser, on the running platform: the open page tells that it is paid."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

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

    def sees_it_paid(self) -> None:
        """The page that is open says so by itself."""
        expect(self.page.get_by_text("Paga. Obrigado!")).to_be_visible(timeout=PAID_WITHIN_MS)

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


def test_an_invoice_is_paid_by_a_pix_code(desk: Desk) -> None:
    invoice = desk.counter.invoice("Migração de site", 2990)
    desk.open(f"/invoices/{invoice['invoice_id']}")
    desk.choose("pix")
    code = desk.page.locator("#pix-code")
    expect(code).to_have_text(re.compile("^000201"))
    desk.picture("pix")
    payer = desk.context.new_page()
    payer.goto(f"{desk.gateway}/pix")
    payer.locator("#code").fill(code.inner_text())
    payer.locator("button[value=approve]").click()
    expect(payer.get_by_text("paid")).to_be_visible()
    payer.close()
    desk.sees_it_paid()
    desk.picture("pix-paid")
    assert urlsplit(desk.page.url).path == f"/invoices/{invoice['invoice_id']}"
