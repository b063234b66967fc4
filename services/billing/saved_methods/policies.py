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
    Group,
)
from services.billing.saved_methods.commands import (
    CollectAtOnce,
    TellOfExpiry,
    collect_at_once,
    tell_of_expiry,
)
from shared.consumers import Envelope, Policy
from shared.contracts.billing import (
    CardNoticesDue,
    PaymentMethodPreferred,
    PaymentMethodSaved,
)
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


async def when_there_is_another_way_to_pay_collect(envelope: Envelope, tx: Transaction) -> None:
    """What is due already is collected by it at once, not only at the next try."""
    match envelope.event:
        case (
            PaymentMethodSaved(method_id=method_id, is_default=True)
            | PaymentMethodPreferred(method_id=method_id)
        ):
            command = CollectAtOnce(
                account_id=envelope.account, brand=envelope.brand, method_id=method_id
            )
            await collect_at_once(command, tx)


CHOSEN: Group = frozenset({PaymentMethodSaved, PaymentMethodPreferred})
collect_by_new_method = Policy(
    name="collect_by_new_method",
    sources=("billing",),
    handle=when_there_is_another_way_to_pay_collect,
    handles=CHOSEN,
    ignored=(PAYMENTS - CHOSEN)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
