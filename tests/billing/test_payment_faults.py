"""Whatever the gateway does, or does not: charged once, booked once, and never a failure unasked.

The rows F46 to F56 of the fault model that concern payments. A capture is money that came in at
the gateway, whatever anybody was told of it.
"""

import asyncio
import random
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID

import pytest

from services.billing import outside_calls
from services.billing.gateways.port import ChargeRequest, Opened, Reported
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.payment import Payment
from shared.store import Transaction
from tests.billing.gateway_side import CAUSE, GatewaySide, charge_of, started
from tests.billing.house import House
from tests.billing.test_paying import event_about, post_webhook, until_status

RECEIVED = ["PaymentReceived", "PaymentAllocated", "InvoicePaid"]


@pytest.fixture
def side(house: House) -> GatewaySide:
    return GatewaySide(house)


async def payment_now(house: House, payment_id: UUID) -> Payment:
    async def load(tx: Transaction) -> Payment:
        return await tx.load(Payment, payment_id)

    return await house.store.run(CAUSE, load)


async def charged_in_vain(house: House, side: GatewaySide, how: str) -> tuple[Payment, str]:
    """An attempt of a charge to which the gateway gave no answer that can be trusted."""
    order = await house.order(house.ana)
    card = await side.save_card()
    payment = await started(house, order["invoice_id"])
    await side.go_wrong("charge", how)
    with patch.object(outside_calls, "TOTAL_S", 0.5), pytest.raises(OutcomeUnknown):
        await house.charges.charge(charge_of(payment, card), cause=CAUSE)
    await house.catch_up()
    return payment, order["invoice_id"]


@pytest.mark.parametrize("how", ["hang_after", "garbage"])
async def test_f46_f48_a_charge_without_an_answer_is_unknown_and_found_by_asking(
    house: House, side: GatewaySide, how: str
) -> None:
    payment, invoice_id = await charged_in_vain(house, side, how)
    assert (await payment_now(house, payment.id)).status == "unknown"
    assert (await house.invoice(house.ana, invoice_id))["status"] == "payment_pending"
    house.clock.ahead = timedelta(seconds=61)
    assert await house.inquiry.ask_about_due() == 1
    await until_status(house, invoice_id, "paid")
    await house.until(house.is_quiet)
    assert side.captures() == 1
    assert (await house.names(house.ana)).count("PaymentReceived") == 1
    assert await house.findings() == []


@pytest.mark.parametrize("how", ["hang_before", "fault"])
async def test_f47_f48_a_charge_that_never_came_to_be_is_made_under_the_same_key(
    house: House, side: GatewaySide, how: str
) -> None:
    payment, invoice_id = await charged_in_vain(house, side, how)
    assert (await payment_now(house, payment.id)).status == "unknown"
    assert side.captures() == 0
    house.clock.ahead = timedelta(seconds=61)
    await house.inquiry.ask_about_due()
    await until_status(house, invoice_id, "paid")
    assert side.captures() == 1
    assert side.count(f"checkout where idempotency_key = '{payment.id}'") == 1
    assert (await house.names(house.ana)).count("PaymentStarted") == 1


async def test_f53_a_charge_that_never_came_to_be_is_not_made_for_what_is_void(
    house: House, side: GatewaySide
) -> None:
    """F53: nothing else ends the invoice while the money may come, so staff settles it first."""
    payment, invoice_id = await charged_in_vain(house, side, "hang_before")
    cancel = await house.ask(
        "POST", f"/v1/invoices/{invoice_id}/cancel", {"reason": "wrong"}, token=house.staff()
    )
    assert cancel.json()["code"] == "payment_awaited"
    assert (await payment_now(house, payment.id)).status == "unknown"


@pytest.mark.parametrize("how", ["wrong_amount", "wrong_currency", "wrong_merchant"])
async def test_f48_a61_a_charge_that_is_not_what_was_asked_for_is_not_booked(
    house: House, side: GatewaySide, how: str
) -> None:
    """F48, A64: amount, currency and merchant are compared with what was asked for."""
    order = await house.order(house.ana)
    payment, card = await started(house, order["invoice_id"]), await side.save_card()
    await side.go_wrong("charge", how)
    await house.charges.charge(charge_of(payment, card), cause=CAUSE)
    names = await house.names(house.ana)
    assert names.count("PaymentMismatchFound") == 1
    assert "PaymentReceived" not in names
    assert (await payment_now(house, payment.id)).status == "created"


