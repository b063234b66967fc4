"""Invoices paid by card through Stripe: the service, its webhooks, and localstripe behind them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from pydantic import SecretStr
from starlette.responses import Response

from services.billing.gateways.port import Gateway, PageRequest, Reported, SetupRequest
from services.billing.gateways.stripe.signature import sign
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.charging import RequestCharge
from shared.clock import unix_now
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import House, open_house
from tests.billing.stripe_stand_in import (
    CONFIRMED_CARD,
    DECLINED_CARD,
    GOOD_CARD,
    KEY,
    StripeStandIn,
    running_localstripe,
    stripe_in_front_of,
)
from tests.conftest import OpenDatabase

NEW, OLD = SecretStr("whsec_of_this_year_000000"), SecretStr("whsec_of_last_year_000000")
CARD = [{"id": "card", "kind": "hosted_page", "label": {"en": "Card"}, "gateway": "stripe"}]


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    """Where localstripe listens."""
    with running_localstripe() as url:
        yield url


@pytest.fixture
async def stripe(localstripe: str) -> AsyncIterator[StripeStandIn]:
    """Stripe, as far as tests need it."""
    async with stripe_in_front_of(localstripe) as stand_in:
        stand_in.secrets = [NEW]
        yield stand_in


@pytest.fixture
async def house(
    database: OpenDatabase, tmp_path: Path, stripe: StripeStandIn
) -> AsyncIterator[House]:
    """The service, whose brand takes cards through Stripe."""
    settings = {
        "stripe_url": stripe.url,
        "stripe_key": KEY.get_secret_value(),
        "stripe_webhook_secret": NEW.get_secret_value(),
        "stripe_webhook_secret_before": OLD.get_secret_value(),
    }
    async with open_house(await database("billing"), tmp_path, **settings) as opened:
        await opened.apply_brand(payment_methods=CARD)
        await stripe.listen(f"{opened.http.base_url}/webhooks/gateways/stripe")
        yield opened


async def events_of(house: House, kind: str, payment_id: str) -> list[dict[str, Any]]:
    async with house.store.pool.acquire() as db:
        rows = await db.fetch(
            "select data from log where type = $1 and data->>'payment_id' = $2", kind, payment_id
        )
    return [msgspec.json.decode(row["data"]) for row in rows]


async def open_page(house: House) -> tuple[dict[str, str], str, str]:
    """An order, the attempt to pay it, and Stripe's page."""
    order = await house.order(house.ana)
    payment_id, url = await house.start_payment(house.ana, order["invoice_id"])
    return order, payment_id, url


async def until_paid(house: House, order: dict[str, str]) -> None:
    await house.until(lambda: house._is_paid(order["invoice_id"]))


async def saved_token(house: House, stripe: StripeStandIn, number: str) -> str:
    """A card that its payer saved with a payment that billing knows nothing of."""
    gateway = stripe_of(house)
    request = PageRequest(
        reference=str(new_id()),
        amount_minor=100,
        currency="BRL",
        description="a card",
        return_url="https://ponto.example/",
        notify_url="https://billing.example/",
        saves_method=True,
    )
    opened = await gateway.open(request)
    assert opened.url is not None
    page = await stripe.pay(opened.url, number)
    if number == CONFIRMED_CARD:
        await stripe.confirm(f"/{page['payment_intent']}")
    report = await gateway.look(opened.id)
    assert report is not None and report.saved_method is not None
    return report.saved_method.token


async def token_of_setup(house: House, stripe: StripeStandIn, number: str) -> str:
    """A card that its payer saved without paying."""
    gateway = stripe_of(house)
    request = SetupRequest(
        reference=str(new_id()),
        customer="ana",
        currency="BRL",
        return_url="https://ponto.example/",
        notify_url="https://billing.example/",
    )
    opened = await gateway.open_setup(request)
    assert opened.url is not None
    await stripe.pay(opened.url, number)
    report = await gateway.find_setup(request.reference)
    assert report is not None and report.saved_method is not None
    return report.saved_method.token


def stripe_of(house: House) -> Gateway:
    return house.gateways.named("stripe")


async def collect(house: House, order: dict[str, str], *, token: str) -> tuple[str, Reported]:
    """Charge the saved card for the invoice, as on its due day."""
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    token_of_ana = house.client(house.ana)
    started = await house.do("POST", path, {"method": "card"}, token=token_of_ana)
    request = RequestCharge(
        payment_id=UUID(started["payment_id"]),
        token=token,
        customer=str(house.ana),
        return_path=f"/invoices/{order['invoice_id']}",
    )
    reported = await house.charges.charge(request, cause=Cause(actor="test"))
    return started["payment_id"], reported


async def test_an_invoice_is_paid_on_the_page_and_the_signed_webhook_settles_it(
    house: House, stripe: StripeStandIn
) -> None:
    order, payment_id, url = await open_page(house)
    assert url.startswith(stripe.url)
    await stripe.pay(url)
    await until_paid(house, order)
    (received,) = await events_of(house, "PaymentReceived", payment_id)
    assert (received["amount_minor"], received["currency"]) == (2990, "BRL")
    assert len(await stripe.charges(payment_id)) == 1


