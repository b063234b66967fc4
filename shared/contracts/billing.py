"""What the billing service publishes. Amounts are integer minor units of `currency` (ISO 4217)."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent
from shared.personal import Personal


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that a brand offers; `clearing_days` is shown to the client."""

    id: str
    kind: str  # hosted_page | bank_transfer
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str] = {}


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket can go; name and description by language."""

    id: str
    name: dict[str, str]
    description: dict[str, str]


class BrandConfigured(PublicEvent, frozen=True, kw_only=True):
    """A hosting company's settings as they are from now on; the slug is the envelope's brand."""

    name: str
    hosts: list[str]
    languages: list[str]
    default_language: str
    time_zone: str
    currency: str
    sender_name: str
    sender_email: str
    accent_colour: str
    payee: dict[str, str]
    payment_methods: list[PaymentMethod]
    departments: list[Department]


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one cycle of a product costs; `setup_minor` once, with the first period."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


class ProductPublished(PublicEvent, frozen=True, kw_only=True):
    """A product that clients can order, as it is from now on; name and description by language."""

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    sort: int


class ProductRetired(PublicEvent, frozen=True, kw_only=True):
    """The product can no longer be ordered; services that hold it go on."""

    product_id: UUID


class OrderPlaced(PublicEvent, frozen=True, kw_only=True):
    """A client ordered; the invoice follows in the same transaction."""

    order_id: UUID
    number: str
    product_id: UUID
    service_id: UUID
    invoice_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str


class OrderCancelled(PublicEvent, frozen=True, kw_only=True):
    """The order is void, its invoice with it; `reason` is `client` or `unpaid`."""

    order_id: UUID
    number: str
    service_id: UUID
    invoice_id: UUID
    cancelled_on: date
    reason: str


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


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice. `kind`: new, setup or renewal; the period's end is exclusive."""

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None


class InvoiceIssued(PublicEvent, frozen=True, kw_only=True):
    """An invoice with its gapless number. It never changes; the billed-to block is as at issue."""

    invoice_id: UUID
    number: str
    order_id: UUID | None
    issued_on: date
    due_on: date
    currency: str
    lines: list[InvoiceLine]
    total_minor: int
    billed_to_name: Personal[str]
    billed_to_address: Personal[str]
    billed_to_tax_id: Personal[str]


class PaymentAllocated(PublicEvent, frozen=True, kw_only=True):
    """A part of a payment settles a part of an invoice."""

    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str


class InvoicePaid(PublicEvent, frozen=True, kw_only=True):
    """The invoice has no open balance any more."""

    invoice_id: UUID
    number: str
    paid_on: date
    total_minor: int
    currency: str


class InvoiceCancelled(PublicEvent, frozen=True, kw_only=True):
    """The invoice is void; nothing is owed for it."""

    invoice_id: UUID
    number: str
    total_minor: int
    currency: str
    cancelled_on: date
    reason: str


class PaymentReminderDue(PublicEvent, frozen=True, kw_only=True):
    """The invoice is due in `days_before` days and is still open."""

    invoice_id: UUID
    number: str
    due_on: date
    days_before: int
    open_minor: int
    currency: str


class InvoiceOverdue(PublicEvent, frozen=True, kw_only=True):
    """The invoice was due `days_after` days ago and is still open; one event per notice."""

    invoice_id: UUID
    number: str
    due_on: date
    days_after: int
    open_minor: int
    currency: str


class PaymentStarted(PublicEvent, frozen=True, kw_only=True):
    """An attempt to pay; its id is the gateway's idempotency key."""

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str


class PaymentPending(PublicEvent, frozen=True, kw_only=True):
    """The gateway has taken the attempt and waits for the money."""

    payment_id: UUID
    invoice_id: UUID


class PaymentReceived(PublicEvent, frozen=True, kw_only=True):
    """The money of the attempt is ours. `receipt_number` is gapless per brand."""

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str
    received_on: date
    receipt_number: str
    gateway_reference: str


class PaymentFailed(PublicEvent, frozen=True, kw_only=True):
    """The attempt ended without money; `reason` is the gateway's stable code."""

    payment_id: UUID
    invoice_id: UUID
    reason: str


class PaymentMismatchFound(PublicEvent, frozen=True, kw_only=True):
    """The gateway names another amount or currency than we asked for; nothing is booked."""

    payment_id: UUID
    invoice_id: UUID
    field: str
    expected: str
    found: str


class CreditAdded(PublicEvent, frozen=True, kw_only=True):
    """Money of the account that we hold: what a payment left over.

    `reason`: `overpayment`, or `invoice_cancelled` when the invoice was void by then.
    """

    amount_minor: int
    currency: str
    reason: str
    payment_id: UUID


class BusinessDayStarted(PublicEvent, frozen=True, kw_only=True):
    """The brand's automation works on this local date; once per brand and date, in order."""

    day: date
