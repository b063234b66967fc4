"""Paying: one attempt, one booking, whatever gateway, network and clients do."""

import asyncio
import sqlite3
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from services.billing.gateways.port import Reported
from services.billing.payments.commands import SettlePayment, settle_payment
from services.billing.webhooks.signature import sign
from shared.clock import unix_now
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import SECRET, House, code_of

CAUSE = Cause(actor="test")
RECEIVED = ["PaymentReceived", "PaymentAllocated", "InvoicePaid"]


async def post_webhook(
    house: House,
    body: bytes,
    *,
    signature: str | None = None,
    path: str = "/webhooks/gateways/sandbox",
    header: str = "gateway-signature",
) -> Any:
    headers = {
        header: signature or sign(body, SECRET, at=unix_now()),
        "content-type": "application/json",
    }
    return await house.http.post(path, content=body, headers=headers)


def event_about(checkout_id: str, *, event_id: str = "evt_1") -> bytes:
    return msgspec.json.encode({"id": event_id, "data": {"id": checkout_id}})


async def until_status(house: House, invoice_id: str, status: str) -> None:
    async def is_so() -> bool:
        found = await house.fetchval(
            "select status from invoice_list where invoice_id = $1", UUID(invoice_id)
        )
        return bool(found == status)

    await house.until(is_so)


# ------------------------------------------------------------------------------ starting


async def test_a_second_start_by_the_same_method_gives_the_open_attempt(house: House) -> None:
    order = await house.order(house.ana)
    first, page = await house.start_payment(house.ana, order["invoice_id"])
    again, same_page = await house.start_payment(house.ana, order["invoice_id"])
    assert (first, page) == (again, same_page)
    assert (await house.names(house.ana)).count("PaymentStarted") == 1


async def test_twenty_starts_at_once_make_one_attempt(house: House) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    token = house.client(house.ana)
    answers = await asyncio.gather(
        *(house.ask("POST", path, {"method": "card"}, token=token) for _ in range(20))
    )
    started = {answer.json()["payment_id"] for answer in answers if answer.is_success}
    assert len(started) == 1
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert (await house.names(house.ana)).count("PaymentStarted") == 1


async def test_another_method_beside_an_open_attempt_is_refused(house: House) -> None:
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    answer = await house.ask(
        "POST",
        f"/v1/invoices/{order['invoice_id']}/payments",
        {"method": "boleto"},
        token=house.client(house.ana),
    )
    assert code_of(answer) == (409, "payment_already_open")


async def test_only_a_method_with_a_payment_page_can_be_started(house: House) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    expected = {
        "transfer": (422, "payment_method_not_online"),
        "cash": (404, "payment_method_unknown"),
    }
    for method, refusal in expected.items():
        answer = await house.ask("POST", path, {"method": method}, token=house.client(house.ana))
        assert code_of(answer) == refusal


async def test_a52_what_a_payment_costs_is_not_the_clients_to_say(house: House) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    for field in ("amount_minor", "currency", "status", "payment_id", "account_id"):
        body = {"method": "card", field: 1}
        answer = await house.ask("POST", path, body, token=house.client(house.ana))
        assert answer.status_code == 422


