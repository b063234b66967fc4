"""What will be on an invoice: drafts of it, and items that wait for the next one.

Amounts are integer minor units of `currency`.
"""

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as priced; `net_minor` is without its tax unless the brand's prices include it."""

    line_id: UUID
    description: str
    net_minor: int
    quantity: Decimal = Decimal(1)
    unit_minor: int | None = None
    tax_category: str = "standard"


class DraftOpened(PublicEvent, frozen=True, kw_only=True):
    """Staff began an invoice, or split it off another; nothing is owed for it yet."""

    draft_id: UUID
    currency: str
    lines: list[DraftLine]


class DraftChanged(PublicEvent, frozen=True, kw_only=True):
    """Lines that are in the draft from now on, new or instead of those before, or no longer."""

    draft_id: UUID
    put: list[DraftLine]
    removed: list[UUID]


class DraftDiscarded(PublicEvent, frozen=True, kw_only=True):
    """The draft is given up. `reason`: discarded, or merged into another draft."""

    draft_id: UUID
    reason: str
    into_id: UUID | None = None


class DraftIssued(PublicEvent, frozen=True, kw_only=True):
    """The draft became an invoice."""

    draft_id: UUID
    invoice_id: UUID


class BillableItemAdded(PublicEvent, frozen=True, kw_only=True):
    """Something that was done for the account and will be on an invoice.

    `due`: next_invoice, or on_date with the date `bill_on`.
    """

    item_id: UUID
    description: str
    net_minor: int
    currency: str
    tax_category: str
    due: str
    bill_on: date | None = None
    why: Why | None = None


class BillableItemInvoiced(PublicEvent, frozen=True, kw_only=True):
    """The item is on an invoice."""

    item_id: UUID
    invoice_id: UUID


class BillableItemWithdrawn(PublicEvent, frozen=True, kw_only=True):
    """The item will not be billed."""

    item_id: UUID
    reason: str
