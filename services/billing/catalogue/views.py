"""What a visitor of a brand can order."""

import msgspec

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import ProductPublished, ProductRetired

TABLES = """
create table product (
    product_id uuid primary key,
    brand text not null,
    sort integer not null,
    terms jsonb not null  -- all that ProductPublished says, with term_periods
);
create index product_of_brand on product (brand, sort, product_id);
"""
"""`terms` names the latest field of what it keeps: with another the view is made anew by itself."""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case ProductPublished() as product:
            rows.upsert(
                "product",
                product_id=product.product_id,
                brand=envelope.brand,
                sort=product.sort,
                terms=msgspec.json.encode(product).decode(),
            )
        case ProductRetired(product_id=product_id):
            rows.delete("product", product_id)


product = View(
    name="product",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({ProductPublished, ProductRetired}),
    ignored=(PRODUCTS - {ProductPublished, ProductRetired})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PROVISIONING
    | SERVICES,
)
