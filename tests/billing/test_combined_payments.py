"""Several invoices by one payment: each in its turn, the rest is credit, and nothing paid twice."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from tests.billing.card_gateway import CardGateway
from tests.billing.gateway_side import GatewaySide
from tests.billing.house import House, code_of
from tests.billing.paid_in_brazil import outcomes, paid, pays_in_brazil, settle, written
from tests.billing.test_pix_paying import scan, until_paid


@pytest.fixture
def gateway(house: House) -> Iterator[CardGateway]:
    gateway = CardGateway()
    with house.behind(gateway):
        yield gateway


async def three(house: House) -> list[str]:
    """Three open invoices of one account."""
    placed = [await house.order(house.ana, domain=f"ana{n}.example") for n in range(3)]
    return [each["invoice_id"] for each in placed]


async def start(house: House, ids: list[str] | None, method: str = "card") -> dict[str, Any]:
    body: dict[str, Any] = {"method": method}
    if ids is not None:
        body["invoice_ids"] = ids
    started = await house.do("POST", "/v1/payments", body, token=house.client(house.ana))
    return dict(started)


async def open_page(house: House, payment_id: str) -> None:
    path = f"/v1/payments/{payment_id}/hosted-page"
    body = {"return_url_path": "/invoices"}
    await house.do("POST", path, body, token=house.client(house.ana))


async def statuses(house: House, ids: list[str]) -> list[str]:
    return [(await house.invoice(house.ana, id))["status"] for id in ids]


async def test_one_payment_settles_all_that_were_chosen(house: House, gateway: CardGateway) -> None:
    ids = await three(house)
    chosen = [ids[2], ids[0]]
    started = await start(house, chosen)
    assert started["amount_minor"] == 2 * 2990
    await open_page(house, started["payment_id"])
    gateway.pay(started["payment_id"])
    for _ in range(3):
        await house.inquiry.ask(UUID(started["payment_id"]))
    await house.catch_up()
    assert await statuses(house, ids) == ["paid", "unpaid", "paid"]
    allocated = [e for name, e in await house.events(house.ana) if name == "PaymentAllocated"]
    assert [each["invoice_id"] for each in allocated] == chosen
    assert (await house.names(house.ana)).count("PaymentReceived") == 1
    assert await house.findings() == []


async def test_pay_all_takes_every_open_invoice_oldest_first(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    started = await start(house, None)
    assert started["amount_minor"] == 3 * 2990
    await open_page(house, started["payment_id"])
    gateway.pay(started["payment_id"])
    await house.inquiry.ask(UUID(started["payment_id"]))
    await house.catch_up()
    assert await statuses(house, ids) == ["paid"] * 3
    refused = await house.ask(
        "POST", "/v1/payments", {"method": "card"}, token=house.client(house.ana)
    )
    assert code_of(refused) == (409, "nothing_to_pay")
    assert await house.findings() == []


async def test_the_same_choice_again_is_the_open_attempt_and_another_is_refused(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    first, again = await start(house, ids[:2]), await start(house, ids[:2])
    assert first["payment_id"] == again["payment_id"]
    token = house.client(house.ana)
    expected = (409, "payment_already_open")
    for body in ({"method": "card", "invoice_ids": ids}, {"method": "boleto", "invoice_ids": ids}):
        assert code_of(await house.ask("POST", "/v1/payments", body, token=token)) == expected
    single = f"/v1/invoices/{ids[0]}/payments"
    assert code_of(await house.ask("POST", single, {"method": "card"}, token=token)) == expected
    assert (await house.names(house.ana)).count("PaymentStarted") == 1


async def test_a_page_that_expires_lets_each_invoice_be_paid_anew(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    started = await start(house, ids)
    await open_page(house, started["payment_id"])
    await gateway.expire(f"chk_{started['payment_id']}")
    await house.inquiry.ask(UUID(started["payment_id"]))
    for id in ids:
        payment_id, _ = await house.start_payment(house.ana, id)
        assert payment_id != started["payment_id"]
    assert await house.findings() == []


async def test_money_for_what_was_voided_meanwhile_is_credit(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    started = await start(house, ids)
    await open_page(house, started["payment_id"])
    order_id = await house.fetchval(
        "select order_id from invoice_list where invoice_id = $1", UUID(ids[1])
    )
    await house.do("POST", f"/v1/orders/{order_id}/cancel", token=house.client(house.ana))
    gateway.pay(started["payment_id"])
    await house.inquiry.ask(UUID(started["payment_id"]))
    await house.catch_up()
    assert await statuses(house, ids) == ["paid", "cancelled", "paid"]
    held = "select balance_minor from credit_held where account_id = $1"
    assert await house.fetchval(held, house.ana) == 2990
    assert await house.findings() == []


async def test_invoices_of_others_twice_or_unknown_are_refused(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    other = await house.order(house.rui)
    token = house.client(house.ana)
    expected = {
        (ids[0], other["invoice_id"]): (404, "not_found"),
        (ids[0], str(new_id())): (404, "not_found"),
        (ids[0], ids[0]): (422, "invoice_named_twice"),
    }
    for chosen, refusal in expected.items():
        body = {"method": "card", "invoice_ids": list(chosen)}
        assert code_of(await house.ask("POST", "/v1/payments", body, token=token)) == refusal
    assert "PaymentStarted" not in await house.names(house.ana)


# -------------------------------------------------------------------- money that goes back


async def paid_together(house: House, ids: list[str]) -> str:
    """One payment for all of them, by the sandbox's page."""
    started = await start(house, ids)
    path = f"/v1/payments/{started['payment_id']}/hosted-page"
    body = {"return_url_path": "/invoices"}
    page = await house.do("POST", path, body, token=house.client(house.ana))
    await house.sandbox.decide(page["url"], "approve")
    await house.inquiry.ask(UUID(started["payment_id"]))
    await house.catch_up()
    return str(started["payment_id"])


