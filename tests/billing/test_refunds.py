"""Money goes back once, with its credit note, and the books say where it is at any time."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.billing.credit.credit_balance import CreditTooSmall
from services.billing.payments.payment_events import PaymentNotRefundable, RefundExceedsPayment
from services.billing.refunds.commands import (
    DeclineRefund,
    OrderRefund,
    decline_refund,
    order_refund,
    request_refund,
)
from services.billing.refunds.giving_back import RequestRefund
from services.billing.refunds.refund import Refund, RefundIsDecided, RefundNeedsAnother
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction
from tests.billing.gateway_side import CAUSE, GatewaySide
from tests.billing.house import House


@pytest.fixture
def side(house: House) -> GatewaySide:
    return GatewaySide(house)


async def do(house: House, work: Callable[[Transaction], Awaitable[Any]]) -> Any:
    return await house.store.run(CAUSE, work)


async def paid_invoice(house: House) -> tuple[str, str]:
    """An invoice over 29.90 that was paid by card; and the payment."""
    order = await house.order(house.ana)
    payment_id = await house.pay(house.ana, order["invoice_id"])
    await house.until(lambda: house._is_paid(order["invoice_id"]))
    await house.until(house.is_quiet)
    return order["invoice_id"], payment_id


async def wanted(
    house: House, payment_id: str, *, amount_minor: int = 2990, **changed: Any
) -> RequestRefund:
    says: dict[str, Any] = {
        "id": new_id(),
        "payment_id": UUID(payment_id),
        "amount_minor": amount_minor,
        "way": "gateway",
        "reason": "Two days without service",
        "requested_by": "user:1",
        "today": await house.today(),
    }
    return RequestRefund(**{**says, **changed})


async def refund(house: House, payment_id: str, **changed: Any) -> Refund:
    command = await wanted(house, payment_id, **changed)
    asked: Refund = await do(house, lambda tx: request_refund(command, tx))
    await house.until(house.is_quiet)
    return asked


async def balances(house: House) -> dict[str, int]:
    """What each account of the ledger holds, without those that hold nothing."""
    await house.catch_up()
    async with house.store.pool.acquire() as db:
        rows = await db.fetch(
            """select ledger_account, sum(amount_minor)::bigint as minor from ledger_posting
               group by 1 having sum(amount_minor) <> 0"""
        )
    return {row["ledger_account"]: row["minor"] for row in rows}


async def test_a_part_goes_back_with_a_credit_note_over_it(house: House, side: GatewaySide) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    await refund(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    names = await house.names(house.ana)
    following = names[names.index("RefundRequested") :]
    assert following == [
        "RefundRequested",
        "RefundOrdered",
        "CreditNoteIssued",
        "CreditGiven",
        "CreditWithdrawn",
        "PaymentRefunded",
        "RefundDone",
    ]
    assert await balances(house) == {"gateway_clearing": 1990, "revenue": -1990}
    assert (await house.invoice(house.ana, invoice_id))["status"] == "paid"
    assert [each.amount_minor for each in (await side.seen(payment_id)).refunds] == [1000]
    assert await house.findings() == []


async def test_all_of_it_leaves_the_invoice_refunded_and_nothing_in_the_books(
    house: House, side: GatewaySide
) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    await refund(house, payment_id, amount_minor=990, invoice_id=UUID(invoice_id))
    await refund(house, payment_id, amount_minor=2000, invoice_id=UUID(invoice_id))
    assert (await house.invoice(house.ana, invoice_id))["status"] == "refunded"
    assert await balances(house) == {}
    assert await house.findings() == []


async def test_a_refund_is_carried_out_once_whatever_is_repeated(
    house: House, side: GatewaySide
) -> None:
    """F55."""
    invoice_id, payment_id = await paid_invoice(house)
    command = await wanted(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    for _ in range(2):
        await do(house, lambda tx: request_refund(command, tx))
        await house.until(house.is_quiet)
    assert (await house.names(house.ana)).count("PaymentRefunded") == 1
    beyond = await wanted(house, payment_id, amount_minor=1991, invoice_id=UUID(invoice_id))
    with pytest.raises(RefundExceedsPayment):
        await do(house, lambda tx: request_refund(beyond, tx))


@pytest.mark.parametrize("how", ["fault", "garbage"])
async def test_a_refund_without_an_answer_is_asked_for_again_under_its_key(
    house: House, side: GatewaySide, how: str
) -> None:
    """F48 of money that goes back."""
    invoice_id, payment_id = await paid_invoice(house)
    await side.go_wrong("refund", how)
    await refund(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    assert side.count("refund") == 1
    assert (await house.names(house.ana)).count("PaymentRefunded") == 1
    assert await house.findings() == []


async def test_what_the_gateway_does_not_give_back_is_credit_and_a_task(
    house: House, side: GatewaySide
) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    await side.go_wrong("refund", "refuse")
    asked = await refund(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    names = await house.names(house.ana)
    assert "PaymentRefunded" not in names
    assert {"RefundFailed", "StaffTaskOpened"} <= set(names)
    assert await balances(house) == {
        "gateway_clearing": 2990,
        "client_credit": -1000,
        "revenue": -1990,
    }
    assert await house.fetchval("select kind from staff_task where key = $1", str(asked.id))
    assert await house.findings() == []


async def test_what_is_under_way_at_the_gateway_is_booked_when_it_arrives(
    house: House, side: GatewaySide
) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    await side.go_wrong("refund", "pend")
    await refund(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    assert (await balances(house))["refund"] == -1000
    (pending,) = (await side.seen(payment_id)).refunds
    await side.call(f"/v1/refunds/{pending.id}/outcome", {"outcome": "succeeded"})

    async def has_arrived() -> bool:
        return "PaymentRefunded" in await house.names(house.ana)

    await house.until(has_arrived)
    assert await balances(house) == {"gateway_clearing": 1990, "revenue": -1990}
    assert await house.findings() == []


async def test_what_waits_for_a_second_person_moves_nothing_until_another_agrees(
    house: House,
) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    asked = await refund(
        house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id), needs_approval=True
    )
    assert await balances(house) == {"gateway_clearing": 2990, "revenue": -2990}
    own = OrderRefund(refund_id=asked.id, brand="ponto", approved_by="user:1")
    with pytest.raises(RefundNeedsAnother):
        await do(house, lambda tx: order_refund(own, tx))
    foreign = OrderRefund(refund_id=asked.id, brand="sol", approved_by="user:2")
    with pytest.raises(NotFound):
        await do(house, lambda tx: order_refund(foreign, tx))
    other = OrderRefund(refund_id=asked.id, brand="ponto", approved_by="user:2")
    await do(house, lambda tx: order_refund(other, tx))
    with pytest.raises(RefundIsDecided):
        await do(house, lambda tx: order_refund(other, tx))
    await house.until(house.is_quiet)
    assert await balances(house) == {"gateway_clearing": 1990, "revenue": -1990}


async def test_what_is_declined_can_go_back_another_time(house: House) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    asked = await refund(house, payment_id, invoice_id=UUID(invoice_id), needs_approval=True)
    no = DeclineRefund(refund_id=asked.id, brand="ponto", declined_by="user:2", reason="too late")
    await do(house, lambda tx: decline_refund(no, tx))
    await refund(house, payment_id, invoice_id=UUID(invoice_id), way="by_hand")
    assert await balances(house) == {"gateway_clearing": 2990, "paid_by_hand": -2990}
    assert await house.findings() == []


async def test_credit_that_the_account_has_not_got_does_not_go_back(house: House) -> None:
    _, payment_id = await paid_invoice(house)
    command = await wanted(house, payment_id, amount_minor=1000)
    with pytest.raises(CreditTooSmall):
        await do(house, lambda tx: request_refund(command, tx))


@pytest.mark.parametrize("parts", [[2990], [1000], [1000, 1990]])
async def test_a_refund_that_was_begun_at_the_gateway_is_booked_with_its_credit_note(
    house: House, side: GatewaySide, parts: list[int]
) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    checkout = await side.seen(payment_id)
    for number, minor in enumerate(parts):
        body = {"reference": f"there-{number}", "payment_id": checkout.id, "currency": "BRL"}
        await side.call("/v1/refunds", {**body, "amount_minor": minor})
    for _ in range(2):
        await house.inquiry.ask(UUID(payment_id))
    names = await house.names(house.ana)
    assert (names.count("PaymentRefunded"), names.count("CreditNoteIssued")) == (len(parts),) * 2
    left = 2990 - sum(parts)
    assert await balances(house) == ({"gateway_clearing": left, "revenue": -left} if left else {})
    expected = "paid" if left else "refunded"
    assert (await house.invoice(house.ana, invoice_id))["status"] == expected
    assert await house.findings() == []


async def test_a_disputed_payment_is_held_and_comes_back_when_it_is_won(
    house: House, side: GatewaySide
) -> None:
    """F56."""
    invoice_id, payment_id = await paid_invoice(house)
    dispute = await side.dispute(payment_id)
    for _ in range(2):
        await house.inquiry.ask(UUID(payment_id))
    assert await balances(house) == {"disputed": 2990, "revenue": -2990}
    command = await wanted(house, payment_id, amount_minor=1, invoice_id=UUID(invoice_id))
    with pytest.raises(PaymentNotRefundable):
        await do(house, lambda tx: request_refund(command, tx))
    await side.end_dispute(dispute, "won")
    for _ in range(2):
        await house.inquiry.ask(UUID(payment_id))
    assert await balances(house) == {"gateway_clearing": 2990, "revenue": -2990}
    names = await house.names(house.ana)
    assert (names.count("PaymentDisputed"), names.count("PaymentDisputeClosed")) == (1, 1)
    assert await house.findings() == []


async def test_a_charge_back_makes_the_invoice_owed_again_once_and_it_can_be_paid(
    house: House, side: GatewaySide
) -> None:
    """F56: after the service was renewed by it."""
    invoice_id, payment_id = await paid_invoice(house)
    await side.dispute(payment_id, outcome="lost")
    for _ in range(3):
        await house.inquiry.ask(UUID(payment_id))
    assert await balances(house) == {"receivable": 2990, "revenue": -2990}
    found = await house.invoice(house.ana, invoice_id)
    assert (found["status"], found["open_minor"]) == ("unpaid", 2990)
    names = await house.names(house.ana)
    assert (names.count("InvoiceReopened"), names.count("PaymentDisputeClosed")) == (1, 1)
    assert await house.fetchval("select count(*) from invoice_open") == 1
    services = (await house.names(house.ana)).count("ProvisioningRequested")
    await house.pay_and_settle(house.ana, invoice_id)
    await house.until(house.is_quiet)
    assert (await house.names(house.ana)).count("ProvisioningRequested") == services
    assert await balances(house) == {"gateway_clearing": 2990, "revenue": -2990}
    assert await house.findings() == []


async def test_what_was_refunded_in_part_is_charged_back_for_the_rest_alone(
    house: House, side: GatewaySide
) -> None:
    """F56: no double reversal."""
    invoice_id, payment_id = await paid_invoice(house)
    await refund(house, payment_id, amount_minor=1000, invoice_id=UUID(invoice_id))
    await side.dispute(payment_id, outcome="lost")
    await house.inquiry.ask(UUID(payment_id))
    assert await balances(house) == {"receivable": 1990, "revenue": -1990}
    assert (await house.invoice(house.ana, invoice_id))["open_minor"] == 1990
    assert await house.findings() == []
