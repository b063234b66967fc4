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
    PROVISIONING,
    SERVICES,
)
from shared.consumers import Envelope, View
from shared.contracts.billing import ProductPublished, ProductRetired
from shared.database import Connection

TABLES = """
create table product (
    product_id uuid primary key,
    brand text not null,
    sort integer not null,
    terms jsonb not null
);
create index product_of_brand on product (brand, sort, product_id);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    match envelope.event:
        case ProductPublished() as product:
            await db.execute(
                """insert into product (product_id, brand, sort, terms) values ($1, $2, $3, $4)
                   on conflict (product_id) do update
                   set sort = excluded.sort, terms = excluded.terms""",
                product.product_id,
                envelope.brand,
                product.sort,
                msgspec.json.encode(product).decode(),
            )
        case ProductRetired(product_id=product_id):
            await db.execute("delete from product where product_id = $1", product_id)


product = View(
    name="product",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({ProductPublished, ProductRetired}),
    ignored=BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PROVISIONING
    | SERVICES,
)
