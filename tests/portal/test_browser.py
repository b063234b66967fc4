"""In a real browser: nothing that axe calls serious, no error on the console, live updates."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from services.portal.browser.assets import MODULES
from tests.conftest import OpenDatabase
from tests.portal.gallery import Look, chromium, looking
from tests.portal.house import CLIENT, House, open_house
from tests.portal.neighbours import listening
from tests.portal.pages_known import Shown, pages_of
from tests.portal.world import HOST, STATES, World, normal
from tests.servers import free_port

pytestmark = pytest.mark.browser

AXE = Path(MODULES / "axe-core/axe.min.js")
RUN_AXE = """async () => (await axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']
})).violations
    .filter(each => ['serious', 'critical'].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.html).join(' | ').slice(0, 400)}`)"""
HARMLESS = ("Failed to load resource", "Password forms should have")


class Street:
    """A portal that a browser can reach."""

    def __init__(self, house: House, port: int, browser: Browser) -> None:
        self.house = house
        self.port = port
        self.browser = browser

    def address(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"


@pytest.fixture
async def street(database: OpenDatabase) -> AsyncIterator[Street]:
    port = free_port()
    async with (
        open_house(await database("portal"), port=port) as house,
        listening(house.app, port),
        chromium() as browser,
    ):
        yield Street(house, port, browser)


def watch(tab: Page, found: list[str]) -> None:
    """Collect what the page complains about: script errors and breaches of its policy."""
    tab.on("pageerror", lambda error: found.append(str(error)))
    tab.on("console", lambda message: found.append(message.text))


async def flaws_of(street: Street, page: Shown, look: Look) -> list[str]:
    """What axe and the console find on the page."""
    complaints: list[str] = []
    async with looking(
        street.browser, street.port, who=page.who, look=look, cart=page.cart
    ) as context:
        tab = await context.new_page()
        watch(tab, complaints)
        await tab.goto(street.address(page.path), wait_until="load")
        cdp = await context.new_cdp_session(tab)
        await cdp.send("Page.setBypassCSP", {"enabled": True})
        wide = await tab.evaluate("document.documentElement.scrollWidth > innerWidth")
        await tab.evaluate(AXE.read_text(encoding="utf-8"))
        flaws: list[str] = await tab.evaluate(RUN_AXE)
    flaws += [text for text in complaints if not text.startswith(HARMLESS) and "[DOM]" not in text]
    return flaws + (["the page is wider than the screen"] if wide else [])


@pytest.mark.parametrize(
    ("state", "look"),
    [
        ("empty", Look("wide", "dark")),
        ("normal", Look("phone", "light")),
        ("busy", Look("phone", "light")),
        ("owing", Look("phone", "dark", "en")),
        ("normal", Look("wide", "dark", "en")),
        ("worst", Look("phone", "dark")),
    ],
    ids=str,
)
async def test_axe_finds_nothing_serious_on_any_page(
    street: Street, state: str, look: Look
) -> None:
    world = await street.house.tell(STATES[state]())
    found: dict[str, Any] = {}
    for page in pages_of(street.house, world, state):
        if flaws := await flaws_of(street, page, look):
            found[page.name] = flaws
    assert not found


async def test_a_page_changes_by_itself_when_the_event_arrives_and_says_so(
    street: Street,
) -> None:
    world = await street.house.tell(normal())
    invoice_id = newest_invoice(world)
    look = Look("wide", "light", "en")
    async with looking(street.browser, street.port, who="client", look=look) as context:
        tab = await context.new_page()
        complaints: list[str] = []
        watch(tab, complaints)
        async with tab.expect_response("**/live?after=*"):
            await tab.goto(street.address(f"/invoices/{invoice_id}"))
        await tab.get_by_role("button", name="Pay R$59.90").wait_for()
        before = len(world.envelopes)
        world.pay(invoice_id, 5990)
        await street.house.feed(world.envelopes[before:])
        await tab.get_by_text("Paid, thank you!").wait_for(timeout=5000)
        await tab.get_by_role("status").filter(has_text="has just been updated").wait_for()
        assert await tab.get_by_role("button", name="Pay R$59.90").count() == 0
        assert not complaints


async def test_what_was_typed_survives_a_live_update(street: Street) -> None:
    world = await street.house.tell(normal())
    ticket_id = next(e for e in world.envelopes if e.type == "TicketOpened").event
    look = Look("phone", "light", "en")
    async with looking(street.browser, street.port, who="client", look=look) as context:
        tab = await context.new_page()
        path = f"/tickets/{ticket_id.ticket_id}"  # type: ignore[attr-defined]
        async with tab.expect_response("**/live?after=*"):
            await tab.goto(street.address(path))
        await tab.get_by_label("Your answer").fill("Half a sen")
        before = len(world.envelopes)
        world.answer(ticket_id.ticket_id, "One more thing.")  # type: ignore[attr-defined]
        await street.house.feed(world.envelopes[before:])
        await tab.get_by_text("One more thing.").wait_for(timeout=5000)
        assert await tab.get_by_label("Your answer").input_value() == "Half a sen"


async def test_a_client_finds_and_pays_an_overdue_invoice_in_two_clicks_without_a_script(
    street: Street,
) -> None:
    world = await street.house.tell(normal())
    overdue = [e.event for e in world.envelopes if e.type == "InvoiceIssued"][1]
    path = f"/v1/invoices/{overdue.invoice_id}/payments"  # type: ignore[attr-defined]
    answer = street.house.neighbours.answer
    answer("POST", path, {"payment_id": "p1"}, status=201)
    answer("POST", "/v1/payments/p1/hosted-page", {"url": "http://127.0.0.1:7190/pay/1"})
    context = await street.browser.new_context(java_script_enabled=False)
    await context.add_cookies([{"name": "sid", "value": CLIENT, "url": street.address("/")}])
    tab = await context.new_page()
    await tab.goto(street.address("/"))
    await tab.get_by_role("link", name="Pagar R$ 29,90").click()
    async with tab.expect_request("http://127.0.0.1:7190/pay/1"):
        await tab.get_by_role("button", name="Pagar R$ 29,90").click(no_wait_after=True)
    await context.close()


def newest_invoice(world: World) -> Any:
    issued = [e.event for e in world.envelopes if e.type == "InvoiceIssued"]
    return issued[-1].invoice_id  # type: ignore[attr-defined]