async def test_what_is_refunded_at_the_gateway_is_credited_invoice_by_invoice(house: House) -> None:
    ids, side = await three(house), GatewaySide(house)
    payment_id = await paid_together(house, ids)
    checkout = await side.seen(payment_id)
    for number, minor in enumerate((2990 + 1000, 2 * 2990 - 1000)):
        body = {"reference": f"there-{number}", "payment_id": checkout.id, "currency": "BRL"}
        await side.call("/v1/refunds", {**body, "amount_minor": minor})
        for _ in range(2):
            await house.inquiry.ask(UUID(payment_id))
        assert await house.findings() == []
    await house.catch_up()
    assert await statuses(house, ids) == ["refunded"] * 3
    assert (await house.names(house.ana)).count("PaymentRefunded") == 2


async def test_each_invoice_of_a_payment_that_is_charged_back_is_owed_again(house: House) -> None:
    """F56."""
    ids, side = await three(house), GatewaySide(house)
    payment_id = await paid_together(house, ids)
    await side.dispute(payment_id, outcome="lost")
    for _ in range(2):
        await house.inquiry.ask(UUID(payment_id))
    await house.catch_up()
    assert await statuses(house, ids) == ["unpaid"] * 3
    assert (await house.names(house.ana)).count("InvoiceReopened") == 3
    assert await house.findings() == []


async def test_no_attempt_is_begun_for_what_is_paid_by_transfer(house: House) -> None:
    ids, token = await three(house), house.client(house.ana)
    body = {"method": "transfer", "invoice_ids": ids}
    refused = await house.ask("POST", "/v1/payments", body, token=token)
    assert code_of(refused) == (422, "payment_method_not_online")


async def test_an_attempt_that_nobody_paid_is_closed_to_choose_another_way(
    house: House, gateway: CardGateway
) -> None:
    ids = await three(house)
    started = await start(house, ids[:2])
    await open_page(house, started["payment_id"])
    path, token = f"/v1/payments/{started['payment_id']}/withdrawal", house.client(house.ana)
    strange = await house.ask("POST", path, token=house.client(house.rui))
    assert code_of(strange) == (404, "not_found")
    for _ in range(2):
        closed = await house.do("POST", path, token=token)
        assert closed["status"] == "failed"
    assert (await start(house, ids))["amount_minor"] == 3 * 2990


async def test_what_was_paid_meanwhile_is_not_given_up(house: House, gateway: CardGateway) -> None:
    ids = await three(house)
    started = await start(house, ids)
    await open_page(house, started["payment_id"])
    gateway.pay(started["payment_id"])
    path = f"/v1/payments/{started['payment_id']}/withdrawal"
    told = await house.do("POST", path, token=house.client(house.ana))
    assert told["status"] == "succeeded"
    await house.catch_up()
    assert await statuses(house, ids) == ["paid"] * 3


# -------------------------------------------------------------------- boleto and PIX


async def told(house: House, ids: list[str], method: str) -> dict[str, str]:
    """What the payer is told of one payment for all of these."""
    started = await start(house, ids, method)
    path = f"/v1/payments/{started['payment_id']}/hosted-page"
    body = {"return_url_path": "/invoices"}
    page = await house.do("POST", path, body, token=house.client(house.ana))
    await house.catch_up()
    return dict(page["instructions"])


async def boleto_for(house: House, ids: list[str]) -> dict[str, Any]:
    id = (await told(house, ids, "slip"))["boleto_id"]
    found = await house.do("GET", f"/v1/boletos/{id}", token=house.client(house.ana))
    return dict(found)


async def test_a_boleto_for_several_invoices_settles_them_in_their_order(house: House) -> None:
    """Withdrawn it frees all of them; paid in part the rest can be paid anew."""
    await pays_in_brazil(house)
    ids = await three(house)
    first = await boleto_for(house, ids)
    assert first["amount_minor"] == 3 * 2990
    path = f"/v1/boletos/{first['boleto_id']}"
    await house.do("DELETE", path, token=house.client(house.ana))
    second = await boleto_for(house, ids)
    file = await settle(house, written([paid(second, received_minor=4000)]))
    assert outcomes(file) == {"settled_in_part": 1}
    assert await statuses(house, ids) == ["paid", "unpaid", "unpaid"]
    assert (await house.invoice(house.ana, ids[1]))["open_minor"] == 2 * 2990 - 4000
    rest = await boleto_for(house, ids[1:])
    assert rest["amount_minor"] == 3 * 2990 - 4000
    file = await settle(house, written([paid(rest)], sequence=2), name="CB2.RET")
    assert outcomes(file) == {"settled": 1}
    assert await statuses(house, ids) == ["paid"] * 3
    await settle(house, written([paid(first)], sequence=3), name="CB3.RET")
    assert await credit_of_ana(house) == 3 * 2990  # it came for what was withdrawn, and settled
    assert await house.findings() == []


async def credit_of_ana(house: House) -> int:
    held = "select balance_minor from credit_held where account_id = $1"
    return int(await house.fetchval(held, house.ana) or 0)


async def test_a_pix_for_several_invoices_pays_them_all_and_a_second_one_is_credit(
    house: House,
) -> None:
    await pays_in_brazil(house, is_static=True)
    ids = await three(house)
    code = (await told(house, ids, "pix"))["copy_and_paste"]
    assert await scan(house, code) == 303
    await until_paid(house, ids[0])
    assert await statuses(house, ids) == ["paid"] * 3
    assert await scan(house, code) == 303

    async def is_credit() -> bool:
        return await credit_of_ana(house) == 3 * 2990

    await house.until(is_credit)
    assert await house.findings() == []
