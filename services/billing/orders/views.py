"""A client's orders, newest first."""

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
from shared.contracts.billing import OrderCancelled, OrderedItem, OrderPlaced

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
    currency text not null,
    items jsonb not null default '[]',
    promotion_id uuid,
    terms_accepted_at timestamptz
);
create index order_list_of_account on order_list (account_id, order_id);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case OrderPlaced() as order:
            rows.insert(
                "order_list",
                order_id=order.order_id,
                account_id=envelope.account,
                brand=envelope.brand,
                number=order.number,
                status="placed",
                product_id=order.product_id,
                service_id=order.service_id,
                invoice_id=order.invoice_id,
                cycle=order.cycle,
                domain=order.domain,
                total_minor=order.total_minor,
                currency=order.currency,
                items=msgspec.json.encode(items_of(order)).decode(),
                promotion_id=order.promotion_id,
                terms_accepted_at=order.terms_accepted_at,
            )
        case OrderCancelled(order_id=order_id):
            rows.update("order_list", order_id, status="cancelled")


def items_of(order: OrderPlaced) -> list[OrderedItem]:
    """What was ordered; before orders had several items, their one product."""
    return order.items or [
        OrderedItem(
            product_id=order.product_id,
            service_id=order.service_id,
            kind="product",
            cycle=order.cycle,
            domain=order.domain,
            total_minor=order.total_minor,
        )
    ]


order_list = View(
    name="order_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({OrderPlaced, OrderCancelled}),
    ignored=(ORDERS - {OrderPlaced, OrderCancelled})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
