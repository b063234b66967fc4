"""Ordering and setting up: what a client may ask for and what the file of a brand may say."""

import asyncio
from typing import Any

import pytest

from shared.ids import new_id
from tests.billing.house import House, brand_file, code_of, price

Refusal = tuple[int, str]


async def try_order(house: House, *, key: str | None = None, **changed: Any) -> Any:
    body = {
        "product_id": await house.product_id(),
        "cycle": "monthly",
        "domain": "ana.example",
        **changed,
    }
    headers = {"idempotency-key": key} if key else {}
    return await house.ask(
        "POST", "/v1/orders", body, token=house.client(house.ana), headers=headers
    )


async def test_orders_that_cannot_be_are_refused_and_leave_nothing(house: House) -> None:
    await house.apply_brand("outra", products=[{**brand_file()["products"][0], "slug": "theirs"}])
    foreign = await house.product_id("theirs", brand="outra")
    cases: list[tuple[dict[str, Any], Refusal]] = [
        ({"domain": "no domain"}, (422, "domain_name_invalid")),
        ({"domain": "a" * 300}, (422, "validation_failed")),
        ({"domain": "a\u0000.com"}, (422, "malformed_json")),
        ({"cycle": "biennial"}, (422, "cycle_not_offered")),
        ({"cycle": "weekly"}, (422, "validation_failed")),
        ({"product_id": str(new_id())}, (404, "not_found")),
        ({"product_id": foreign}, (404, "not_found")),
        ({"product_id": "x"}, (422, "validation_failed")),
        ({"recurring_minor": 1}, (422, "validation_failed")),
        ({"account_id": str(house.rui)}, (422, "validation_failed")),
    ]
    for changed, expected in cases:
        answer = await try_order(house, **changed)
        assert (answer.status_code, changed) == (expected[0], changed)
        if expected[1] != "validation_failed":
            assert code_of(answer) == expected
    assert await house.names(house.ana) == []
    assert await house.fetchval("select count(*) from series") == 0


async def test_an_order_costs_the_first_period_and_the_setup(house: House) -> None:
    answer = await try_order(house, cycle="annual", domain="UPPER.example")
    await house.catch_up()
    invoice = await house.invoice(house.ana, answer.json()["invoice_id"])
    assert [(line["kind"], line["net_minor"]) for line in invoice["lines"]] == [
        ("new", 29900),
        ("setup", 1000),
    ]
    assert invoice["lines"][1]["description"] == "Instalação: Hospedagem Início – upper.example"
    assert invoice["total_minor"] == 30900


async def test_lines_are_in_the_clients_own_language(house: House) -> None:
    joe = new_id()
    await house.register("Joe Doe", joe, language="en")
    order = await house.order(joe, domain="joe.example")
    invoice = await house.invoice(joe, order["invoice_id"])
    assert invoice["lines"][0]["description"] == "Start hosting – joe.example (monthly)"


async def test_a_repeated_request_orders_once(house: House) -> None:
    first = await try_order(house, key="same")
    again = await try_order(house, key="same")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await try_order(house, key="same", domain="b.example")).status_code == 422
    assert (await house.names(house.ana)).count("OrderPlaced") == 1


async def test_many_orders_at_once_get_gapless_numbers(house: House) -> None:
    answers = await asyncio.gather(
        *(try_order(house, domain=f"n{number}.example") for number in range(12))
    )
    numbers = sorted(answer.json()["number"] for answer in answers)
    assert [number[-6:] for number in numbers] == [f"{n:06d}" for n in range(1, 13)]
    assert await house.findings() == []


