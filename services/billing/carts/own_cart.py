"""The one cart that an account has open; of any number who open it at once, all get the same."""

from datetime import date
from uuid import UUID

from services.billing.carts.cart import Cart
from shared.ids import new_id
from shared.store import Transaction


async def own_cart(account_id: UUID, brand: str, *, today: date, tx: Transaction) -> Cart:
    """The account's open cart; a new one, which is saved, if it has none."""
    db = await tx.begin()
    cart_id = new_id()
    found: UUID = await db.fetchval(
        """insert into open_cart (account_id, cart_id) values ($1, $2)
           on conflict (account_id) do update set account_id = excluded.account_id
           returning cart_id""",
        account_id,
        cart_id,
    )
    if found != cart_id:
        return await tx.load(Cart, found)
    cart = Cart.open(id=cart_id, account_id=account_id, brand=brand, today=today)
    await tx.save(cart)
    return cart


async def close_own_cart(cart: Cart, tx: Transaction) -> None:
    """The next time the account gets another one. A guest's cart is not known here."""
    if cart.account_id is not None:
        db = await tx.begin()
        await db.execute("delete from open_cart where cart_id = $1", cart.id)
