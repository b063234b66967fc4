"""Carts of clients and guests: choosing, looking at what it costs, ordering."""

from uuid import UUID

from services.billing.brands.currencies import CurrencyNotSold
from services.billing.carts.bodies import (
    CartBody,
    CartId,
    CartOut,
    CheckoutBody,
    ItemBody,
    ItemId,
    PreviewOut,
    PromotionCodeBody,
    RenewalItemBody,
    cart_out,
    preview_out,
)
from services.billing.carts.cart import (
    AlreadyInCart,
    CartEmpty,
    CartFull,
    CartNotOpen,
    ItemNotInCart,
)
from services.billing.carts.commands import (
    AboutCart,
    AdoptCart,
    CartNotAdopted,
    CheckOut,
    OpenCart,
    add_item,
    adopt_cart,
    cart_for,
    change_item,
    check_out,
    enter_promotion,
    open_cart,
    preview_cart,
    remove_item,
    remove_promotion,
)
from services.billing.carts.items import DomainNameInvalid
from services.billing.carts.quote import CurrencyDiffers
from services.billing.catalogue.allotments import OutOfStock
from services.billing.catalogue.paths import ParentDoesNotFit
from services.billing.catalogue.pricing import (
    OptionQuantityInvalid,
    OptionUnknown,
    OptionValueUnknown,
)
from services.billing.catalogue.product import CycleNotOffered, ProductRetired
from services.billing.contacts.contact import AccountNotReady
from services.billing.held_services.terms import (
    CancellationPending,
    ChangePending,
    NothingDue,
    RenewalUnpaid,
    ServiceHasEnded,
    ServiceNotActive,
)
from services.billing.orders.answers import OrderPlacedOut, order_placed
from services.billing.orders.commands import QuoteChanged
from services.billing.promotions.promotion import (
    PromotionDoesNotApply,
    PromotionForNewClients,
    PromotionHasEnded,
    PromotionNotStarted,
    PromotionUnknown,
    PromotionUsedUp,
)
from services.billing.state import account_of, cause_of
from shared.errors import DomainError, NotFound, Stale
from shared.http import Call, Repeat, Router, Who
from shared.http.call import CallContext
from shared.ids import new_id

router = Router(tags=["carts"])

Refusals = tuple[type[DomainError], ...]

OF_PRODUCTS: Refusals = (
    DomainNameInvalid,
    CycleNotOffered,
    ProductRetired,
    OptionUnknown,
    OptionValueUnknown,
    OptionQuantityInvalid,
    ParentDoesNotFit,
    ServiceHasEnded,
    ServiceNotActive,
    CancellationPending,
    CurrencyNotSold,
    AccountNotReady,
)
OF_RENEWALS: Refusals = (
    ServiceNotActive,
    RenewalUnpaid,
    ChangePending,
    CancellationPending,
    NothingDue,
    CurrencyDiffers,
    CurrencyNotSold,
    AccountNotReady,
)
OF_PROMOTIONS: Refusals = (
    PromotionHasEnded,
    PromotionNotStarted,
    PromotionForNewClients,
    PromotionDoesNotApply,
)
OF_ALL: Refusals = tuple(dict.fromkeys((*OF_PRODUCTS, *OF_RENEWALS, *OF_PROMOTIONS)))
CHANGES: Refusals = (NotFound, Stale, CartNotOpen)


def _about(cart_id: UUID, call: CallContext) -> AboutCart:
    """The cart, asked about by the account of the caller, if it has one."""
    return AboutCart(
        cart_id=cart_id,
        account_id=call.caller.account_id,
        expected_version=call.expected_version,
    )


@router.post(
    "/v1/carts", status_code=201, who=Who.PUBLIC, repeat=Repeat.NATURAL, errors=(NotFound,)
)
async def post_cart(body: CartBody, call: Call) -> CartId:
    """Begin to choose. A client gets the cart that is open already, if there is one."""
    caller = call.caller
    if caller.account_id and caller.brand != body.brand:
        raise NotFound()
    cart = await open_cart(OpenCart(account_id=caller.account_id, brand=body.brand), call.tx)
    call.etag(cart.version)
    return CartId(cart_id=cart.id)


@router.get("/v1/carts/{cart_id}", who=Who.PUBLIC, errors=(NotFound,))
async def get_cart(cart_id: UUID, call: Call) -> CartOut:
    """What the cart holds, with its version as ETag."""
    async with call.store.transaction(cause_of(call)) as tx:
        cart = await cart_for(_about(cart_id, call), tx)
    call.etag(cart.version)
    return cart_out(cart)


@router.post(
    "/v1/carts/{cart_id}/items",
    status_code=201,
    who=Who.PUBLIC,
    errors=(*CHANGES, CartFull, *OF_PRODUCTS),
)
async def post_item(cart_id: UUID, body: ItemBody, call: Call) -> ItemId:
    """Put a product or an addon in. With If-Match only as the cart was read."""
    item = body.item(new_id())
    cart = await add_item(_about(cart_id, call), item, tx=call.tx)
    call.etag(cart.version)
    return ItemId(item_id=item.item_id)


