"""Any order of what may happen to a service and its panel: what must never be, never is."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.billing.held_services.paid_time import paid_periods
from services.billing.held_services.proration import ByDay
from services.billing.held_services.renewals import next_bill
from services.billing.held_services.terms import (
    NOW,
    OVERDUE,
    PERIOD_END,
    NothingDue,
    ServiceChange,
    is_suspendable,
)
from services.billing.provisioning.provisioning import Goal, Provisioning, Request
from services.billing.service_changes.reckoning import ChangeTooLate, Moment, reckon
from shared.errors import Conflict
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    OTHER,
    SERVICE,
    TODAY,
    cancellation,
    pending_service,
    service_terms,
)
from tests.given import rebuilt

PRICES = st.integers(0, 20_000)
FIRST_PRICE = 2990


class ServiceAndPanel(RuleBasedStateMachine):
    """One service with its requests to the panel, its invoices and its days."""

    def __init__(self) -> None:
        super().__init__()
        self.today = TODAY
        self.count = 1000
        self.paid_minor = 0
        self.prices = {FIRST_PRICE}
        self.stopped_at_panel = False

    def new_id(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    @initialize()
    def begin(self) -> None:
        self.service = pending_service()
        self.panel = Provisioning.prepare(
            account_id=ACCOUNT,
            brand="ponto",
            service_id=SERVICE,
            plan="plan_start",
            domain="ana.example",
        )
        self.panel.request(request_id=self.new_id(), action="create")
        self.paid_minor = FIRST_PRICE

    # ------------------------------------------------------------------- what the panel answers

    @precondition(lambda self: self.panel.in_flight is not None)
    @rule()
    def the_panel_confirms(self) -> None:
        assert self.panel.in_flight
        done = self.panel.confirm(request_id=self.panel.in_flight.id, next_request_id=self.new_id())
        assert done
        self.stopped_at_panel = self.panel.state == "suspended"
        self._carry_over(done)

    def _carry_over(self, done: Request) -> None:
        match done.action:
            case "create":
                self.service.activate(today=self.today, next_due_on=self._month_on(self.today))
            case "suspend":
                self.service.suspend(reason=done.reason, today=self.today)
            case "unsuspend":
                self.service.unsuspend(self.today)
            case "change_plan":
                if self.service.pending_change:
                    self._make(self.service.pending_change)
            case _:
                self.service.terminate(self.today, reason=done.reason)

    @precondition(lambda self: self.panel.in_flight is not None)
    @rule()
    def the_panel_refuses(self) -> None:
        assert self.panel.in_flight
        request_id = self.panel.in_flight.id
        self.panel.refuse(request_id=request_id, reason="busy", next_request_id=self.new_id())

    # ---------------------------------------------------------------------- what time and money do

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def the_next_period_is_invoiced(self) -> None:
        try:
            bill = next_bill(self.service, by=ByDay())
            invoice_id = self.new_id()
            self.service.invoice_renewal(
                invoice_id=invoice_id,
                period_end=bill.ends_on,
                due_on=max(self.service.next_due_on or self.today, self.today),
                billed=bill.billed(invoice_id),
            )
        except (Conflict, NothingDue):
            return
        assert len(self.service.unpaid) == 1

    @precondition(lambda self: self.service.unpaid)
    @rule()
    def a_renewal_is_paid(self) -> None:
        (invoice_id, renewal) = next(iter(self.service.unpaid.items()))
        if self.service.has_ended:
            return
        before = self.service.next_due_on
        self.service.renew(invoice_id, today=self.today)
        self.paid_minor += sum(each.charged_minor for each in renewal.charged)
        assert before == renewal.period_start, "periods follow one another"
        assert self.service.next_due_on == renewal.period_end
        self._lift()

    @precondition(lambda self: self.service.unpaid)
    @rule()
    def a_renewal_becomes_void(self) -> None:
        self.service.drop(next(iter(self.service.unpaid)))

    @precondition(lambda self: self.service.unpaid)
    @rule()
    def debt_stops_it(self) -> None:
        for invoice_id in self.service.unpaid:
            if is_suspendable(
                self.service.status,
                self.service.unpaid,
                invoice_id=invoice_id,
                today=self.today,
            ):
                self._ask("suspend", OVERDUE)

    def _lift(self) -> None:
        reasons = {self.service.suspension_reason, *self.panel.suspension_reasons}
        if not reasons - {"", OVERDUE}:
            self._ask("unsuspend")

    def _ask(self, action: str, reason: str = "") -> None:
        self.panel.request(request_id=self.new_id(), action=action, reason=reason)

    # ------------------------------------------------------------------------- what people want

    @rule(price_minor=PRICES, effective=st.sampled_from([NOW, PERIOD_END]))
    def a_change_is_ordered(self, price_minor: int, effective: str) -> None:
        change = self._change(price_minor, effective)
        if change is None:
            return
        try:
            self.service.request(change)
        except Conflict:
            return
        assert not self.service.unpaid
        self.prices.add(price_minor)

    def _change(self, price_minor: int, effective: str) -> ServiceChange | None:
        terms = service_terms(plan=f"plan_{price_minor}", recurring_minor=price_minor)
        facts: dict[str, Any] = {
            "id": self.new_id(),
            "kind": "upgrade",
            "terms": terms,
            "effective": effective,
            "requested_on": self.today,
            "effective_on": self.service.next_due_on or self.today,
        }
        if effective == PERIOD_END:
            return ServiceChange(**facts)
        when = Moment(today=self.today, by=ByDay())
        try:
            found = reckon(self.service.charged, self.service.terms, new=terms, when=when)
        except ChangeTooLate:
            return None
        costs = {"credit_minor": found.credit_minor, "charge_minor": found.charge_minor}
        after = {"charged": found.charged, "next_due_on": found.next_due_on}
        return ServiceChange(**{**facts, **costs, **after})

    @precondition(lambda self: self.service.pending_change is not None)
    @rule()
    def the_change_is_asked_of_the_panel(self) -> None:
        change = self.service.pending_change
        assert change
        is_due = change.effective == NOW or self.today >= change.effective_on
        if is_due and not self.service.unpaid and self.service.status == "active":
            goal = Goal(plan=change.terms.plan)
            if goal == self.panel.goal and self.panel.in_flight is None:
                self._make(change)
            self.panel.request(request_id=self.new_id(), action="change_plan", goal=goal)

    def _make(self, change: ServiceChange) -> None:
        self.paid_minor += change.net_minor
        self.service.change(change.id, today=self.today)
        assert self.service.terms == change.terms

    @precondition(lambda self: self.service.pending_change is not None)
    @rule()
    def the_change_is_taken_back(self) -> None:
        assert self.service.pending_change
        wishes = (self.panel.in_flight, self.panel.planned)
        if any(wish and wish.action == "change_plan" for wish in wishes):
            return
        try:
            self.service.drop(self.service.pending_change.id)
        except Conflict:
            return
        assert self.service.pending_change is None

    @rule()
    def it_is_cancelled(self) -> None:
        try:
            self.service.request(cancellation(id=OTHER, ends_on=self.today))
        except Conflict:
            return
        assert self.service.status in {"active", "suspended"}

    @precondition(lambda self: self.service.cancellation is not None)
    @rule(goes_on=st.booleans())
    def the_cancellation_is_decided(self, goes_on: bool) -> None:
        if goes_on and not self._ends_at_panel():
            self.service.drop(OTHER)
        else:
            self._ask("terminate", "cancellation")

    def _ends_at_panel(self) -> bool:
        wishes = (self.panel.in_flight, self.panel.planned)
        return any(wish and wish.action == "terminate" for wish in wishes)

    @precondition(lambda self: self.panel.in_flight is None)
    @rule(reason=st.sampled_from(["abuse", "fraud"]))
    def staff_stops_it(self, reason: str) -> None:
        if self.service.suspension_reason == OVERDUE:
            self.service.suspend(reason=reason, today=self.today)
        elif self.service.status == "active":
            self._ask("suspend", reason)

    @precondition(lambda self: self.panel.in_flight is None)
    @rule()
    def staff_lets_it_run(self) -> None:
        if self.service.status == "suspended":
            self._ask("unsuspend")

    # ------------------------------------------------------------------------- what always holds

    @invariant()
    def it_is_suspended_only_where_the_panel_has_stopped_it(self) -> None:
        assert (self.service.status == "suspended") == self.stopped_at_panel

    @invariant()
    def its_status_is_what_the_panel_has_confirmed(self) -> None:
        states = {
            "absent": {"pending"},
            "running": {"active"},
            "suspended": {"suspended"},
            "gone": {"terminated", "cancelled"},
        }
        assert self.service.status in states[self.panel.state]

    @invariant()
    def a_reason_other_than_debt_is_lifted_by_staff_alone(self) -> None:
        if self.service.status == "active":
            assert self.service.suspension_reason == ""

    @invariant()
    def the_paid_time_ends_on_the_due_date_without_a_gap(self) -> None:
        periods = paid_periods(self.service.charged)
        if not periods:
            return
        assert periods[-1].whole.ends_on == self.service.next_due_on
        for before, after in pairwise(periods):
            assert before.whole.ends_on == after.whole.starts_on

    @invariant()
    def no_way_of_changing_is_cheaper_than_the_cheapest_plan(self) -> None:
        assert self.paid_minor >= min(self.prices)

    @invariant()
    def replaying_it_gives_the_same(self) -> None:
        again = rebuilt(self.service)
        assert vars(again).keys() == vars(self.service).keys()
        for name in ("status", "terms", "charged", "unpaid", "pending_change", "next_due_on"):
            assert getattr(again, name) == getattr(self.service, name)

    def _month_on(self, start: date) -> date:
        return DUE + (start - TODAY) if start == TODAY else start + timedelta(days=30)


TestServiceAndPanel = ServiceAndPanel.TestCase
TestServiceAndPanel.settings = settings(max_examples=1000, stateful_step_count=25)
