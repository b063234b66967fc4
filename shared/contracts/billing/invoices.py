"""What accounts owe, and what they are told of it. Amounts in minor units of `currency`."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent
from shared.personal import Personal


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice or credit note; the period's end is exclusive.

    `kind`: new, setup, renewal, addon, option, upgrade, credit, promotion, late_fee,
    reactivation_fee or manual. `unit_minor` is one of `quantity`, before `discount_minor`.
    """

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None
    quantity: Decimal = Decimal(1)
    unit_minor: int | None = None
    discount_minor: int = 0
    tax_category: str = "standard"
    why: Why | None = None


class TaxRow(msgspec.Struct, frozen=True, kw_only=True):
    """The tax of one rate, computed once on the sum of its lines.

    An informative one is contained in the price and told: no part of the document's tax.
    """

    name: str
    category: str
    rate_percent: Decimal
    taxable_minor: int
    tax_minor: int
    note: str = ""
    is_informative: bool = False


class InvoiceIssued(PublicEvent, frozen=True, kw_only=True):
    """An invoice with its gapless number. It never changes; the billed-to block is as at issue.

    `total_minor` is with tax. A pro forma has a number of its own series until it is paid; it is
    not owed and not earned before, so it is booked then (`is_booked_at_issue`).
    `corrects`: the invoice that it stands for; `about_invoice_id`: the one that it is a fee for.
    """

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
    tax_minor: int = 0
    taxes: list[TaxRow] = msgspec.field(default_factory=list)
    prices_include_tax: bool = False
    notes: list[str] = msgspec.field(default_factory=list)
    payee: dict[str, str] = msgspec.field(default_factory=dict)
    is_pro_forma: bool = False
    corrects: UUID | None = None
    about_invoice_id: UUID | None = None
    is_booked_at_issue: bool = True


class InvoiceNumbered(PublicEvent, frozen=True, kw_only=True):
    """A pro forma was paid and is an invoice now, with this number.

    The amounts are what is booked by it, 0 where that was done at the issue; `prepaid_minor` of
    `total_minor` had been paid in parts before.
    """

    invoice_id: UUID
    number: str
    numbered_on: date
    currency: str = ""
    total_minor: int = 0
    tax_minor: int = 0
    prepaid_minor: int = 0


class InvoiceWrittenOff(PublicEvent, frozen=True, kw_only=True):
    """What was open of the invoice is given up."""

    invoice_id: UUID
    number: str
    amount_minor: int
    currency: str
    reason: str
    why: Why | None = None


class PaymentTakenBack(PublicEvent, frozen=True, kw_only=True):
    """A payment no longer counts towards the invoice, which is open by that much more.

    `is_prepayment`: the invoice is still a pro forma. `lines`: those that are of a service.
    """

    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    is_prepayment: bool
    order_id: UUID | None
    issued_on: date
    due_on: date
    is_fee: bool
    lines: list[InvoiceLine]


class InvoicePaid(PublicEvent, frozen=True, kw_only=True):
    """The invoice has no open balance any more."""

    invoice_id: UUID
    number: str
    paid_on: date
    total_minor: int
    currency: str


class InvoiceReopened(PublicEvent, frozen=True, kw_only=True):
    """A payment was charged back, so that what it had settled of the invoice is owed again.

    `is_prepayment`: the invoice is a pro forma, which the ledger does not have yet.
    """

    invoice_id: UUID
    number: str
    payment_id: UUID
    amount_minor: int
    currency: str
    issued_on: date
    due_on: date
    reopened_on: date
    lines: list[InvoiceLine]
    about_invoice_id: UUID | None = None
    is_prepayment: bool = False


class InvoiceCancelled(PublicEvent, frozen=True, kw_only=True):
    """The invoice is void; nothing is owed for it. `was_booked`: not as a mere pro forma."""

    invoice_id: UUID
    number: str
    total_minor: int
    currency: str
    cancelled_on: date
    reason: str
    tax_minor: int = 0
    why: Why | None = None
    was_booked: bool = True


class CreditedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken back of the invoice's line at `place`, from 0.

    `amount_minor` is as the invoice priced it: with tax where its prices include it.
    """

    place: int
    description: str
    amount_minor: int
    net_minor: int


class CreditNoteIssued(PublicEvent, frozen=True, kw_only=True):
    """A part of an invoice, or all of it, is taken back, under a number of a series of its own.

    `total_minor` is with tax; `returned_minor` of it had been paid and is the account's credit now.
    `corrected_by`: the invoice that takes the place of the old one. `leaves_nothing`: with the
    notes before it takes back the whole invoice. `released_services`: those of which nothing is
    left on the invoice, so that it serves them no more.
    """

    credit_note_id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    issued_on: date
    currency: str
    lines: list[CreditedLine]
    taxes: list[TaxRow]
    tax_minor: int
    total_minor: int
    returned_minor: int
    leaves_nothing: bool
    reason: str
    billed_to_name: Personal[str]
    billed_to_address: Personal[str]
    billed_to_tax_id: Personal[str]
    prices_include_tax: bool = False
    payee: dict[str, str] = msgspec.field(default_factory=dict)
    corrected_by: UUID | None = None
    why: Why | None = None
    released_services: list[UUID] = msgspec.field(default_factory=list)


class PaymentReminderDue(PublicEvent, frozen=True, kw_only=True):
    """The invoice is due in `days_before` days and is still open."""

    invoice_id: UUID
    number: str
    due_on: date
    days_before: int
    open_minor: int
    currency: str
    why: Why | None = None


class InvoiceOverdue(PublicEvent, frozen=True, kw_only=True):
    """The invoice was due `days_after` days ago and is still open; one event per notice."""

    invoice_id: UUID
    number: str
    due_on: date
    days_after: int
    open_minor: int
    currency: str
    why: Why | None = None
