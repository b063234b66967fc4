"""Paying by PIX: a code, the PSP's word about it, and every PIX booked once."""

import asyncio
import sqlite3
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from services.billing.pix.br_code import read_br_code
from services.billing.webhooks.signature import sign
from shared.clock import unix_now
from tests.billing.codes_read import codes_on
from tests.billing.house import SECRET, House, code_of
from tests.billing.paid_in_brazil import KEY, open_attempt, pays_in_brazil


async def code_for(house: House, *, domain: str = "ana.example") -> tuple[dict[str, str], str, str]:
    """An order, the attempt, and the code that it can be paid by."""
    order = await house.order(house.ana, domain=domain)
    payment_id, told = await open_attempt(house, house.ana, order["invoice_id"], method="pix")
    return order, payment_id, told["copy_and_paste"]


async def scan(house: House, code: str, outcome: str = "approve") -> int:
    """What the payer's bank answers."""
    async with httpx.AsyncClient() as payer:
        form = {"code": code, "outcome": outcome}
        answer = await payer.post(f"{house.sandbox.gateway_url}/pix", data=form)
    return answer.status_code


async def until_paid(house: House, invoice_id: str) -> None:
    await house.until(lambda: house._is_paid(invoice_id))
    await house.until(house.is_quiet)


async def invoice_pdf(house: House, invoice_id: str) -> bytes:
    path = f"/v1/invoices/{invoice_id}/pdf"
    return (await house.ask("GET", path, token=house.client(house.ana))).content


async def received(house: House) -> list[dict[str, Any]]:
    return [f for name, f in await house.events(house.ana) if name == "PaymentReceived"]


@pytest.mark.parametrize("is_static", [False, True])
async def test_a_code_is_paid_and_settles_its_invoice(house: House, is_static: bool) -> None:
    await pays_in_brazil(house, is_static=is_static)
    order, payment_id, text = await code_for(house)
    code = read_br_code(text)
    assert code.is_dynamic != is_static
    if is_static:
        assert (code.key, code.amount_minor) == (KEY, 2990)
    shown = await house.do("GET", f"/v1/pix-codes/{payment_id}", token=house.client(house.ana))
    assert (shown["copy_and_paste"], shown["amount_minor"]) == (text, 2990)
    assert codes_on(await invoice_pdf(house, order["invoice_id"])) == {"QR Code": text}
    assert await scan(house, text) == 303
    await until_paid(house, order["invoice_id"])
    assert [each["payment_id"] for each in await received(house)] == [payment_id]
    assert codes_on(await invoice_pdf(house, order["invoice_id"])) == {}
    assert await house.findings() == []


async def test_the_code_is_the_same_when_it_is_asked_for_again(house: House) -> None:
    await pays_in_brazil(house)
    order, payment_id, text = await code_for(house)
    again = await open_attempt(house, house.ana, order["invoice_id"], method="pix")
    assert (again[0], again[1]["copy_and_paste"]) == (payment_id, text)
    assert (await house.names(house.ana)).count("PixCodeIssued") == 1


async def test_f51_fifty_webhooks_of_one_pix_book_it_once(house: House) -> None:
    await pays_in_brazil(house)
    order, _, text = await code_for(house)
    assert await scan(house, text, "fifty") == 303
    await until_paid(house, order["invoice_id"])
    assert len(await received(house)) == 1
    assert await house.fetchval("select count(*) from webhook where source = 'pix'") == 1
    assert await house.findings() == []


async def test_f50_a_lost_webhook_is_made_up_for_by_asking(house: House) -> None:
    await pays_in_brazil(house)
    order, _, text = await code_for(house)
    assert await scan(house, text, "lost") == 303
    house.clock.ahead = timedelta(minutes=2)
    assert await house.inquiry.ask_about_due() == 1
    await until_paid(house, order["invoice_id"])
    assert await house.findings() == []


async def test_a61_a_pix_of_another_amount_books_nothing_and_is_told(house: House) -> None:
    await pays_in_brazil(house)
    order, _, text = await code_for(house)
    assert await scan(house, text, "wrong-amount") == 303

    async def is_told() -> bool:
        return "PaymentMismatchFound" in await house.names(house.ana)

    await house.until(is_told)
    await house.until(house.is_quiet)
    assert await received(house) == []
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "unpaid"


async def test_f52_a_static_code_that_is_paid_twice_is_credit_the_second_time(
    house: House,
) -> None:
    await pays_in_brazil(house, is_static=True)
    order, payment_id, text = await code_for(house)
    assert await scan(house, text, "twice") == 303
    await until_paid(house, order["invoice_id"])
    booked = await received(house)
    assert [each["amount_minor"] for each in booked] == [2990, 2990]
    assert booked[0]["payment_id"] == payment_id != booked[1]["payment_id"]
    added = [f for name, f in await house.events(house.ana) if name == "CreditAdded"]
    assert [each["amount_minor"] for each in added] == [2990]
    assert await house.findings() == []


