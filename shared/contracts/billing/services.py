"""What accounts hold, and what the panel was asked for. Amounts in minor units of `currency`."""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class ServiceOption(msgspec.Struct, frozen=True, kw_only=True):
    """An option as it was chosen: a value by its name, or so many units."""

    option: str
    name: dict[str, str]
    value_name: dict[str, str] = msgspec.field(default_factory=dict)
    quantity: int = 1
    recurring_minor: int = 0


class ServiceOrdered(PublicEvent, frozen=True, kw_only=True):
    """The account holds a service that waits for its first payment.

    A period costs `recurring_minor` in all, less the promotions. An addon names its parent; a fixed
    term ends where `ends_on` begins. `transferred_from`: the same service, at another account.
    """

    service_id: UUID
    order_id: UUID
    product_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    parent_id: UUID | None = None
    quantity: int = 1
    options: list[ServiceOption] = msgspec.field(default_factory=list)
    ends_on: date | None = None
    transferred_from: UUID | None = None


class ServiceActivated(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed; it is paid from `activated_on` to `next_due_on`, exclusive.

    None: nothing of it falls due, as it is paid once or never. (Version 1 always had a date.)
    `ends_on`: the day after the last of a fixed term.
    """

    VERSION: ClassVar[int] = 2

    service_id: UUID
    activated_on: date
    next_due_on: date | None
    why: Why | None = None
    ends_on: date | None = None


class ServiceRenewed(PublicEvent, frozen=True, kw_only=True):
    """A paid period follows the last one: from `period_start` to `next_due_on`, exclusive."""

    service_id: UUID
    invoice_id: UUID
    period_start: date
    next_due_on: date
    why: Why | None = None


class ServiceSuspended(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed the suspension; reason `overdue` is lifted by payment."""

    service_id: UUID
    reason: str
    suspended_on: date
    why: Why | None = None


class ServiceUnsuspended(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed that the service runs again. `reason`: why it had been stopped, when.

    `grace_ends_on`: where staff lets it run in debt, the day from which it may be suspended again.
    """

    service_id: UUID
    unsuspended_on: date
    reason: str = ""
    suspended_on: date | None = None
    why: Why | None = None
    grace_ends_on: date | None = None


class ServiceTerminated(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed that the service and its data are gone, for this reason."""

    service_id: UUID
    terminated_on: date
    reason: str = "overdue"
    why: Why | None = None


class ServiceEnded(PublicEvent, frozen=True, kw_only=True):
    """The service was cancelled after it ran: the panel confirmed that it is gone.

    `reason`: cancellation, fixed_term or parent_ended.
    """

    service_id: UUID
    ended_on: date
    reason: str
    why: Why | None = None


class ServiceTransferred(PublicEvent, frozen=True, kw_only=True):
    """The service is another account's, which holds it as `successor_id`."""

    service_id: UUID
    transferred_on: date
    successor_id: UUID
    why: Why | None = None


class ServiceCancellationRequested(PublicEvent, frozen=True, kw_only=True):
    """The service ends where `ends_on` begins. `at`: now or period_end."""

    service_id: UUID
    at: str
    ends_on: date
    reason: str
    why: Why | None = None


class ServiceCancellationWithdrawn(PublicEvent, frozen=True, kw_only=True):
    """The service goes on after all."""

    service_id: UUID
    why: Why | None = None


class ServiceChangeScheduled(PublicEvent, frozen=True, kw_only=True):
    """The service is to change, on `effective_on` or when `invoice_id` is paid.

    `kind`: upgrade, downgrade, cycle, options, or undo: what the panel was asked for is not to be,
    the service stays as it is. `net_minor` is owed for the change; below zero, it is credited.
    """

    service_id: UUID
    change_id: UUID
    kind: str
    product_id: UUID
    product_name: dict[str, str]
    cycle: str
    recurring_minor: int
    currency: str
    effective_on: date
    invoice_id: UUID | None = None
    net_minor: int = 0
    why: Why | None = None


class ServiceChangeWithdrawn(PublicEvent, frozen=True, kw_only=True):
    """The service stays as it is."""

    service_id: UUID
    change_id: UUID
    why: Why | None = None


class ServiceChanged(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed the change: this is the service from now on, renewed at this price.

    `net_minor` was owed for it; below zero, it is owed to the client and credited.
    """

    service_id: UUID
    change_id: UUID
    kind: str
    product_id: UUID
    product_name: dict[str, str]
    cycle: str
    recurring_minor: int
    currency: str
    changed_on: date
    next_due_on: date | None
    net_minor: int = 0
    quantity: int = 1
    options: list[ServiceOption] = msgspec.field(default_factory=list)
    why: Why | None = None


class ServiceCancelled(PublicEvent, frozen=True, kw_only=True):
    """The service never ran and never will: its order was cancelled."""

    service_id: UUID
    order_id: UUID
    cancelled_on: date
    reason: str
    why: Why | None = None


class SuspensionWarned(PublicEvent, frozen=True, kw_only=True):
    """The service will be suspended on `suspends_on` unless the invoice is paid before."""

    service_id: UUID
    invoice_id: UUID
    invoice_number: str
    suspends_on: date
    why: Why | None = None


class ProvisioningRequested(PublicEvent, frozen=True, kw_only=True):
    """The panel is to do `action`; nothing is done yet.

    That is create, suspend, unsuspend, terminate, change_plan (to `plan` and `options`) or transfer
    (to `successor_id`).
    """

    service_id: UUID
    request_id: UUID
    action: str
    plan: str
    domain: str
    options: dict[str, str] = msgspec.field(default_factory=dict)
    successor_id: UUID | None = None
    why: Why | None = None


class ProvisioningFailed(PublicEvent, frozen=True, kw_only=True):
    """The panel refused; `reason` is the panel's stable code."""

    service_id: UUID
    request_id: UUID
    action: str
    reason: str
