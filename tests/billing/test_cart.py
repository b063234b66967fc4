"""Carts: filled and emptied while they are open, ended once, and without any price."""

from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.carts.cart import (
    AlreadyInCart,
    Cart,
    CartEmpty,
    CartFull,
    CartNotOpen,
    ItemNotInCart,
)
from services.billing.carts.items import MOST_ITEMS, CartItem, brought_along
from services.billing.catalogue.pricing import Choice
from shared.errors import DomainError
from tests.billing.samples import (
    ACCOUNT,
    NEXT,
    ORDER,
    OTHER,
    SERVICE,
    TODAY,
    cart_item,
    open_cart,
    renewal_item,
)
from tests.given import given, rebuilt

TOMORROW = TODAY + timedelta(days=1)
MEMORY = [Choice(option="memory", value="4gb"), Choice(option="mailboxes", quantity=3)]


def closed_carts() -> list[Cart]:
    ordered, expired, adopted = open_cart(cart_item()), open_cart(), open_cart(account_id=None)
    ordered.check_out(order_id=ORDER, today=TODAY)
    expired.expire(today=TODAY)
    adopted.adopt(account_id=ACCOUNT, into_cart_id=NEXT, today=TODAY)
    return [ordered, expired, adopted]


def test_an_item_is_kept_as_it_was_chosen() -> None:
    item = cart_item(choices=MEMORY, quantity=2)
    cart = (
        given(open_cart())
        .when(lambda cart: cart.add(item, today=TOMORROW))
        .then((Cart.ItemAdded, {"item": item, "changed_on": TOMORROW}))
    )
    assert (cart.items, cart.changed_on) == ({item.item_id: item}, TOMORROW)


def test_an_item_has_no_price_of_its_own() -> None:
    assert not [each.name for each in fields(CartItem) if "minor" in each.name]


def test_a_changed_item_stays_at_its_place() -> None:
    bigger = cart_item(quantity=5)
    cart = (
        given(open_cart(cart_item(), cart_item(2)))
        .when(lambda cart: cart.change(bigger, today=TOMORROW))
        .then((Cart.ItemChanged, {"item": bigger, "changed_on": TOMORROW}))
    )
    assert list(cart.items.values()) == [bigger, cart_item(2)]
    same = open_cart(cart_item())
    given(same).when(lambda cart: cart.change(cart_item(), today=TOMORROW)).then_nothing()


def test_an_item_goes_with_the_addons_that_are_for_it() -> None:
    addon = cart_item(2, kind="addon", parent_id=UUID(int=1))
    cart = (
        given(open_cart(cart_item(), addon, cart_item(3)))
        .when(lambda cart: cart.remove(UUID(int=1), today=TODAY))
        .then(
            (Cart.ItemRemoved, {"item_id": UUID(int=2), "changed_on": TODAY}),
            (Cart.ItemRemoved, {"item_id": UUID(int=1), "changed_on": TODAY}),
        )
    )
    assert list(cart.items) == [UUID(int=3)]


def test_what_is_not_in_the_cart_is_neither_changed_nor_removed() -> None:
    given(open_cart()).when(lambda cart: cart.change(cart_item(), today=TODAY)).then_refused(
        ItemNotInCart
    )
    given(open_cart()).when(lambda cart: cart.remove(OTHER, today=TODAY)).then_refused(
        ItemNotInCart
    )


def test_a_renewal_stays_one_and_nothing_else_becomes_one() -> None:
    cart = open_cart(cart_item(), renewal_item(2))
    for changed in (renewal_item(1), cart_item(2)):
        with pytest.raises(ItemNotInCart):
            cart.change(changed, today=TODAY)


def test_a_service_is_renewed_by_one_item() -> None:
    cart = open_cart(renewal_item(), renewal_item(2, service_id=OTHER))
    given(cart).when(lambda cart: cart.add(renewal_item(3), today=TODAY)).then_refused(
        AlreadyInCart
    )
    moved = renewal_item(2, service_id=SERVICE)
    given(cart).when(lambda cart: cart.change(moved, today=TODAY)).then_refused(AlreadyInCart)
    longer = renewal_item(periods=12)
    cart.change(longer, today=TODAY)
    assert cart.items[UUID(int=1)] == longer


