"""What the end of an order means to the promotion that it used."""

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
from services.billing.promotions.commands import ReleasePromotion, release_promotion
from shared.consumers import Envelope, Policy
from shared.contracts.billing import OrderCancelled
from shared.store import Transaction


async def when_order_cancelled_release_its_promotion(envelope: Envelope, tx: Transaction) -> None:
    """An order that was given up unpaid has not used anything."""
    match envelope.event:
        case OrderCancelled(order_id=order_id):
            await release_promotion(ReleasePromotion(order_id=order_id), tx)


release_what_was_used = Policy(
    name="release_what_was_used",
    sources=("billing",),
    handle=when_order_cancelled_release_its_promotion,
    handles=frozenset({OrderCancelled}),
    ignored=(ORDERS - {OrderCancelled})
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
