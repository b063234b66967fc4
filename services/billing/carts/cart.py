"""A cart: open -> checked out | adopted | expired. It holds what is wanted and never a price.

A guest's cart ends when it is adopted: what it held is in the cart of the account from then on.
Dates are local dates of the brand.
"""

from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.carts.items import MOST_ITEMS, RENEWAL, CartItem
from shared.errors import Conflict, NotFound

OPEN, CHECKED_OUT, ADOPTED, EXPIRED = "open", "checked_out", "adopted", "expired"


class CartNotOpen(Conflict):
    """The cart was checked out or adopted, or it has expired."""


class CartFull(Conflict):
    """The cart holds as many items as it can."""


class CartEmpty(Conflict):
    """There is nothing in the cart."""


class ItemNotInCart(NotFound):
    """The cart has no such item."""


class AlreadyInCart(Conflict):
    """The renewal of this service is in the cart; change how many periods it is for."""


class Cart(Aggregate):
    """What an account, or a guest, is about to order in one brand."""

    TOPIC = "billing.cart"

    class Event(Aggregate.Event):
        TOPIC = "billing.cart.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.cart.opened"
        account_id: UUID | None
        brand: str
        opened_on: date

    class ItemAdded(Aggregate.Event):
        TOPIC = "billing.cart.item_added"
        item: CartItem
        changed_on: date

    class ItemChanged(Aggregate.Event):
        TOPIC = "billing.cart.item_changed"
        item: CartItem
        changed_on: date

    class ItemRemoved(Aggregate.Event):
        TOPIC = "billing.cart.item_removed"
        item_id: UUID
        changed_on: date

    class PromotionEntered(Aggregate.Event):
        TOPIC = "billing.cart.promotion_entered"
        code: str
        changed_on: date

    class PromotionRemoved(Aggregate.Event):
        TOPIC = "billing.cart.promotion_removed"
        changed_on: date

    class Adopted(Aggregate.Event):
        TOPIC = "billing.cart.adopted"
        by_account_id: UUID
        into_cart_id: UUID
        adopted_on: date

    class CheckedOut(Aggregate.Event):
        TOPIC = "billing.cart.checked_out"
        order_id: UUID
        checked_out_on: date

    class Expired(Aggregate.Event):
        TOPIC = "billing.cart.expired"
        expired_on: date

    @classmethod
    def open(cls, *, id: UUID, account_id: UUID | None, brand: str, today: date) -> Self:
        """An empty cart; without an account it is a guest's."""
        return cls(id=id, account_id=account_id, brand=brand, opened_on=today)

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID | None, brand: str, opened_on: date) -> None:
        self.account_id = account_id
        self.brand = brand
        self.changed_on = opened_on
        self.status = OPEN
        self.items: dict[UUID, CartItem] = {}
        self.promotion_code: str | None = None
        self.order_id: UUID | None = None
        self.adopted_by: tuple[UUID, UUID] | None = None

    def add(self, item: CartItem, *, today: date) -> None:
        """Put something in. `CartFull`; `AlreadyInCart` for a second renewal of a service."""
        self._check_open()
        assert item.item_id not in self.items, "each item has an id of its own"
        if len(self.items) >= MOST_ITEMS:
            raise CartFull(most=MOST_ITEMS)
        self._check_renewal(item)
        self._item_added(item=item, changed_on=today)

    @event(ItemAdded)
    def _item_added(self, item: CartItem, changed_on: date) -> None:
        self.items = {**self.items, item.item_id: item}
        self.changed_on = changed_on

    def change(self, item: CartItem, *, today: date) -> None:
        """Let the item of the same id be this one. The same again changes nothing.

        A renewal stays one, and nothing else becomes one: `ItemNotInCart`.
        """
        self._check_open()
        held = self._held(item.item_id)
        if (held.kind == RENEWAL) != (item.kind == RENEWAL):
            raise ItemNotInCart(item_id=str(item.item_id))
        if item == held:
            return
        self._check_renewal(item)
        self._item_changed(item=item, changed_on=today)

    @event(ItemChanged)
    def _item_changed(self, item: CartItem, changed_on: date) -> None:
        self.items = {**self.items, item.item_id: item}
        self.changed_on = changed_on

    def remove(self, item_id: UUID, *, today: date) -> None:
        """Take it out, and the addons that are for it, and theirs. Again: `ItemNotInCart`."""
        self._check_open()
        self._held(item_id)
        for addon in [each for each in self.items.values() if each.parent_id == item_id]:
            if addon.item_id in self.items:
                self.remove(addon.item_id, today=today)
        self._item_removed(item_id=item_id, changed_on=today)

    @event(ItemRemoved)
    def _item_removed(self, item_id: UUID, changed_on: date) -> None:
        self.items = {id: each for id, each in self.items.items() if id != item_id}
        self.changed_on = changed_on

    def enter_promotion(self, code: str, *, today: date) -> None:
        """Order with this promotion, in place of another. The same again changes nothing."""
        self._check_open()
        if code != self.promotion_code:
            self._promotion_entered(code=code, changed_on=today)

    @event(PromotionEntered)
    def _promotion_entered(self, code: str, changed_on: date) -> None:
        self.promotion_code = code
        self.changed_on = changed_on

    def remove_promotion(self, *, today: date) -> None:
        """Order without a promotion. Without one it changes nothing."""
        self._check_open()
        if self.promotion_code is not None:
            self._promotion_removed(changed_on=today)

    @event(PromotionRemoved)
    def _promotion_removed(self, changed_on: date) -> None:
        self.promotion_code = None
        self.changed_on = changed_on

    def adopt(self, *, account_id: UUID, into_cart_id: UUID, today: date) -> bool:
        """The guest signed in: the account's cart has what this one held; whether that is new.

        By the same account once more: False. `CartNotOpen` for any other end of it.
        """
        assert self.account_id is None, "an account's cart is nobody else's"
        if self.adopted_by and self.adopted_by[0] == account_id:
            return False
        self._check_open()
        self._adopted(by_account_id=account_id, into_cart_id=into_cart_id, adopted_on=today)
        return True

    @event(Adopted)
    def _adopted(self, by_account_id: UUID, into_cart_id: UUID, *, adopted_on: date) -> None:
        self.adopted_by = (by_account_id, into_cart_id)
        self.status = ADOPTED

    def check_orderable(self) -> None:
        """`CartNotOpen`, `CartEmpty`: what stands against an order whatever is in it."""
        self._check_open()
        if not self.items:
            raise CartEmpty()

    def check_out(self, *, order_id: UUID, today: date) -> None:
        """All of it is ordered. `CartEmpty`; a second time is `CartNotOpen` with the order."""
        self.check_orderable()
        self._checked_out(order_id=order_id, checked_out_on=today)

    @event(CheckedOut)
    def _checked_out(self, order_id: UUID, checked_out_on: date) -> None:
        self.order_id = order_id
        self.status = CHECKED_OUT

    def expire(self, *, today: date) -> None:
        """Nobody has touched it for long. A second time is `CartNotOpen`."""
        self._check_open()
        self._expired(expired_on=today)

    @event(Expired)
    def _expired(self, expired_on: date) -> None:
        self.status = EXPIRED

    def _check_open(self) -> None:
        if self.status != OPEN:
            raise CartNotOpen(status=self.status, order_id=self.order_id and str(self.order_id))

    def _held(self, item_id: UUID) -> CartItem:
        if item_id not in self.items:
            raise ItemNotInCart(item_id=str(item_id))
        return self.items[item_id]

    def _check_renewal(self, item: CartItem) -> None:
        """A service is renewed by one item: it has one next period."""
        if item.kind != RENEWAL:
            return
        others = (each for id, each in self.items.items() if id != item.item_id)
        if any(each.kind == RENEWAL and each.service_id == item.service_id for each in others):
            raise AlreadyInCart(field="service_id")
