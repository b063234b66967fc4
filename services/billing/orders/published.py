"""What orders tell the world."""

import msgspec

from services.billing.orders.order import Order
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_order(event: DomainEvent, order: Order) -> PublicEvent | None:
    """The public event of an order."""
    match event:
        case Order.Placed(item=item):
            return billing.OrderPlaced(
                order_id=order.id,
                number=order.number,
                product_id=item.product_id,
                service_id=order.service_id,
                invoice_id=order.invoice_id,
                cycle=item.cycle,
                domain=item.domain,
                total_minor=item.total_minor,
                currency=item.currency,
            )
        case Order.Cancelled() as cancelled:
            return billing.OrderCancelled(
                order_id=order.id,
                number=order.number,
                service_id=order.service_id,
                invoice_id=order.invoice_id,
                cancelled_on=cancelled.cancelled_on,
                reason=cancelled.reason,
                why=msgspec.convert(cancelled.why, billing.Why | None, from_attributes=True),
            )
        case _:
            return None
