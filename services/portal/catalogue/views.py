"""What can be ordered from a brand, at what price per cycle? Amounts are minor units."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.portal.browser.rows import as_json, read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    Price,
    ProductOption,
    ProductPublished,
    ProductRetired,
)
from shared.reads import Reader

TABLES = """
create table product_list (
    product_id uuid primary key,
    brand text not null,
    slug text not null,
    name jsonb not null,
    description jsonb not null,
    features jsonb not null,
    prices jsonb not null,
    sort integer not null,
    shelf jsonb,
    addon_to jsonb not null,
    options jsonb not null,
    is_retired boolean not null
);
create index product_list_brand on product_list (brand, sort, slug);
"""
HANDLES: Events = frozenset({ProductPublished, ProductRetired})
CYCLES = (
    "monthly",
    "quarterly",
    "semiannual",
    "annual",
    "biennial",
    "triennial",
    "one_time",
    "free",
)


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product on sale; texts by language."""

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    options: list[ProductOption]

    def price(self, cycle: str) -> Price:
        """The price of `cycle`, else of the first cycle that the product has."""
        return next((price for price in self.prices if price.cycle == cycle), self.prices[0])


def apply(envelope: Envelope, rows: Rows) -> None:
    """Put a product on the list as it is now, or take it off."""
    match envelope.event:
        case ProductPublished() as e:
            rows.upsert(
                "product_list",
                product_id=e.product_id,
                brand=envelope.brand,
                slug=e.slug,
                name=as_json(e.name),
                description=as_json(e.description),
                features=as_json(e.features),
                prices=as_json(e.prices),
                sort=e.sort,
                shelf=as_json(e.group) if e.group else None,
                addon_to=as_json(e.addon_to),
                options=as_json(e.options),
                is_retired=False,
            )
        case ProductRetired(product_id=product_id):
            rows.update("product_list", product_id, is_retired=True)


async def products_of(db: Reader, brand: str) -> list[Product]:
    """What the brand sells by itself now, shelf by shelf in its own order; addons are not among."""
    records = await db.fetch(
        """select * from product_list where brand = $1 and not is_retired
           and jsonb_array_length(prices) > 0 and jsonb_array_length(addon_to) = 0
           order by coalesce((shelf->>'sort')::integer, 0), shelf->>'slug', sort, slug""",
        brand,
    )
    return [read_row(Product, record) for record in records]


async def product_by_slug(db: Reader, brand: str, *, slug: str) -> Product | None:
    """The product that the brand sells under `slug` now."""
    return next((each for each in await products_of(db, brand) if each.slug == slug), None)


def cycles_of(products: Sequence[Product]) -> list[str]:
    """The cycles that any of the products has, shortest first."""
    found = {price.cycle for product in products for price in product.prices}
    return [cycle for cycle in CYCLES if cycle in found]


product_list = View(
    name="product_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=(PRODUCTS - HANDLES)
    | BRANDS
    | DAYS
    | FINDINGS
    | ORDERS
    | SERVICES
    | INVOICES
    | NOTICES
    | PAYMENTS
    | CREDIT,
)
