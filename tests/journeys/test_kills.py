"""kill -9 of one program after the other during the journey: it ends as if nothing had been."""

import pytest

from tests.journeys.expected import (
    ACTIVATED,
    FORTY_DAYS_UNPAID,
    LIFTED,
    ORDERED,
    PAID,
    REGISTERED,
)
from tests.journeys.walk import Walk, account_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

VICTIMS = ("accounts", "billing", "tickets", "notifications", "portal", "nats")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_program_comes_back_and_the_order_goes_its_way(walk: Walk, victim: str) -> None:
    platform = walk.platform
    walk.order(f"morte-{victim}.com.br")
    walk.register()
    platform.kill(victim)
    walk.confirm()
    walk.sign_in()
    walk.place_order()
    walk.start_payment()
    platform.kill(victim)
    walk.approve()
    walk.sees_in("/services", "Ativo")
    platform.wait_until_ready()
    account = account_of(platform, walk.email)

    platform.play_days(20)
    platform.kill(victim)
    platform.play_days(20)
    walk.sees_in("/services", "Suspenso")
    walk.open_invoice()
    walk.start_payment()
    walk.approve()
    platform.kill(victim)
    walk.sees_in("/services", "Ativo")
    platform.mail_to(walk.email, "voltou a funcionar")
    platform.wait_until_ready()

    found = platform.events_of(account)
    assert found["accounts"] == REGISTERED
    assert found["billing"] == [
        *ORDERED, *PAID, *ACTIVATED, *FORTY_DAYS_UNPAID, *PAID, *LIFTED
    ]  # fmt: skip
    assert found["notifications"] == ["EmailSent"] * len(platform.mails_to(walk.email))
    assert len(found["notifications"]) == 15
    assert platform.ask("verify") == {"ok": True, "findings": []}
