"""What a brand offers over HTTP: its catalogue, stocks and promotions that never go out twice."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.billing.catalogue.allotments import (
    OutOfStock,
    Take,
    give_back,
    stock_name,
    take,
    taken_of,
)
from services.billing.catalogue.commands import (
    FreeStock,
    HoldStock,
    free_stock,
    hold_stock,
    stock_take,
)
from services.billing.catalogue.policies import when_service_is_over_free_its_stock
from services.billing.catalogue.product import Product
from services.billing.promotions.commands import (
    PromotionAlreadyUsed,
    ReleasePromotion,
    UsePromotion,
    is_new_client,
    promotion_by_code,
    release_promotion,
    takes_of,
    use_promotion,
)
from services.billing.promotions.promotion import PromotionUnknown, PromotionUsedUp
from services.billing.rules.policy import policy_for
from shared.contracts.billing import ServiceChangeWithdrawn, ServiceTransferred
from shared.contracts.permissions import BILLING_READ
from shared.errors import Conflict
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House, brand_file, code_of, envelope_of, price
from tests.billing.samples import mailbox_option, product_terms

TEST = Cause(actor="test")
LAST = 7
DOLLARS = {"cycle": "monthly", "currency": "USD", "recurring_minor": 599}
SHELF = {"slug": "hosting", "name": {"en": "Hosting"}, "sort": 5}
MEMORY = {
    "id": "memory",
    "kind": "choice",
    "name": {"en": "Memory"},
    "values": [
        {"id": "1gb", "name": {"en": "1 GB"}},
        {"id": "4gb", "name": {"en": "4 GB"}, "prices": [price(recurring=900)]},
    ],
}
SEATS = {
    "id": "seats",
    "kind": "quantity",
    "name": {"en": "Seats"},
    "minimum": 1,
    "maximum": 9,
    "prices": [price(recurring=300)],
}


def product(slug: str = "start", **changed: Any) -> dict[str, Any]:
    return {"slug": slug, "name": {"en": slug.title()}, "prices": [price()], **changed}


async def catalogue(house: House) -> dict[str, dict[str, Any]]:
    """What the brand sells, by slug, in its order."""
    listed = await house.http.get("/v1/products", params={"brand": "ponto"})
    return {each["slug"]: each for each in listed.json()}


async def outcomes(house: House, work: Callable[[Transaction], Awaitable[Any]]) -> list[str]:
    """What became of a hundred at once: `done`, or the code of the refusal."""

    async def tried() -> str:
        try:
            async with house.store.transaction(TEST) as tx:
                await work(tx)
        except Conflict as refusal:
            return refusal.code
        return "done"

    return await asyncio.gather(*(tried() for _ in range(100)))


async def test_the_catalogue_shows_shelves_options_addons_currencies_and_stock(
    house: House,
) -> None:
    start = product(
        group="hosting",
        options=[MEMORY, SEATS],
        upgrades_to=["pro"],
        stock=LAST,
    )
    pro = product("pro", prices=[DOLLARS, price()], group="hosting", sort=1)
    tls = product(
        "tls", addon_to=["start", "pro"], prices=[price("annual", 9900), price("free", 0)]
    )
    await house.apply_brand(currencies=["USD"], groups=[SHELF], products=[tls, pro, start])
    shown = await catalogue(house)
    assert list(shown) == ["tls", "start", "pro"]
    ids = {slug: each["product_id"] for slug, each in shown.items()}
    assert shown["start"]["group"] == {**SHELF, "description": {}}
    memory, seats = shown["start"]["options"]
    assert memory["values"][0]["prices"] == []
    assert (seats["minimum"], seats["maximum"]) == (1, 9)
    assert seats["prices"] == [{**price(recurring=300), "currency": "BRL"}]
    assert (shown["start"]["upgrades_to"], shown["pro"]["downgrades_to"]) == (
        [ids["pro"]],
        [ids["start"]],
    )
    assert [each["currency"] for each in shown["pro"]["prices"]] == ["BRL", "USD"]
    assert shown["tls"]["addon_to"] == [ids["start"], ids["pro"]]
    assert (shown["start"]["stock_left"], shown["pro"]["stock_left"]) == (LAST, None)


async def test_of_a_hundred_takes_at_once_only_as_many_succeed_as_are_left(house: House) -> None:
    await house.apply_brand(products=[product(stock=LAST)])
    name = stock_name(UUID(await house.product_id()))
    wanted = [Take(name=name, count=1, cap=LAST)]
    became = await outcomes(house, lambda tx: take(tx, wanted))
    assert (became.count("done"), became.count("out_of_stock")) == (LAST, 100 - LAST)
    assert (await catalogue(house))["start"]["stock_left"] == 0
    async with house.store.transaction(TEST) as tx:
        await give_back(tx, name, count=2)
    assert (await catalogue(house))["start"]["stock_left"] == 2
    assert (await outcomes(house, lambda tx: take(tx, wanted))).count("done") == 2


async def test_orders_take_of_the_stock_and_what_ends_gives_it_back(house: House) -> None:
    await house.apply_brand(products=[product(stock=2)])
    body = {"product_id": await house.product_id(), "cycle": "monthly", "domain": "ana.example"}
    token = house.client(house.ana)
    answers = await asyncio.gather(
        *(house.ask("POST", "/v1/orders", body, token=token) for _ in range(8))
    )
    placed = [each.json() for each in answers if each.status_code == 201]
    refused = {code_of(each) for each in answers if each.status_code != 201}
    assert (len(placed), refused) == (2, {(409, "out_of_stock")})
    assert (await catalogue(house))["start"]["stock_left"] == 0
    await house.catch_up()
    await house.do("POST", f"/v1/orders/{placed[0]['order_id']}/cancel", token=token)
    await house.catch_up()
    assert (await catalogue(house))["start"]["stock_left"] == 1
    assert (await house.ask("POST", "/v1/orders", body, token=token)).status_code == 201


async def test_a_service_gives_its_place_in_the_stock_back_once(house: House) -> None:
    await house.apply_brand(products=[product(stock=9)])
    orders = [await house.order(house.ana, domain=f"n{number}.example") for number in range(3)]
    for _ in range(2):
        async with house.store.transaction(TEST) as tx:
            await free_stock(FreeStock(service_id=UUID(orders[0]["service_id"])), tx)
            await free_stock(FreeStock(service_id=new_id()), tx)
    assert (await catalogue(house))["start"]["stock_left"] == 7


async def test_a_transferred_service_keeps_its_place_in_the_stock(house: House) -> None:
    await house.apply_brand(products=[product(stock=9)])
    held = UUID((await house.order(house.ana))["service_id"])
    moved = ServiceTransferred(
        service_id=held, transferred_on=await house.today(), successor_id=new_id()
    )
    for _ in range(2):
        async with house.store.transaction(TEST) as tx:
            told = envelope_of(moved, account_id=house.ana)
            await when_service_is_over_free_its_stock(told, tx)
            await free_stock(FreeStock(service_id=held), tx)
    assert (await catalogue(house))["start"]["stock_left"] == 8
    async with house.store.transaction(TEST) as tx:
        await free_stock(FreeStock(service_id=moved.successor_id), tx)
    assert (await catalogue(house))["start"]["stock_left"] == 9


async def test_a_change_holds_both_products_until_it_is_done_or_withdrawn(house: House) -> None:
    await house.apply_brand(products=[product(stock=9), product("pro", stock=9)])
    pro = UUID(await house.product_id("pro"))
    held = UUID((await house.order(house.ana))["service_id"])

    async def left() -> tuple[int, int]:
        shown = await catalogue(house)
        return shown["start"]["stock_left"], shown["pro"]["stock_left"]

    async def change_to_two_of_pro() -> None:
        async with house.store.transaction(TEST) as tx:
            wanted = await tx.load(Product, pro)
            await take(tx, [stock_take(wanted, today=await house.today(), count=2)])
            await hold_stock(HoldStock(service_id=held, product_id=pro, count=2), tx)

    await change_to_two_of_pro()
    assert await left() == (8, 7)
    withdrawn = ServiceChangeWithdrawn(service_id=held, change_id=new_id())
    async with house.store.transaction(TEST) as tx:
        told = envelope_of(withdrawn, account_id=house.ana)
        await when_service_is_over_free_its_stock(told, tx)
    assert await left() == (8, 9)
    await change_to_two_of_pro()
    async with house.store.transaction(TEST) as tx:
        await free_stock(FreeStock(service_id=held, kept=pro, kept_count=1), tx)
    assert await left() == (9, 8)


async def test_verification_names_an_allotment_that_is_not_what_is_held(house: House) -> None:
    await make_promotion(house)
    order = await house.order(house.ana)
    await house.order(house.rui)
    async with house.store.transaction(TEST) as tx:
        await use(house, tx, house.ana, order_id=UUID(order["order_id"]))
    async with house.store.transaction(TEST) as tx:
        await use(house, tx, house.rui)
    await house.do("POST", f"/v1/orders/{order['order_id']}/cancel", token=house.client(house.ana))
    assert await house.findings() == []
    await house.execute("update allotment set taken = taken + 1")
    findings = await house.findings()
    assert {each["check"] for each in findings} == {"allotments_equal_what_is_held"}
    # The stock of one product; the promotion, and two accounts' part of it.
    assert len(findings) == 4


async def test_a_stock_that_is_set_later_counts_what_is_held(house: House) -> None:
    for number in range(3):
        await house.order(house.ana, domain=f"n{number}.example")
    await house.apply_brand(products=[product(stock=4)])
    assert (await catalogue(house))["start"]["stock_left"] == 1


async def test_all_is_taken_or_nothing(house: House) -> None:
    plenty, scarce = (Take(name=name, count=2, cap=cap) for name, cap in (("a", 9), ("b", 1)))
    with pytest.raises(OutOfStock) as refused:
        async with house.store.transaction(TEST) as tx:
            await take(tx, [plenty, scarce])
    assert refused.value.facts == {"asked": 2, "limit": 1}
    async with house.store.transaction(TEST) as tx:
        assert await taken_of(tx.read, ["a", "b"]) == {}


async def test_takes_in_any_order_wait_for_each_other_in_one(house: House) -> None:
    both = [Take(name=name, count=1, cap=None) for name in ("a", "b")]
    await asyncio.gather(
        outcomes(house, lambda tx: take(tx, both)),
        outcomes(house, lambda tx: take(tx, both[::-1])),
    )
    async with house.store.transaction(TEST) as tx:
        assert await taken_of(tx.read, ["a", "b"]) == {"a": 200, "b": 200}


async def test_a_planned_price_is_shown_and_charged_from_its_day(house: House) -> None:
    today = await house.today()
    later = today + timedelta(days=3)
    dearer = {"effective_on": later.isoformat(), "prices": [price(recurring=3990)]}
    planned = [product(revisions=[dearer])]
    await house.apply_brand(products=planned)
    assert (await house.events())[-2][0] == "ProductRevisionPlanned"
    await house.play_until(later - timedelta(days=1))
    assert await shown_price(house) == 2990
    await house.play(later)
    assert await shown_price(house) == 3990
    order = await house.order(house.ana)
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert invoice["total_minor"] == 3990
    names = await house.names()
    await house.apply_brand(products=planned)
    assert await house.names() == names


async def shown_price(house: House) -> int:
    await house.catch_up()
    return int((await catalogue(house))["start"]["prices"][0]["recurring_minor"])


async def test_an_order_costs_the_new_price_before_the_catalogue_has_begun_the_day(
    house: House,
) -> None:
    later = await house.today() + timedelta(days=3)
    dearer = {"effective_on": later.isoformat(), "prices": [price(recurring=3990)]}
    await house.apply_brand(products=[product(revisions=[dearer])])
    house.clock.ahead = timedelta(days=3)
    order = await house.order(house.ana)
    assert (await house.invoice(house.ana, order["invoice_id"]))["total_minor"] == 3990


async def test_a_plan_that_the_file_drops_is_withdrawn(house: House) -> None:
    later = await house.today() + timedelta(days=3)
    dearer = {"effective_on": later.isoformat(), "prices": [price(recurring=3990)]}
    await house.apply_brand(products=[product(revisions=[dearer])])
    await house.apply_brand(products=[product()])
    assert (await house.names())[-1] == "ProductRevisionWithdrawn"
    await house.play_until(later)
    assert await shown_price(house) == 2990


async def test_a_service_goes_on_when_its_product_is_retired(house: House) -> None:
    held = await house.active_service(house.ana)
    await house.apply_brand(products=[product("other")])
    assert list(await catalogue(house)) == ["other"]
    await house.play_until(await house.today() + timedelta(days=31))
    renewal = (await house.invoices(house.ana))[-1]
    line = (await house.invoice(house.ana, renewal["invoice_id"]))["lines"][0]
    assert (line["kind"], line["net_minor"], line["service_id"]) == (
        "renewal",
        2990,
        held["service_id"],
    )


async def test_an_addon_is_not_ordered_by_itself(house: House) -> None:
    await house.apply_brand(products=[product(), product("tls", addon_to=["start"])])
    body = {
        "product_id": await house.product_id("tls"),
        "cycle": "monthly",
        "domain": "ana.example",
    }
    answer = await house.ask("POST", "/v1/orders", body, token=house.client(house.ana))
    assert code_of(answer) == (409, "parent_does_not_fit")


# ------------------------------------------------------------------------------ price per account


async def test_an_account_pays_the_price_that_staff_agreed_on(house: House) -> None:
    start = await house.product_id()
    path = f"/v1/accounts/{house.ana}/prices"
    own = {"cycle": "monthly", "currency": "BRL", "recurring_minor": 1990, "setup_minor": 0}
    put = await house.ask("PUT", f"{path}/{start}", {"prices": [own]}, token=house.staff())
    assert put.status_code == 204
    invoices = [
        await house.invoice(account_id, (await house.order(account_id))["invoice_id"])
        for account_id in (house.ana, house.rui)
    ]
    assert [each["total_minor"] for each in invoices] == [1990, 2990]
    shown = await house.do("GET", path, token=house.client(house.ana))
    assert shown == [{"product_id": start, **own}]
    stranger = await house.ask("GET", path, token=house.client(house.rui))
    assert code_of(stranger) == (404, "not_found")


async def test_a_price_is_agreed_by_the_staff_of_the_brand_for_what_it_sells(house: House) -> None:
    start = await house.product_id()
    path = f"/v1/accounts/{house.ana}/prices"
    own = {"cycle": "monthly", "currency": "BRL", "recurring_minor": 1990}
    body = {"prices": [own]}
    client = await house.ask("PUT", f"{path}/{start}", body, token=house.client(house.ana))
    assert client.status_code == 403
    unable = await house.ask("PUT", f"{path}/{start}", body, token=house.staff(may=[BILLING_READ]))
    assert unable.status_code == 403
    foreign = await house.ask("PUT", f"{path}/{start}", body, token=house.staff("outra"))
    assert code_of(foreign) == (404, "not_found")
    unknown = await house.ask("PUT", f"{path}/{new_id()}", body, token=house.staff())
    assert code_of(unknown) == (404, "not_found")
    for changed in ({"cycle": "triennial"}, {"currency": "USD"}):
        wrong = {"prices": [{**own, **changed}]}
        answer = await house.ask("PUT", f"{path}/{start}", wrong, token=house.staff())
        assert code_of(answer) == (422, "cycle_not_offered")


async def test_what_is_agreed_is_one_price_for_a_cycle_and_nothing_for_what_is_free(
    house: House,
) -> None:
    free = {"cycle": "free", "currency": "BRL", "recurring_minor": 0}
    await house.apply_brand(products=[product(prices=[price(), price("free", 0)])])
    path = f"/v1/accounts/{house.ana}/prices/{await house.product_id()}"
    for prices in ([free, {**free, "setup_minor": 100}], [{**free, "recurring_minor": 1}]):
        answer = await house.ask("PUT", path, {"prices": prices}, token=house.staff())
        assert (code_of(answer), answer.json()["facts"]["field"]) == (
            (422, "price_invalid"),
            "prices",
        )


# ------------------------------------------------------------------------------------ promotions

SUMMER = {
    "code": "summer-10",
    "kind": "percent",
    "rate_percent": "10",
    "label": {"en": "Summer"},
    "banner": {"en": "10 % off"},
}


async def make_promotion(house: House, **changed: Any) -> str:
    body = {**SUMMER, **changed}
    made = await house.do("POST", "/v1/brands/ponto/promotions", body, token=house.staff())
    await house.catch_up()
    return str(made["promotion_id"])


async def use(
    house: House, tx: Transaction, account_id: UUID, *, order_id: UUID | None = None
) -> UUID:
    """One order's use of the promotion."""
    promotion = await promotion_by_code("Summer-10", "ponto", tx)
    command = UsePromotion(
        promotion=promotion, account_id=account_id, order_id=order_id or new_id()
    )
    await take(tx, takes_of(command))
    await use_promotion(command, tx)
    return command.order_id


