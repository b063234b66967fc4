"""A service that an account holds: pending -> active <-> suspended -> terminated, or -> cancelled.

It becomes what the panel has confirmed, never what the panel was only asked for (see provisioning).
Its next periods are invoiced, then paid; it may be asked to change or to end. What each event does
stands with the events. Amounts in minor units of its currency; dates are the brand's.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.held_services import service_events as events
from services.billing.held_services.terms import (
    NOTHING_SPECIAL,
    OVERDUE,
    PERIOD_END,
    REGULAR_ENDS,
    Billed,
    Cancellation,
    ChargedTime,
    InPlace,
    Instead,
    Renewal,
    ServiceChange,
    ServiceTerms,
    Wish,
    check_active,
    check_billable,
    check_droppable,
    check_not_ended,
    check_pending,
    check_suspendable,
    check_suspended,
    check_terminable,
    check_wish,
    due_after,
    term_end,
)
from services.billing.why.why import Why


class HeldService(Aggregate):
    """What an account holds of a product."""

    TOPIC = "billing.held_service"

    class Event(Aggregate.Event):
        TOPIC = "billing.held_service.event"

    class Ordered(Aggregate.Created):
        TOPIC = "billing.held_service.ordered"
        account_id: UUID
        brand: str
        order_id: UUID
        terms: ServiceTerms
        transferred_from: UUID | None = None

    Activated = events.Activated
    RenewalInvoiced = events.RenewalInvoiced
    RenewalDropped = events.RenewalDropped
    RenewalMoved = events.RenewalMoved
    Renewed = events.Renewed
    CancellationRequested = events.CancellationRequested
    CancellationWithdrawn = events.CancellationWithdrawn
    ChangeScheduled = events.ChangeScheduled
    ChangeWithdrawn = events.ChangeWithdrawn
    Changed = events.Changed
    SuspensionWarned = events.SuspensionWarned
    Suspended = events.Suspended
    Unsuspended = events.Unsuspended
    Terminated = events.Terminated
    Ended = events.Ended
    Cancelled = events.Cancelled

    @event(Ordered)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        order_id: UUID,
        terms: ServiceTerms,
        transferred_from: UUID | None,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.order_id = order_id
        self.terms = terms
        self.status = "pending"
        self.anchor_day = 0
        self.next_due_on: date | None = None
        self.charged: tuple[ChargedTime, ...] = ()
        self.unpaid: dict[UUID, Renewal] = {}
        self.cancellation: Cancellation | None = None
        self.pending_change: ServiceChange | None = None
        self.suspended_on: date | None = None
        self.grace_ends_on: date | None = None
        self.suspension_reason = ""

    @classmethod
    def order(cls, **says: Any) -> Self:
        """A service that waits for its first payment, or for its transfer from another account."""
        return cls(**{"transferred_from": None, **says})

    @property
    def has_ended(self) -> bool:
        return self.status in {"terminated", "cancelled"}

    @property
    def billed_until(self) -> date | None:
        """Where the next period to be invoiced begins; None where nothing falls due."""
        ends = [renewal.period_end for renewal in self.unpaid.values()]
        return max([*ends, self.next_due_on]) if self.next_due_on else None

    @property
    def next_terms(self) -> ServiceTerms:
        """The terms at which the next period is invoiced."""
        change = self.pending_change
        return change.terms if change and change.effective == PERIOD_END else self.terms

    def activate(
        self,
        *,
        today: date,
        next_due_on: date | None,
        anchor_day: int = 0,
        charged: Sequence[ChargedTime] = (),
        why: Why | None = None,
    ) -> None:
        """The panel made it: its paid time begins, and its day of the month is set.

        `charged`: the time up to `next_due_on`, if that is not one whole period at its price.
        """
        check_pending(self.status)
        assert next_due_on is None or next_due_on > today, "a period is not empty"
        anchor_day = anchor_day or today.day
        ends_on = term_end(self.terms, next_due_on, anchor_day=anchor_day)
        paid = {"next_due_on": next_due_on, "anchor_day": anchor_day, "charged": list(charged)}
        self.trigger_event(self.Activated, activated_on=today, **paid, ends_on=ends_on, why=why)

    def invoice_renewal(
        self,
        *,
        invoice_id: UUID,
        period_end: date,
        due_on: date,
        billed: Billed = NOTHING_SPECIAL,
        most_unpaid: int = 0,
    ) -> date:
        """Note that what follows the last period is on an invoice; return its first day.

        `billed`: if that is not one whole period at its price. `RenewalUnpaid` while more than
        `most_unpaid` invoices are open: a service collects no pile of debts.
        """
        check_active(self.status)
        start = check_billable(
            self.billed_until,
            unpaid=self.unpaid,
            change=self.pending_change,
            most_unpaid=most_unpaid,
        )
        assert period_end > start, "a period is not empty"
        self.trigger_event(
            self.RenewalInvoiced,
            invoice_id=invoice_id,
            period_start=start,
            period_end=period_end,
            due_on=due_on,
            charged=billed.charged,
            discounts=billed.discounts,
        )
        return start

    def drop(self, id: UUID, *, instead: InPlace | None = None, why: Why | None = None) -> None:
        """What was to come under this id will not: an invoice's periods, a change, a cancellation.

        The id of a void invoice drops the change that it was for, too; `instead`: the invoice, or
        the change, in its place. What is not known changes nothing. `ChangeAlreadyBilled`.
        """
        change = self.pending_change
        if id in self.unpaid and isinstance(instead, Instead):
            moved = {"to_invoice_id": instead.invoice_id, "due_on": instead.due_on}
            self.trigger_event(self.RenewalMoved, invoice_id=id, **moved)
        elif id in self.unpaid:
            self.trigger_event(self.RenewalDropped, invoice_id=id)
        elif self.cancellation and self.cancellation.id == id:
            self.trigger_event(self.CancellationWithdrawn, why=why)
        elif change and change.invoice_id == id and isinstance(instead, Instead):
            moved_change = replace(change, invoice_id=instead.invoice_id)
            self.trigger_event(self.ChangeScheduled, change=moved_change, why=why)
        elif change and id in {change.id, change.invoice_id}:
            check_droppable(change, self.billed_until)
            self.trigger_event(self.ChangeWithdrawn, change_id=change.id, why=why)
            if isinstance(instead, ServiceChange):
                self.trigger_event(self.ChangeScheduled, change=instead, why=why)

    def renew(
        self, invoice_id: UUID, *, today: date, why: Why | None = None, waived: bool = False
    ) -> None:
        """The invoice is paid, or waived: its periods follow the last one. Once."""
        check_not_ended(self.status)
        if paid := self.unpaid.get(invoice_id):
            assert self.next_due_on, "what is renewed falls due"
            self.trigger_event(
                self.Renewed,
                invoice_id=invoice_id,
                period_start=paid.period_start,
                next_due_on=max(self.next_due_on, paid.period_end),
                renewed_on=today,
                waived=waived,
                why=why,
            )

    def request(self, wish: Wish, *, why: Why | None = None) -> None:
        """Note a cancellation, or a change, that is still to come; each one at a time.

        `CancellationPending`, `ChangePending`; a change also waits for open invoices:
        `RenewalUnpaid`.
        """
        check_wish(
            wish,
            status=self.status,
            cancellation=self.cancellation,
            change=self.pending_change,
            unpaid=self.unpaid,
        )
        if isinstance(wish, Cancellation):
            self.trigger_event(self.CancellationRequested, cancellation=wish, why=why)
        else:
            self.trigger_event(self.ChangeScheduled, change=wish, why=why)

    def change(self, change_id: UUID, *, today: date, why: Why | None = None) -> None:
        """The panel made the change: its terms hold from now on. A second time changes nothing."""
        change = self.pending_change
        if change and change.id == change_id and not self.has_ended:
            due_on = due_after(change, self.next_due_on)
            self.trigger_event(
                self.Changed, change=change, changed_on=today, next_due_on=due_on, why=why
            )

    def warn_of_suspension(
        self,
        *,
        invoice_id: UUID,
        invoice_number: str,
        today: date,
        suspends_on: date,
        why: Why | None = None,
    ) -> None:
        """Announce the suspension that an overdue invoice leads to. Each call is one warning."""
        check_suspendable(self.status, self.unpaid, invoice_id=invoice_id, today=today)
        assert suspends_on >= today, "a warning comes before what it warns of"
        self.trigger_event(
            self.SuspensionWarned,
            invoice_id=invoice_id,
            invoice_number=invoice_number,
            suspends_on=suspends_on,
            why=why,
        )

    def suspend(self, *, reason: str, today: date, why: Why | None = None) -> None:
        """The panel stopped it, or it is stopped for debt and for a graver reason from now on."""
        if self.suspension_reason != OVERDUE or reason == OVERDUE:
            check_active(self.status)
        self.trigger_event(self.Suspended, reason=reason, suspended_on=today, why=why)

    def unsuspend(self, today: date, *, why: Why | None = None, until: date | None = None) -> None:
        """The panel runs it again; staff may say that debt does not stop it before `until`."""
        check_suspended(self.status)
        says = {"reason": self.suspension_reason, "suspended_on": self.suspended_on, "why": why}
        self.trigger_event(self.Unsuspended, unsuspended_on=today, grace_ends_on=until, **says)

    def terminate(
        self,
        today: date,
        *,
        reason: str = OVERDUE,
        successor_id: UUID | None = None,
        why: Why | None = None,
    ) -> None:
        """The panel deleted it with its data, for debt only while suspended; or gave it away."""
        check_terminable(self.status, reason)
        if reason in REGULAR_ENDS:
            ended = {"ended_on": today, "reason": reason, "successor_id": successor_id}
            self.trigger_event(self.Ended, **ended, why=why)
        else:
            self.trigger_event(self.Terminated, terminated_on=today, reason=reason, why=why)

    def cancel(self, *, today: date, reason: str, why: Why | None = None) -> None:
        """It never runs, because its order was given up. `ServiceNotPending` once it runs."""
        check_pending(self.status)
        self.trigger_event(self.Cancelled, cancelled_on=today, reason=reason, why=why)
