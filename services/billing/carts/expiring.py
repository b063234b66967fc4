"""Letting carts go that nobody has touched for long."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.carts.cart import OPEN, Cart
from services.billing.carts.own_cart import close_own_cart
from services.billing.rules.policy import policy_for
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ExpireCart:
    """A cart that may have been left alone for too long."""

    cart_id: UUID
    today: date


async def expire_cart(command: ExpireCart, tx: Transaction) -> bool:
    """Let it expire if nobody has touched it for the rule's `cart_days`; else nothing changes."""
    cart = await tx.load(Cart, command.cart_id)
    policy = await policy_for(tx, cart.brand, account_id=cart.account_id)
    last_on = cart.changed_on + timedelta(days=policy.rules.cart_days)
    if cart.status != OPEN or command.today < last_on:
        return False
    cart.expire(today=command.today)
    await tx.save(cart)
    await close_own_cart(cart, tx)
    return True