async def test_of_a_hundred_uses_at_once_only_as_many_count_as_the_limit_allows(
    house: House,
) -> None:
    await make_promotion(house, limit=LAST)
    became = await outcomes(house, lambda tx: use(house, tx, new_id()))
    assert (became.count("done"), became.count("promotion_used_up")) == (LAST, 100 - LAST)
    (shown,) = await promotions(house, code="SUMMER-10")
    assert (shown["limit"], shown["used"]) == (LAST, LAST)


async def promotions(house: House, *, code: str) -> list[dict[str, Any]]:
    await house.catch_up()
    found = await house.do("GET", "/v1/brands/ponto/promotions", token=house.staff())
    return [each for each in found if each["code"] == code]


async def test_one_client_uses_a_promotion_as_often_as_one_may(house: House) -> None:
    await make_promotion(house, limit_per_client=2)
    assert (await outcomes(house, lambda tx: use(house, tx, house.ana))).count("done") == 2
    assert (await outcomes(house, lambda tx: use(house, tx, house.rui))).count("done") == 2
    assert (await house.names(house.ana)).count("PromotionUsed") == 2


async def test_a_use_that_is_given_back_is_free_once(house: House) -> None:
    await make_promotion(house, limit=3)
    order_ids = []
    for _ in range(3):
        async with house.store.transaction(TEST) as tx:
            order_ids.append(await use(house, tx, house.ana))
    with pytest.raises(PromotionUsedUp):
        async with house.store.transaction(TEST) as tx:
            await use(house, tx, house.rui)
    for order_id in (order_ids[0], order_ids[0], new_id()):
        async with house.store.transaction(TEST) as tx:
            await release_promotion(ReleasePromotion(order_id=order_id), tx)
    assert (await house.names(house.ana)).count("PromotionReleased") == 1
    assert (await outcomes(house, lambda tx: use(house, tx, house.rui))).count("done") == 1


