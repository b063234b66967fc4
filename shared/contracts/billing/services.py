"""What accounts hold, and what the panel was asked for. Amounts in minor units of `currency`."""

from datetime import date
from uuid import UUID

from shared.contracts.event import PublicEvent


class ServiceOrdered(PublicEvent, frozen=True, kw_only=True):
    """The account holds a service that waits for its first payment."""

    service_id: UUID
    order_id: UUID
    product_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str


class ServiceActivated(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed; the first period is `activated_on` to `next_due_on`, exclusive."""

    service_id: UUID
    activated_on: date
    next_due_on: date


class ServiceRenewed(PublicEvent, frozen=True, kw_only=True):
    """A paid period follows the last one: from `period_start` to `next_due_on`, exclusive."""

    service_id: UUID
    invoice_id: UUID
    period_start: date
    next_due_on: date


class ServiceSuspended(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed the suspension; reason `overdue` is lifted by payment."""

    service_id: UUID
    reason: str
    suspended_on: date


class ServiceUnsuspended(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed that the service runs again."""

    service_id: UUID
    unsuspended_on: date


class ServiceTerminated(PublicEvent, frozen=True, kw_only=True):
    """The panel confirmed that the service and its data are gone."""

    service_id: UUID
    terminated_on: date


class ServiceCancelled(PublicEvent, frozen=True, kw_only=True):
    """The service never ran and never will: its order was cancelled."""

    service_id: UUID
    order_id: UUID
    cancelled_on: date
    reason: str


class SuspensionWarned(PublicEvent, frozen=True, kw_only=True):
    """The service will be suspended on `suspends_on` unless the invoice is paid before."""

    service_id: UUID
    invoice_id: UUID
    invoice_number: str
    suspends_on: date


class ProvisioningRequested(PublicEvent, frozen=True, kw_only=True):
    """The panel is to create, suspend, unsuspend or terminate (`action`); nothing is done yet."""

    service_id: UUID
    request_id: UUID
    action: str
    plan: str
    domain: str


class ProvisioningFailed(PublicEvent, frozen=True, kw_only=True):
    """The panel refused; `reason` is the panel's stable code."""

    service_id: UUID
    request_id: UUID
    action: str
    reason: str
