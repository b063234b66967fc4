"""A service that an account holds: pending -> active <-> suspended -> terminated, or -> cancelled.

It becomes what the panel has confirmed, never what the panel was only asked for (see provisioning).
Amounts in minor units of `currency`; dates are local dates of the brand.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict

OVERDUE = "overdue"


class ServiceNotPending(Conflict):
    """The service runs already, or never will."""


class ServiceNotActive(Conflict):
    """Only an active service can be renewed, warned or suspended."""


class ServiceNotSuspended(Conflict):
    """The service is not suspended for an unpaid invoice."""


class ServiceHasEnded(Conflict):
    """The service is cancelled or terminated for good."""


class RenewalUnpaid(Conflict):
    """An earlier invoice for this service is not paid yet."""


class NothingOverdue(Conflict):
    """The service is not active, or the invoice is no unpaid one of it past its due date."""


@dataclass(frozen=True, kw_only=True)
class ServiceTerms:
    """What was ordered, as at the order; `product_name` by language, `plan` is the panel's name."""

    product_id: UUID
    product_name: dict[str, str]
    plan: str
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    tax_category: str = "standard"


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """A period that is invoiced but not paid; its end is exclusive."""

    period_start: date
    period_end: date
    due_on: date


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

    class Activated(Aggregate.Event):
        TOPIC = "billing.held_service.activated"
        activated_on: date
        next_due_on: date

    class RenewalInvoiced(Aggregate.Event):
        TOPIC = "billing.held_service.renewal_invoiced"
        invoice_id: UUID
        period_start: date
        period_end: date
        due_on: date

    class RenewalDropped(Aggregate.Event):
        TOPIC = "billing.held_service.renewal_dropped"
        invoice_id: UUID

    class Renewed(Aggregate.Event):
        TOPIC = "billing.held_service.renewed"
        invoice_id: UUID
        period_start: date
        next_due_on: date

    class SuspensionWarned(Aggregate.Event):
        TOPIC = "billing.held_service.suspension_warned"
        invoice_id: UUID
        invoice_number: str
        suspends_on: date

    class Suspended(Aggregate.Event):
        TOPIC = "billing.held_service.suspended"
        reason: str
        suspended_on: date

    class Unsuspended(Aggregate.Event):
        TOPIC = "billing.held_service.unsuspended"
        unsuspended_on: date

    class Terminated(Aggregate.Event):
        TOPIC = "billing.held_service.terminated"
        terminated_on: date

    class Cancelled(Aggregate.Event):
        TOPIC = "billing.held_service.cancelled"
        cancelled_on: date
        reason: str

    @classmethod
    def order(
        cls, *, id: UUID, account_id: UUID, brand: str, order_id: UUID, terms: ServiceTerms
    ) -> Self:
        """A service that waits for its first payment."""
        return cls(id=id, account_id=account_id, brand=brand, order_id=order_id, terms=terms)

    @event(Ordered)
    def __init__(
        self, *, id: UUID, account_id: UUID, brand: str, order_id: UUID, terms: ServiceTerms
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.order_id = order_id
        self.terms = terms
        self.status = "pending"
        self.anchor_day = 0
        self.next_due_on: date | None = None
        self.unpaid: dict[UUID, Renewal] = {}
        self.suspended_on: date | None = None
        self.suspension_reason = ""

    @property
    def has_ended(self) -> bool:
        return self.status in {"terminated", "cancelled"}

    def has_overdue(self, today: date) -> bool:
        """Whether an unpaid invoice of this service is past its due date."""
        return any(renewal.due_on < today for renewal in self.unpaid.values())

    def activate(self, *, today: date, next_due_on: date) -> None:
        """The panel made it: its first period begins, and its day of the month is set."""
        if self.status != "pending":
            raise ServiceNotPending(status=self.status)
        assert next_due_on > today, "a period is not empty"
        self._activated(activated_on=today, next_due_on=next_due_on)

    @event(Activated)
    def _activated(self, activated_on: date, next_due_on: date) -> None:
        self.status = "active"
        self.anchor_day = activated_on.day
        self.next_due_on = next_due_on

    def invoice_renewal(self, *, invoice_id: UUID, period_end: date, due_on: date) -> date:
        """Note that the next period is on an invoice, and return that period's first day.

        `RenewalUnpaid` while an earlier one is open: a service collects no pile of debts.
        """
        if self.status != "active" or self.next_due_on is None:
            raise ServiceNotActive(status=self.status)
        if self.unpaid:
            raise RenewalUnpaid()
        period_start = self.next_due_on
        assert period_end > period_start, "a period is not empty"
        self._renewal_invoiced(
            invoice_id=invoice_id, period_start=period_start, period_end=period_end, due_on=due_on
        )
        return period_start

    @event(RenewalInvoiced)
    def _renewal_invoiced(
        self, invoice_id: UUID, period_start: date, period_end: date, due_on: date
    ) -> None:
        renewal = Renewal(period_start=period_start, period_end=period_end, due_on=due_on)
        self.unpaid = {**self.unpaid, invoice_id: renewal}

    def drop_renewal(self, invoice_id: UUID) -> None:
        """The invoice is void. One that is not open here changes nothing."""
        if invoice_id in self.unpaid:
            self._renewal_dropped(invoice_id=invoice_id)

    @event(RenewalDropped)
    def _renewal_dropped(self, invoice_id: UUID) -> None:
        self.unpaid = {key: kept for key, kept in self.unpaid.items() if key != invoice_id}

    def renew(self, invoice_id: UUID) -> None:
        """The invoice is paid: its period follows the last one. A second time changes nothing."""
        if self.has_ended:
            raise ServiceHasEnded(status=self.status)
        if invoice_id in self.unpaid:
            paid = self.unpaid[invoice_id]
            self._renewed(
                invoice_id=invoice_id,
                period_start=paid.period_start,
                next_due_on=paid.period_end,
            )

    @event(Renewed)
    def _renewed(self, invoice_id: UUID, period_start: date, next_due_on: date) -> None:
        self.unpaid = {key: kept for key, kept in self.unpaid.items() if key != invoice_id}
        self.next_due_on = next_due_on

    def is_suspendable(self, invoice_id: UUID, today: date) -> bool:
        """Whether the service is active and this invoice of it is unpaid past its due date."""
        renewal = self.unpaid.get(invoice_id)
        return self.status == "active" and renewal is not None and renewal.due_on < today

    def warn_of_suspension(
        self, *, invoice_id: UUID, invoice_number: str, today: date, suspends_on: date
    ) -> None:
        """Announce the suspension that an overdue invoice leads to. Each call is one warning."""
        if not self.is_suspendable(invoice_id, today):
            raise NothingOverdue()
        assert suspends_on >= today, "a warning comes before what it warns of"
        self._suspension_warned(
            invoice_id=invoice_id, invoice_number=invoice_number, suspends_on=suspends_on
        )

    @event(SuspensionWarned)
    def _suspension_warned(self, invoice_id: UUID, invoice_number: str, suspends_on: date) -> None:
        pass

    def suspend(self, *, reason: str, today: date) -> None:
        """The panel stopped it. Only an active service can be stopped."""
        if self.status != "active":
            raise ServiceNotActive(status=self.status)
        self._suspended(reason=reason, suspended_on=today)

    @event(Suspended)
    def _suspended(self, reason: str, suspended_on: date) -> None:
        self.status = "suspended"
        self.suspension_reason = reason
        self.suspended_on = suspended_on

    def unsuspend(self, today: date) -> None:
        """The panel runs it again."""
        if self.status != "suspended":
            raise ServiceNotSuspended(status=self.status)
        self._unsuspended(unsuspended_on=today)

    @event(Unsuspended)
    def _unsuspended(self, unsuspended_on: date) -> None:
        self.status = "active"
        self.suspension_reason = ""
        self.suspended_on = None

    def terminate(self, today: date) -> None:
        """The panel deleted it, with its data."""
        if self.status != "suspended":
            raise ServiceNotSuspended(status=self.status)
        self._terminated(terminated_on=today)

    @event(Terminated)
    def _terminated(self, terminated_on: date) -> None:
        self.status = "terminated"

    def cancel(self, *, today: date, reason: str) -> None:
        """It never runs, because its order was given up. `ServiceNotPending` once it runs."""
        if self.status != "pending":
            raise ServiceNotPending(status=self.status)
        self._cancelled(cancelled_on=today, reason=reason)

    @event(Cancelled)
    def _cancelled(self, cancelled_on: date, reason: str) -> None:
        self.status = "cancelled"