async def test_an_order_that_is_cancelled_has_not_used_its_promotion(house: House) -> None:
    await make_promotion(house, limit=1)
    order = await house.order(house.ana)
    async with house.store.transaction(TEST) as tx:
        await use(house, tx, house.ana, order_id=UUID(order["order_id"]))
    token = house.client(house.ana)
    await house.do("POST", f"/v1/orders/{order['order_id']}/cancel", token=token)
    (shown,) = await promotions(house, code="SUMMER-10")
    assert shown["used"] == 0


async def test_an_order_has_one_promotion(house: House) -> None:
    await make_promotion(house)
    async with house.store.transaction(TEST) as tx:
        order_id = await use(house, tx, house.ana)
    with pytest.raises(PromotionAlreadyUsed):
        async with house.store.transaction(TEST) as tx:
            await use(house, tx, house.ana, order_id=order_id)
    (shown,) = await promotions(house, code="SUMMER-10")
    assert shown["used"] == 1


async def test_a_client_is_new_until_a_service_has_run(house: House) -> None:
    await house.order(house.ana)
    async with house.store.transaction(TEST) as tx:
        assert await is_new_client(house.ana, tx.read)
    await house.active_service(house.ana, domain="b.example")
    async with house.store.transaction(TEST) as tx:
        assert not await is_new_client(house.ana, tx.read)
        assert await is_new_client(house.rui, tx.read)


