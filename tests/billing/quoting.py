"""A small shop to reckon carts in without a database: products, rules, a held service."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from services.billing.brands.brand import Brand
from services.billing.carts.items import CartItem
from services.billing.carts.quote import Basis
from services.billing.catalogue.pricing import Choice
from services.billing.catalogue.product import Product
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.taxing import Taxation
from services.billing.promotions.discount import KINDS
from services.billing.promotions.promotion import Promotion
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from services.billing.rules.policy import Policy, policy_of
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import Buyer, TaxClass, TaxMode, TaxRate
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    OTHER,
    SERVICE,
    TODAY,
    brand_settings,
    cart_item,
    mailbox_option,
    memory_option,
    price,
    product_terms,
    published_promotion,
    renewal_item,
    service_terms,
)

START = Product.publish(
    brand="ponto", terms=product_terms(options=[memory_option(), mailbox_option()])
)
PRO = Product.publish(
    brand="ponto",
    terms=product_terms(
        slug="pro", prices=[price("monthly", 4990), price("free", 0), price("one_time", 7777)]
    ),
)
BOOK = Product.publish(
    brand="ponto",
    terms=product_terms(
        slug="book",
        prices=[price("monthly", 999, setup_minor=333), price("quarterly", 2500)],
        tax_category="reduced",
    ),
)
TLS = Product.publish(
    brand="ponto",
    terms=product_terms(
        slug="tls",
        addon_to=["start"],
        prices=[price("monthly", 990), price("annual", 9900, setup_minor=500)],
    ),
)
PRODUCTS = (START, PRO, BOOK, TLS)
VAT = TaxRate(name="VAT", percent=Decimal(23), country="PL")
REDUCED = TaxRate(name="VAT", percent=Decimal(8), country="PL", tax_class=TaxClass.REDUCED)
CITY = TaxRate(name="City", percent=Decimal("1.5"), country="PL", level=2, is_compound=True)


def held(*, id: UUID = SERVICE, account_id: UUID = ACCOUNT, **changed: Any) -> HeldService:
    """A service of START that is paid until DUE."""
    service = HeldService.order(
        id=id,
        account_id=account_id,
        brand="ponto",
        order_id=OTHER,
        terms=service_terms(**{"product_id": START.id, **changed}),
    )
    service.activate(today=DUE - timedelta(days=30), next_due_on=DUE, anchor_day=DUE.day)
    return service


def taxation(mode: TaxMode = TaxMode.NONE, *, country: str = "PL") -> Taxation:
    taxes = BrandTaxes(mode=mode, seller_country="PL", rates=[VAT, REDUCED, CITY])
    return Taxation(rules=taxes.rules(), buyer=Buyer(country=country), language="en")


def policies(**rules: Any) -> dict[UUID | None, Policy]:
    """The brand's rules for each product."""
    brand = Brand.configure(slug="ponto", settings=brand_settings(rules=rules))
    products: tuple[Product | None, ...] = (None, *PRODUCTS)
    return {each.id if each else None: policy_of(brand, product=each) for each in products}


def basis(**changed: Any) -> Basis:
    fields: dict[str, Any] = {
        "brand": "ponto",
        "currency": "BRL",
        "time_zone": "America/Sao_Paulo",
        "today": TODAY,
        "due_on": TODAY,
        "language": "en",
        "taxation": taxation(),
        "products": {product.id: product for product in PRODUCTS},
        "services": {SERVICE: held()},
        "policies": policies(),
        "agreed": None,
        "promotion": None,
    }
    return Basis(**{**fields, **changed})


def start(number: int = 1, **changed: Any) -> CartItem:
    return cart_item(number, **{"product_id": START.id, **changed})


def tls(number: int = 2, **changed: Any) -> CartItem:
    """An addon for the held service, unless another parent is named."""
    fields: dict[str, Any] = {
        "kind": "addon",
        "product_id": TLS.id,
        "cycle": "annual",
        "domain": "",
        "parent_id": SERVICE,
    }
    return cart_item(number, **{**fields, **changed})


# ----------------------------------------------------------------------------------- any cart

CHOICES = st.builds(
    lambda value, quantity: [
        Choice(option="memory", value=value),
        Choice(option="mailboxes", quantity=quantity),
    ],
    value=st.sampled_from(["1gb", "4gb"]),
    quantity=st.integers(0, 50),
)
QUANTITIES = st.sampled_from([1, 2, 3, 7, 100])
PROMOTIONS = st.builds(
    lambda kind, rate, minor, covers, periods: published_promotion(
        kind=kind,
        rate_percent=rate if kind == "percent" else Decimal(0),
        amounts={"BRL": minor} if kind in {"fixed", "price"} else {},
        covers_setup=covers,
        periods=periods,
    ),
    kind=st.sampled_from(KINDS),
    rate=st.sampled_from([Decimal(10), Decimal("33.33"), Decimal(100)]),
    minor=st.integers(1, 6000),
    covers=st.booleans(),
    periods=st.one_of(st.none(), st.integers(1, 4)),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "align_day": st.integers(1, 31),
        "align_next_after_day": st.integers(1, 31),
        "align_addons": st.booleans(),
        "proration": st.sampled_from(["by_day", "by_second", "none", "thirty_day_month"]),
    },
)


@st.composite
def carts(draw: st.DrawFn) -> list[CartItem]:
    """Products in any configuration, addons of them or of the held service, and its renewal."""
    items: list[CartItem] = []
    for number in range(101, 101 + draw(st.integers(1, 5))):
        quantity = draw(QUANTITIES)
        match draw(st.sampled_from(["start", "pro", "book", "tls", "tls_in_cart"])):
            case "start":
                cycle = draw(st.sampled_from(["monthly", "annual"]))
                choices = draw(CHOICES)
                items.append(start(number, cycle=cycle, choices=choices, quantity=quantity))
            case "pro":
                cycle = draw(st.sampled_from(["monthly", "free", "one_time"]))
                chosen = cart_item(number, product_id=PRO.id, cycle=cycle, quantity=quantity)
                items.append(chosen)
            case "book":
                cycle = draw(st.sampled_from(["monthly", "quarterly"]))
                chosen = cart_item(number, product_id=BOOK.id, cycle=cycle, quantity=quantity)
                items.append(chosen)
            case "tls":
                cycle = draw(st.sampled_from(["monthly", "annual"]))
                items.append(tls(number, cycle=cycle, quantity=quantity))
            case _:
                parent = start(50 + number)
                items += [parent, tls(number, parent_id=parent.item_id)]
    if draw(st.booleans()):
        items.append(renewal_item(99, periods=draw(st.integers(1, 5))))
    return items


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    """Any day, rules, taxes and prices of the account; a promotion or none."""
    today = draw(st.dates(DUE - timedelta(days=29), DUE - timedelta(days=1)))
    agreed = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    own = draw(st.integers(1, 4000))
    if draw(st.booleans()):
        price_of_own = AgreedPrice(cycle="monthly", currency="BRL", recurring_minor=own)
        agreed.agree_prices(product_id=START.id, prices=[price_of_own])
    promotion: Promotion | None = draw(st.one_of(st.none(), PROMOTIONS))
    mode = draw(st.sampled_from(list(TaxMode)))
    return basis(
        today=today,
        due_on=today,
        taxation=taxation(mode, country=draw(st.sampled_from(["PL", "DE", "BR", ""]))),
        policies=policies(**draw(RULES)),
        agreed=agreed,
        promotion=promotion,
    )
