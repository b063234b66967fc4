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
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import BrandConfigured

TABLES = """
create table brand (
    slug text primary key,
    name text not null,
    time_zone text not null
);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case BrandConfigured(name=name, time_zone=time_zone):
            rows.upsert("brand", slug=envelope.brand, name=name, time_zone=time_zone)


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