async def test_who_has_given_a_service_up_is_no_new_client(house: House) -> None:
    service = await house.active_service(house.ana)
    path = f"/v1/services/{service['service_id']}/cancellation"
    body = {"at": "now", "reason": "other"}
    await house.do("POST", path, body, token=house.client(house.ana))
    await house.until_service_is("cancelled", service["service_id"])
    async with house.store.transaction(TEST) as tx:
        assert not await is_new_client(house.ana, tx.read)


async def test_a_promotion_is_found_in_its_own_brand_only(house: House) -> None:
    await make_promotion(house)
    async with house.store.transaction(TEST) as tx:
        assert (await promotion_by_code(" SUMMER-10", "ponto", tx)).terms.code == "SUMMER-10"
        for code, brand in (("SUMMER-10", "outra"), ("SUMMER", "ponto"), ("?", "ponto")):
            with pytest.raises(PromotionUnknown):
                await promotion_by_code(code, brand, tx)


async def test_a_brand_advertises_what_is_open_today(house: House) -> None:
    today = await house.today()
    dates = [("first-1", 0, 9), ("later-2", 1, 9), ("past-3", -9, -1), ("last-4", -9, 0)]
    for code, starts, ends in dates:
        await make_promotion(
            house,
            code=code,
            starts_on=str(today + timedelta(days=starts)),
            ends_on=str(today + timedelta(days=ends)),
        )
    await make_promotion(house, code="silent", banner={})
    banners = await house.http.get("/v1/promotions/banners", params={"brand": "ponto"})
    assert [each["code"] for each in banners.json()] == ["LAST-4", "FIRST-1"]
    await house.play(today + timedelta(days=1))
    banners = await house.http.get("/v1/promotions/banners", params={"brand": "ponto"})
    assert [each["code"] for each in banners.json()] == ["FIRST-1", "LATER-2"]
    unknown = await house.http.get("/v1/promotions/banners", params={"brand": "nobody"})
    assert code_of(unknown) == (404, "not_found")


