"""What attackers try with promotions, prices and webhooks, by the number of the attack."""

import asyncio
import gzip
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx

from services.billing.webhooks.signature import sign
from shared.clock import unix_now
from shared.ids import new_id
from tests.billing.gateway_side import GatewaySide
from tests.billing.house import SECRET, House, code_of
from tests.billing.shopping import Shopper, product, shopper
from tests.billing.test_paying import event_about, post_webhook, until_status

TEN_PERCENT = {
    "code": "TEN",
    "kind": "percent",
    "label": {"en": "Ten percent"},
    "rate_percent": "10",
}
SOURCES = {
    "/webhooks/gateways/sandbox": "gateway-signature",
    "/webhooks/pix": "gateway-signature",
    "/webhooks/panel": "panel-signature",
}
"""Where webhooks come in, and the header that signs them."""


async def insistent(asks: Any) -> httpx.Response:
    """Who finds every connection busy asks again, as the answer says."""
    answer: httpx.Response = await asks()
    for _ in range(20):
        if answer.status_code == 503:
            answer = await asks()
    return answer


async def test_a50_a_hundred_orders_at_once_use_a_promotion_of_ten_ten_times(house: House) -> None:
    """Who put it in and took it out again many times before has used it once, if at all."""
    promotions = [{**TEN_PERCENT, "limit": 10, "limit_per_client": 1}]
    await house.apply_brand(products=[product()], promotions=promotions)
    clients = [new_id() for _ in range(100)]
    for number, account_id in enumerate(clients):
        await house.register(f"Client {number}", account_id)
    shoppers = [await shopper(house, account_id) for account_id in clients]
    for each in shoppers:
        await each.put_in()
        await each.do("PUT", "/promotion", {"code": "TEN"})
    for method in ("DELETE", "PUT", "DELETE", "PUT"):
        body = {"code": "TEN"} if method == "PUT" else None
        await asyncio.gather(*(shoppers[0].ask(method, "/promotion", body) for _ in range(5)))
    await shoppers[0].do("PUT", "/promotion", {"code": "TEN"})
    seen = [(await each.preview())["fingerprint"] for each in shoppers]

    async def order(each: Shopper, fingerprint: str) -> httpx.Response:
        return await insistent(lambda: each.try_checkout(fingerprint=fingerprint))

    pairs = zip(shoppers, seen, strict=True)
    answers = await asyncio.gather(*(order(each, fingerprint) for each, fingerprint in pairs))
    became = [code_of(a) if a.status_code != 201 else (201, "") for a in answers]
    assert became.count((201, "")) == 10
    assert became.count((409, "promotion_used_up")) == 90
    assert await house.findings() == []


async def test_a51_promotions_are_not_stacked_and_credit_makes_no_total_negative(
    house: House,
) -> None:
    promotions = [TEN_PERCENT, {**TEN_PERCENT, "code": "ALL", "rate_percent": "100"}]
    await house.apply_brand(products=[product()], promotions=promotions)
    ana = await shopper(house)
    await ana.put_in()
    for code in ("TEN", "ALL", "TEN"):
        await ana.do("PUT", "/promotion", {"code": code})
    assert (await ana.preview())["total_minor"] == 2691
    await ana.do("PUT", "/promotion", {"code": "ALL"})
    assert (await ana.preview())["total_minor"] == 0
    placed = await ana.check_out()
    invoice = await house.invoice(house.ana, placed["invoice_id"])
    assert (invoice["total_minor"], invoice["status"]) == (0, "paid")
    assert await house.findings() == []


async def test_f53_a_plan_change_that_is_paid_for_while_it_is_taken_back_has_one_winner(
    house: House,
) -> None:
    plans = [product(upgrades_to=["pro"]), product("pro", prices=[{**price_of_pro()}])]
    await house.apply_brand(products=plans)
    side, token = GatewaySide(house), house.client(house.ana)
    path, rules = f"/v1/accounts/{house.ana}/rules", {"credit_applied_at_issue": False}
    await house.do("PUT", path, {"rules": rules}, token=house.staff())
    pro = {"product_id": await house.product_id("pro")}
    became = set()
    for number in range(4):
        service = await house.active_service(house.ana, domain=f"n{number}.example")
        own = f"/v1/services/{service['service_id']}"
        ordered = await house.do("POST", f"{own}/changes", pro, token=token)
        _, page = await house.start_payment(house.ana, ordered["invoice_id"])
        before = side.captures()
        answer, _ = await asyncio.gather(
            house.ask("POST", f"{own}/changes/withdrawal", token=token),
            house.sandbox.decide(page, "approve"),
        )
        await house.until(house.is_quiet)
        assert side.captures() == before + 1
        invoice = await house.invoice(house.ana, ordered["invoice_id"])
        became.add((answer.status_code < 300, invoice["status"]))
    assert became <= {(True, "cancelled"), (False, "paid")}, "money for nothing is credit"
    assert await house.findings() == []


def price_of_pro() -> dict[str, Any]:
    return {"cycle": "monthly", "currency": "BRL", "recurring_minor": 5990, "setup_minor": 0}