async def test_a_code_that_has_expired_makes_room_and_cannot_be_paid(house: House) -> None:
    await pays_in_brazil(house)
    order, payment_id, text = await code_for(house)
    house.clock.ahead = timedelta(days=2)
    with sqlite3.connect(house.sandbox.folder / "gateway.sqlite") as database:
        database.execute("update cob set created_at = created_at - 200000")
    assert await house.inquiry.ask(UUID(payment_id))
    assert dict(await house.events(house.ana))["PaymentFailed"]["reason"] == "expired"
    assert await scan(house, text) == 409
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    answer = await house.ask("POST", path, {"method": "card"}, token=house.client(house.ana))
    assert answer.status_code == 201


async def test_f54_a_code_is_closed_before_another_attempt_and_cannot_be_paid(
    house: House,
) -> None:
    await pays_in_brazil(house)
    _, payment_id, text = await code_for(house)
    ended = await house.inquiry.end(UUID(payment_id))
    assert ended.has_ended
    assert not ended.is_paid
    assert await scan(house, text) == 409


async def test_f54_a_code_that_was_paid_meanwhile_is_booked_when_it_is_to_be_closed(
    house: House,
) -> None:
    await pays_in_brazil(house)
    _, payment_id, text = await code_for(house)
    assert await scan(house, text, "lost") == 303
    assert (await house.inquiry.end(UUID(payment_id))).is_paid
    assert len(await received(house)) == 1


async def test_f46_a_silent_psp_leaves_the_payment_unknown_and_a_retry_opens_it(
    house: House,
) -> None:
    await pays_in_brazil(house)
    order = await house.order(house.ana)
    token = house.client(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    payment = await house.do("POST", path, {"method": "pix"}, token=token)
    page = f"/v1/payments/{payment['payment_id']}/hosted-page"
    pix: Any = house.gateways.named("pix")
    reachable, pix._psp._system = pix._psp._system, unreachable(pix)
    answer = await house.ask("POST", page, {"return_url_path": "/"}, token=token)
    assert code_of(answer) == (503, "outcome_unknown")
    await pix._psp._system.close()
    pix._psp._system = reachable
    assert (await house.do("POST", path, {"method": "pix"}, token=token))["status"] == "unknown"
    opened = await house.do("POST", page, {"return_url_path": "/"}, token=token)
    assert await scan(house, opened["instructions"]["copy_and_paste"]) == 303
    await until_paid(house, order["invoice_id"])
    assert len(await received(house)) == 1


def unreachable(pix: Any) -> Any:
    return type(pix._psp._system)(name="pix psp", url="http://127.0.0.1:1", key=SecretStr(SECRET))


async def test_a60_a_webhook_without_its_signature_is_refused_and_not_kept(house: House) -> None:
    body = msgspec.json.encode({"pix": [{"endToEndId": "E1", "txid": "x"}]})
    for signature in ("-", "", sign(b"other", SECRET, at=unix_now())):
        answer = await tell(house, body, signature=signature)
        assert code_of(answer) == (401, "signature_invalid")
    old = sign(body, SECRET, at=unix_now() - 400)
    assert code_of(await tell(house, body, signature=old)) == (401, "signature_invalid")
    assert await house.fetchval("select count(*) from webhook") == 0


async def test_a64_news_of_codes_that_are_not_ours_is_put_aside_and_shown(house: House) -> None:
    bodies: list[bytes] = [
        msgspec.json.encode({"pix": [{"endToEndId": "E1", "txid": "a" * 32}]}),
        msgspec.json.encode({"pix": [{"endToEndId": "E2"}]}),
    ]
    for body in bodies:
        assert (await tell(house, body)).status_code == 200
    endless = b'{"pix": [{"endToEndId": "E4"}, {"endToEndId": "%s"}]}' % b"E".join([b"0"] * 300)
    nameless = b'{"pix": [{"endToEndId": ""}]}'
    for body in (b"{}", b"[]", b'{"pix": 1}', b'{"pix": [1]}', endless, nameless):
        assert code_of(await tell(house, body)) == (422, "webhook_malformed")
    await house.until(house.is_quiet)
    assert [each["check"] for each in await house.findings()] == ["webhooks_are_understood"] * 2


async def tell(house: House, body: bytes, *, signature: str | None = None) -> httpx.Response:
    signed = sign(body, SECRET, at=unix_now()) if signature is None else signature
    headers = {"gateway-signature": signed, "content-type": "application/json"}
    return await house.http.post("/webhooks/pix", content=body, headers=headers)


async def test_f53_pay_and_cancel_at_once_lose_no_money(house: House) -> None:
    await pays_in_brazil(house)
    path, rules = f"/v1/accounts/{house.ana}/rules", {"credit_applied_at_issue": False}
    await house.do("PUT", path, {"rules": rules}, token=house.staff())
    for number in range(4):
        order, _, text = await code_for(house, domain=f"n{number}.example")
        cancel = f"/v1/orders/{order['order_id']}/cancel"
        await asyncio.gather(
            house.ask("POST", cancel, token=house.client(house.ana)), scan(house, text)
        )

        async def is_booked(so_far: int = number + 1) -> bool:
            return len(await received(house)) == so_far

        await house.until(is_booked)
        await house.until(house.is_quiet)
    assert await house.findings() == []