async def test_staff_revises_and_ends_a_promotion_as_it_was_read(house: House) -> None:
    promotion_id = await make_promotion(house)
    path = f"/v1/brands/ponto/promotions/{promotion_id}"
    stale = await house.ask("PUT", path, SUMMER, token=house.staff(), headers={"if-match": '"9"'})
    assert code_of(stale) == (412, "stale")
    revised = {**SUMMER, "rate_percent": "12.5"}
    done = await house.ask("PUT", path, revised, token=house.staff(), headers={"if-match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (204, '"2"')
    other = await house.ask("PUT", path, {**SUMMER, "code": "OTHER"}, token=house.staff())
    assert code_of(other) == (422, "promotion_invalid")
    await house.do("POST", f"{path}/end", token=house.staff())
    again = await house.ask("POST", f"{path}/end", token=house.staff())
    assert code_of(again) == (409, "promotion_has_ended")
    (shown,) = await promotions(house, code="SUMMER-10")
    assert (shown["rate_percent"], shown["ended_on"]) == ("12.5", str(await house.today()))
    taken = await house.ask("POST", "/v1/brands/ponto/promotions", SUMMER, token=house.staff())
    assert code_of(taken) == (409, "promotion_code_taken")


async def test_promotions_are_made_by_the_staff_of_the_brand(house: House) -> None:
    path = "/v1/brands/ponto/promotions"
    assert (await house.http.post(path, json=SUMMER)).status_code == 401
    client = await house.ask("POST", path, SUMMER, token=house.client(house.ana))
    assert client.status_code == 403
    reader = house.staff(may=[BILLING_READ])
    assert (await house.ask("GET", path, token=reader)).status_code == 200
    unable = await house.ask("POST", path, SUMMER, token=reader)
    assert (code_of(unable), unable.json()["facts"]) == (
        (403, "forbidden"),
        {"scope": "billing.catalogue"},
    )
    promotion_id = await make_promotion(house)
    for method, address, body in (
        ("GET", path, None),
        ("POST", path, SUMMER),
        ("PUT", f"{path}/{promotion_id}", SUMMER),
        ("POST", f"{path}/{promotion_id}/end", None),
    ):
        foreign = await house.ask(method, address, body, token=house.staff("outra"))
        assert code_of(foreign) == (404, "not_found")
    moved = f"/v1/brands/outra/promotions/{promotion_id}"
    answer = await house.ask("POST", f"{moved}/end", token=house.staff("outra"))
    assert code_of(answer) == (404, "not_found")


async def test_the_files_promotions_come_and_go_with_it_and_staff_keeps_its_own(
    house: House,
) -> None:
    await make_promotion(house)
    await house.apply_brand(promotions=[])
    assert [name for name in await house.names() if "Promotion" in name] == [
        "PromotionPublished",
        "PromotionPublished",
        "PromotionEnded",
    ]
    await house.apply_brand()
    (welcome,) = await promotions(house, code="WELCOME")
    assert (welcome["origin"], welcome["ended_on"]) == ("file", None)
    path = f"/v1/brands/ponto/promotions/{welcome['promotion_id']}/end"
    await house.do("POST", path, token=house.staff())
    await house.apply_brand()
    (welcome,) = await promotions(house, code="WELCOME")
    assert welcome["ended_on"] is not None
    file = brand_file(promotions=[{**SUMMER, "code": "SUMMER-10"}])
    taken = await house.ask("PUT", "/internal/brands/ponto", file, token=house.internal())
    assert code_of(taken) == (409, "promotion_code_taken")


# ------------------------------------------------------------------------------------- bad input

FLAWS: list[tuple[dict[str, Any], str]] = [
    ({"prices": [{**price(), "recurring_minor": -1}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "recurring_minor": 29.9}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "recurring_minor": 10**12}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "recurring_minor": "2990"}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "recurring_minor": "١٢"}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "recurring_minor": True}]}, "prices.0.recurring_minor"),
    ({"prices": [{**price(), "setup_minor": -1}]}, "prices.0.setup_minor"),
    ({"prices": [{**price(), "currency": "real"}]}, "prices.0.currency"),
    ({"prices": [{**price(), "cycle": "weekly"}]}, "prices.0.cycle"),
    ({"stock": -1}, "stock"),
    ({"stock": 1.5}, "stock"),
    ({"stock": 10**9}, "stock"),
    ({"stock": "١٢"}, "stock"),
    ({"options": [{**SEATS, "maximum": -1}]}, "options.0.maximum"),
    ({"options": [{**SEATS, "minimum": 0.5}]}, "options.0.minimum"),
    ({"options": [{**MEMORY, "kind": "colour"}]}, "options.0.kind"),
    ({"revisions": [{"effective_on": "2026-02-30"}]}, "revisions.0.effective_on"),
    ({"discount": 5}, "discount"),
]


