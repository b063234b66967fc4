"""The small aggregates in any order of commands, each beside a model that is smaller still."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.billing.automation.business_calendar import MOST_DAYS_AT_ONCE, BusinessCalendar
from services.billing.brands.brand import Brand
from services.billing.charges.billable_item import BillableItem
from services.billing.orders.order import Order
from services.billing.promotions.promotion_use import PromotionUse
from services.billing.provisioning.provisioning import POSSIBLE_IN, STATE_AFTER, Goal, Provisioning
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from shared.errors import DomainError
from tests.billing.samples import (
    ACCOUNT,
    INVOICE,
    TODAY,
    billable_item,
    brand_settings,
    configured_brand,
    open_calendar,
    placed_order,
    prepared_provisioning,
    used_promotion,
)
from tests.given import rebuilt

pytestmark = pytest.mark.timeout(600)

THOUSAND = settings(max_examples=1000, stateful_step_count=10, deadline=None)
DAYS = st.integers(-20, 500)


def done(work: Any) -> bool:
    """Whether it was allowed."""
    try:
        work()
    except DomainError:
        return False
    return True


def check_replay(aggregate: Any) -> None:
    """What is stored of it gives the same again."""
    live, again = dict(vars(aggregate)), dict(vars(rebuilt(aggregate)))
    del live["_pending_events"], again["_pending_events"]
    assert live == again


class AnOrder(RuleBasedStateMachine):
    """Given up once at most; what was ordered stays as it was."""

    @initialize()
    def place(self) -> None:
        self.order: Order = placed_order()
        self.item = self.order.item
        self.cancellations = 0

    @rule(reason=st.sampled_from(["client", "unpaid"]), days=DAYS)
    def cancel(self, reason: str, days: int) -> None:
        is_first = self.cancellations == 0
        today = TODAY + timedelta(days=days)
        assert done(lambda: self.order.cancel(today=today, reason=reason)) == is_first
        self.cancellations += is_first

    @invariant()
    def it_is_cancelled_once_at_most(self) -> None:
        assert self.order.is_cancelled == bool(self.cancellations)
        assert len(self.order.pending_events) == 1 + self.cancellations
        assert self.order.item == self.item

    def teardown(self) -> None:
        check_replay(self.order)


class AnItem(RuleBasedStateMachine):
    """On one invoice or withdrawn, never both, and due only while it is open."""

    @initialize(bill_on=st.one_of(st.none(), DAYS))
    def add(self, bill_on: int | None) -> None:
        day = None if bill_on is None else TODAY + timedelta(days=bill_on)
        due = "next_invoice" if day is None else "on_date"
        self.item: BillableItem = billable_item(due=due, bill_on=day)
        self.day = day
        self.end = "open"

    @rule()
    def invoice(self) -> None:
        assert done(lambda: self.item.invoice(INVOICE)) == (self.end == "open")
        self.end = "invoiced" if self.end == "open" else self.end

    @rule()
    def withdraw(self) -> None:
        assert done(lambda: self.item.withdraw("A mistake")) == (self.end == "open")
        self.end = "withdrawn" if self.end == "open" else self.end

    @rule(days=DAYS)
    def look(self, days: int) -> None:
        today = TODAY + timedelta(days=days)
        is_time = self.day is None or self.day <= today
        assert self.item.is_due(today) == (is_time and self.end == "open")

    @invariant()
    def it_has_one_end(self) -> None:
        assert self.item.status == self.end
        assert len(self.item.pending_events) == 1 + (self.end != "open")

    def teardown(self) -> None:
        check_replay(self.item)


class TheTerms(RuleBasedStateMachine):
    """What was agreed last holds; the same again records nothing."""

    @initialize()
    def open(self) -> None:
        self.terms = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
        self.wanted: dict[str, Any] = {}
        self.prices: dict[tuple[UUID, str], int] = {}
        self.changes = 0

    @rule(
        rules=st.dictionaries(
            st.sampled_from(["suspension_days", "termination_days"]), st.integers(1, 9), max_size=2
        )
    )
    def change_rules(self, rules: dict[str, Any]) -> None:
        self.changes += rules != self.wanted
        self.terms.change_rules(rules)
        self.wanted = rules

    @rule(
        product=st.integers(1, 3),
        prices=st.dictionaries(
            st.sampled_from(["monthly", "annual"]), st.integers(0, 9), max_size=2
        ),
    )
    def agree(self, product: int, prices: dict[str, int]) -> None:
        agreed = [
            AgreedPrice(cycle=cycle, currency="BRL", recurring_minor=minor)
            for cycle, minor in sorted(prices.items())
        ]
        before = {cycle: minor for (id, cycle), minor in self.prices.items() if id.int == product}
        self.changes += prices != before
        self.terms.agree_prices(product_id=UUID(int=product), prices=agreed)
        kept = {key: minor for key, minor in self.prices.items() if key[0].int != product}
        new = {(UUID(int=product), cycle): minor for cycle, minor in prices.items()}
        self.prices = {**kept, **new}

    @invariant()
    def what_was_agreed_last_holds(self) -> None:
        assert self.terms.rules == self.wanted
        assert len(self.terms.pending_events) == 1 + self.changes
        for product in range(1, 4):
            for cycle in ("monthly", "annual"):
                key = (UUID(int=product), cycle)
                found = self.terms.price_of(key[0], cycle=cycle, currency="BRL")
                assert (found.recurring_minor if found else None) == self.prices.get(key)
                assert self.terms.price_of(key[0], cycle=cycle, currency="EUR") is None

    def teardown(self) -> None:
        check_replay(self.terms)


class TheCalendar(RuleBasedStateMachine):
    """Each date starts once and in order, whatever is missed; what is too far starts nothing."""

    @initialize()
    def open(self) -> None:
        self.calendar: BusinessCalendar = open_calendar()
        self.started: list[date] = []

    @rule(days=st.one_of(st.integers(-30, 30), st.sampled_from([-500, 435, 900])))
    def start(self, days: int) -> None:
        day = TODAY + timedelta(days=days)
        last = self.started[-1] if self.started else day - timedelta(days=1)
        begun: list[date] = []
        is_near = (day - last).days <= MOST_DAYS_AT_ONCE
        assert done(lambda: begun.extend(self.calendar.start(day))) == is_near
        wanted = [last + timedelta(days=each) for each in range(1, (day - last).days + 1)]
        assert begun == (wanted if is_near else [])
        self.started += begun

    @invariant()
    def days_follow_one_another(self) -> None:
        assert self.calendar.last_day == (self.started[-1] if self.started else None)
        first = self.started[0] if self.started else TODAY
        count = len(self.started)
        assert self.started == [first + timedelta(days=each) for each in range(count)]

    def teardown(self) -> None:
        if len(self.started) < 60:
            check_replay(self.calendar)


class ThePanel(RuleBasedStateMachine):
    """One request at a time; what is believed is what the panel has done, in whatever order."""

    @initialize()
    def prepare(self) -> None:
        self.ours: Provisioning = prepared_provisioning()
        self.count = 100
        self.theirs = "absent"
        self.asked: dict[UUID, str] = {}
        self.taken: set[UUID] = set()

    def new_id(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    @rule(action=st.sampled_from(sorted(POSSIBLE_IN)), plan=st.sampled_from(["a", "b"]))
    def request(self, action: str, plan: str) -> None:
        goal = Goal(plan=plan) if action == "change_plan" else None
        self.ours.request(request_id=self.new_id(), action=action, reason="overdue", goal=goal)

    @rule(is_done=st.booleans())
    def answer(self, is_done: bool) -> None:
        request = self.ours.in_flight
        if request is None:
            return
        assert self.theirs in POSSIBLE_IN[request.action], "it asks for what can be"
        if is_done:
            self.theirs = STATE_AFTER.get(request.action, self.theirs)
            said = self.ours.confirm(request_id=request.id, next_request_id=self.new_id())
            assert said == request
        else:
            self.ours.refuse(request_id=request.id, reason="quota", next_request_id=self.new_id())
        self.taken.add(request.id)

    @rule(number=st.integers(0, 200), is_done=st.booleans())
    def answer_again(self, number: int, is_done: bool) -> None:
        """A webhook that comes twice, or about what was never asked, changes nothing."""
        known = sorted(self.taken)
        id = known[number % len(known)] if known and number < 150 else UUID(int=7)
        before = len(self.ours.pending_events)
        next_id = self.new_id()
        if is_done:
            was_taken = done(lambda: self.ours.confirm(request_id=id, next_request_id=next_id))
        else:
            was_taken = done(
                lambda: self.ours.refuse(request_id=id, reason="no", next_request_id=next_id)
            )
        assert was_taken == (id in self.taken)
        assert len(self.ours.pending_events) == before

    @invariant()
    def what_is_believed_was_done(self) -> None:
        assert self.ours.state == self.theirs
        assert self.ours.planned is None or self.ours.in_flight is not None
        assert self.ours.answered == self.taken

    def teardown(self) -> None:
        check_replay(self.ours)


class ABrand(RuleBasedStateMachine):
    """The settings of last time hold; a count of each year never goes back to one."""

    @initialize()
    def configure(self) -> None:
        self.brand: Brand = configured_brand()
        self.wanted = self.brand.settings
        self.is_yearly = False
        self.changes = 0

    @rule(
        yearly=st.booleans(),
        days=st.integers(0, 9),
        zone=st.sampled_from(["America/Sao_Paulo", "Mars/Olympus"]),
    )
    def reconfigure(self, yearly: bool, days: int, zone: str) -> None:
        rules = {"number_yearly": True} if yearly else {}
        new = brand_settings(rules={**rules, "suspension_days": days}, time_zone=zone)
        is_allowed = zone != "Mars/Olympus" and days > 2 and (yearly or not self.is_yearly)
        assert done(lambda: self.brand.reconfigure(new)) == is_allowed
        if is_allowed:
            self.changes += new != self.wanted
            self.wanted, self.is_yearly = new, yearly

    @invariant()
    def what_was_said_last_holds(self) -> None:
        assert self.brand.settings == self.wanted
        assert len(self.brand.pending_events) == 1 + self.changes

    def teardown(self) -> None:
        check_replay(self.brand)


class APromotionsUse(RuleBasedStateMachine):
    """Counts until it is given back, which is said once."""

    @initialize()
    def use(self) -> None:
        self.use_: PromotionUse = used_promotion()
        self.given_back = 0

    @rule()
    def release(self) -> None:
        assert self.use_.release() == (self.given_back == 0)
        self.given_back = 1

    @invariant()
    def it_is_given_back_once_at_most(self) -> None:
        assert self.use_.is_released == bool(self.given_back)
        assert len(self.use_.pending_events) == 1 + self.given_back

    def teardown(self) -> None:
        check_replay(self.use_)


TestAnOrder = AnOrder.TestCase
TestAnItem = AnItem.TestCase
TestTheTerms = TheTerms.TestCase
TestTheCalendar = TheCalendar.TestCase
TestThePanel = ThePanel.TestCase
TestABrand = ABrand.TestCase
TestAPromotionsUse = APromotionsUse.TestCase
for _case in (
    TestAnOrder,
    TestAnItem,
    TestTheTerms,
    TestTheCalendar,
    TestThePanel,
    TestABrand,
    TestAPromotionsUse,
):
    _case.settings = THOUSAND
# Each of its steps asks for the names of all time zones, which are files.
TestABrand.settings = settings(max_examples=1000, stateful_step_count=3, deadline=None)
