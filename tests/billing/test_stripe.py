"""Stripe through localstripe: paid once whatever happens, and everything odd is unknown."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.billing import outside_calls
from services.billing.gateways import port
from services.billing.gateways.stripe.amounts import AmountNotPayable
from services.billing.gateways.stripe.gateway import StripeGateway
from services.billing.outside_calls import OutcomeUnknown
from services.billing.webhooks.signature import SignatureInvalid
from shared.ids import new_id
from tests.billing.house import serving
from tests.billing.stripe_stand_in import (
    CONFIRMED_CARD,
    DECLINED_CARD,
    KEY,
    StripeStandIn,
    running_localstripe,
    stripe_in_front_of,
)
from tests.servers import free_port

RETURN = "https://ponto.example/invoices/1"


class Clock:
    """The machine's clock, put forward as far as a test says."""

    ahead = timedelta()

    def now(self) -> datetime:
        """See `shared.clock.Clock`."""
        return datetime.now(UTC) + self.ahead  # noqa: TID251


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    """Where localstripe listens."""
    with running_localstripe() as url:
        yield url


@pytest.fixture
async def stripe(localstripe: str) -> AsyncIterator[StripeStandIn]:
    """Stripe, as far as tests need it."""
    async with stripe_in_front_of(localstripe) as stand_in:
        yield stand_in


@pytest.fixture
def clock() -> Clock:
    """The gateway's clock."""
    return Clock()


@pytest.fixture
async def gateway(stripe: StripeStandIn, clock: Clock) -> AsyncIterator[StripeGateway]:
    """The gateway under test."""
    gateway = StripeGateway(url=stripe.url, key=KEY, webhook_secrets=stripe.secrets, clock=clock)
    yield gateway
    await gateway.close()


def page_request(**changed: Any) -> port.PageRequest:
    plain = {
        "reference": str(new_id()),
        "amount_minor": 2990,
        "currency": "BRL",
        "description": "PON-2026-000001",
        "return_url": RETURN,
        "notify_url": "https://billing.example/webhooks/gateways/stripe",
    }
    return port.PageRequest(**{**plain, **changed})


def charge_request(token: str, **changed: Any) -> port.ChargeRequest:
    plain = {
        "reference": str(new_id()),
        "amount_minor": 4990,
        "currency": "BRL",
        "description": "PON-2026-000002",
        "customer": "a",
        "token": token,
        "return_url": RETURN,
        "notify_url": "https://billing.example/webhooks/gateways/stripe",
    }
    return port.ChargeRequest(**{**plain, **changed})


async def saved(gateway: StripeGateway, stripe: StripeStandIn, number: str) -> port.SavedMethod:
    """A card that was saved on a page, and nothing paid."""
    request = port.SetupRequest(
        reference=str(new_id()),
        customer="a",
        currency="BRL",
        return_url=RETURN,
        notify_url="https://billing.example/",
    )
    opened = await gateway.open_setup(request)
    assert opened.url is not None
    waiting = await gateway.find_setup(request.reference)
    assert waiting is not None and waiting.status == "open"
    await stripe.pay(opened.url, number)
    report = await gateway.find_setup(request.reference)
    assert report is not None and report.saved_method is not None
    assert (report.id, report.reference, report.status) == (
        opened.id,
        request.reference,
        "succeeded",
    )
    return report.saved_method


async def paid_page(
    gateway: StripeGateway, stripe: StripeStandIn, **changed: Any
) -> tuple[port.PageRequest, port.Reported]:
    """A page that was opened and paid on."""
    request = page_request(**changed)
    opened = await gateway.open(request)
    assert opened.url is not None
    await stripe.pay(opened.url)
    report = await gateway.look(opened.id)
    assert report is not None
    return request, report


# ---------------------------------------------------------------------------------------- pages


