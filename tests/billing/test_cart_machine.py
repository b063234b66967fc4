"""Whatever is done with a cart: it holds what was put in last, and ends once."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.billing.carts.cart import OPEN, Cart
from services.billing.carts.items import MOST_ITEMS, CartItem, brought_along
from shared.errors import DomainError
from tests.billing.samples import ACCOUNT, NEXT, ORDER, TODAY, cart_item, open_cart, renewal_item
from tests.given import rebuilt

NUMBERS = st.integers(min_value=1, max_value=8)
QUANTITIES = st.integers(min_value=1, max_value=3)
CODES = st.sampled_from(["WELCOME", "SUMMER"])
WHOSE = st.sampled_from([None, ACCOUNT])


class Shopping(RuleBasedStateMachine):
    """A cart beside a plain list of what somebody wants, who may be a guest."""

    @initialize(account_id=WHOSE)
    def begin(self, account_id: UUID | None) -> None:
        self.cart = open_cart(account_id=account_id)
        self.other = open_cart(account_id=ACCOUNT, id=NEXT)
        self.wanted: dict[UUID, CartItem] = {}
        self.code: str | None = None
        self.end: str = OPEN
        self.today: date = TODAY
        self.touched_on: date = TODAY
        self.last = 100

    def _new_number(self) -> int:
        self.last += 1
        return self.last

    def _held(self, place: int) -> UUID:
        return [*self.wanted, UUID(int=0)][:place][-1]

    def _did(self, work: Any) -> bool:
        """Whether it was allowed, which it never is once the cart has ended."""
        try:
            work()
        except DomainError:
            return False
        assert self.end == OPEN
        self.touched_on = self.today
        return True

    @rule(days=st.integers(min_value=0, max_value=40))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule(quantity=QUANTITIES)
    def add_product(self, quantity: int) -> None:
        self._add(cart_item(self._new_number(), quantity=quantity))

    @rule(place=NUMBERS)
    def add_addon(self, place: int) -> None:
        self._add(cart_item(self._new_number(), kind="addon", parent_id=self._held(place)))

    @rule(service=NUMBERS)
    def add_renewal(self, service: int) -> None:
        renewed = [each.service_id for each in self.wanted.values() if each.kind == "renewal"]
        item = renewal_item(self._new_number(), service_id=UUID(int=service))
        assert self._add(item) == (
            self.end == OPEN and UUID(int=service) not in renewed and len(self.wanted) <= MOST_ITEMS
        )

    def _add(self, item: CartItem) -> bool:
        if added := self._did(lambda: self.cart.add(item, today=self.today)):
            self.wanted[item.item_id] = item
        return added

    @rule(place=NUMBERS, quantity=QUANTITIES)
    def change(self, place: int, quantity: int) -> None:
        item = cart_item(self._held(place).int, quantity=quantity)
        before = self.wanted.get(item.item_id)
        touched_on = self.touched_on
        if self._did(lambda: self.cart.change(item, today=self.today)):
            self.wanted[item.item_id] = item
        if before == item:
            self.touched_on = touched_on

    @rule(place=NUMBERS)
    def remove(self, place: int) -> None:
        item_id = self._held(place)
        if self._did(lambda: self.cart.remove(item_id, today=self.today)):
            gone = {item_id}
            while more := {id for id, e in self.wanted.items() if e.parent_id in gone} - gone:
                gone |= more
            self.wanted = {id: each for id, each in self.wanted.items() if id not in gone}

    @rule(code=st.one_of(st.none(), CODES))
    def choose_promotion(self, code: str | None) -> None:
        before, touched_on = self.code, self.touched_on
        if code is None:
            done = self._did(lambda: self.cart.remove_promotion(today=self.today))
        else:
            done = self._did(lambda: self.cart.enter_promotion(code, today=self.today))
        if done:
            self.code = code
        if before == code:
            self.touched_on = touched_on

    @precondition(lambda self: self.end == OPEN)
    @rule()
    def sign_in(self) -> None:
        if self.cart.account_id is None:
            self.cart.adopt(account_id=ACCOUNT, into_cart_id=NEXT, today=self.today)
            for item in brought_along(self.cart.items.values(), self.other.items.values()):
                self.other.add(item, today=self.today)
            self.end = "adopted"
            assert len(self.other.items) == len(self.wanted)

    @rule()
    def check_out(self) -> None:
        touched_on = self.touched_on
        done = self._did(lambda: self.cart.check_out(order_id=ORDER, today=self.today))
        assert done == (self.end == OPEN and bool(self.wanted))
        self.end = "checked_out" if done else self.end
        self.touched_on = touched_on

    @rule()
    def expire(self) -> None:
        touched_on = self.touched_on
        if self._did(lambda: self.cart.expire(today=self.today)):
            self.end = "expired"
        self.touched_on = touched_on

    @invariant()
    def it_holds_what_is_wanted_and_nothing_else(self) -> None:
        assert self.cart.items == self.wanted
        assert self.cart.promotion_code == self.code
        assert (self.cart.status, self.cart.changed_on) == (self.end, self.touched_on)
        in_cart = self.cart.items.keys()
        parents = [e.parent_id for e in self.cart.items.values() if e.parent_id != UUID(int=0)]
        assert all(parent is None or parent in in_cart for parent in parents)

    def teardown(self) -> None:
        for each in (self.cart, self.other):
            again: Cart = rebuilt(each)
            live, replayed = dict(vars(each)), dict(vars(again))
            del live["_pending_events"], replayed["_pending_events"]
            assert live == replayed


Shopping.TestCase.settings = settings(max_examples=1000, stateful_step_count=20, deadline=None)
TestCartMachine = Shopping.TestCase