def test_a59_a_cart_holds_only_so_much() -> None:
    cart = open_cart(*(cart_item(number) for number in range(1, MOST_ITEMS + 1)))
    given(cart).when(lambda cart: cart.add(cart_item(99), today=TODAY)).then_refused(CartFull)


def test_a51_a_promotion_stands_in_place_of_another() -> None:
    cart = open_cart()
    cart.enter_promotion("WELCOME", today=TODAY)
    given(cart).when(lambda cart: cart.enter_promotion("WELCOME", today=TODAY)).then_nothing()
    given(cart).when(lambda cart: cart.enter_promotion("SUMMER", today=TOMORROW)).then(
        (Cart.PromotionEntered, {"code": "SUMMER", "changed_on": TOMORROW})
    )
    without = (
        given(cart)
        .when(lambda cart: cart.remove_promotion(today=TOMORROW))
        .then((Cart.PromotionRemoved, {"changed_on": TOMORROW}))
    )
    assert without.promotion_code is None
    given(open_cart()).when(lambda cart: cart.remove_promotion(today=TODAY)).then_nothing()


def test_a_cart_is_checked_out_once_and_not_when_it_is_empty() -> None:
    given(open_cart()).when(lambda cart: cart.check_out(order_id=ORDER, today=TODAY)).then_refused(
        CartEmpty
    )
    ordered = {"order_id": ORDER, "checked_out_on": TODAY}
    given(open_cart(cart_item())).when(
        lambda cart: cart.check_out(order_id=ORDER, today=TODAY)
    ).then((Cart.CheckedOut, ordered))
    with pytest.raises(CartNotOpen) as refused:
        closed_carts()[0].check_out(order_id=OTHER, today=TODAY)
    assert refused.value.facts == {"status": "checked_out", "order_id": str(ORDER)}


def test_a_guests_cart_is_adopted_by_one_account() -> None:
    adopted = {"by_account_id": ACCOUNT, "into_cart_id": NEXT, "adopted_on": TODAY}
    cart = open_cart(cart_item(), account_id=None)
    given(cart).when(
        lambda cart: cart.adopt(account_id=ACCOUNT, into_cart_id=NEXT, today=TODAY)
    ).then((Cart.Adopted, adopted))
    assert cart.adopt(account_id=ACCOUNT, into_cart_id=NEXT, today=TODAY)
    assert not cart.adopt(account_id=ACCOUNT, into_cart_id=OTHER, today=TOMORROW)
    assert (cart.status, cart.account_id) == ("adopted", None)
    given(cart).when(
        lambda cart: cart.adopt(account_id=OTHER, into_cart_id=OTHER, today=TODAY)
    ).then_refused(CartNotOpen)


@pytest.mark.parametrize("cart", closed_carts(), ids=lambda cart: cart.status)
def test_a_cart_that_has_ended_changes_no_more(cart: Cart) -> None:
    changes: list[Any] = [
        lambda cart: cart.add(cart_item(9), today=TODAY),
        lambda cart: cart.change(cart_item(), today=TODAY),
        lambda cart: cart.remove(UUID(int=1), today=TODAY),
        lambda cart: cart.enter_promotion("X", today=TODAY),
        lambda cart: cart.remove_promotion(today=TODAY),
        lambda cart: cart.check_out(order_id=OTHER, today=TODAY),
        lambda cart: cart.expire(today=TODAY),
    ]
    for change in changes:
        with pytest.raises(DomainError) as refused:
            change(rebuilt(cart))
        assert type(refused.value) is CartNotOpen


# ------------------------------------------------------------------- what is taken over at sign-in


def test_what_is_wanted_in_both_carts_is_wanted_once() -> None:
    own = cart_item(1, choices=MEMORY)
    same, other = cart_item(11, choices=MEMORY), cart_item(12, domain="b.example")
    assert brought_along([same, other], [own]) == [other]


def test_an_addon_follows_the_item_that_it_is_for() -> None:
    own, same = cart_item(1), cart_item(11)
    addon = cart_item(12, kind="addon", parent_id=same.item_id, domain="")
    (moved,) = brought_along([addon, same], [own])
    assert (moved.item_id, moved.parent_id) == (addon.item_id, own.item_id)
    assert brought_along([addon, same], [own, moved]) == []


def test_what_is_twice_in_a_guests_cart_stays_twice() -> None:
    first, second = cart_item(1), cart_item(2)
    assert brought_along([first, second], []) == [first, second]