async def test_a_wrong_value_in_a_product_is_refused_with_its_field(house: House) -> None:
    before = await house.names()
    for changed, field in FLAWS:
        file = brand_file(products=[product(**changed)])
        answer = await house.ask("PUT", "/internal/brands/ponto", file, token=house.internal())
        assert (answer.status_code, changed) == (422, changed)
        named = {each["field"] for each in answer.json()["errors"]}
        assert named == {f"body.products.0.{field}"}, changed
    assert await house.names() == before


PROMOTION_FLAWS: list[tuple[dict[str, Any], str]] = [
    ({"code": "x"}, "code"),
    ({"code": "ΣΟΜΜΕΡ"}, "code"),
    ({"rate_percent": "-1"}, "rate_percent"),
    ({"rate_percent": "100.5"}, "rate_percent"),
    ({"rate_percent": "1e1000000"}, "rate_percent"),
    ({"rate_percent": "١٢"}, "rate_percent"),
    ({"rate_percent": 10}, "rate_percent"),
    ({"amounts": {"BRL": -5}}, "amounts.BRL"),
    ({"amounts": {"BRL": 0.5}}, "amounts.BRL"),
    ({"periods": 0}, "periods"),
    ({"limit": 0}, "limit"),
    ({"limit_per_client": 2**53}, "limit_per_client"),
    ({"ends_on": "31/12/2026"}, "ends_on"),
    ({"cycles": ["weekly"]}, "cycles.0"),
    ({"label": {}}, "label"),
]


