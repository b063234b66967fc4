"""What orders tell the world."""

from typing import Any

import msgspec

from services.billing.orders.items import service_of
from services.billing.orders.order import Order, items_of
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_order(event: DomainEvent, order: Order) -> PublicEvent | None:
    """The public event of an order."""
    match event:
        case Order.Placed() as placed:
            return _placed(placed, order)
        case Order.Cancelled() as cancelled:
            service_ids = [service_of(item) for item in order.items]
            return billing.OrderCancelled(
                order_id=order.id,
                number=order.number,
                service_id=service_ids[0],
                service_ids=service_ids,
                invoice_id=order.invoice_id,
                cancelled_on=cancelled.cancelled_on,
                reason=cancelled.reason,
                why=msgspec.convert(cancelled.why, billing.Why | None, from_attributes=True),
            )
        case _:
            return None


def _placed(placed: Any, order: Order) -> PublicEvent:
    items = items_of(placed.service_id, placed.item, items=placed.items)
    first = items[0]
    total_minor = placed.totals.gross_minor if placed.totals else first.total_minor
    return billing.OrderPlaced(
        order_id=order.id,
        number=order.number,
        product_id=first.product_id,
        service_id=service_of(first),
        invoice_id=order.invoice_id,
        cycle=first.cycle,
        domain=first.domain,
        total_minor=total_minor,
        currency=first.currency,
        items=msgspec.convert(items, list[billing.OrderedItem], from_attributes=True),
        promotion_id=placed.promotion_id,
        terms_accepted_at=placed.terms_accepted_at,
    )