async def test_f49_an_answer_after_the_webhook_changes_nothing(
    house: House, side: GatewaySide
) -> None:
    order = await house.order(house.ana)
    payment, card = await started(house, order["invoice_id"]), await side.save_card()
    charge = house.gateway.charge

    async def late(request: ChargeRequest) -> Reported:
        """The answer comes when the webhook has long settled everything."""
        reported: Reported = await charge(request)
        await until_status(house, order["invoice_id"], "paid")
        return reported

    with patch.object(house.gateway, "charge", late):
        await house.charges.charge(charge_of(payment, card), cause=CAUSE)
    await house.until(house.is_quiet)
    assert (await house.names(house.ana)).count("PaymentReceived") == 1
    assert side.captures() == 1


async def test_f50_a_webhook_that_is_lost_is_made_up_for_within_five_minutes(
    house: House, side: GatewaySide
) -> None:
    order = await house.order(house.ana)
    await house.pay(house.ana, order["invoice_id"], outcome="webhook-lost")
    await house.catch_up()
    house.clock.ahead = timedelta(minutes=5)
    await house.inquiry.ask_about_due()
    assert (await house.names(house.ana))[-3:] == RECEIVED


async def test_f51_a_webhook_that_comes_fifty_times_books_once(
    house: House, side: GatewaySide
) -> None:
    order = await house.order(house.ana)
    await house.pay(house.ana, order["invoice_id"], outcome="webhook-fifty")
    await until_status(house, order["invoice_id"], "paid")

    async def all_came() -> bool:
        return side.count("delivery where delivered_at is null") == 0

    await house.until(all_came)
    await house.until(house.is_quiet)
    assert await house.fetchval("select count(*) from webhook where source = 'sandbox'") == 1
    assert (await house.names(house.ana)).count("PaymentReceived") == 1


@pytest.mark.parametrize("seed", range(4))
async def test_f51_webhooks_in_any_order_end_the_same(
    house: House, side: GatewaySide, seed: int
) -> None:
    """F51: of the refund before that of the capture, each several times."""
    order = await house.order(house.ana)
    payment_id = await house.pay(house.ana, order["invoice_id"], outcome="webhook-lost")
    checkout = await side.seen(payment_id)
    refund = {"reference": "by-hand-there", "payment_id": checkout.id}
    await side.call("/v1/refunds", {**refund, "amount_minor": 1000, "currency": "BRL"})
    events = [event_about(checkout.id, event_id=f"evt_{number}") for number in range(4)] * 3
    random.Random(seed).shuffle(events)
    for body in events:
        assert (await post_webhook(house, body)).status_code == 200
    await house.until(house.is_quiet)
    names = await house.names(house.ana)
    assert (names.count("PaymentReceived"), names.count("PaymentRefunded")) == (1, 1)
    assert names.index("PaymentReceived") < names.index("PaymentRefunded")
    assert await house.findings() == []


async def test_f52_a_hundred_clicks_on_pay_at_once_are_one_capture(
    house: House, side: GatewaySide
) -> None:
    order = await house.order(house.ana)
    path, token = f"/v1/invoices/{order['invoice_id']}/payments", house.client(house.ana)

    async def click() -> str:
        started = await house.ask("POST", path, {"method": "card"}, token=token)
        if not started.is_success:
            return str(started.status_code)
        page = f"/v1/payments/{started.json()['payment_id']}/hosted-page"
        opened = await house.ask("POST", page, {"return_url_path": "/invoices"}, token=token)
        return opened.json()["url"] if opened.is_success else str(opened.status_code)

    answers = await asyncio.gather(*(click() for _ in range(100)))
    pages = {answer for answer in answers if answer.startswith("http")}
    assert len(pages) == 1
    assert {answer for answer in answers if not answer.startswith("http")} <= {"503", "429"}
    (page,) = pages
    await asyncio.gather(*(house.sandbox.decide(page, "approve") for _ in range(10)))
    await until_status(house, order["invoice_id"], "paid")
    assert side.captures() == side.count("checkout") == 1
    assert (await house.names(house.ana)).count("PaymentStarted") == 1


