"""What happens to a held service, each event with what it does to the aggregate (`HeldService`).

Amounts in minor units of the service's currency; dates are local dates of the brand.
"""

from dataclasses import field, replace
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from services.billing.held_services.terms import (
    OVERDUE,
    Cancellation,
    ChargedTime,
    Renewal,
    ServiceChange,
    unended,
    unspent,
    whole_period,
)
from services.billing.promotions.discount import Discount
from services.billing.why.why import Why


class Activated(Aggregate.Event):
    """The panel made it: its paid time begins."""

    TOPIC = "billing.held_service.activated"
    activated_on: date
    next_due_on: date | None
    anchor_day: int = 0
    charged: list[ChargedTime] = field(default_factory=list)
    why: Why | None = None
    ends_on: date | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "active"
        if self.ends_on:
            aggregate.terms = replace(aggregate.terms, ends_on=self.ends_on)
        aggregate.anchor_day = self.anchor_day or self.activated_on.day
        aggregate.next_due_on = self.next_due_on
        aggregate.charged = tuple(self.charged)
        if self.next_due_on and not self.charged:  # one whole period, as before times differed
            price_minor = aggregate.terms.price_minor
            whole = whole_period(self.activated_on, self.next_due_on, price_minor=price_minor)
            aggregate.charged = (whole,)


class RenewalInvoiced(Aggregate.Event):
    """The next periods are on an invoice; `discounts` are what is left of them after these."""

    TOPIC = "billing.held_service.renewal_invoiced"
    invoice_id: UUID
    period_start: date
    period_end: date
    due_on: date
    charged: list[ChargedTime] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)

    def apply(self, aggregate: Any) -> None:
        start, end, terms = self.period_start, self.period_end, aggregate.next_terms
        charged = self.charged
        if not charged:  # one whole period at its price
            price_minor = terms.price_minor
            charged = [whole_period(start, end, price_minor=price_minor, on=self.invoice_id)]
        aggregate.unpaid = aggregate.unpaid | {
            self.invoice_id: Renewal(
                period_start=start,
                period_end=end,
                due_on=self.due_on,
                charged=charged,
                discounts_before=terms.discounts,
            )
        }
        _keep_discounts(aggregate, self.discounts)


class RenewalDropped(Aggregate.Event):
    """The invoice is void."""

    TOPIC = "billing.held_service.renewal_dropped"
    invoice_id: UUID

    def apply(self, aggregate: Any) -> None:
        dropped = aggregate.unpaid[self.invoice_id]
        aggregate.unpaid = _without(aggregate.unpaid, self.invoice_id)
        _keep_discounts(aggregate, dropped.discounts_before)


class RenewalMoved(Aggregate.Event):
    """Another invoice stands for the one that its periods are on."""

    TOPIC = "billing.held_service.renewal_moved"
    invoice_id: UUID
    to_invoice_id: UUID
    due_on: date

    def apply(self, aggregate: Any) -> None:
        moved = replace(aggregate.unpaid[self.invoice_id], due_on=self.due_on)
        others = _without(aggregate.unpaid, self.invoice_id)
        aggregate.unpaid = {**others, self.to_invoice_id: moved}


class Renewed(Aggregate.Event):
    """The periods on the invoice are paid, or staff has let go of what they cost."""

    TOPIC = "billing.held_service.renewed"
    invoice_id: UUID
    period_start: date
    next_due_on: date
    renewed_on: date | None = None
    why: Why | None = None
    waived: bool = False

    def apply(self, aggregate: Any) -> None:
        paid = unspent(aggregate.unpaid[self.invoice_id].charged, is_waived=self.waived)
        aggregate.charged = (*unended(aggregate.charged, self.renewed_on), *paid)
        aggregate.unpaid = _without(aggregate.unpaid, self.invoice_id)
        aggregate.next_due_on = self.next_due_on


class CancellationRequested(Aggregate.Event):
    """It is to end."""

    TOPIC = "billing.held_service.cancellation_requested"
    cancellation: Cancellation
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.cancellation = self.cancellation


class CancellationWithdrawn(Aggregate.Event):
    """It goes on."""

    TOPIC = "billing.held_service.cancellation_withdrawn"
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.cancellation = None


class ChangeScheduled(Aggregate.Event):
    """It is to change, when an invoice is paid or a day has come."""

    TOPIC = "billing.held_service.change_scheduled"
    change: ServiceChange
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.pending_change = self.change


class ChangeWithdrawn(Aggregate.Event):
    """It stays as it is."""

    TOPIC = "billing.held_service.change_withdrawn"
    change_id: UUID
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.pending_change = None


class Changed(Aggregate.Event):
    """It has other terms from now on."""

    TOPIC = "billing.held_service.changed"
    change: ServiceChange
    changed_on: date
    next_due_on: date | None = None
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        change, aggregate.pending_change = self.change, None
        aggregate.terms = change.terms
        aggregate.anchor_day = change.anchor_day or aggregate.anchor_day
        aggregate.next_due_on = self.next_due_on
        if change.charged or self.next_due_on is None:
            aggregate.charged = tuple(change.charged)


class SuspensionWarned(Aggregate.Event):
    """The client is told of what an overdue invoice leads to."""

    TOPIC = "billing.held_service.suspension_warned"
    invoice_id: UUID
    invoice_number: str
    suspends_on: date
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        """It is said, and changes nothing."""


class Suspended(Aggregate.Event):
    """The panel stopped it, or the reason became a graver one."""

    TOPIC = "billing.held_service.suspended"
    reason: str
    suspended_on: date
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status, aggregate.suspension_reason = "suspended", self.reason
        aggregate.suspended_on, aggregate.grace_ends_on = self.suspended_on, None


class Unsuspended(Aggregate.Event):
    """The panel runs it again. `grace_ends_on`: until then staff lets it run in debt."""

    TOPIC = "billing.held_service.unsuspended"
    unsuspended_on: date
    reason: str = ""
    suspended_on: date | None = None
    why: Why | None = None
    grace_ends_on: date | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status, aggregate.suspension_reason = "active", ""
        aggregate.suspended_on, aggregate.grace_ends_on = None, self.grace_ends_on


class Terminated(Aggregate.Event):
    """The panel deleted it, for debt or by the staff's decision."""

    TOPIC = "billing.held_service.terminated"
    terminated_on: date
    reason: str = OVERDUE
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "terminated"


class Ended(Aggregate.Event):
    """The panel deleted it as it was to end, or `successor_id` carries it on elsewhere."""

    TOPIC = "billing.held_service.ended"
    ended_on: date
    reason: str
    successor_id: UUID | None = None
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "cancelled"


class Cancelled(Aggregate.Event):
    """It never ran and never will."""

    TOPIC = "billing.held_service.cancelled"
    cancelled_on: date
    reason: str
    why: Why | None = None

    def apply(self, aggregate: Any) -> None:
        aggregate.status = "cancelled"


def _without(unpaid: dict[UUID, Renewal], invoice_id: UUID) -> dict[UUID, Renewal]:
    return {key: kept for key, kept in unpaid.items() if key != invoice_id}


def _keep_discounts(aggregate: Any, discounts: list[Discount]) -> None:
    """From now on these are left of the terms at which the next period is invoiced."""
    if aggregate.next_terms.discounts == discounts:
        return
    terms = replace(aggregate.next_terms, discounts=discounts)
    if aggregate.next_terms is aggregate.terms:
        aggregate.terms = terms
    else:
        aggregate.pending_change = replace(aggregate.pending_change, terms=terms)
