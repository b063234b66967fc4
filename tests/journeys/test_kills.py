"""kill -9 of a program at any point of the journey: it ends as if nothing had been."""

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

# Each program dies twice: before the sign-in, with the payment page open, amid the days, or just
# after the payment that lifts the suspension.
VICTIMS = [
    ("accounts", "billing", "nats", "notifications"),
    ("portal", "nats", "billing", "tickets"),
    ("tickets", "accounts", "notifications", "portal"),
]


@pytest.mark.parametrize("victims", VICTIMS, ids=",".join)
def test_a_killed_program_comes_back_and_the_order_goes_its_way(
    walk: Walk, victims: tuple[str, str, str, str]
) -> None:
    platform = walk.platform
    before_sign_in, before_payment, amid_the_days, after_payment = victims
    walk.order(f"{before_sign_in}.com.br")
    walk.register()
    platform.kill(before_sign_in)
    walk.confirm()
    walk.sign_in()
    walk.place_order()
    walk.start_payment()
    platform.kill(before_payment)
    walk.approve()
    walk.sees_in("/services", "Ativo")
    platform.wait_until_ready()
    account = account_of(platform, walk.email)

    platform.play_days(20)
    platform.kill(amid_the_days)
    platform.play_days(20)
    walk.sees_in("/services", "Suspenso")
    walk.open_invoice()
    walk.start_payment()
    walk.approve()
    platform.kill(after_payment)
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