async def test_a_client_gives_up_an_unpaid_order_as_it_was_read(house: House) -> None:
    order = await house.order(house.ana)
    path, token = f"/v1/orders/{order['order_id']}", house.client(house.ana)
    read = await house.ask("GET", path, token=token)
    assert (read.json()["status"], read.headers["etag"]) == ("placed", '"1"')
    stale = await house.ask("POST", f"{path}/cancel", token=token, headers={"if-match": '"7"'})
    assert code_of(stale) == (412, "stale")
    odd = await house.ask("POST", f"{path}/cancel", token=token, headers={"if-match": "x"})
    assert odd.status_code == 422
    stranger = house.client(house.rui)
    foreign = await house.ask("POST", f"{path}/cancel", token=stranger)
    assert code_of(foreign) == (404, "not_found")
    assert code_of(await house.ask("GET", path, token=stranger)) == (404, "not_found")
    match = {"if-match": read.headers["etag"]}
    done = await house.ask("POST", f"{path}/cancel", token=token, headers=match)
    assert (done.status_code, done.headers["etag"]) == (204, '"2"')
    again = await house.ask("POST", f"{path}/cancel", token=token)
    assert code_of(again) == (409, "order_already_cancelled")
    assert (await house.names(house.ana))[3:] == [
        "OrderCancelled",
        "InvoiceCancelled",
        "ServiceCancelled",
    ]
    await house.catch_up()
    assert (await house.ask("GET", path, token=token)).json()["status"] == "cancelled"
    assert await house.findings() == []


async def test_a_paid_order_is_not_given_up(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay_and_settle(house.ana, order["invoice_id"])
    path = f"/v1/orders/{order['order_id']}/cancel"
    answer = await house.ask("POST", path, token=house.client(house.ana))
    assert code_of(answer) == (409, "invoice_already_paid")


async def test_lists_show_the_own_things_page_by_page(house: House) -> None:
    for number in range(3):
        await house.order(house.ana, domain=f"n{number}.example")
    await house.order(house.rui, domain="rui.example")
    token = house.client(house.ana)
    for path, key in (("/v1/invoices", "invoice_id"), ("/v1/services", "service_id")):
        first = await house.do("GET", f"{path}?limit=2", token=token)
        rest = await house.do("GET", f"{path}?limit=2&after={first[-1][key]}", token=token)
        ids = [each[key] for each in (*first, *rest)]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 3
        assert (await house.ask("GET", f"{path}?limit=101", token=token)).status_code == 422


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/services", "/v1/orders/{id}"])
async def test_reading_needs_a_client(house: House, path: str) -> None:
    address = path.format(id=new_id())
    assert (await house.http.get(address)).status_code == 401
    assert (await house.ask("GET", address, token=house.internal())).status_code == 403


async def test_a_brand_file_applied_again_publishes_nothing(house: House) -> None:
    before = await house.names()
    await house.apply_brand()
    assert await house.names() == before


async def test_a_changed_brand_file_changes_the_catalogue(house: House) -> None:
    product = {"slug": "start", "name": {"en": "Start"}, "prices": [price(recurring=1)]}
    await house.apply_brand(name="Ponto", products=[product])
    assert (await house.names())[-3:] == ["BrandConfigured", "ProductPublished", "ProductRetired"]
    listed = (await house.http.get("/v1/products", params={"brand": "ponto"})).json()
    assert [(each["slug"], each["prices"][0]["recurring_minor"]) for each in listed] == [
        ("start", 1)
    ]
    await house.apply_brand()
    assert (await house.names())[-2:] == ["ProductPublished", "ProductPublished"]


async def test_a_brand_file_with_a_contradiction_changes_nothing(house: House) -> None:
    before = await house.names()
    cases: list[tuple[dict[str, Any], Refusal]] = [
        ({"time_zone": "Mars"}, (422, "time_zone_unknown")),
        ({"default_language": "pl"}, (422, "default_language_not_offered")),
        ({"dunning": {"suspension_warning_days": 9}}, (422, "dunning_days_contradict")),
    ]
    for changed, expected in cases:
        answer = await house.ask(
            "PUT", "/internal/brands/ponto", brand_file(**changed), token=house.internal()
        )
        assert code_of(answer) == expected
    for changed in ({"colour": "red"}, {"currency": "real"}, {"payment_methods": []}):
        answer = await house.ask(
            "PUT", "/internal/brands/ponto", brand_file(**changed), token=house.internal()
        )
        assert answer.status_code == 422
    client = await house.ask(
        "PUT", "/internal/brands/ponto", brand_file(), token=house.client(house.ana)
    )
    assert client.status_code == 403
    assert await house.names() == before
