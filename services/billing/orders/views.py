"""A client's orders, newest first."""

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
)
from shared.consumers import Envelope, View
from shared.contracts.billing import OrderCancelled, OrderPlaced
from shared.database import Connection

TABLES = """
create table order_list (
    order_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    status text not null,
    product_id uuid not null,
    service_id uuid not null,
    invoice_id uuid not null,
    cycle text not null,
    domain text not null,
    total_minor bigint not null,
    currency text not null
);
create index order_list_of_account on order_list (account_id, order_id);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    match envelope.event:
        case OrderPlaced() as order:
            await db.execute(
                """insert into order_list (order_id, account_id, brand, number, status, product_id,
                                           service_id, invoice_id, cycle, domain, total_minor,
                                           currency)
                   values ($1, $2, $3, $4, 'placed', $5, $6, $7, $8, $9, $10, $11)""",
                order.order_id,
                envelope.account,
                envelope.brand,
                order.number,
                order.product_id,
                order.service_id,
                order.invoice_id,
                order.cycle,
                order.domain,
                order.total_minor,
                order.currency,
            )
        case OrderCancelled(order_id=order_id):
            await db.execute(
                "update order_list set status = 'cancelled' where order_id = $1", order_id
            )


order_list = View(
    name="order_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({OrderPlaced, OrderCancelled}),
    ignored=BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
