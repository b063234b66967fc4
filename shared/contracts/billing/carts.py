"""What becomes of carts. A guest's has no account; what it costs is nobody's before the order."""

from datetime import date
from uuid import UUID

from shared.contracts.event import PublicEvent


class CartOpened(PublicEvent, frozen=True, kw_only=True):
    """Somebody began to choose."""

    cart_id: UUID
    opened_on: date


class CartChanged(PublicEvent, frozen=True, kw_only=True):
    """Something was put in, changed or taken out.

    `change`: item_added, item_changed, item_removed, promotion_entered or promotion_removed.
    `product_id`, `service_id`: what was put in or changed, a product or a renewal.
    """

    cart_id: UUID
    changed_on: date
    change: str
    item_id: UUID | None = None
    product_id: UUID | None = None
    service_id: UUID | None = None


class CartAdopted(PublicEvent, frozen=True, kw_only=True):
    """The guest signed in: what the cart held is in a cart of the account from now on."""

    cart_id: UUID
    account_id: UUID
    into_cart_id: UUID
    adopted_on: date


class CartCheckedOut(PublicEvent, frozen=True, kw_only=True):
    """All of it was ordered; the order is placed in the same transaction."""

    cart_id: UUID
    order_id: UUID
    checked_out_on: date


class CartExpired(PublicEvent, frozen=True, kw_only=True):
    """Nobody had touched it for as long as the rules say."""

    cart_id: UUID
    expired_on: date
