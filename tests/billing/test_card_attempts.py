"""Who tests stolen cards is stopped after a few, and staff hears of it; who pays is not (A57)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.payments.card_attempts import CardAttempt, TooManyCardAttempts
from shared.ids import new_id
from shared.networks import ADDRESS_HEADER, VOUCHER_HEADER
from shared.store import Cause
from tests.billing.house import House, code_of

HOUR = timedelta(hours=1, seconds=1)
OF_LONG_AGO = UUID("01900000-0000-7000-8000-000000000001")
"""An account that was opened in 2024."""


def attempt(**changed: Any) -> CardAttempt:
    plain = {
        "attempt_id": new_id(),
        "account_id": OF_LONG_AGO,
        "brand": "ponto",
        "network": f"network of {new_id()}",
        "saves_card": False,
    }
    return CardAttempt(**{**plain, **changed})


async def is_taken(house: House, wanted: CardAttempt) -> bool:
    try:
        await house.service.state.card_attempts.count(wanted, Cause(actor="test"))
    except TooManyCardAttempts:
        return False
    return True


async def tasks(house: House) -> list[dict[str, Any]]:
    await house.catch_up()
    path = "/v1/brands/ponto/staff-tasks"
    found: list[dict[str, Any]] = await house.do("GET", path, token=house.staff())
    return [each for each in found if each["kind"] == "card_testing"]


async def test_a57_500_attempts_of_an_account_are_five_and_one_task_for_staff(house: House) -> None:
    taken = [await is_taken(house, attempt()) for _ in range(500)]
    assert taken == [True] * 5 + [False] * 495
    (task,) = await tasks(house)
    assert task["facts"] == {"limit": "account", "most": "5"}
    assert task["account_id"] == str(OF_LONG_AGO)
    house.clock.ahead = HOUR
    assert await is_taken(house, attempt())


async def test_a57_attempts_of_many_accounts_from_one_network_are_ten(house: House) -> None:
    taken = [
        await is_taken(house, attempt(account_id=new_id(), network="203.0.113.0/24"))
        for _ in range(30)
    ]
    assert taken == [True] * 10 + [False] * 20
    assert await is_taken(house, attempt(account_id=new_id()))
    (task,) = await tasks(house)
    assert task["facts"] == {"limit": "network", "most": "10"}


async def test_attempts_at_once_are_counted_one_by_one(house: House) -> None:
    taken = await asyncio.gather(*(is_taken(house, attempt()) for _ in range(50)))
    assert sum(taken) == 5


async def test_the_same_attempt_again_is_no_other_attempt(house: House) -> None:
    same = attempt()
    assert all([await is_taken(house, same) for _ in range(20)])
    assert [await is_taken(house, attempt()) for _ in range(5)] == [True] * 4 + [False]
    assert await is_taken(house, same)


async def test_a57_an_account_of_the_last_ten_minutes_saves_two_cards(house: House) -> None:
    young = new_id()
    taken = [await is_taken(house, attempt(account_id=young, saves_card=True)) for _ in range(3)]
    assert taken == [True, True, False]
    assert await is_taken(house, attempt(account_id=young))
    house.clock.ahead = timedelta(minutes=11)
    assert await is_taken(house, attempt(account_id=young, saves_card=True))


async def test_who_pays_invoice_after_invoice_is_never_stopped(house: House) -> None:
    for number in range(8):
        order = await house.order(house.ana, domain=f"a{number}.example")
        await house.pay_and_settle(house.ana, order["invoice_id"])


async def test_who_fails_again_and_again_waits_with_the_page_but_may_use_the_open_one(
    house: House,
) -> None:
    order = await house.order(house.ana)
    for _ in range(5):
        payment_id = await house.pay(house.ana, order["invoice_id"], outcome="decline")
        await house.until(lambda payment=payment_id: has_failed(house, payment))
    token = house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    started = await house.do("POST", path, {"method": "card"}, token=token)
    page = f"/v1/payments/{started['payment_id']}/hosted-page"
    refused = await house.ask("POST", page, {"return_url_path": "/"}, token=token)
    assert code_of(refused) == (429, "too_many_card_attempts")
    assert 3000 < int(refused.headers["retry-after"]) <= 3601
    house.clock.ahead = HOUR
    opened = await house.ask("POST", page, {"return_url_path": "/"}, token=token)
    assert opened.status_code == 200
    assert (await house.ask("POST", page, {"return_url_path": "/"}, token=token)).is_success


async def has_failed(house: House, payment_id: str) -> bool:
    async with house.store.pool.acquire() as db:
        return bool(
            await db.fetchval(
                "select 1 from log where type = 'PaymentFailed' and data->>'payment_id' = $1",
                payment_id,
            )
        )


@pytest.mark.parametrize("vouched", [True, False])
async def test_a_visitors_address_counts_only_if_a_service_vouches_for_it(
    house: House, vouched: bool
) -> None:
    for number in range(11):
        account_id = new_id()
        await house.register(f"Client {number}", account_id)
        order = await house.order(account_id, domain=f"b{number}.example")
        token = house.client(account_id)
        path = f"/v1/invoices/{order['invoice_id']}/payments"
        started = await house.do("POST", path, {"method": "card"}, token=token)
        page = f"/v1/payments/{started['payment_id']}/hosted-page"
        headers = {ADDRESS_HEADER: f"198.51.{number}.7"}
        if vouched:
            headers[VOUCHER_HEADER] = house.internal()
        answer = await house.ask(
            "POST", page, {"return_url_path": "/"}, token=token, headers=headers
        )
        is_stopped = number == 10 and not vouched
        assert answer.status_code == (429 if is_stopped else 200), answer.text
