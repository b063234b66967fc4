"""What can be ordered, and what an account pays for it by agreement."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.catalogue.allotments import stock_name, taken_of
from services.billing.catalogue.bodies import Currency, Cycle, Minor
from services.billing.catalogue.commands import AgreePrices, agree_prices
from services.billing.catalogue.product import CycleNotOffered, PriceInvalid
from services.billing.contacts.contact import brand_of_account
from services.billing.rules.account_terms import AgreedPrice
from services.billing.rules.policy import terms_of
from services.billing.state import cause_of, check_reader
from shared.contracts.billing import ProductPublished
from shared.contracts.permissions import BILLING_CATALOGUE
from shared.database import acquire
from shared.errors import Forbidden, NotFound
from shared.http import Answer, Body, Call, Router, Who

router = Router(tags=["catalogue"])


class PriceOut(Answer):
    """What one cycle costs, in minor units; `setup_minor` once, with the first."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int


class GroupOut(Answer):
    """A shelf of the catalogue."""

    slug: str
    name: dict[str, str]
    description: dict[str, str]
    sort: int


class OptionValueOut(Answer):
    """One of the values of a choice; without prices it is included."""

    id: str
    name: dict[str, str]
    prices: list[PriceOut]


class OptionOut(Answer):
    """`kind`: choice, of `values`, the first if nothing is chosen; or quantity, at `prices`."""

    id: str
    kind: str
    name: dict[str, str]
    values: list[OptionValueOut]
    minimum: int
    maximum: int
    prices: list[PriceOut]


class ProductOut(Answer):
    """A product; texts by language tag. With `addon_to` it is sold for services of those alone.

    `stock_left`: None where there is no limit. A service ends after `term_periods`, if there are
    any; a service may change to `upgrades_to` and
    `downgrades_to`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                    "slug": "start",
                    "name": {"en": "Start hosting", "pt-BR": "Hospedagem Início"},
                    "description": {"en": "For a first website."},
                    "features": {"en": ["1 website", "10 GB"]},
                    "prices": [
                        {
                            "cycle": "monthly",
                            "currency": "BRL",
                            "recurring_minor": 2990,
                            "setup_minor": 0,
                        }
                    ],
                    "group": {
                        "slug": "hosting",
                        "name": {"en": "Web hosting"},
                        "description": {},
                        "sort": 10,
                    },
                    "addon_to": [],
                    "options": [],
                    "upgrades_to": ["0c5c2b0e-55f5-5b7e-8f59-4b3a5f1c9d22"],
                    "downgrades_to": [],
                    "stock_left": 7,
                }
            ]
        }
    )

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[PriceOut]
    group: GroupOut | None
    addon_to: list[UUID]
    options: list[OptionOut]
    upgrades_to: list[UUID]
    downgrades_to: list[UUID] = Field(default_factory=list)
    stock_left: int | None = None
    term_periods: int | None = None


@router.get("/v1/products", who=Who.PUBLIC)
async def get_products(
    call: Call, brand: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
) -> list[ProductOut]:
    """The catalogue of a brand, shelf by shelf, in its order."""
    async with acquire(call.db) as db:
        rows = await db.fetch("select terms from product where brand = $1", brand)
        products = [msgspec.json.decode(row["terms"], type=ProductPublished) for row in rows]
        limited = [stock_name(each.product_id) for each in products if each.stock is not None]
        taken = await taken_of(db, limited)
    return [_shown(each, products, taken=taken) for each in sorted(products, key=_place)]


def _place(product: ProductPublished) -> tuple[int, str, int, UUID]:
    group = product.group
    shelf = (group.sort, group.slug) if group else (0, "")
    return (*shelf, product.sort, product.product_id)


def _shown(
    product: ProductPublished, products: Iterable[ProductPublished], *, taken: dict[str, int]
) -> ProductOut:
    own = product.product_id
    left = None
    if product.stock is not None:
        left = max(0, product.stock - taken.get(stock_name(own), 0))
    lower = [each.product_id for each in products if own in each.upgrades_to]
    shown = ProductOut.model_validate(product)
    return shown.model_copy(update={"downgrades_to": lower, "stock_left": left})


class AgreedPriceBody(Body):
    """What one cycle costs this account, in minor units."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"cycle": "annual", "currency": "BRL", "recurring_minor": 19900}]
        }
    )

    cycle: Cycle
    currency: Currency
    recurring_minor: Minor
    setup_minor: Minor = 0


class AgreedPricesBody(Body):
    """All prices that the account has of its own for the product; none: the catalogue's hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prices": [
                        {
                            "cycle": "monthly",
                            "currency": "BRL",
                            "recurring_minor": 1990,
                            "setup_minor": 0,
                        }
                    ]
                }
            ]
        }
    )

    prices: Annotated[list[AgreedPriceBody], Field(max_length=80)]


class AgreedPriceOut(PriceOut):
    """A price that was agreed with the account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cycle": "monthly",
                    "currency": "BRL",
                    "recurring_minor": 1990,
                    "setup_minor": 0,
                    "product_id": "01939000-0000-7000-8000-000000000003",
                }
            ]
        }
    )

    product_id: UUID


@router.put(
    "/v1/accounts/{account_id}/prices/{product_id}",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_CATALOGUE,
    errors=(NotFound, CycleNotOffered, PriceInvalid),
)
async def put_agreed_prices(
    account_id: UUID, product_id: UUID, body: AgreedPricesBody, call: Call
) -> None:
    """Agree with an account on prices of its own, for its later orders."""
    brand = await brand_of_account(account_id, call.tx.read)
    call.own(None, brand)
    prices = [AgreedPrice(**price.model_dump()) for price in body.prices]
    command = AgreePrices(account_id=account_id, brand=brand, product_id=product_id, prices=prices)
    call.etag((await agree_prices(command, call.tx)).version)


@router.get("/v1/accounts/{account_id}/prices", who=Who.USER, errors=(NotFound, Forbidden))
async def get_agreed_prices(account_id: UUID, call: Call) -> list[AgreedPriceOut]:
    """The prices that the account has of its own, for itself and for staff."""
    async with call.store.transaction(cause_of(call)) as tx:
        check_reader(call, account_id, brand=await brand_of_account(account_id, tx.read))
        terms = await terms_of(tx, account_id)
    prices = terms.prices.items() if terms else ()
    return [
        AgreedPriceOut(product_id=product_id, **vars(each))
        for product_id, own in prices
        for each in own
    ]
