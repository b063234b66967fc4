"""What our bank tells of money that came. Amounts are integer minor units of `currency`.

Nothing here says who paid, but to the account whose invoices they paid.
"""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent
from shared.personal import Personal


class StatementPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of one account of ours, by the id of the way to pay that leads to it.

    `is_balanced`: whether the entries lead from one balance to the other; None: nobody knows.
    """

    method: str
    number: str
    currency: str
    from_on: date | None
    to_on: date | None
    entries: int
    passed_over: int
    is_balanced: bool | None


class BankStatementImported(PublicEvent, frozen=True, kw_only=True):
    """A bank file was taken in, whole and once. `format`: ofx, camt or mt940."""

    statement_id: UUID
    format: str
    parts: list[StatementPart]
    entries: int
    new_entries: int


class BankEntryRecorded(PublicEvent, frozen=True, kw_only=True):
    """Money moved on an account of ours. `brings_money`: it may pay something."""

    entry_id: UUID
    statement_id: UUID
    method: str
    booked_on: date
    value_on: date
    amount_minor: int
    currency: str
    brings_money: bool


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry may pay. `reasons`: codes of what speaks for it; `score`: their points.

    What the invoices do not take goes to the top-ups.
    """

    account_ids: list[UUID]
    invoice_ids: list[UUID]
    score: int
    reasons: list[str]
    top_up_ids: list[UUID] = msgspec.field(default_factory=list)


class BankEntrySuggested(PublicEvent, frozen=True, kw_only=True):
    """Nothing is certain about the entry: staff has to say what it pays. The best reading first."""

    entry_id: UUID
    reasons: list[str]
    readings: list[Reading]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an entry that is a payment; `invoice_minor` of it settle the invoice.

    `purpose`: `invoice`, or `top_up`, of which `invoice_id` is the id then; all of it is credit.
    """

    account_id: UUID
    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    invoice_minor: int
    purpose: str = "invoice"


class BankEntryAllocated(PublicEvent, frozen=True, kw_only=True):
    """The entry is paid out to invoices and top-ups."""

    entry_id: UUID
    allocation_id: UUID
    shares: list[Share]
    currency: str
    why: Why


class BankEntrySetAside(PublicEvent, frozen=True, kw_only=True):
    """The entry pays nothing. `reason`: a sentence of staff's, or money_left."""

    entry_id: UUID
    reason: str
    why: Why


class BankEntryReopened(PublicEvent, frozen=True, kw_only=True):
    """What was decided about the entry was wrong; its payments are taken back."""

    entry_id: UUID
    reason: str
    why: Why


class PayerRemembered(PublicEvent, frozen=True, kw_only=True):
    """Somebody paid for the account by bank transfer, as the bank named them."""

    payer_id: UUID
    payer_account: Personal[str]
    payer_name: Personal[str]


class PayerForgotten(PublicEvent, frozen=True, kw_only=True):
    """It was not for this account that they paid."""

    payer_id: UUID