@router.post(
    "/v1/carts/{cart_id}/renewals",
    status_code=201,
    who=Who.CLIENT,
    errors=(*CHANGES, CartFull, AlreadyInCart, *OF_RENEWALS),
)
async def post_renewal_item(cart_id: UUID, body: RenewalItemBody, call: Call) -> ItemId:
    """Put the renewal of a service in."""
    item = body.item(new_id())
    cart = await add_item(_about(cart_id, call), item, tx=call.tx)
    call.etag(cart.version)
    return ItemId(item_id=item.item_id)


@router.put(
    "/v1/carts/{cart_id}/items/{item_id}",
    status_code=204,
    who=Who.PUBLIC,
    errors=(*CHANGES, ItemNotInCart, *OF_PRODUCTS),
)
async def put_item(cart_id: UUID, item_id: UUID, body: ItemBody, call: Call) -> None:
    """Want something else in place of an item."""
    cart = await change_item(_about(cart_id, call), body.item(item_id), tx=call.tx)
    call.etag(cart.version)


@router.put(
    "/v1/carts/{cart_id}/renewals/{item_id}",
    status_code=204,
    who=Who.CLIENT,
    errors=(*CHANGES, ItemNotInCart, AlreadyInCart, *OF_RENEWALS),
)
async def put_renewal_item(cart_id: UUID, item_id: UUID, body: RenewalItemBody, call: Call) -> None:
    """Renew for another number of periods."""
    cart = await change_item(_about(cart_id, call), body.item(item_id), tx=call.tx)
    call.etag(cart.version)


@router.delete(
    "/v1/carts/{cart_id}/items/{item_id}",
    status_code=204,
    who=Who.PUBLIC,
    errors=(*CHANGES, ItemNotInCart),
)
async def delete_item(cart_id: UUID, item_id: UUID, call: Call) -> None:
    """Take an item out, of whatever kind, with the addons that are for it."""
    cart = await remove_item(_about(cart_id, call), item_id, tx=call.tx)
    call.etag(cart.version)


@router.put(
    "/v1/carts/{cart_id}/promotion",
    status_code=204,
    who=Who.PUBLIC,
    errors=(*CHANGES, PromotionUnknown),
)
async def put_promotion_code(cart_id: UUID, body: PromotionCodeBody, call: Call) -> None:
    """Order with a promotion; what it takes off, or why it does not fit, the preview says."""
    cart = await enter_promotion(_about(cart_id, call), body.code, tx=call.tx)
    call.etag(cart.version)


@router.delete("/v1/carts/{cart_id}/promotion", status_code=204, who=Who.PUBLIC, errors=CHANGES)
async def delete_promotion_code(cart_id: UUID, call: Call) -> None:
    """Order without a promotion."""
    cart = await remove_promotion(_about(cart_id, call), call.tx)
    call.etag(cart.version)


@router.post(
    "/v1/carts/{cart_id}/adoption",
    who=Who.CLIENT,
    repeat=Repeat.NATURAL,
    errors=(NotFound, CartNotOpen, CartFull),
)
async def post_adoption(cart_id: UUID, call: Call) -> CartId:
    """Take over what was chosen before the sign-in; the answer is the account's cart."""
    account_id, brand = account_of(call)
    command = AdoptCart(cart_id=cart_id, account_id=account_id, brand=brand)
    cart = await adopt_cart(command, call.tx)
    call.etag(cart.version)
    return CartId(cart_id=cart.id)


@router.get(
    "/v1/carts/{cart_id}/preview",
    who=Who.PUBLIC,
    errors=(NotFound, CartNotOpen, CartEmpty, *OF_ALL),
)
async def get_preview(cart_id: UUID, call: Call) -> PreviewOut:
    """What the checkout would cost now; refused as that would be, but for what is used up."""
    async with call.store.transaction(cause_of(call)) as tx:
        preview = await preview_cart(_about(cart_id, call), tx)
    return preview_out(preview)


@router.post(
    "/v1/carts/{cart_id}/checkout",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        *CHANGES,
        CartEmpty,
        CartNotAdopted,
        QuoteChanged,
        OutOfStock,
        PromotionUsedUp,
        *OF_ALL,
    ),
)
async def post_checkout(cart_id: UUID, body: CheckoutBody, call: Call) -> OrderPlacedOut:
    """Order all of it, at what the preview said; `facts.preview` of a `quote_changed` is anew."""
    account_id, _ = account_of(call)
    command = CheckOut(
        cart_id=cart_id,
        account_id=account_id,
        seen=body.fingerprint,
        expected_version=call.expected_version,
    )
    order = await check_out(command, call.tx)
    return order_placed(order, call)