async def test_a_wrong_value_in_a_promotion_is_refused_with_its_field(house: House) -> None:
    path = "/v1/brands/ponto/promotions"
    for changed, field in PROMOTION_FLAWS:
        answer = await house.ask("POST", path, {**SUMMER, **changed}, token=house.staff())
        assert (answer.status_code, changed) == (422, changed)
        assert [each["field"] for each in answer.json()["errors"]] == [f"body.{field}"]
    contradiction = {**SUMMER, "kind": "fixed"}
    answer = await house.ask("POST", path, contradiction, token=house.staff())
    assert code_of(answer) == (422, "promotion_invalid")
    assert answer.json()["facts"]["field"] == "rate_percent"


CONTRADICTIONS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"products": [product(), product()]}, "product_twice", {}),
    (
        {"products": [product(prices=[{**price(), "recurring_minor": 0}])]},
        "price_invalid",
        {"field": "prices"},
    ),
    ({"products": [product(prices=[DOLLARS])]}, "currency_not_offered", {"field": "prices"}),
    (
        {"products": [product(prices=[price(), DOLLARS])]},
        "currency_not_offered",
        {"product": "start"},
    ),
    ({"products": [product(group="hosting")]}, "group_unknown", {"unknown": ["hosting"]}),
    ({"products": [product(addon_to=["pro"])]}, "product_unknown", {"field": "addon_to"}),
    (
        {"products": [product(upgrades_to=["start"])]},
        "upgrades_in_circle",
        {"field": "upgrades_to"},
    ),
    ({"products": [product(addon_to=["start"])]}, "addon_of_addon", {"product": "start"}),
    ({"products": [product(options=[MEMORY, MEMORY])]}, "option_invalid", {"field": "options"}),
    (
        {"products": [product(rules={"suspend_days": 3})]},
        "rule_unknown",
        {"rules": ["suspend_days"], "product": "start"},
    ),
    ({"products": [product(rules={"suspension_days": -3})]}, "rule_invalid", {"product": "start"}),
    ({"rules": {"proration": "by_month"}}, "rule_invalid", {}),
    ({"currencies": ["BRL"]}, "duplicate_setting", {}),
    (
        {"promotions": [SUMMER, {**SUMMER, "code": "SUMMER-10"}]},
        "promotion_invalid",
        {"field": "code"},
    ),
]


