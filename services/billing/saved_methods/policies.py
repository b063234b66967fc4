"""What follows for saved ways to pay from what the business day and the gateway say."""

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
from services.billing.saved_methods.commands import TellOfExpiry, tell_of_expiry
from shared.consumers import Envelope, Policy
from shared.contracts.billing import CardNoticesDue
from shared.store import Transaction


async def when_card_notices_are_due_tell_of_expiry(envelope: Envelope, tx: Transaction) -> None:
    """Whose card ends with the month to come is told, once for each card."""
    match envelope.event:
        case CardNoticesDue(expiring_from=expiring_from):
            command = TellOfExpiry(brand=envelope.brand, expiring_from=expiring_from)
            await tell_of_expiry(command, tx)


tell_of_expiring_cards = Policy(
    name="tell_of_expiring_cards",
    sources=("billing",),
    handle=when_card_notices_are_due_tell_of_expiry,
    handles=frozenset({CardNoticesDue}),
    ignored=(NOTICES - {CardNoticesDue})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
