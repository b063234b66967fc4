"""Brands and products: set up by a file, again as often as the file is applied."""

from typing import Any

import pytest

from services.billing.brands.brand import (
    Brand,
    BrandSettings,
    DefaultLanguageNotOffered,
    Department,
    Dunning,
    DunningDaysContradict,
    DuplicateSetting,
    PaymentMethodNotOnline,
    PaymentMethodUnknown,
    TimeZoneUnknown,
)
from services.billing.catalogue.product import (
    CycleNotOffered,
    Price,
    PriceInvalid,
    Product,
    ProductRetired,
    ProductTerms,
)
from tests.billing.samples import (
    TODAY,
    brand_settings,
    configured_brand,
    product_terms,
    published_product,
)
from tests.given import given, rebuilt


def test_a_brand_is_what_its_file_says() -> None:
    brand = rebuilt(configured_brand())
    assert (brand.id, brand.brand, brand.settings) == (
        Brand.id_of("ponto"),
        "ponto",
        brand_settings(),
    )


def test_a_changed_file_changes_the_brand() -> None:
    settings = brand_settings(name="Ponto", dunning=Dunning(suspension_days=9))
    given(configured_brand()).when(lambda b: b.reconfigure(settings)).then(
        (Brand.Reconfigured, {"settings": settings})
    )


def test_the_same_file_again_changes_nothing() -> None:
    given(configured_brand()).when(lambda b: b.reconfigure(brand_settings())).then_nothing()


TWICE = [Department(id="sales", name={}, description={})] * 2
WRONG_SETTINGS: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"time_zone": "Mars/Olympus"}, TimeZoneUnknown),
    ({"default_language": "pl"}, DefaultLanguageNotOffered),
    ({"departments": TWICE}, DuplicateSetting),
    ({"dunning": Dunning(suspension_warning_days=5)}, DunningDaysContradict),
    ({"dunning": Dunning(reminder_days_before=[15])}, DunningDaysContradict),
    ({"dunning": Dunning(overdue_notice_days=[0])}, DunningDaysContradict),
    ({"dunning": Dunning(termination_days=0)}, DunningDaysContradict),
    ({"dunning": Dunning(new_order_due_days=-1)}, DunningDaysContradict),
]


@pytest.mark.parametrize(("changed", "error"), WRONG_SETTINGS)
def test_settings_that_contradict_each_other_are_refused(
    changed: dict[str, Any], error: type[Exception]
) -> None:
    wrong: BrandSettings = brand_settings(**changed)
    given(configured_brand()).when(lambda b: b.reconfigure(wrong)).then_refused(error)
    with pytest.raises(error):
        Brand.configure(slug="ponto", settings=wrong)


def test_a_way_to_pay_must_be_offered_and_have_a_payment_page() -> None:
    brand = configured_brand()
    assert brand.online_method("card").id == "card"
    with pytest.raises(PaymentMethodNotOnline):
        brand.online_method("transfer")
    with pytest.raises(PaymentMethodUnknown):
        brand.online_method("cash")


def test_a_product_is_what_the_file_says() -> None:
    product = rebuilt(published_product())
    assert (product.id, product.terms) == (Product.id_of("ponto", "start"), product_terms())
    assert product.price_of("monthly", currency="BRL", today=TODAY).recurring_minor == 2990


def test_changed_terms_hold_from_now_on() -> None:
    terms = product_terms(sort=9)
    given(published_product()).when(lambda p: p.revise(terms, today=TODAY)).then(
        (Product.Revised, {"terms": terms, "effective_on": TODAY})
    )


def test_the_same_terms_again_change_nothing() -> None:
    given(published_product()).when(lambda p: p.revise(product_terms(), today=TODAY)).then_nothing()


WRONG_PRICES = [
    Price(cycle="weekly", currency="BRL", recurring_minor=1),
    Price(cycle="monthly", currency="BRL", recurring_minor=0),
    Price(cycle="monthly", currency="BRL", recurring_minor=1, setup_minor=-1),
]


@pytest.mark.parametrize("price", WRONG_PRICES)
def test_a_wrong_price_is_refused(price: Price) -> None:
    terms: ProductTerms = product_terms(prices=[price])
    given(published_product()).when(lambda p: p.revise(terms, today=TODAY)).then_refused(
        PriceInvalid
    )
    with pytest.raises(PriceInvalid):
        Product.publish(brand="ponto", terms=terms)


def test_two_prices_for_one_cycle_are_refused() -> None:
    price = Price(cycle="monthly", currency="BRL", recurring_minor=1)
    with pytest.raises(PriceInvalid):
        Product.publish(brand="ponto", terms=product_terms(prices=[price, price]))


def test_a_retired_product_cannot_be_ordered_and_may_return() -> None:
    product = given(published_product()).when(lambda p: p.retire()).then((Product.Retired, {}))
    with pytest.raises(ProductRetired):
        product.price_of("monthly", currency="BRL", today=TODAY)
    product.revise(product_terms(), today=TODAY)
    assert product.price_of("monthly", currency="BRL", today=TODAY).recurring_minor == 2990


def test_retiring_twice_retires_once() -> None:
    product = published_product()
    product.retire()
    given(product).when(lambda p: p.retire()).then_nothing()


def test_a_cycle_without_a_price_is_not_offered() -> None:
    with pytest.raises(CycleNotOffered):
        published_product().price_of("biennial", currency="BRL", today=TODAY)
