"""What accounts owe, and what they are told of it. Amounts in minor units of `currency`."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent
from shared.personal import Personal


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
