"""Which brands there are and what date it is for each: asked by the ticker that starts the days."""

from services.billing.event_groups import (
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
from shared.consumers import Envelope, View
from shared.contracts.billing import BrandConfigured
from shared.database import Connection

TABLES = """
create table brand (
    slug text primary key,
    name text not null,
    time_zone text not null
);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    match envelope.event:
        case BrandConfigured() as brand:
            await db.execute(
                """insert into brand (slug, name, time_zone) values ($1, $2, $3)
                   on conflict (slug) do update
                   set name = excluded.name, time_zone = excluded.time_zone""",
                envelope.brand,
                brand.name,
                brand.time_zone,
            )


brand = View(
    name="brand",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({BrandConfigured}),
    ignored=CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