async def test_f54_an_open_page_is_closed_before_a_card_is_charged(
    house: House, side: GatewaySide
) -> None:
    """F54: who is on the page meanwhile cannot pay a second time."""
    order = await house.order(house.ana)
    payment_id, page = await house.start_payment(house.ana, order["invoice_id"])
    closed = await house.inquiry.end(UUID(payment_id))
    assert closed.status == "failed"
    await house.sandbox.decide(page, "approve")
    assert side.captures() == 0
    payment, card = await started(house, order["invoice_id"]), await side.save_card()
    await house.charges.charge(charge_of(payment, card), cause=CAUSE)
    await until_status(house, order["invoice_id"], "paid")
    assert side.captures() == 1


async def test_a_page_that_is_still_being_asked_for_when_it_is_closed_is_opened_for_nobody(
    house: House, side: GatewaySide
) -> None:
    """F54: the request of another process is on its way while the attempt is ended."""
    order = await house.order(house.ana)
    payment = await started(house, order["invoice_id"])
    pages = house.service.state.hosted_pages
    asked = {"account_id": house.ana, "return_path": "/invoices", "cause": CAUSE}
    late = patch.object(house.gateway, "open", side_effect=OutcomeUnknown(cause="late"))
    with late, pytest.raises(OutcomeUnknown):
        await pages.open(payment.id, **asked)
    assert (await house.inquiry.end(payment.id)).status == "failed"
    opened = await pages.open_again(payment.id, cause=CAUSE)
    await house.sandbox.decide(str(opened.url), "approve")
    assert side.captures() == 0


async def test_a_page_that_is_asked_for_while_nothing_is_known_of_it_is_closed_before_it_is_paid(
    house: House, side: GatewaySide
) -> None:
    """F54: it is opened between the gateway's answer and the end of the attempt."""
    order = await house.order(house.ana)
    payment = await started(house, order["invoice_id"])
    find, pages = house.gateway.find, house.service.state.hosted_pages
    opened: list[Opened] = []

    async def nothing_yet(reference: str) -> Reported | None:
        found: Reported | None = await find(reference)
        if not opened:
            way = {"account_id": house.ana, "return_path": "/invoices", "cause": CAUSE}
            opened.append(await pages.open(payment.id, **way))
        return found

    with patch.object(house.gateway, "find", nothing_yet):
        assert (await house.inquiry.end(payment.id)).status == "failed"
    await house.sandbox.decide(str(opened[0].url), "approve")
    assert side.captures() == 0


async def test_f54_a_page_that_was_paid_meanwhile_is_booked_and_nothing_is_charged(
    house: House, side: GatewaySide
) -> None:
    order = await house.order(house.ana)
    payment_id = await house.pay(house.ana, order["invoice_id"], outcome="webhook-lost")
    ended = await house.inquiry.end(UUID(payment_id))
    assert ended.status == "succeeded"
    assert (await house.names(house.ana))[-3:] == RECEIVED
    again = await house.inquiry.end(UUID(payment_id))
    assert again.version == ended.version


async def test_f46_an_outcome_that_stays_unknown_is_asked_about_by_the_schedule_and_then_by_people(
    house: House, side: GatewaySide
) -> None:
    """One, five and sixty minutes, then five days, then a task of the staff; never a failure."""
    payment, _ = await charged_in_vain(house, side, "hang_after")
    asked_at = []
    async with house.silent_gateway():
        for minutes in (0.5, 1, 4, 5.1, 30, 60, 300, 1440, 2000, *(1440 * n for n in range(2, 9))):
            house.clock.ahead = timedelta(minutes=minutes, seconds=1)
            if await house.inquiry.ask_about_due():
                asked_at.append(minutes)
    assert asked_at == [1, 5.1, 60, 1440, *(1440 * n for n in range(2, 6))]
    await house.catch_up()
    task = "select kind from staff_task where key = $1"
    assert await house.fetchval(task, str(payment.id)) == "payment_outcome_unknown"
    assert (await payment_now(house, payment.id)).status == "unknown"
    house.clock.ahead = timedelta()
    await house.inquiry.ask(payment.id)
    assert (await payment_now(house, payment.id)).status == "succeeded"
