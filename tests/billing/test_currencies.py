"""What is sold in several currencies: each account orders in its own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.billing.house import House, price
from tests.billing.shopping import guest, product, shopper

PRICES = [price(recurring=2990), {**price(recurring=599), "currency": "USD"}]
BIGGER = [price(recurring=6490), {**price(recurring=1299), "currency": "USD"}]
PROMOTION = {
    "code": "LESS",
    "kind": "fixed",
    "label": {"en": "Less"},
    "amounts": {"BRL": 500},
}


async def sells_in_dollars_too(house: House, **settings: Any) -> None:
    products = [product(prices=PRICES, upgrades_to=["pro"]), product("pro", prices=BIGGER)]
    await house.apply_brand(currencies=["USD"], products=products, **settings)


async def agree(house: House, account_id: UUID, **rules: Any) -> Any:
    path = f"/v1/accounts/{account_id}/rules"
    return await house.ask("PUT", path, {"rules": rules}, token=house.staff())


async def served_in_dollars(house: House) -> str:
    """The id of Ana's service."""
    await sells_in_dollars_too(house)
    assert (await agree(house, house.ana, currency="USD")).status_code == 204
    ana = await shopper(house)
    service_id = await ana.put_in()
    placed = await ana.check_out()
    await house.pay(house.ana, placed["invoice_id"])
    await house.until_service_is("active", service_id)
    return service_id


async def test_an_account_orders_pays_and_is_renewed_in_its_own_currency(house: House) -> None:
    await served_in_dollars(house)
    today = await house.today()
    await house.play_until(today + timedelta(days=17))
    billed = [(each["currency"], each["total_minor"]) for each in await house.invoices(house.ana)]
    assert billed == [("USD", 599)] * 2
    assert await house.findings() == []


async def test_others_and_guests_order_in_the_first_currency_of_the_brand(house: House) -> None:
    await served_in_dollars(house)
    for other in (await shopper(house, house.rui), await guest(house)):
        await other.put_in(domain="other.example")
        shown = await other.preview()
        assert (shown["currency"], shown["total_minor"]) == ("BRL", 2990)


async def test_an_upgrade_costs_what_it_costs_in_the_currency_of_the_service(house: House) -> None:
    service_id = await served_in_dollars(house)
    await agree(house, house.ana)
    body = {"product_id": await house.product_id("pro")}
    path, token = f"/v1/services/{service_id}/changes/preview", house.client(house.ana)
    shown = await house.do("POST", path, body, token=token)
    assert (shown["currency"], shown["recurring_minor"]) == ("USD", 1299)


async def test_a_cart_of_renewals_alone_is_in_the_currency_of_what_it_renews(house: House) -> None:
    service_id = await served_in_dollars(house)
    await agree(house, house.ana)
    ana = await shopper(house)
    await ana.do("POST", "/renewals", {"service_id": service_id, "periods": 2})
    shown = await ana.preview()
    assert (shown["currency"], shown["total_minor"]) == ("USD", 1198)
    await ana.put_in(domain="more.example")
    refused = await ana.ask("GET", "/preview")
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["facts"]["currency"]) == (
        "currency_differs",
        "USD",
    )


async def test_a_promotion_without_a_sum_in_that_currency_does_not_apply(house: House) -> None:
    await sells_in_dollars_too(house, promotions=[PROMOTION])
    await agree(house, house.ana, currency="USD")
    ana = await shopper(house)
    await ana.put_in()
    await ana.do("PUT", "/promotion", {"code": "LESS"})
    refused = await ana.ask("GET", "/preview")
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_does_not_apply")


@pytest.mark.parametrize("currency", ["EUR", "usd", "", 7])
async def test_a_currency_that_the_brand_does_not_sell_in_is_refused(
    house: House, currency: Any
) -> None:
    await sells_in_dollars_too(house)
    refused = await agree(house, house.ana, currency=currency)
    assert refused.status_code == 422
    assert refused.json()["code"] in {"currency_not_sold", "rule_invalid"}


async def test_a_currency_that_the_brand_has_given_up_is_named_to_who_orders(house: House) -> None:
    await sells_in_dollars_too(house)
    await agree(house, house.ana, currency="USD")
    await house.apply_brand(products=[product()])
    ana = await shopper(house)
    refused = await ana.ask("POST", "/items", await ana.item())
    assert refused.status_code == 422
    assert refused.json()["code"] == "currency_not_sold"
    assert refused.json()["facts"]["offered"] == ["BRL"]


async def test_a_brand_orders_in_a_currency_of_its_own_alone(house: House) -> None:
    with pytest.raises(AssertionError, match="rule_invalid"):
        await sells_in_dollars_too(house, rules={"currency": "EUR"})
