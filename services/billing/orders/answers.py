"""What the routes answer of an order."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from pydantic import ConfigDict

from services.billing.orders.items import service_of
from services.billing.orders.order import Order
from shared.http import Answer
from shared.http.call import CallContext

_EXAMPLE: dict[str, Any] = {
    "order_id": "019390a0-2222-7d42-9f3e-2b8d4a6c1e55",
    "number": "PON-O-2026-000001",
    "service_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55",
    "invoice_id": "019390a0-3333-7d42-9f3e-2b8d4a6c1e55",
}


class OrderPlacedOut(Answer):
    """The order with its invoice; `service_id` is that of the first of its items."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    order_id: UUID
    number: str
    service_id: UUID
    invoice_id: UUID


def order_placed(order: Order, call: CallContext) -> OrderPlacedOut:
    """The answer to an order that was just placed, with its version as ETag."""
    call.etag(order.version)
    return OrderPlacedOut(
        order_id=order.id,
        number=order.number,
        service_id=service_of(order.items[0]),
        invoice_id=order.invoice_id,
    )


class OrderItemOut(Answer):
    """One thing that was ordered, at the prices that the order was made with, before tax."""

    product_id: UUID
    service_id: UUID
    kind: str
    cycle: str
    domain: str
    total_minor: int
    quantity: int
    parent_id: UUID | None
    periods: int
    recurring_minor: int
    setup_minor: int
    discount_minor: int
    catalogue_version: int


class OrderOut(Answer):
    """`status`: placed or cancelled. `total_minor` is what the invoice asks for.

    `product_id`, `service_id`, `cycle` and `domain` are those of the first of `items`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "status": "placed",
                    "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                    "cycle": "monthly",
                    "domain": "ana.example",
                    "total_minor": 2990,
                    "currency": "BRL",
                    "promotion_id": None,
                    "terms_accepted_at": "2026-11-22T12:00:00Z",
                    "items": [
                        {
                            "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                            "service_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55",
                            "kind": "product",
                            "cycle": "monthly",
                            "domain": "ana.example",
                            "total_minor": 2990,
                            "quantity": 1,
                            "parent_id": None,
                            "periods": 1,
                            "recurring_minor": 2990,
                            "setup_minor": 0,
                            "discount_minor": 0,
                            "catalogue_version": 1,
                        }
                    ],
                }
            ]
        }
    )

    order_id: UUID
    number: str
    status: str
    product_id: UUID
    service_id: UUID
    invoice_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str
    items: list[OrderItemOut]
    promotion_id: UUID | None
    terms_accepted_at: datetime | None


def order_out(row: Record) -> OrderOut:
    """The order of a row of `order_list`."""
    fields: dict[str, Any] = dict(row)
    return OrderOut.model_validate({**fields, "items": msgspec.json.decode(fields["items"])})
