"""Staff at the console and a client beside: a transfer for credit, and a service run in debt."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from services.billing.bank_statements.statement import BankAccount
from shared.clock import SystemClock
from tests.billing.bank_files import entry, ofx_file
from tests.journeys.platform import Platform
from tests.journeys.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

FAR_AHEAD = timedelta(days=5 * 365)
"""Days are played on this platform: its today may be a year ahead of the machine's."""
OWN = BankAccount(number="734816", bank_code="001")


@pytest.fixture
def staff(walk: Walk) -> Iterator[Page]:
    """The demo's member of staff in a window of its own, signed in to the console."""
    browser: Browser | None = walk.page.context.browser
    assert browser is not None
    context = browser.new_context(locale="pt-BR", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    person = walk.platform.sign_in_of("staff")
    page.goto(f"{walk.platform.client_area()}/sign-in")
    page.get_by_label("E-mail").fill(person["email"])
    page.get_by_label("Senha").fill(person["password"])
    page.locator("main form button[type=submit]").click()
    expect(page).to_have_url(re.compile("/ops$"))
    yield page
    context.close()


def bring(staff: Page, platform: Platform, content: bytes, *, name: str = "extrato.ofx") -> None:
    """Choose a statement in the console and send it."""
    staff.goto(f"{platform.client_area()}/ops/bank")
    file = {"name": name, "mimeType": "application/x-ofx", "buffer": content}
    staff.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    staff.get_by_role("button", name="Enviar o arquivo").click()


def test_staff_brings_a_statement_and_lets_a_suspended_service_run(walk: Walk, staff: Page) -> None:
    walk.order("quitanda-da-joana.com.br")
    walk.register()
    walk.confirm()
    walk.sign_in()
    walk.place_order()
    walk.start_payment()
    walk.approve()
    walk.sees_in("/services", "Ativo")

    walk.visit("/credit")
    walk.page.get_by_label("Valor em BRL").fill("10,00")
    walk.page.locator("[name=method][value=bank-transfer]").check()
    walk.page.get_by_role("button", name="Adicionar crédito").click()
    walk.sees("Adicionar crédito por transferência")
    walk.page.get_by_role("link", name="Ver seu crédito").click()
    awaited = walk.page.locator("section[aria-labelledby=awaited] li")
    expect(awaited).to_contain_text("R$ 10,00")
    reference = awaited.locator("strong").nth(1).inner_text()
    walk.picture("credit-awaited")
    today = SystemClock().now().date()
    words = {"remittance": f"credito {reference}", "booked_on": today, "value_on": today}
    content = ofx_file([entry(1000, **words, account=OWN)], account=OWN)

    bring(staff, walk.platform, content[: len(content) // 2])
    expect(staff.locator("#file-error")).to_contain_text("danificada")
    bring(staff, walk.platform, content)
    expect(staff.get_by_text("O arquivo foi recebido")).to_be_visible()
    bring(staff, walk.platform, content)
    expect(staff.get_by_text("já tinha sido enviado")).to_be_visible()
    expect(awaited).to_have_count(0)
    expect(walk.page.locator(".sum-large")).to_contain_text("R$ 10,00")

    walk.platform.play_days(40)
    walk.visit("/services")
    expect(walk.page.locator("main .state.bad").first).to_have_text("Suspenso")
    walk.page.locator("main .row-link").first.click()
    expect(walk.page).to_have_url(re.compile("/services/[0-9a-f-]{36}"))
    service = walk.page.url.rpartition("/")[2]
    staff.goto(f"{walk.platform.client_area()}/ops/services/{service}")
    lift = staff.get_by_role("button", name="Retirar a suspensão")
    staff.locator("#until").fill(f"{today:%Y-%m-%d}")
    lift.click()
    expect(staff.locator("#until-error")).to_contain_text("depois de hoje")
    staff.locator("#until").fill(f"{today + FAR_AHEAD:%Y-%m-%d}")
    lift.click()
    expect(staff.get_by_text("Mantido ativo com débito até")).to_be_visible()
    expect(walk.page.get_by_text("Nossa equipe o mantém ativo")).to_be_visible()
    walk.picture("service-let-run")
    assert walk.complaints == []