async def test_a58_invoices_and_payments_of_others_do_not_exist(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    stranger = house.client(house.rui)
    payments = f"/v1/invoices/{order['invoice_id']}/payments"
    page = f"/v1/payments/{payment_id}/hosted-page"
    for path, body in ((payments, {"method": "card"}), (page, {"return_url_path": "/"})):
        assert code_of(await house.ask("POST", path, body, token=stranger)) == (404, "not_found")
    read = await house.ask("GET", f"/v1/invoices/{order['invoice_id']}", token=stranger)
    assert code_of(read) == (404, "not_found")
    for path in (f"/v1/invoices/{new_id()}", f"/v1/orders/{new_id()}"):
        assert code_of(await house.ask("GET", path, token=stranger)) == (404, "not_found")


async def test_a58_a_paid_invoice_is_not_paid_again(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay_and_settle(house.ana, order["invoice_id"])
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    answer = await house.ask("POST", path, {"method": "card"}, token=house.client(house.ana))
    assert code_of(answer) == (409, "invoice_already_paid")


async def test_the_way_back_leads_to_the_own_site_only(house: House) -> None:
    order = await house.order(house.ana)
    token = house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    payment = await house.do("POST", path, {"method": "card"}, token=token)
    page = f"/v1/payments/{payment['payment_id']}/hosted-page"
    answer = await house.ask("POST", page, {"return_url_path": "//evil"}, token=token)
    assert code_of(answer) == (422, "return_path_invalid")


async def test_a_silent_gateway_leaves_the_payment_unknown_and_a_retry_opens_it(
    house: House,
) -> None:
    order = await house.order(house.ana)
    token = house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    payment = await house.do("POST", path, {"method": "card"}, token=token)
    page = f"/v1/payments/{payment['payment_id']}/hosted-page"
    async with house.silent_gateway():
        answer = await house.ask("POST", page, {"return_url_path": "/"}, token=token)
    assert code_of(answer) == (503, "outcome_unknown")
    known = await house.do("POST", path, {"method": "card"}, token=token)
    assert known == {**payment, "status": "unknown"}
    await house.catch_up()
    status = await house.do("GET", "/internal/status", token=house.internal())
    assert 0 < status["business"]["oldest_unknown_payment_s"] < 60
    opened = await house.do("POST", page, {"return_url_path": "/elsewhere"}, token=token)
    assert opened["url"].startswith(house.sandbox.gateway_url)


# ------------------------------------------------------------------------------ outcomes


async def test_a_declined_payment_leaves_the_invoice_open_for_another(house: House) -> None:
    order = await house.order(house.ana)
    await declined_payment(house, order["invoice_id"])
    failed = dict(await house.events(house.ana))["PaymentFailed"]
    assert failed["reason"] == "card_declined"
    await house.pay_and_settle(house.ana, order["invoice_id"])
    assert (await house.names(house.ana)).count("PaymentStarted") == 2
    assert await house.findings() == []


async def test_a_webhook_before_the_payer_is_back_settles_the_same(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay(house.ana, order["invoice_id"], outcome="webhook-before-response")
    await until_status(house, order["invoice_id"], "paid")
    assert await house.findings() == []


async def test_a_lost_webhook_is_made_up_for_by_asking(house: House) -> None:
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'succeeded'")
    await house.catch_up()
    assert await house.inquiry.ask_about_due() == 0
    house.clock.ahead = timedelta(seconds=61)
    assert await house.inquiry.ask_about_due() == 1
    assert (await house.names(house.ana))[-3:] == RECEIVED
    await house.catch_up()
    assert await house.inquiry.ask_about_due() == 0


async def test_open_attempts_are_asked_about_the_less_the_older_they_are(house: House) -> None:
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    await house.catch_up()
    asked = []
    for seconds in (61, 90, 122, 3700, 3800, 4010, 90_000, 93_000, 94_000):
        house.clock.ahead = timedelta(seconds=seconds)
        asked.append(await house.inquiry.ask_about_due())
    assert asked == [1, 0, 1, 1, 0, 1, 1, 0, 1]


async def test_an_attempt_that_never_reached_the_gateway_is_given_up_after_a_day(
    house: House,
) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    token = house.client(house.ana)
    await house.do("POST", path, {"method": "card"}, token=token)
    await house.catch_up()
    house.clock.ahead = timedelta(minutes=5)
    await house.inquiry.ask_about_due()
    assert (await house.names(house.ana))[-1] == "PaymentStarted"
    house.clock.ahead = timedelta(days=1, minutes=1)
    await house.inquiry.ask_about_due()
    assert (await house.events(house.ana))[-1][1]["reason"] == "abandoned"
    boleto = await house.ask("POST", path, {"method": "boleto"}, token=token)
    assert boleto.status_code == 201


async def test_an_expired_checkout_makes_room_for_another_attempt(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'expired'")
    await house.inquiry.ask(UUID(payment_id))
    assert (await house.events(house.ana))[-1][1]["reason"] == "expired"
    token = house.client(house.ana)
    page = f"/v1/payments/{payment_id}/hosted-page"
    answer = await house.ask("POST", page, {"return_url_path": "/"}, token=token)
    assert code_of(answer) == (409, "payment_has_ended")


async def test_money_on_its_way_keeps_the_order_alive(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'pending'")
    await house.inquiry.ask(UUID(payment_id))
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "payment_pending"
    cancel = f"/v1/orders/{order['order_id']}/cancel"
    answer = await house.ask("POST", cancel, token=house.client(house.ana))
    assert code_of(answer) == (409, "payment_awaited")
    house.sandbox.change_checkouts("status = 'failed', failure_code = 'card_declined'")
    await house.inquiry.ask(UUID(payment_id))
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "unpaid"


async def test_a61_another_amount_or_currency_books_nothing_and_is_told(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    for assignment in ("amount_minor = 1", "amount_minor = 2990, currency = 'USD'"):
        house.sandbox.change_checkouts(f"status = 'succeeded', {assignment}")
        for _ in range(2):
            await house.inquiry.ask(UUID(payment_id))
    names = await house.names(house.ana)
    assert names.count("PaymentMismatchFound") == 2
    assert "PaymentReceived" not in names
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "unpaid"


async def test_money_for_a_cancelled_order_becomes_credit(house: House) -> None:
    order = await house.order(house.ana)
    _, page = await house.start_payment(house.ana, order["invoice_id"])
    cancel = f"/v1/orders/{order['order_id']}/cancel"
    await house.do("POST", cancel, token=house.client(house.ana))
    await house.sandbox.decide(page, "approve")

    async def has_credit() -> bool:
        return "CreditAdded" in await house.names(house.ana)

    await house.until(has_credit)
    events = dict(await house.events(house.ana))
    assert events["CreditAdded"]["reason"] == "invoice_cancelled"
    assert events["CreditAdded"]["amount_minor"] == 2990
    assert "InvoicePaid" not in events
    assert await house.findings() == []


async def test_a_late_success_of_a_failed_attempt_pays_and_what_is_too_much_is_credit(
    house: House,
) -> None:
    path, rules = f"/v1/accounts/{house.ana}/rules", {"credit_applied_at_issue": False}
    await house.do("PUT", path, {"rules": rules}, token=house.staff())
    credits: list[int] = []
    for domain in ("one.example", "two.example"):
        order = await house.order(house.ana, domain=domain)
        declined = await declined_payment(house, order["invoice_id"])
        await house.pay_and_settle(house.ana, order["invoice_id"])
        for _ in range(2):
            await settle_late(house, declined)
        events = await house.events(house.ana)
        added = [fields for name, fields in events if name == "CreditAdded"]
        credits.append(sum(each["amount_minor"] for each in added))
        assert {each["reason"] for each in added} == {"overpayment"}
    assert credits == [2990, 5980]
    assert await house.findings() == []


async def declined_payment(house: House, invoice_id: str) -> str:
    """The id of an attempt that the gateway has declined."""
    payment_id = await house.pay(house.ana, invoice_id, outcome="decline")

    async def has_failed() -> bool:
        failed = [f for name, f in await house.events(house.ana) if name == "PaymentFailed"]
        return payment_id in {each["payment_id"] for each in failed}

    await house.until(has_failed)
    return payment_id


async def settle_late(house: House, payment_id: str) -> None:
    reported = Reported(
        id="chk_late", reference=payment_id, amount_minor=2990, currency="BRL", status="succeeded"
    )
    command = SettlePayment(payment_id=UUID(payment_id), reported=reported)
    await house.store.run(CAUSE, lambda tx: settle_payment(command, tx))


async def test_pay_and_cancel_at_once_have_one_winner_and_lose_no_money(house: House) -> None:
    token = house.client(house.ana)
    path, rules = f"/v1/accounts/{house.ana}/rules", {"credit_applied_at_issue": False}
    await house.do("PUT", path, {"rules": rules}, token=house.staff())
    for number in range(8):
        order = await house.order(house.ana, domain=f"n{number}.example")
        payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
        cancel = house.ask("POST", f"/v1/orders/{order['order_id']}/cancel", token=token)
        answer, _ = await asyncio.gather(cancel, settle_late(house, payment_id))
        invoice = await house.invoice(house.ana, order["invoice_id"])
        assert (answer.status_code, invoice["status"]) in {(204, "cancelled"), (409, "paid")}
    assert await house.findings() == []


# ------------------------------------------------------------------------------ webhooks


async def test_a62_the_same_webhook_many_times_is_kept_and_booked_once(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'succeeded'")
    reported = await house.gateway.find(payment_id)
    assert reported is not None
    body = event_about(reported.id)
    answers = await asyncio.gather(*(post_webhook(house, body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert await house.fetchval("select count(*) from webhook") == 1
    await until_status(house, order["invoice_id"], "paid")
    await post_webhook(house, event_about(reported.id, event_id="evt_2"))
    await house.until(house.is_quiet)
    assert (await house.names(house.ana)).count("PaymentReceived") == 1


async def test_a60_a_webhook_without_its_signature_is_refused_and_not_kept(house: House) -> None:
    for signature in ("-", sign(b"other", SECRET, at=unix_now())):
        answer = await post_webhook(house, event_about("chk_1"), signature=signature)
        assert code_of(answer) == (401, "signature_invalid")
    assert await house.fetchval("select count(*) from webhook") == 0


async def test_a_signed_webhook_that_says_nothing_is_refused(house: House) -> None:
    for body in (b"{}", b"[]", b'{"id": 1}', b"null"):
        answer = await post_webhook(house, body)
        assert code_of(answer) == (422, "webhook_malformed")
    raw = await house.http.post(
        "/webhooks/gateways/sandbox",
        content=b"\xff",
        headers={"gateway-signature": sign(b"\xff", SECRET, at=unix_now())},
    )
    assert code_of(raw) == (422, "webhook_malformed")


async def test_a64_a_webhook_about_what_is_not_ours_is_put_aside_and_shown(house: House) -> None:
    bodies = (
        event_about("chk_unknown", event_id="evt_1"),
        event_about("../../v1", event_id="evt_2"),
        b'{"id": "evt_3", "data": {}}',
    )
    for body in bodies:
        assert (await post_webhook(house, body)).status_code == 200
    await house.until(house.is_quiet)
    found = [each["check"] for each in await house.findings()]
    assert found == ["webhooks_are_understood"] * 3
    status = await house.do("GET", "/internal/status", token=house.internal())
    assert status["business"]["webhook_problems"] == 3


async def test_a64_a_checkout_of_another_merchants_reference_is_put_aside(house: House) -> None:
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts(f"status = 'succeeded', reference = '{new_id()}'")
    with sqlite3.connect(house.sandbox.folder / "gateway.sqlite") as database:
        checkout_id = database.execute("select id from checkout").fetchone()[0]
    await post_webhook(house, event_about(checkout_id))
    await house.until(house.is_quiet)
    assert [each["check"] for each in await house.findings()] == ["webhooks_are_understood"]
    assert "PaymentReceived" not in await house.names(house.ana)


async def test_a_webhook_waits_while_the_gateway_is_silent(house: House) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'succeeded'")
    reported = await house.gateway.find(payment_id)
    assert reported is not None
    async with house.silent_gateway():
        await post_webhook(house, event_about(reported.id))
        await house.inbox.work_off_due()
    assert await house.fetchval("select problem from webhook") is not None
    assert await house.fetchval("select processed_at from webhook") is None
    house.clock.ahead = timedelta(seconds=30)
    await house.inbox.work_off_due()
    await until_status(house, order["invoice_id"], "paid")