# ------------------------------------------------------------------------------------ webhooks


async def test_a60_a_webhook_without_a_good_signature_is_refused_and_leaves_nothing(
    house: House,
) -> None:
    body, now = event_about("chk_1"), unix_now()
    good = sign(body, SECRET, at=now)
    digest = good.rpartition("=")[2]
    bad = [
        "-",
        "t=,v1=",
        "=" * 60,
        f"v1={digest}",
        f"t={now} v1={digest}",
        f"t={now},v2={digest}",
        f"t={now},v1={digest},v1={digest}",
        good + f",v1={digest}" * 120,
        "bm90IGEgc2lnbmF0dXJl",
        sign(body, "of another endpoint", at=now),
    ]
    for path, header in SOURCES.items():
        for signature in bad:
            answer = await post_webhook(house, body, signature=signature, path=path, header=header)
            assert code_of(answer) == (401, "signature_invalid"), f"{path} {signature[:40]}"
        missing = await house.http.post(path, content=body)
        assert code_of(missing) == (401, "signature_invalid")
        endless = await post_webhook(house, body, signature=good * 10_000, path=path, header=header)
        assert endless.status_code == 431
    assert (await post_webhook(house, body, path="/webhooks/gateways/nobody")).status_code == 404
    assert await house.fetchval("select count(*) from webhook") == 0


async def test_a62_a_webhook_of_another_time_is_refused_and_a_known_one_changes_nothing(
    house: House,
) -> None:
    body, now = event_about("chk_1"), unix_now()
    for at in (now - 310, now + 310):
        answer = await post_webhook(house, body, signature=sign(body, SECRET, at=at))
        assert code_of(answer) == (401, "signature_invalid")
    assert (await post_webhook(house, body)).status_code == 200
    assert (await post_webhook(house, body)).status_code == 200
    assert (await post_webhook(house, event_about("chk_other"))).status_code == 200
    assert await house.fetchval("select about from webhook") == "chk_1", "one, the first"


async def test_a63_a_webhook_is_read_as_the_bytes_that_were_signed(house: House) -> None:
    body, now = event_about("chk_1"), unix_now()
    good = sign(body, SECRET, at=now)
    again = json.dumps(json.loads(body), indent=1).encode()
    for other in (again, body + b"\n"):
        answer = await post_webhook(house, other, signature=good)
        assert code_of(answer) == (401, "signature_invalid")
    marked, packed = b"\xef\xbb\xbf" + body, gzip.compress(body)
    for other in (marked, packed):
        for signature in (good, sign(other, SECRET, at=now)):
            answer = await post_webhook(house, other, signature=signature)
            assert code_of(answer) == (422, "malformed_json")
    as_gzip = {"gateway-signature": sign(packed, SECRET, at=now), "content-encoding": "gzip"}
    answer = await house.http.post("/webhooks/gateways/sandbox", content=packed, headers=as_gzip)
    assert answer.status_code in {415, 422}
    with suppress(httpx.TransportError):  # answered, and cut off, before all of it was sent
        assert (await post_webhook(house, b" " * 5_000_000)).status_code == 413
    keys = {f"k{number}": 0 for number in range(70_000)}
    assert code_of(await post_webhook(house, json.dumps(keys).encode())) == (
        422,
        "webhook_malformed",
    )
    deep = b"[" * 100_000 + b"]" * 100_000
    assert (await post_webhook(house, deep)).status_code == 422
    assert await house.fetchval("select count(*) from webhook") == 0


async def test_a66_a_flood_of_one_webhook_is_one_question_to_the_gateway(house: House) -> None:
    side, order = GatewaySide(house), await house.order(house.ana)
    payment_id = await house.pay(house.ana, order["invoice_id"], outcome="webhook-lost")
    body = event_about((await side.seen(payment_id)).id)
    answers = await asyncio.gather(
        *(insistent(lambda: post_webhook(house, body)) for _ in range(500))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await house.fetchval("select count(*) from webhook") == 1
    await until_status(house, order["invoice_id"], "paid")
    await house.until(house.is_quiet)
    assert await house.fetchval("select tries from webhook") == 1
    assert (await house.names(house.ana)).count("PaymentReceived") == 1


# ------------------------------------------------------------------------- what is not one's own


async def test_a58_what_is_void_or_anothers_is_paid_by_nobody_and_too_much_is_credit(
    house: House,
) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/payments"
    stranger = await house.ask("POST", path, {"method": "card"}, token=house.client(house.rui))
    assert code_of(stranger) == (404, "not_found")
    token = house.client(house.ana)
    in_euro = await house.ask("POST", path, {"method": "card", "currency": "EUR"}, token=token)
    assert in_euro.status_code == 422
    await house.do("POST", f"/v1/orders/{order['order_id']}/cancel", token=token)
    void = await house.ask("POST", path, {"method": "card"}, token=token)
    assert code_of(void) == (409, "invoice_is_cancelled")
    unknown = f"/v1/invoices/{UUID(int=7)}/payments"
    assert (await house.ask("POST", unknown, {"method": "card"}, token=token)).status_code == 404
    assert "PaymentStarted" not in await house.names(house.ana)