async def test_a_page_is_opened_once_and_paid_on_once(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    request = page_request()
    assert await gateway.find(request.reference) is None
    opened = await gateway.open(request)
    assert await gateway.open(request) == opened
    waiting = await gateway.find(request.reference)
    assert waiting is not None
    assert (waiting.status, waiting.url, waiting.id) == ("open", opened.url, opened.id)
    assert opened.url is not None
    await stripe.pay(opened.url)
    report = await gateway.look(opened.id)
    assert report is not None
    assert (report.status, report.reference) == ("succeeded", request.reference)
    assert (report.amount_minor, report.currency) == (2990, "BRL")
    assert report.paid_on == datetime.now(UTC).date()  # noqa: TID251
    assert await gateway.find(request.reference) == report
    (charged,) = await stripe.charges(request.reference)
    assert await gateway.look(charged["id"]) == report


async def test_a_card_that_is_declined_on_the_page_leaves_the_page_open(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    request = page_request()
    opened = await gateway.open(request)
    assert opened.url is not None
    await stripe.pay(opened.url, DECLINED_CARD)
    declined = await gateway.look(opened.id)
    assert declined is not None and declined.status == "open"
    await stripe.pay(opened.url)
    paid = await gateway.look(opened.id)
    assert paid is not None and paid.status == "succeeded"


async def test_a_payment_that_is_confirmed_on_the_page_succeeds_after_it(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    opened = await gateway.open(page_request())
    assert opened.url is not None
    page = await stripe.pay(opened.url, CONFIRMED_CARD)
    before = await gateway.look(opened.id)
    assert before is not None and before.status == "open"
    await stripe.confirm(f"/{page['payment_intent']}")
    after = await gateway.look(opened.id)
    assert after is not None and after.status == "succeeded"


async def test_a_page_that_is_closed_takes_no_money_and_one_that_was_paid_stays_so(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    opened = await gateway.open(page_request())
    assert (await gateway.expire(opened.id)).status == "expired"
    assert (await gateway.expire(opened.id)).status == "expired"
    _, report = await paid_page(gateway, stripe)
    assert await gateway.expire(report.id) == report


async def test_a_page_that_is_asked_for_long_after_is_looked_for_first(
    gateway: StripeGateway, stripe: StripeStandIn, clock: Clock
) -> None:
    request = page_request()
    opened = await gateway.open(request)
    stripe._answers.clear()  # the keys are forgotten
    clock.ahead = timedelta(hours=30)
    assert await gateway.open(request) == opened
    assert len(stripe.pages) == 1


async def test_an_amount_that_cannot_be_told_opens_nothing(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    for amount, currency in ((5124, "KWD"), (100, "UGX")):
        with pytest.raises(AmountNotPayable):
            await gateway.open(page_request(amount_minor=amount, currency=currency))
    assert stripe.asked == []


async def test_a_currency_without_decimals_is_paid_and_told_as_it_was(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    for amount, currency, there in ((500, "JPY", 500), (5, "ISK", 500), (5120, "KWD", 5120)):
        request, report = await paid_page(gateway, stripe, amount_minor=amount, currency=currency)
        (charged,) = await stripe.charges(request.reference)
        assert (charged["amount"], charged["currency"]) == (there, currency.lower())
        assert (report.amount_minor, report.currency) == (amount, currency)


# ---------------------------------------------------------------------------------- saved cards


async def test_a_card_that_is_saved_is_charged_while_the_payer_is_away(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    assert (card.kind, card.brand, card.last4) == ("card", "visa", "4242")
    assert (card.expires_month, card.expires_year) == (12, 2030)
    request = charge_request(card.token)
    report = await gateway.charge(request)
    assert (report.status, report.reference) == ("succeeded", request.reference)
    assert (report.amount_minor, report.currency) == (4990, "BRL")
    assert await gateway.charge(request) == report
    assert len(await stripe.charges(request.reference)) == 1
    assert await gateway.look(report.id) == report
    assert await gateway.find(request.reference) == report


async def test_a_card_can_be_saved_with_a_payment(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    _, report = await paid_page(gateway, stripe, saves_method=True)
    assert report.saved_method is not None
    charged = await gateway.charge(charge_request(report.saved_method.token))
    assert charged.status == "succeeded"
    _, unsaved = await paid_page(gateway, stripe)
    assert unsaved.saved_method is None


async def test_a_charge_that_is_declined_is_an_answer(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved(gateway, stripe, DECLINED_CARD)
    for code, decline in (("insufficient_funds", "soft"), ("stolen_card", "hard")):
        stripe.decline_code = code
        request = charge_request(card.token)
        report = await gateway.charge(request)
        assert (report.status, report.failure_code, report.decline) == ("failed", code, decline)
        assert await gateway.charge(request) == report
        assert await gateway.find(request.reference) == report


async def test_a_charge_that_the_bank_wants_confirmed_waits_at_its_page(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved_with_payment(gateway, stripe, CONFIRMED_CARD)
    request = charge_request(card)
    report = await gateway.charge(request)
    assert report.status == "open" and report.url is not None
    assert await gateway.charge(request) == report
    await stripe.confirm(report.url)
    after = await gateway.look(report.id)
    assert after is not None and (after.status, after.url) == ("succeeded", None)
    assert len(await stripe.charges(request.reference)) == 1


async def test_a_charge_that_the_payer_does_not_confirm_fails_or_is_closed(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved_with_payment(gateway, stripe, CONFIRMED_CARD)
    refused = await gateway.charge(charge_request(card))
    assert refused.url is not None
    await stripe.confirm(refused.url, success=False)
    after = await gateway.look(refused.id)
    assert after is not None
    assert (after.status, after.decline) == ("failed", "soft")
    waiting = await gateway.charge(charge_request(card))
    assert (await gateway.expire(waiting.id)).status == "expired"


async def saved_with_payment(gateway: StripeGateway, stripe: StripeStandIn, number: str) -> str:
    """The token of a card that its payer confirmed when it was first used."""
    opened = await gateway.open(page_request(saves_method=True))
    assert opened.url is not None
    page = await stripe.pay(opened.url, number)
    await stripe.confirm(f"/{page['payment_intent']}")
    report = await gateway.look(opened.id)
    assert report is not None and report.saved_method is not None
    return report.saved_method.token


async def test_a_card_that_was_removed_is_gone_for_good(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    await gateway.forget(card.token)
    await gateway.forget(card.token)
    await gateway.forget("cus_1/pm_never")
    for token in ("cus_1/pm_never", "no token"):
        report = await gateway.charge(charge_request(token))
        assert (report.status, report.decline) == ("failed", "hard")


async def test_a_charge_that_is_asked_for_long_after_is_looked_for_first(
    gateway: StripeGateway, stripe: StripeStandIn, clock: Clock
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    request = charge_request(card.token)
    report = await gateway.charge(request)
    stripe._answers.clear()  # the keys are forgotten
    clock.ahead = timedelta(hours=30)
    assert await gateway.charge(request) == report
    assert len(await stripe.charges(request.reference)) == 1


async def test_a_hundred_charges_at_once_under_one_reference_are_one(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    request = charge_request(card.token)
    answers = await asyncio.gather(
        *(gateway.charge(request) for _ in range(100)), return_exceptions=True
    )
    known = [each for each in answers if not isinstance(each, OutcomeUnknown)]
    assert known and all(each == known[0] for each in known)
    assert len(await stripe.charges(request.reference)) == 1


# ------------------------------------------------------------------------- what goes back again


async def test_money_goes_back_in_parts_and_never_more_than_came(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    _, paid = await paid_page(gateway, stripe)

    def back(minor: int) -> port.RefundRequest:
        return port.RefundRequest(
            reference=str(new_id()), payment_id=paid.id, amount_minor=minor, currency="BRL"
        )

    part = back(1000)
    first = await gateway.refund(part)
    assert (first.status, first.reference, first.amount_minor) == (
        "succeeded",
        part.reference,
        1000,
    )
    assert await gateway.refund(part) == first
    assert (await gateway.refund(back(2000))).status == "failed"
    rest = await gateway.refund(back(1990))
    more = await gateway.refund(back(1))
    assert (more.status, more.failure_code) == ("failed", "charge_already_refunded")
    report = await gateway.look(paid.id)
    assert report is not None and report.status == "succeeded"
    assert {each.reference for each in report.refunds} == {part.reference, rest.reference}
    assert sum(each.amount_minor for each in report.refunds) == 2990


async def test_a_dispute_is_told_with_the_payment(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    request, paid = await paid_page(gateway, stripe)
    (charged,) = await stripe.charges(request.reference)
    dispute = await stripe.dispute(charged["id"])
    for status, ours in (("needs_response", "open"), ("lost", "lost")):
        dispute["status"] = status
        report = await gateway.look(paid.id)
        assert report is not None
        assert [(each.status, each.reason) for each in report.disputes] == [(ours, "fraudulent")]
        assert report.disputes[0].respond_by is not None


async def test_a_day_lists_what_came_and_what_went_back(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    request, paid = await paid_page(gateway, stripe)
    back = port.RefundRequest(
        reference=str(new_id()), payment_id=paid.id, amount_minor=990, currency="BRL"
    )
    await gateway.refund(back)
    card = await saved(gateway, stripe, "4242424242424242")
    charged = await gateway.charge(charge_request(card.token))
    stripe.pages[paid.id]["created"] -= 3 * 86400  # it came earlier than it went back
    entries = await gateway.day(datetime.now(UTC).date())  # noqa: TID251
    told = {(each.kind, each.payment_id, each.reference, each.amount_minor) for each in entries}
    assert {
        ("payment", paid.id, request.reference, 2990),
        ("refund", paid.id, back.reference, -990),
        ("payment", charged.id, charged.reference, 4990),
    } <= told


# ------------------------------------------------------------------------------ what can be odd

NO_INTENT = {"object": "payment_intent", "id": "pi_1"}
CARD_ERROR = {"type": "card_error", "code": "card_declined"}
# Written by hand, after the manual's pages on errors and on idempotent requests.
ODD: dict[str, Response] = {
    "html": HTMLResponse("<h1>It works</h1>"),
    "garbage": Response(b"{not json", media_type="application/json"),
    "list": JSONResponse([]),
    "null": JSONResponse(None),
    "number": JSONResponse(1),
    "not utf-8": Response(b'{"id": "\xff"}'),
    "error of another kind": JSONResponse({"error": "declined"}, 402),
    "error without a type": JSONResponse({"error": {}}, 402),
    "decline of nothing": JSONResponse({"error": CARD_ERROR}, 402),
    "decline of odd": JSONResponse({"error": {**CARD_ERROR, "payment_intent": NO_INTENT}}, 402),
    "redirect": RedirectResponse("http://127.0.0.1:1/"),
    "fault": JSONResponse({"error": {"type": "api_error"}}, 500),
    "fault in html": HTMLResponse("<h1>Bad gateway</h1>", 502),
    "too many": JSONResponse({"error": {"type": "invalid_request_error"}}, 429),
    "key refused": JSONResponse({"error": {"type": "invalid_request_error"}}, 401),
    "forbidden": JSONResponse({"error": {"type": "invalid_request_error"}}, 403),
    "key in use": JSONResponse({"error": {"type": "idempotency_error"}}, 409),
    "key of another": JSONResponse({"error": {"type": "idempotency_error"}}, 400),
    "parameter unknown": JSONResponse(
        {"error": {"type": "invalid_request_error", "code": "parameter_unknown"}}, 400
    ),
    "empty": Response(status_code=204),
    "huge": Response(b" " * (1024 * 1024 + 1)),
    "of another form": JSONResponse({"object": "checkout.session", "id": 1}),
}


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_answer_is_unknown_and_the_charge_is_found_later(
    gateway: StripeGateway, stripe: StripeStandIn, odd: str
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    charge, page = charge_request(card.token), page_request()
    stripe.breaks = lambda path: ODD[odd]
    with pytest.raises(OutcomeUnknown):
        await gateway.charge(charge)
    with pytest.raises(OutcomeUnknown):
        await gateway.open(page)
    with pytest.raises(OutcomeUnknown):
        await gateway.look("pi_1")
    stripe.breaks = lambda path: None
    report = await gateway.find(charge.reference)
    assert report is not None and report.status == "succeeded"
    assert await gateway.charge(charge) == report
    assert len(await stripe.charges(charge.reference)) == 1
    opened = await gateway.open(page)
    assert [each["id"] for each in stripe.pages.values() if each["mode"] == "payment"] == [
        opened.id
    ]


async def test_what_never_answers_is_unknown_after_its_time(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    card = await saved(gateway, stripe, "4242424242424242")
    request = charge_request(card.token)
    held = asyncio.Event()

    async def answer_never(*_: Any) -> Response:
        await held.wait()
        return Response()

    with (
        patch.object(stripe, "_relay", answer_never),
        patch.object(outside_calls, "TOTAL_S", 0.2),
        pytest.raises(OutcomeUnknown),
    ):
        await gateway.charge(request)
    held.set()


async def test_a_gateway_that_is_not_there_is_unknown(clock: Clock) -> None:
    gateway = StripeGateway(url="http://127.0.0.1:1", key=KEY, webhook_secrets=[], clock=clock)
    with pytest.raises(OutcomeUnknown):
        await gateway.find(str(new_id()))
    await gateway.close()


async def test_what_is_not_there_is_none_and_a_name_of_another_kind_is_never_asked_for(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    for name in ("pi_never", "cs_never"):
        assert await gateway.look(name) is None
    asked = len(stripe.asked)
    for name in ("", "ch_1", "pi_", "../v1/payment_intents", "pi_1/confirm", "cs_1?x=1"):
        assert await gateway.look(name) is None
    assert len(stripe.asked) == asked


async def test_the_key_is_in_no_error(stripe: StripeStandIn, clock: Clock) -> None:
    wrong = SecretStr("sk_test_not_the_one_that_is_known")
    gateway = StripeGateway(url=stripe.url, key=wrong, webhook_secrets=[], clock=clock)
    with pytest.raises(OutcomeUnknown) as error:
        await gateway.open(page_request())
    assert "sk_test" not in repr(error.value) + str(error.value.facts)
    await gateway.close()


# ------------------------------------------------------------------------------------- webhooks


async def test_localstripes_own_webhook_is_taken_and_names_the_payment(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    body, headers = await a_webhook_of(gateway, stripe)
    now = datetime.now(UTC)  # noqa: TID251
    notice = gateway.read_webhook(headers, body, now=now)
    assert notice.kind == "attempt"
    report = await gateway.look(notice.about)
    assert report is not None and report.status == "succeeded"
    for later in (timedelta(seconds=400), timedelta(seconds=-400)):
        with pytest.raises(SignatureInvalid):
            gateway.read_webhook(headers, body, now=now + later)
    with pytest.raises(SignatureInvalid):
        gateway.read_webhook(headers, body + b" ", now=now)
    with pytest.raises(SignatureInvalid):
        gateway.read_webhook({}, body, now=now)


async def a_webhook_of(
    gateway: StripeGateway, stripe: StripeStandIn
) -> tuple[bytes, dict[str, str]]:
    """What localstripe itself sends when a charge went through, a second later."""
    heard: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()

    async def hear(request: Request) -> Response:
        await heard.put((await request.body(), dict(request.headers)))
        return Response()

    own = free_port()
    async with serving(Starlette(routes=[Route("/", hear, methods=["POST"])]), own):
        card = await saved(gateway, stripe, "4242424242424242")
        await stripe.listen(f"http://127.0.0.1:{own}/")
        stripe.webhook_url = ""  # only localstripe speaks
        await gateway.charge(charge_request(card.token))
        return await asyncio.wait_for(heard.get(), 10)


async def test_a_report_of_the_day_goes_through_many_pages(
    gateway: StripeGateway, stripe: StripeStandIn
) -> None:
    for _ in range(3):
        await gateway.open(page_request())
    last = page_request()
    opened = await gateway.open(last)
    for _ in range(3):
        await gateway.open(page_request())
    with patch("services.billing.gateways.stripe.lookups.PAGE_SIZE", 2):
        found = await gateway.find(last.reference)
        assert found is not None and found.id == opened.id
    with (
        patch("services.billing.gateways.stripe.lookups.PAGE_SIZE", 1),
        patch("services.billing.gateways.stripe.calls.MOST_PAGES", 2),
        pytest.raises(OutcomeUnknown),
    ):
        await gateway.find(last.reference)
