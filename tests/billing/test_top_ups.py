"""Top-ups: any amount within the limits, no invoice, a receipt, and credited once."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from services.billing.invoices.settlement import (
    InvoiceAlreadyPaid,
    PaymentAlreadyAllocated,
    PaymentAlreadyOpen,
)
from services.billing.rules.rules import Rules
from services.billing.top_ups.commands import BalanceTooHigh, TopUpOutOfRange, check_limits
from services.billing.top_ups.top_up import TopUp
from tests.billing.card_gateway import CardGateway
from tests.billing.codes_read import text_of
from tests.billing.gateway_side import GatewaySide
from tests.billing.house import House, brand_file, code_of
from tests.billing.samples import OTHER, PAYMENT, TODAY, wanted_top_up
from tests.given import given

# ------------------------------------------------------------------------------ the wish


def begun() -> TopUp:
    top_up = wanted_top_up()
    top_up.start_payment(payment_id=PAYMENT, method="card", today=TODAY)
    return top_up


def test_all_that_comes_is_credited_and_once() -> None:
    top_up = begun()
    assert top_up.pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY) == 5000
    assert not top_up.is_open
    given(top_up).when(
        lambda t: t.pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY)
    ).then_refused(PaymentAlreadyAllocated)


def test_what_comes_by_another_payment_is_credited_too() -> None:
    top_up = begun()
    top_up.pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY)
    assert top_up.pay(payment_id=OTHER, amount_minor=7000, today=TODAY) == 7000
    assert top_up.settlement.open_minor == 0


def test_a_top_up_waits_again_once_none_of_its_payments_counts() -> None:
    top_up = wanted_top_up()
    top_up.pay(payment_id=PAYMENT, amount_minor=4000, today=TODAY)
    top_up.pay(payment_id=OTHER, amount_minor=7000, today=TODAY)
    for _ in range(2):
        top_up.take_payment_back(PAYMENT, today=TODAY)
    assert (top_up.settlement.open_minor, top_up.settlement.payments) == (4000, {OTHER: 1000})
    top_up.take_payment_back(OTHER, today=TODAY)
    assert (top_up.settlement.open_minor, top_up.settlement.payments) == (5000, {})
    given(top_up).when(
        lambda t: t.pay(payment_id=PAYMENT, amount_minor=4000, today=TODAY)
    ).then_refused(PaymentAlreadyAllocated)


def test_one_attempt_is_open_at_most() -> None:
    given(begun()).when(
        lambda t: t.start_payment(payment_id=OTHER, method="card", today=TODAY)
    ).then_refused(PaymentAlreadyOpen)
    ended = begun()
    ended.end_payment(OTHER)
    ended.hold_for_payment(PAYMENT)
    ended.hold_for_payment(PAYMENT)
    ended.end_payment(PAYMENT)
    ended.start_payment(payment_id=OTHER, method="card", today=TODAY)
    assert ended.settlement.attempt and ended.settlement.attempt.payment_id == OTHER


def test_a_top_up_that_has_come_is_not_paid_again() -> None:
    top_up = begun()
    top_up.pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY)
    given(top_up).when(
        lambda t: t.start_payment(payment_id=OTHER, method="card", today=TODAY)
    ).then_refused(InvoiceAlreadyPaid)


LIMITS = Rules(top_up_minimum_minor=500, top_up_maximum_minor=9000, balance_maximum_minor=20000)


@pytest.mark.parametrize("amount", [500, 9000])
def test_the_limits_themselves_are_allowed(amount: int) -> None:
    check_limits(amount, LIMITS, balance_minor=11000)


@pytest.mark.parametrize("amount", [1, 499, 9001])
def test_less_or_more_than_that_is_refused(amount: int) -> None:
    with pytest.raises(TopUpOutOfRange):
        check_limits(amount, LIMITS, balance_minor=0)


def test_no_more_is_held_than_the_brand_may_hold() -> None:
    with pytest.raises(BalanceTooHigh):
        check_limits(9000, LIMITS, balance_minor=11001)


# ------------------------------------------------------------------------------ the money


@pytest.fixture
def gateway(house: House) -> Iterator[CardGateway]:
    gateway = CardGateway()
    with house.behind(gateway):
        yield gateway


async def want(house: House, amount_minor: int = 5000, method: str = "card") -> dict[str, Any]:
    body = {"amount_minor": amount_minor, "method": method}
    wanted = await house.do("POST", "/v1/top-ups", body, token=house.client(house.ana))
    return dict(wanted)


async def open_page(house: House, wanted: dict[str, Any]) -> None:
    await house.do(
        "POST",
        f"/v1/payments/{wanted['payment_id']}/hosted-page",
        {"return_url_path": "/credit"},
        token=house.client(house.ana),
    )


async def test_a_top_up_is_credited_once_with_a_receipt_and_no_invoice(
    house: House, gateway: CardGateway
) -> None:
    wanted = await want(house)
    await open_page(house, wanted)
    gateway.pay(wanted["payment_id"])
    for _ in range(5):
        await house.inquiry.ask(UUID(wanted["payment_id"]))
    await house.catch_up()
    events = await house.events(house.ana)
    names = [name for name, _ in events if name.startswith(("Payment", "Credit", "Invoice"))]
    assert names == ["PaymentStarted", "PaymentSent", "PaymentReceived", "CreditAdded"]
    [received] = [said for name, said in events if name == "PaymentReceived"]
    assert received["receipt_number"] and received["purpose"] == "top_up"
    [added] = [said for name, said in events if name == "CreditAdded"]
    assert (added["amount_minor"], added["reason"]) == (5000, "top_up")
    held = "select balance_minor from credit_held where account_id = $1"
    assert await house.fetchval(held, house.ana) == 5000
    assert await house.invoices(house.ana) == []
    path = f"/v1/payments/{wanted['payment_id']}/receipt"
    receipt = await house.ask("GET", path, token=house.client(house.ana))
    assert {"Recibo", received["receipt_number"], "Ana"} <= set(text_of(receipt.content).split())
    assert await house.findings() == []


async def test_what_was_topped_up_pays_the_next_invoice(house: House, gateway: CardGateway) -> None:
    wanted = await want(house)
    await open_page(house, wanted)
    gateway.pay(wanted["payment_id"])
    await house.inquiry.ask(UUID(wanted["payment_id"]))
    order = await house.order(house.ana)
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "paid"
    assert await house.findings() == []


async def test_credit_that_came_after_an_invoice_pays_it_by_hand_and_once(
    house: House, gateway: CardGateway
) -> None:
    order, token = await house.order(house.ana), house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/credit"
    assert code_of(await house.ask("POST", path, token=token)) == (409, "no_credit_held")
    for amount_minor in (2000, 5000):
        wanted = await want(house, amount_minor)
        await open_page(house, wanted)
        gateway.pay(wanted["payment_id"])
        await house.inquiry.ask(UUID(wanted["payment_id"]))
        strange = await house.ask("POST", path, token=house.client(house.rui))
        assert code_of(strange) == (404, "not_found")
        left = await house.do("POST", path, token=token)
        assert left["open_minor"] == (990 if amount_minor == 2000 else 0)
    assert code_of(await house.ask("POST", path, token=token)) == (409, "invoice_already_paid")
    await house.catch_up()
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "paid"
    held = "select balance_minor from credit_held where account_id = $1"
    assert await house.fetchval(held, house.ana) == 7000 - 2990
    assert await house.findings() == []


async def test_credit_is_not_used_while_another_attempt_is_open(
    house: House, gateway: CardGateway
) -> None:
    order, token = await house.order(house.ana), house.client(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    refused = await house.ask("POST", f"/v1/invoices/{order['invoice_id']}/credit", token=token)
    assert code_of(refused) == (409, "payment_already_open")


async def test_a_top_up_that_fails_leaves_everything_as_it_was(
    house: House, gateway: CardGateway
) -> None:
    wanted = await want(house)
    await open_page(house, wanted)
    await gateway.expire(f"chk_{wanted['payment_id']}")
    await house.inquiry.ask(UUID(wanted["payment_id"]))
    await house.catch_up()
    assert (await house.names(house.ana))[-1] == "PaymentFailed"
    assert await house.fetchval("select count(*) from payment_open") == 0
    assert await house.findings() == []


async def test_a_transfer_is_told_where_to_and_what_to_name(house: House) -> None:
    wanted = await want(house, method="transfer")
    assert wanted["payment_id"] is None
    assert wanted["reference"].startswith("T") and wanted["reference"].isalnum()


async def test_a54_top_ups_outside_the_limits_are_refused(house: House) -> None:
    rules = {"top_up_maximum_minor": 9000, "balance_maximum_minor": 8000}
    await house.do("PUT", "/internal/brands/ponto", brand_file(rules=rules), token=house.internal())
    token = house.client(house.ana)
    expected = {
        99: (422, "top_up_out_of_range"),
        9001: (422, "top_up_out_of_range"),
        8001: (409, "balance_too_high"),
    }
    for amount, refusal in expected.items():
        body = {"amount_minor": amount, "method": "card"}
        assert code_of(await house.ask("POST", "/v1/top-ups", body, token=token)) == refusal
    for wrong, refusal in (
        ({"method": "cash"}, (404, "payment_method_unknown")),
        ({"currency": "USD"}, (422, "currency_not_sold")),
    ):
        body = {"amount_minor": 5000, "method": "card", **wrong}
        assert code_of(await house.ask("POST", "/v1/top-ups", body, token=token)) == refusal


async def test_a_top_up_that_is_charged_back_is_credit_no_longer(house: House) -> None:
    wanted, side = await want(house), GatewaySide(house)
    page = await house.do(
        "POST",
        f"/v1/payments/{wanted['payment_id']}/hosted-page",
        {"return_url_path": "/invoices"},
        token=house.client(house.ana),
    )
    await house.sandbox.decide(page["url"], "approve")
    await house.inquiry.ask(UUID(wanted["payment_id"]))
    await side.dispute(wanted["payment_id"], outcome="lost")
    for _ in range(2):
        await house.inquiry.ask(UUID(wanted["payment_id"]))
    await house.catch_up()
    held = "select balance_minor from credit_held where account_id = $1"
    assert await house.fetchval(held, house.ana) == 0
    assert (await house.names(house.ana)).count("CreditWithdrawn") == 1
    assert await house.findings() == []