async def test_what_contradicts_itself_in_a_file_is_named_and_changes_nothing(
    house: House,
) -> None:
    before = await house.names()
    for changed, code, facts in CONTRADICTIONS:
        file = brand_file(**changed)
        answer = await house.ask("PUT", "/internal/brands/ponto", file, token=house.internal())
        assert (code_of(answer), changed) == ((422, code), changed)
        assert facts.items() <= answer.json().get("facts", {}).items()
    assert await house.names() == before


async def test_rules_of_a_brand_and_a_product_are_kept_exactly(house: House) -> None:
    fee = {"kind": "percent", "rate_percent": 2.5}
    await house.apply_brand(
        rules={"late_fee": fee}, products=[product(rules={"guarantee_days": 7})]
    )
    async with house.store.transaction(TEST) as tx:
        product_id = UUID(await house.product_id())
        policy = await policy_for(tx, "ponto", product_id=product_id)
    assert (policy.rules.late_fee.rate_percent, policy.rules.guarantee_days) == (Decimal("2.5"), 7)


async def test_a_product_with_a_long_history_is_loaded_as_it_was(house: House) -> None:
    start, today = UUID(await house.product_id()), await house.today()
    revised = Product.publish(brand="ponto", terms=product_terms())
    for number in range(60):
        async with house.store.transaction(TEST) as tx:
            revised = await tx.load(Product, start)
            terms = replace(revised.terms, sort=number, options=[mailbox_option()])
            day = today + timedelta(days=number)
            revised.revise(terms, today=day)
            revised.plan_revision(
                replace(terms, sort=0), effective_on=day + timedelta(days=90), today=day
            )
            await tx.save(revised)
    async with house.store.transaction(TEST) as tx:
        loaded = await tx.load(Product, start)
    assert await house.fetchval("select version from snapshot where stream_id = $1", start) > 50
    assert (loaded.editions, loaded.planned) == (revised.editions, revised.planned)
    for ahead in (0, 31, 59, 200):
        day = today + timedelta(days=ahead)
        assert loaded.edition_on(day) == revised.edition_on(day)
        assert loaded.terms_on(day).sort == (ahead if ahead < 60 else 0)