async def test_a_webhook_that_is_lost_for_ever_is_made_up_for(
    house: House, stripe: StripeStandIn
) -> None:
    order, payment_id, url = await open_page(house)
    stripe.webhook_url = ""
    await stripe.pay(url)
    await house.inquiry.ask(UUID(payment_id))
    await until_paid(house, order)


async def test_fifty_webhooks_in_any_order_book_one_payment(
    house: House, stripe: StripeStandIn
) -> None:
    order, payment_id, url = await open_page(house)
    page = await stripe.pay(url)
    (intent,) = await stripe.charges(payment_id)
    kinds = [
        ("payment_intent.succeeded", intent),
        ("charge.succeeded", intent["latest_charge"]),
        ("checkout.session.completed", page),
        ("payment_intent.created", {**intent, "status": "requires_confirmation"}),
        ("payment_intent.payment_failed", {**intent, "status": "requires_payment_method"}),
    ]
    answers = await asyncio.gather(*(stripe.tell(*kinds[n % len(kinds)]) for n in range(50)))
    assert {answer.status_code for answer in answers if answer is not None} == {200}
    await until_paid(house, order)
    while await house.inbox.work_off_due():
        pass
    await house.catch_up()
    assert len(await events_of(house, "PaymentReceived", payment_id)) == 1
    assert await events_of(house, "PaymentFailed", payment_id) == []


async def test_old_and_new_secret_are_taken_and_no_other(
    house: House, stripe: StripeStandIn
) -> None:
    order, _, url = await open_page(house)
    body = msgspec.json.encode(
        {"id": "evt_1", "type": "x", "data": {"object": {"object": "payout", "id": "po_1"}}}
    )
    for at, secrets, status in (
        (0, [OLD], 200),
        (0, [NEW], 200),
        (0, [SecretStr("whsec_of_another_endpoint")], 401),
        (-301, [NEW], 401),
        (301, [NEW], 401),
    ):
        header = sign(body, secrets, at=unix_now() + at)
        answer = await house.http.post(
            "/webhooks/gateways/stripe", content=body, headers={"stripe-signature": header}
        )
        assert answer.status_code == status
    async with house.store.pool.acquire() as db:
        assert await db.fetchval("select count(*) from webhook where event_id = 'evt_1'") == 1
    stripe.secrets = [OLD]  # Stripe still signs with the one before
    await stripe.pay(url)
    await until_paid(house, order)


async def test_another_amount_than_was_asked_for_is_booked_nowhere(
    house: House, stripe: StripeStandIn
) -> None:
    order, payment_id, url = await open_page(house)
    stripe.pages[url.rpartition("/")[2]]["amount_total"] = 1
    await stripe.pay(url)
    while await house.inbox.work_off_due():
        await house.catch_up()
    (mismatch,) = await events_of(house, "PaymentMismatchFound", payment_id)
    assert (mismatch["field"], mismatch["found"]) == ("amount_minor", "1")
    assert not await house._is_paid(order["invoice_id"])


async def test_a_saved_card_is_charged_once_for_the_invoice(
    house: House, stripe: StripeStandIn
) -> None:
    token = await saved_token(house, stripe, GOOD_CARD)
    order = await house.order(house.ana)
    payment_id, reported = await collect(house, order, token=token)
    assert reported.status == "succeeded"
    await until_paid(house, order)
    assert len(await stripe.charges(payment_id)) == 1
    assert len(await events_of(house, "PaymentReceived", payment_id)) == 1


async def test_a_charge_whose_answer_is_lost_is_found_and_not_made_again(
    house: House, stripe: StripeStandIn
) -> None:
    token = await saved_token(house, stripe, GOOD_CARD)
    order = await house.order(house.ana)
    stripe.breaks = lambda path: Response("<h1>Bad gateway</h1>", 502)
    with pytest.raises(OutcomeUnknown):
        await collect(house, order, token=token)
    stripe.breaks = lambda path: None
    await house.catch_up()
    payment_id = str(
        await house.fetchval(
            "select payment_id from payment_open where invoice_id = $1", UUID(order["invoice_id"])
        )
    )
    await house.inquiry.ask(UUID(payment_id))
    await until_paid(house, order)
    assert len(await stripe.charges(payment_id)) == 1


async def test_a_declined_charge_ends_the_attempt_and_says_why(
    house: House, stripe: StripeStandIn
) -> None:
    stripe.decline_code = "insufficient_funds"
    token = await token_of_setup(house, stripe, DECLINED_CARD)
    order = await house.order(house.ana)
    payment_id, reported = await collect(house, order, token=token)
    assert (reported.status, reported.decline) == ("failed", "soft")
    await house.catch_up()
    (failed,) = await events_of(house, "PaymentFailed", payment_id)
    assert failed["reason"] == "insufficient_funds"


async def test_a_charge_that_the_payer_confirms_at_their_bank_is_booked_then(
    house: House, stripe: StripeStandIn
) -> None:
    token = await saved_token(house, stripe, CONFIRMED_CARD)
    order = await house.order(house.ana)
    payment_id, reported = await collect(house, order, token=token)
    assert reported.status == "open" and reported.url is not None
    await house.catch_up()
    assert not await house._is_paid(order["invoice_id"])
    await stripe.confirm(reported.url)
    await until_paid(house, order)  # by localstripe's own webhook, a second later
    assert len(await stripe.charges(payment_id)) == 1
