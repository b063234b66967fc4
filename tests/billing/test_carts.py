"""Carts in the house: filled by guests and clients, previewed, checked out, left alone."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from tests.billing.house import House, code_of, price
from tests.billing.shopping import Shopper, guest, product, shop, shopper

DAY = timedelta(days=1)


async def lines_of(house: House, account_id: UUID, invoice_id: str) -> list[tuple[str, int]]:
    invoice = await house.invoice(account_id, invoice_id)
    return [(line["kind"], line["net_minor"]) for line in invoice["lines"]]


async def order_of(house: House, account_id: UUID, order_id: str) -> dict[str, Any]:
    await house.catch_up()
    path = f"/v1/orders/{order_id}"
    found: dict[str, Any] = await house.do("GET", path, token=house.client(account_id))
    return found


# --------------------------------------------------------------------------- from open to paid


async def test_a_cart_with_one_product_is_ordered_paid_and_served(house: House) -> None:
    ana = await shopper(house)
    item_id = await ana.put_in()
    shown = await ana.preview()
    placed = await ana.check_out(fingerprint=shown["fingerprint"])
    assert placed["service_id"] == item_id
    invoice = await house.invoice(house.ana, placed["invoice_id"])
    assert invoice["total_minor"] == shown["total_minor"] == 2990
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", item_id)
    assert (await house.names(house.ana))[:5] == [
        "CartOpened",
        "CartChanged",
        "OrderPlaced",
        "ServiceOrdered",
        "InvoiceIssued",
    ]
    assert await house.findings() == []


async def test_several_items_are_one_order_with_one_invoice(house: House) -> None:
    await house.apply_brand(products=shop())
    held = await house.active_service(house.ana, domain="held.example")
    ana = await shopper(house)
    memory = [{"option": "memory", "value": "4gb"}]
    start = await ana.put_in(domain="New.Example", options=memory, quantity=2)
    pro = await ana.put_in("pro", domain="pro.example")
    addon = await ana.put_in("tls", domain=None, parent_id=start)
    later = await ana.put_in("tls", domain=None, parent_id=held["service_id"])
    renewal = {"service_id": held["service_id"], "periods": 2}
    await ana.do("POST", "/renewals", renewal)
    shown = await ana.preview()
    placed = await ana.check_out()
    order = await order_of(house, house.ana, placed["order_id"])
    assert [(each["kind"], each["domain"], each["total_minor"]) for each in order["items"]] == [
        ("product", "new.example", 7780),
        ("product", "pro.example", 6490),
        ("addon", "new.example", 990),
        ("addon", "held.example", 990),
        ("renewal", "held.example", 5980),
    ]
    assert order["total_minor"] == shown["total_minor"] == 22230
    assert await lines_of(house, house.ana, placed["invoice_id"]) == [
        (line["kind"], line["net_minor"]) for item in shown["items"] for line in item["lines"]
    ]
    due_on = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(held["service_id"])
    )
    await house.pay(house.ana, placed["invoice_id"])
    for service_id in (start, pro, addon, later):
        await house.until_service_is("active", service_id)
    parents = "select parent_id from service_list where service_id = $1"
    assert await house.fetchval(parents, UUID(addon)) == UUID(start)
    assert await house.fetchval(parents, UUID(later)) == UUID(held["service_id"])
    renewed_to = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(held["service_id"])
    )
    assert 58 <= (renewed_to - due_on).days <= 62
    assert await house.findings() == []


async def test_terms_of_service_are_accepted_at_an_instant_that_is_kept(house: House) -> None:
    ana = await shopper(house)
    await ana.put_in()
    before = house.clock.now()
    for unwilling in ({"accepts_terms": False}, {"accepts_terms": None}, {"accepts_terms": "yes"}):
        answer = await ana.try_checkout(**unwilling)
        assert code_of(answer) == (422, "malformed_request")
        assert answer.json()["errors"][0]["field"] == "body.accepts_terms"
    placed = await ana.check_out()
    order = await order_of(house, house.ana, placed["order_id"])
    accepted_at = datetime.fromisoformat(order["terms_accepted_at"])
    assert before <= accepted_at <= house.clock.now()


async def test_a_cart_is_ordered_once(house: House) -> None:
    ana = await shopper(house)
    await ana.put_in()
    fingerprint = (await ana.preview())["fingerprint"]

    async def order() -> httpx.Response:
        """Who is told to come back, because others take too long, comes back."""
        while (answer := await ana.try_checkout(fingerprint=fingerprint)).status_code == 503:
            assert answer.headers["retry-after"]
        return answer

    answers = await asyncio.gather(*(order() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    refused = next(each.json() for each in answers if each.status_code == 409)
    placed = next(each.json() for each in answers if each.status_code == 201)
    assert (refused["code"], refused["facts"]["order_id"]) == (
        "cart_not_open",
        placed["order_id"],
    )
    assert (await ana.do("GET", ""))["status"] == "checked_out"
    again = await shopper(house)
    assert again.cart_id != ana.cart_id


async def test_nothing_is_ordered_of_an_empty_cart(house: House) -> None:
    ana = await shopper(house)
    assert code_of(await ana.ask("GET", "/preview")) == (409, "cart_empty")
    answer = await ana.try_checkout(fingerprint="0" * 32)
    assert code_of(answer) == (409, "cart_empty")


# ------------------------------------------------------------------------ what was seen is paid


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
async def test_the_invoice_is_the_preview_to_the_cent(house: House, mode: str) -> None:
    tax = {
        "mode": mode,
        "seller_country": "BR",
        "rates": [
            {"name": "ISS", "percent": "2.9", "country": "BR"},
            {"name": "PIS", "percent": "0.65", "country": "BR", "level": 2, "is_compound": True},
        ],
    }
    rules = {"align_day": 10, "align_next_after_day": 5}
    await house.apply_brand(products=shop(rules=rules), tax=tax, promotions=[PROMOTION])
    ana = await shopper(house)
    start = await ana.put_in(options=[{"option": "memory", "value": "4gb"}], quantity=3)
    await ana.put_in("pro")
    await ana.put_in("tls", parent_id=start, domain=None)
    await ana.do("PUT", "/promotion", {"code": "half"})
    shown = await ana.preview()
    placed = await ana.check_out()
    invoice = await house.invoice(house.ana, placed["invoice_id"])
    for name in ("total_minor", "tax_minor", "currency", "due_on", "prices_include_tax"):
        assert (name, invoice[name]) == (name, shown[name])
    assert [row["tax_minor"] for row in invoice["taxes"]] == [
        row["tax_minor"] for row in shown["taxes"]
    ]
    assert [(line["description"], line["net_minor"]) for line in invoice["lines"]] == [
        (line["description"], line["net_minor"])
        for item in shown["items"]
        for line in item["lines"]
    ]
    order = await order_of(house, house.ana, placed["order_id"])
    assert order["total_minor"] == shown["total_minor"] > 0
    assert sum(Decimal(row["tax_minor"]) for row in shown["taxes"]) == shown["tax_minor"] > 0
    assert await house.findings() == []


PROMOTION: dict[str, Any] = {
    "code": "HALF",
    "kind": "percent",
    "rate_percent": "50",
    "label": {"en": "Half"},
    "periods": 2,
    "products": ["start", "pro"],
}


async def test_a_price_that_changed_meanwhile_is_shown_anew_and_not_charged(house: House) -> None:
    await house.apply_brand(products=[product()])
    ana = await shopper(house)
    await ana.put_in()
    seen = await ana.preview()
    await house.apply_brand(products=[product(prices=[price(recurring=3990)])])
    refused = await ana.try_checkout(fingerprint=seen["fingerprint"])
    assert code_of(refused) == (409, "quote_changed")
    anew = refused.json()["facts"]["preview"]
    assert (anew["total_minor"], anew["fingerprint"]) == (
        3990,
        (await ana.preview())["fingerprint"],
    )
    assert "OrderPlaced" not in await house.names(house.ana)
    placed = await ana.check_out(fingerprint=anew["fingerprint"])
    invoice = await house.invoice(house.ana, placed["invoice_id"])
    assert invoice["total_minor"] == 3990


async def test_a_new_edition_at_the_same_price_is_no_reason_to_look_again(house: House) -> None:
    await house.apply_brand(products=[product()])
    ana = await shopper(house)
    await ana.put_in()
    seen = await ana.preview()
    await house.apply_brand(products=[product(description={"en": "Better"})])
    placed = await ana.check_out(fingerprint=seen["fingerprint"])
    order = await order_of(house, house.ana, placed["order_id"])
    assert order["items"][0]["catalogue_version"] == 3


async def test_an_order_keeps_the_prices_that_it_was_made_with(house: House) -> None:
    await house.apply_brand(products=[product()])
    ana = await shopper(house)
    await ana.put_in()
    placed = await ana.check_out()
    await house.apply_brand(products=[product(prices=[price(recurring=9990)])])
    order = await order_of(house, house.ana, placed["order_id"])
    assert order["items"][0]["recurring_minor"] == 2990
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", placed["service_id"])
    due_on = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(placed["service_id"])
    )
    await house.play_until(due_on - 14 * DAY)
    assert (await house.invoices(house.ana))[-1]["total_minor"] == 2990


async def test_a_promotion_is_taken_off_for_its_periods_and_given_back_with_the_order(
    house: House,
) -> None:
    once = {**PROMOTION, "limit_per_client": 1}
    await house.apply_brand(products=shop(), promotions=[once])
    ana = await shopper(house)
    await ana.put_in()
    await ana.do("PUT", "/promotion", {"code": " half "})
    placed = await ana.check_out()
    assert await lines_of(house, house.ana, placed["invoice_id"]) == [
        ("new", 2990),
        ("promotion", -1495),
    ]
    second = await shopper(house)
    await second.put_in()
    await second.do("PUT", "/promotion", {"code": "HALF"})
    assert code_of(await second.try_checkout()) == (409, "promotion_used_up")
    cancel = f"/v1/orders/{placed['order_id']}/cancel"
    await house.do("POST", cancel, token=house.client(house.ana))
    await house.catch_up()
    again = await second.check_out()
    await house.pay(house.ana, again["invoice_id"])
    await house.until_service_is("active", again["service_id"])
    due_on = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(again["service_id"])
    )
    await house.play_until(due_on - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert [line["net_minor"] for line in renewal["lines"]] == [2990, -1495]
    assert await house.findings() == []


async def test_a51_a_promotion_that_does_not_fit_is_named_and_can_be_taken_out(
    house: House,
) -> None:
    await house.apply_brand(products=shop(), promotions=[{**PROMOTION, "products": ["pro"]}])
    ana = await shopper(house)
    await ana.put_in()
    assert code_of(await ana.ask("PUT", "/promotion", {"code": "NONE"})) == (
        422,
        "promotion_unknown",
    )
    await ana.do("PUT", "/promotion", {"code": "HALF"})
    assert code_of(await ana.ask("GET", "/preview")) == (409, "promotion_does_not_apply")
    await ana.do("DELETE", "/promotion")
    assert (await ana.preview())["total_minor"] == 2990


async def test_a51_an_order_over_nothing_is_paid_at_once(house: House) -> None:
    free = {**PROMOTION, "rate_percent": "100", "products": []}
    await house.apply_brand(products=shop(), promotions=[free])
    ana = await shopper(house)
    await ana.put_in()
    await ana.do("PUT", "/promotion", {"code": "HALF"})
    assert (await ana.preview())["total_minor"] == 0
    placed = await ana.check_out()
    await house.until_service_is("active", placed["service_id"])
    assert (await house.invoice(house.ana, placed["invoice_id"]))["status"] == "paid"


# -------------------------------------------------------------------------- guests who sign in


async def test_a_guests_cart_is_kept_over_the_sign_in(house: House) -> None:
    await house.apply_brand(products=shop(), promotions=[PROMOTION])
    somebody = await guest(house)
    start = await somebody.put_in()
    await somebody.put_in("tls", domain=None, parent_id=start)
    await somebody.do("PUT", "/promotion", {"code": "HALF"})
    assert (await somebody.preview())["total_minor"] == 2485
    ana = Shopper(house, house.ana)
    ana.cart_id = somebody.cart_id
    assert code_of(await ana.try_checkout()) == (409, "cart_not_adopted")
    ana.cart_id = (await ana.do("POST", "/adoption"))["cart_id"]
    assert ana.cart_id != somebody.cart_id
    assert (await ana.do("GET", ""))["promotion_code"] == "HALF"
    assert code_of(await somebody.ask("POST", "/items", await somebody.item())) == (
        409,
        "cart_not_open",
    )
    stranger = Shopper(house)
    stranger.cart_id = ana.cart_id
    assert code_of(await stranger.ask("GET", "")) == (404, "not_found")
    placed = await ana.check_out()
    assert placed["service_id"] == start
    assert await house.findings() == []


async def test_a_guests_cart_is_merged_with_the_one_that_the_account_has(house: House) -> None:
    ana = await shopper(house)
    await ana.put_in(domain="same.example")
    somebody = await guest(house)
    await somebody.put_in(domain="same.example")
    await somebody.put_in(domain="other.example")
    token = house.client(house.ana)
    adoption = f"/v1/carts/{somebody.cart_id}/adoption"
    for _ in range(2):
        assert (await house.do("POST", adoption, token=token))["cart_id"] == ana.cart_id
        items = (await ana.do("GET", ""))["items"]
        assert [each["domain"] for each in items] == ["same.example", "other.example"]
    thief = await house.ask("POST", adoption, token=house.client(house.rui))
    assert code_of(thief) == (409, "cart_not_open")


async def test_an_account_has_one_open_cart_however_often_it_asks(house: House) -> None:
    carts = await asyncio.gather(*(shopper(house) for _ in range(8)))
    assert len({each.cart_id for each in carts}) == 1
    rui = await shopper(house, house.rui)
    assert rui.cart_id != carts[0].cart_id
    assert (await house.names(house.ana)).count("CartOpened") == 1


async def test_a_cart_is_nobody_elses(house: House) -> None:
    ana, rui = await shopper(house), Shopper(house, house.rui)
    item_id = await ana.put_in()
    rui.cart_id = ana.cart_id
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/preview", None),
        ("POST", "/items", await rui.item()),
        ("PUT", f"/items/{item_id}", await rui.item()),
        ("DELETE", f"/items/{item_id}", None),
        ("PUT", "/promotion", {"code": "WELCOME"}),
        ("POST", "/adoption", None),
        ("POST", "/checkout", {"fingerprint": "0" * 32, "accepts_terms": True}),
    ):
        assert code_of(await rui.ask(method, path, body)) == (404, "not_found"), path
    held = await house.active_service(house.ana)
    own = await shopper(house, house.rui)
    renewal = await own.ask("POST", "/renewals", {"service_id": held["service_id"]})
    assert code_of(renewal) == (404, "not_found")
    other_brand = await house.ask(
        "POST", "/v1/carts", {"brand": "outra"}, token=house.client(house.ana)
    )
    assert code_of(other_brand) == (404, "not_found")


async def test_a_cart_changes_only_as_it_was_read(house: House) -> None:
    ana = await shopper(house)
    item_id = await ana.put_in()
    read = await ana.ask("GET", "")
    bigger = await ana.item(quantity=4)
    stale = await ana.ask("PUT", f"/items/{item_id}", bigger, **{"if-match": '"1"'})
    assert code_of(stale) == (412, "stale")
    match = {"if-match": read.headers["etag"]}
    assert (await ana.ask("PUT", f"/items/{item_id}", bigger, **match)).status_code == 204
    assert (await ana.preview())["total_minor"] == 4 * 2990
    await ana.do("DELETE", f"/items/{item_id}")
    assert (await ana.do("GET", ""))["items"] == []
    gone = await ana.ask("DELETE", f"/items/{item_id}")
    assert code_of(gone) == (404, "item_not_in_cart")


# ------------------------------------------------------------------------------- bad input

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"quantity": 0}, "body.quantity"),
    ({"quantity": -1}, "body.quantity"),
    ({"quantity": 1.5}, "body.quantity"),
    ({"quantity": 10**9}, "body.quantity"),
    ({"quantity": 10**17}, "body.quantity"),
    ({"quantity": "2"}, "body.quantity"),
    ({"quantity": "\u0661\u0662"}, "body.quantity"),
    ({"quantity": "1_000"}, "body.quantity"),
    ({"quantity": True}, "body.quantity"),
    ({"quantity": None}, "body.quantity"),
    ({"recurring_minor": 1}, "body.recurring_minor"),
    ({"price_minor": 1}, "body.price_minor"),
    ({"setup_minor": 0}, "body.setup_minor"),
    ({"discount_minor": 2990}, "body.discount_minor"),
    ({"currency": "USD"}, "body.currency"),
    ({"tax_category": "exempt"}, "body.tax_category"),
    ({"total_minor": -2990}, "body.total_minor"),
    ({"account_id": str(new_id())}, "body.account_id"),
    ({"item_id": str(new_id())}, "body.item_id"),
    ({"cycle": "weekly"}, "body.cycle"),
    ({"cycle": 1}, "body.cycle"),
    ({"product_id": "x"}, "body.product_id"),
    ({"domain": "a\u0007.example"}, "body.domain"),
    ({"domain": "a" * 300}, "body.domain"),
    ({"parent_id": 7}, "body.parent_id"),
    ({"options": [{"option": "memory", "quantity": -1}]}, "body.options.0.quantity"),
    ({"options": [{"option": "memory", "quantity": 10**9}]}, "body.options.0.quantity"),
    ({"options": [{"option": "memory", "price": 0}]}, "body.options.0.price"),
    ({"options": [{"option": "memory"}] * 51}, "body.options"),
]


async def test_what_no_cart_can_hold_is_refused_with_its_field(house: House) -> None:
    ana = await shopper(house)
    for changed, field in WRONG:
        answer = await ana.ask("POST", "/items", await ana.item(**changed))
        fields = [each["field"] for each in answer.json()["errors"]]
        assert (code_of(answer), fields) == ((422, "malformed_request"), [field]), changed
    held = str(new_id())
    for periods in (0, -1, 1.5, 37, 10**9, "2", True):
        renewal = {"service_id": held, "periods": periods}
        answer = await ana.ask("POST", "/renewals", renewal)
        fields = [each["field"] for each in answer.json()["errors"]]
        assert (answer.status_code, fields) == (422, ["body.periods"]), periods
    for fingerprint in ("", "x" * 32, "0" * 33, 5):
        answer = await ana.try_checkout(fingerprint=fingerprint)
        fields = [each["field"] for each in answer.json()["errors"]]
        assert (answer.status_code, fields) == (422, ["body.fingerprint"]), fingerprint
    huge = b'{"product_id": "%s", "cycle": "monthly", "quantity": 1e1000000}'
    answer = await house.http.post(
        f"/v1/carts/{ana.cart_id}/items",
        content=huge % (await house.product_id()).encode(),
        headers={
            "authorization": f"Bearer {house.client(house.ana)}",
            "content-type": "application/json",
            "idempotency-key": "huge",
        },
    )
    assert answer.status_code == 422
    longer = await ana.ask("POST", "/items", await ana.item(quantity=2**63))
    assert code_of(longer) == (422, "malformed_json")
    assert (await ana.do("GET", ""))["items"] == []


async def test_what_is_not_sold_so_is_refused_as_it_is_put_in(house: House) -> None:
    await house.apply_brand(products=shop())
    ana = await shopper(house)
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"cycle": "annual"}, (422, "cycle_not_offered")),
        ({"product_id": str(new_id())}, (404, "not_found")),
        ({"domain": "no domain"}, (422, "domain_name_invalid")),
        ({"domain": None}, (422, "domain_name_invalid")),
        ({"options": [{"option": "disk"}]}, (422, "option_unknown")),
        ({"options": [{"option": "memory", "value": "9gb"}]}, (422, "option_value_unknown")),
        ({"parent_id": str(new_id())}, (404, "not_found")),
        ({"product_id": await house.product_id("tls")}, (409, "parent_does_not_fit")),
    ]
    for changed, expected in cases:
        answer = await ana.ask("POST", "/items", await ana.item(**changed))
        assert (code_of(answer), changed) == (expected, changed)
        named = answer.json()["facts"].get("field", "").split(".")[0]
        assert named in changed or expected[1] == "parent_does_not_fit"
    assert (await ana.do("GET", ""))["items"] == []


# -------------------------------------------------------------------- nothing taken, or all of it


async def traces(house: House) -> tuple[Any, ...]:
    """What an order leaves, wherever it leaves something."""
    return (
        await house.fetchval("select array_agg(taken order by name) from allotment"),
        await house.fetchval("select count(*) from held_stock"),
        await house.fetchval("select array_agg(last_number order by name) from series"),
        await house.fetchval("select count(*) from events"),
        await house.fetchval("select count(*) from log"),
        await house.fetchval("select count(*) from claim"),
    )


async def test_a_checkout_that_fails_takes_nothing(house: House) -> None:
    once = {**PROMOTION, "limit": 1}
    products = [product(stock=5), product("pro", stock=1)]
    await house.apply_brand(products=products, promotions=[once])
    held = await house.active_service(house.ana, domain="held.example")
    rui = await shopper(house, house.rui)
    await rui.put_in("pro")
    ana = await shopper(house)
    await ana.put_in()
    scarce = await ana.put_in("pro")
    await ana.do("POST", "/renewals", {"service_id": held["service_id"]})
    await ana.do("PUT", "/promotion", {"code": "HALF"})
    await rui.check_out()
    before = await traces(house)
    assert code_of(await ana.try_checkout()) == (409, "out_of_stock")
    assert await traces(house) == before
    await ana.do("DELETE", f"/items/{scarce}")
    taken = await shopper(house, house.rui)
    await taken.put_in()
    await taken.do("PUT", "/promotion", {"code": "HALF"})
    await taken.check_out()
    before = await traces(house)
    assert code_of(await ana.try_checkout()) == (409, "promotion_used_up")
    assert await traces(house) == before
    await ana.do("DELETE", "/promotion")
    await ana.check_out()
    assert await house.findings() == []


async def test_a_hundred_checkouts_at_once_sell_ten_pieces_of_ten(house: House) -> None:
    await house.apply_brand(products=[product(stock=10)])
    clients = [new_id() for _ in range(100)]
    for number, account_id in enumerate(clients):
        await house.register(f"Client {number}", account_id)
    shoppers = [await shopper(house, account_id) for account_id in clients]
    for each in shoppers:
        await each.put_in()
    fingerprints = [(await each.preview())["fingerprint"] for each in shoppers]

    async def order(each: Shopper, seen: str) -> httpx.Response:
        """Who finds every connection busy asks again, as the answer says."""
        answer = await each.try_checkout(fingerprint=seen)
        for _ in range(20):
            if answer.status_code == 503:
                answer = await each.try_checkout(fingerprint=seen)
        return answer

    pairs = zip(shoppers, fingerprints, strict=True)
    answers = await asyncio.gather(*(order(each, seen) for each, seen in pairs))
    became = [code_of(a) if a.status_code != 201 else (201, "") for a in answers]
    assert became.count((201, "")) == 10
    assert became.count((409, "out_of_stock")) == 90
    assert await house.fetchval("select taken from allotment") == 10
    numbers = sorted(a.json()["number"] for a in answers if a.status_code == 201)
    assert [number[-6:] for number in numbers] == [f"{n:06d}" for n in range(1, 11)]
    assert await house.findings() == []


# ------------------------------------------------------------------------------ giving orders up


async def order_of_everything(house: House) -> tuple[dict[str, str], dict[str, str]]:
    """An order with a product, an addon and a renewal, and the service that it renews."""
    limited = {**PROMOTION, "limit": 1, "products": ["start"]}
    await house.apply_brand(products=shop(stock=3), promotions=[limited])
    held = await house.active_service(house.ana, domain="held.example")
    ana = await shopper(house)
    start = await ana.put_in()
    await ana.put_in("tls", domain=None, parent_id=start)
    await ana.do("POST", "/renewals", {"service_id": held["service_id"]})
    await ana.do("PUT", "/promotion", {"code": "HALF"})
    return await ana.check_out(), held


@pytest.mark.parametrize("by", ["client", "staff"])
async def test_an_unpaid_order_is_given_up_with_all_that_it_took(house: House, by: str) -> None:
    placed, held = await order_of_everything(house)
    assert await house.fetchval("select max(taken) from allotment") == 2
    if by == "staff":
        path, token = f"/v1/staff/orders/{placed['order_id']}/cancel", house.staff()
        unable = await house.ask("POST", path, token=house.staff(may=[]))
        assert unable.status_code == 403
        foreign = await house.ask("POST", path, token=house.staff("outra"))
        assert code_of(foreign) == (404, "not_found")
    else:
        path, token = f"/v1/orders/{placed['order_id']}/cancel", house.client(house.ana)
    await house.do("POST", path, token=token)
    await house.catch_up()
    assert await house.fetchval("select max(taken) from allotment") == 1
    assert (await house.invoice(house.ana, placed["invoice_id"]))["status"] == "cancelled"
    order = await order_of(house, house.ana, placed["order_id"])
    assert order["status"] == "cancelled"
    statuses = [await house.service_status(each["service_id"]) for each in order["items"]]
    assert statuses == ["cancelled", "cancelled", "active"]
    again = await shopper(house)
    await again.do("POST", "/renewals", {"service_id": held["service_id"]})
    await again.check_out()
    assert await house.findings() == []


async def test_a_renewal_of_an_order_that_nobody_pays_is_invoiced_in_its_time(
    house: House,
) -> None:
    placed, held = await order_of_everything(house)
    due_on = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(held["service_id"])
    )
    await house.play_until(await house.today() + 7 * DAY)
    assert (await order_of(house, house.ana, placed["order_id"]))["status"] == "cancelled"
    assert await house.service_status(held["service_id"]) == "active"
    await house.play_until(due_on - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert [line["kind"] for line in renewal["lines"]] == ["renewal"]
    assert await house.findings() == []


async def test_who_orders_a_renewal_and_does_not_pay_is_suspended_as_if_he_had_not(
    house: House,
) -> None:
    held = await house.active_service(house.ana)
    due_on = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(held["service_id"])
    )
    await house.apply_brand(rules={"renewal_days_before": 1, "reminder_days_before": []})
    await house.play_until(due_on - 2 * DAY)
    for _ in range(4):
        ana = await shopper(house)
        await ana.do("POST", "/renewals", {"service_id": held["service_id"]})
        placed = await ana.check_out()
        await house.play_until(await house.today() + 2 * DAY)
        if await house.service_status(held["service_id"]) == "suspended":
            break
        cancel = f"/v1/orders/{placed['order_id']}/cancel"
        await house.do("POST", cancel, token=house.client(house.ana))
    assert await house.service_status(held["service_id"]) == "suspended"
    assert await house.today() <= due_on + 6 * DAY


async def test_credit_that_paid_a_part_of_an_order_comes_back_with_it(house: House) -> None:
    first = await house.order(house.ana)
    await house.pay_and_settle(house.ana, first["invoice_id"])
    path = f"/v1/invoices/{first['invoice_id']}/credit-notes"
    lines = {"reason": "sorry", "lines": [{"line": 0, "amount_minor": 1000}]}
    await house.do("POST", path, lines, token=house.staff())
    ana = await shopper(house)
    await ana.put_in(domain="b.example")
    assert (await ana.preview())["credit_minor"] == 1000
    placed = await ana.check_out()
    invoice = await house.invoice(house.ana, placed["invoice_id"])
    assert (invoice["total_minor"], invoice["open_minor"]) == (2990, 1990)
    cancel = f"/v1/orders/{placed['order_id']}/cancel"
    await house.do("POST", cancel, token=house.client(house.ana))
    again = await shopper(house)
    await again.put_in(domain="b.example")
    assert (await again.preview())["credit_minor"] == 1000
    assert await house.findings() == []


# ------------------------------------------------------------------------------------ left alone


async def test_a_cart_that_nobody_touches_expires(house: House) -> None:
    await house.apply_brand(rules={"cart_days": 3})
    somebody, ana, rui = await guest(house), await shopper(house), await shopper(house, house.rui)
    for each in (somebody, ana, rui):
        await each.put_in()
    today = await house.today()
    await house.play_until(today + 2 * DAY)
    await rui.put_in(domain="later.example")
    await house.catch_up()
    await house.play(today + 3 * DAY)
    await house.catch_up()
    statuses = [(await each.do("GET", ""))["status"] for each in (somebody, ana, rui)]
    assert statuses == ["expired", "expired", "open"]
    assert code_of(await ana.ask("GET", "/preview")) == (409, "cart_not_open")
    assert (await shopper(house)).cart_id != ana.cart_id
    assert await house.findings() == []


async def test_an_account_may_have_longer_to_think_about_its_cart(house: House) -> None:
    await house.apply_brand(rules={"cart_days": 3})
    own = {"rules": {"cart_days": 9}}
    await house.do("PUT", f"/v1/accounts/{house.ana}/rules", own, token=house.staff())
    ana = await shopper(house)
    await ana.put_in()
    await house.catch_up()
    today = await house.today()
    await house.play_until(today + 8 * DAY)
    assert (await ana.do("GET", ""))["status"] == "open"
    await house.play(today + 9 * DAY)
    assert (await ana.do("GET", ""))["status"] == "expired"


@pytest.mark.parametrize("kind", ["product", "renewal"])
async def test_an_order_that_is_served_is_not_given_up_for_what_staff_asked_for_later(
    house: House, kind: str
) -> None:
    if kind == "renewal":
        held = await house.active_service(house.ana)
        ana = await shopper(house)
        await ana.do("POST", "/renewals", {"service_id": held["service_id"]})
        placed = await ana.check_out()
    else:
        placed = held = await house.order(house.ana)
    await house.pay_and_settle(house.ana, placed["invoice_id"])
    await house.until_service_is("active", held["service_id"])
    line = {"line": 0, "description": "Hosting", "net_minor": 4990}
    body = {"reason": "More was agreed", "due_on": "2026-12-24", "lines": [line]}
    path = f"/v1/invoices/{placed['invoice_id']}/corrections"
    new = await house.do("POST", path, body, token=house.staff())
    assert new["open_minor"] == 2000
    cancel = f"/v1/orders/{placed['order_id']}/cancel"
    refused = await house.ask("POST", cancel, token=house.client(house.ana))
    assert code_of(refused) == (409, "service_not_pending")
    await house.play_until(await house.today() + 8 * DAY)
    assert await house.fetchval("select count(*) from business_day_problem") == 0
    assert (await house.invoice(house.ana, new["invoice_id"]))["open_minor"] == 2000
    assert await house.service_status(held["service_id"]) == "active"
    assert await house.findings() == []
