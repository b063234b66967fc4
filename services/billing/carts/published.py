"""What carts tell the world."""

from services.billing.carts.cart import Cart
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_cart(event: DomainEvent, cart: Cart) -> PublicEvent | None:
    """The public event of a cart."""
    match event:
        case Cart.Opened(opened_on=day):
            return billing.CartOpened(cart_id=cart.id, opened_on=day)
        case Cart.Adopted() as adopted:
            return billing.CartAdopted(
                cart_id=cart.id,
                account_id=adopted.by_account_id,
                into_cart_id=adopted.into_cart_id,
                adopted_on=adopted.adopted_on,
            )
        case Cart.CheckedOut(order_id=order_id, checked_out_on=day):
            return billing.CartCheckedOut(cart_id=cart.id, order_id=order_id, checked_out_on=day)
        case Cart.Expired(expired_on=day):
            return billing.CartExpired(cart_id=cart.id, expired_on=day)
        case _:
            return _changed(event, cart)


def _changed(event: DomainEvent, cart: Cart) -> PublicEvent | None:
    match event:
        case (
            Cart.ItemAdded(item=item, changed_on=day) | Cart.ItemChanged(item=item, changed_on=day)
        ):
            return billing.CartChanged(
                cart_id=cart.id,
                changed_on=day,
                change="item_added" if isinstance(event, Cart.ItemAdded) else "item_changed",
                item_id=item.item_id,
                product_id=item.product_id,
                service_id=item.service_id,
            )
        case Cart.ItemRemoved(item_id=item_id, changed_on=day):
            return billing.CartChanged(
                cart_id=cart.id, changed_on=day, change="item_removed", item_id=item_id
            )
        case Cart.PromotionEntered(changed_on=day):
            return billing.CartChanged(cart_id=cart.id, changed_on=day, change="promotion_entered")
        case Cart.PromotionRemoved(changed_on=day):
            return billing.CartChanged(cart_id=cart.id, changed_on=day, change="promotion_removed")
        case _:
            return None
