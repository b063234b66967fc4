"""Filling a cart, taking a guest's over at sign-in, looking at what it costs, and ordering it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.carts.basis import Wanted, basis_for
from services.billing.carts.cart import Cart
from services.billing.carts.items import CartItem, brought_along
from services.billing.carts.own_cart import close_own_cart, own_cart
from services.billing.carts.preview import Preview
from services.billing.carts.quote import Quote, quote
from services.billing.credit.using import credit_of
from services.billing.orders.commands import PlaceOrder, place_order
from services.billing.orders.order import Order
from services.billing.promotions.commands import promotion_by_code
from services.billing.rules.policy import policy_for
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.store import Transaction


class CartNotAdopted(Conflict):
    """The cart is a guest's; take it over for the account that orders it."""


@dataclass(frozen=True, kw_only=True)
class OpenCart:
    """Who begins to choose in a brand; `account_id` None: a guest."""

    account_id: UUID | None
    brand: str


async def open_cart(command: OpenCart, tx: Transaction) -> Cart:
    """A new cart, or the one that the account has open. `NotFound` for an unknown brand."""
    today = await today_for(command.brand, tx)
    if command.account_id:
        return await own_cart(command.account_id, command.brand, today=today, tx=tx)
    cart = Cart.open(id=new_id(), account_id=None, brand=command.brand, today=today)
    await tx.save(cart)
    return cart


@dataclass(frozen=True, kw_only=True)
class AboutCart:
    """A cart and who asks: the account whose it is, or whoever knows a guest's cart by its id."""

    cart_id: UUID
    account_id: UUID | None
    expected_version: int | None = None


async def cart_for(command: AboutCart, tx: Transaction) -> Cart:
    """The cart. `NotFound` for another account's, `Stale` if it has moved on."""
    cart = await tx.load(Cart, command.cart_id, expected_version=command.expected_version)
    if cart.account_id not in {None, command.account_id}:
        raise NotFound()
    return cart


async def add_item(about: AboutCart, item: CartItem, *, tx: Transaction) -> Cart:
    """Put it in, if it can be ordered as of now: refused as its quote would be."""
    cart = await cart_for(about, tx)
    cart.add(item, today=await today_for(cart.brand, tx))
    await _check_item(item, cart, tx=tx)
    await tx.save(cart)
    return cart


async def change_item(about: AboutCart, item: CartItem, *, tx: Transaction) -> Cart:
    """Let an item be this one from now on; refused as its quote would be."""
    cart = await cart_for(about, tx)
    cart.change(item, today=await today_for(cart.brand, tx))
    await _check_item(item, cart, tx=tx)
    await tx.save(cart)
    return cart


async def _check_item(item: CartItem, cart: Cart, *, tx: Transaction) -> None:
    """Whether it can be ordered, apart from what else is in the cart and from its promotion."""
    parent = cart.items.get(item.parent_id) if item.parent_id else None
    items = [*([parent] if parent else []), item]
    wanted = Wanted(account_id=cart.account_id, brand=cart.brand, items=items)
    quote(items, await basis_for(wanted, tx))


async def remove_item(about: AboutCart, item_id: UUID, *, tx: Transaction) -> Cart:
    """Take it out, with the addons that are for it."""
    cart = await cart_for(about, tx)
    cart.remove(item_id, today=await today_for(cart.brand, tx))
    await tx.save(cart)
    return cart


async def enter_promotion(about: AboutCart, typed: str, *, tx: Transaction) -> Cart:
    """Order with a promotion. `PromotionUnknown`; whether it fits, the preview says."""
    cart = await cart_for(about, tx)
    promotion = await promotion_by_code(typed, cart.brand, tx)
    cart.enter_promotion(promotion.terms.code, today=await today_for(cart.brand, tx))
    await tx.save(cart)
    return cart


async def remove_promotion(about: AboutCart, tx: Transaction) -> Cart:
    """Order without a promotion."""
    cart = await cart_for(about, tx)
    cart.remove_promotion(today=await today_for(cart.brand, tx))
    await tx.save(cart)
    return cart


@dataclass(frozen=True, kw_only=True)
class AdoptCart:
    """Who was a guest has signed in."""

    cart_id: UUID
    account_id: UUID
    brand: str


async def adopt_cart(command: AdoptCart, tx: Transaction) -> Cart:
    """The account's open cart with what the guest had chosen; the guest's promotion holds.

    Its own cart is the answer for its own cart, and a second time changes nothing. `CartFull` if
    both together are too much: then both stay as they are.
    """
    about = AboutCart(cart_id=command.cart_id, account_id=command.account_id)
    guests = await cart_for(about, tx)
    if guests.brand != command.brand:
        raise NotFound()
    if guests.account_id:
        return guests
    today = await today_for(command.brand, tx)
    own = await own_cart(command.account_id, command.brand, today=today, tx=tx)
    if guests.adopt(account_id=command.account_id, into_cart_id=own.id, today=today):
        _take_over(guests, own, today=today)
    await tx.save(guests, own)
    return own


def _take_over(guests: Cart, own: Cart, *, today: date) -> None:
    for item in brought_along(guests.items.values(), own.items.values()):
        own.add(item, today=today)
    if guests.promotion_code:
        own.enter_promotion(guests.promotion_code, today=today)


async def preview_cart(about: AboutCart, tx: Transaction) -> Preview:
    """What `check_out` would issue, not done; refused as that would be, but for what is scarce."""
    cart = await cart_for(about, tx)
    cart.check_orderable()
    wanted = Wanted(
        account_id=cart.account_id,
        brand=cart.brand,
        items=list(cart.items.values()),
        promotion_code=cart.promotion_code,
    )
    quoted = quote(wanted.items, await basis_for(wanted, tx))
    return Preview(quoted=quoted, credit_minor=await _credit(cart, quoted, tx=tx))


async def _credit(cart: Cart, quoted: Quote, *, tx: Transaction) -> int:
    """What the invoice will use of the account's credit at its issue."""
    if cart.account_id is None:
        return 0
    policy = await policy_for(tx, cart.brand, account_id=cart.account_id)
    credit = await credit_of(cart.account_id, quoted.currency, tx)
    if credit is None or not policy.rules.credit_applied_at_issue:
        return 0
    return min(credit.balance_minor, quoted.totals.gross_minor)


@dataclass(frozen=True, kw_only=True)
class CheckOut:
    """The client orders what the preview with the fingerprint `seen` showed, under the terms."""

    cart_id: UUID
    account_id: UUID
    seen: str
    expected_version: int | None = None


async def check_out(command: CheckOut, tx: Transaction) -> Order:
    """The order of all that is in the cart, in one transaction with its services and its invoice.

    `CartNotAdopted`, `CartEmpty`; `CartNotOpen` a second time; all that `place_order` refuses.
    """
    about = AboutCart(
        cart_id=command.cart_id,
        account_id=command.account_id,
        expected_version=command.expected_version,
    )
    cart = await cart_for(about, tx)
    if cart.account_id is None:
        raise CartNotAdopted()
    order = _order(command, cart, tx=tx)
    cart.check_out(order_id=order.id, today=await today_for(cart.brand, tx))
    placed = await place_order(order, tx)
    await tx.save(cart)
    await close_own_cart(cart, tx)
    return placed


def _order(command: CheckOut, cart: Cart, *, tx: Transaction) -> PlaceOrder:
    return PlaceOrder(
        id=new_id(),
        account_id=command.account_id,
        brand=cart.brand,
        items=list(cart.items.values()),
        promotion_code=cart.promotion_code,
        terms_accepted_at=tx.now,
        seen=command.seen,
    )
