"""What an entry of a bank statement may pay, and what it was found to pay. Minor units."""

from dataclasses import dataclass, field
from uuid import UUID

from services.billing.payments.payment import Purpose


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read an entry: the invoices that it would settle, in this order, and why.

    What they leave goes to the `top_up_ids`.
    `reasons`: the codes of `bank_statements/matching.py`; `score`: the sum of their points.
    """

    account_ids: list[UUID]
    invoice_ids: list[UUID]
    score: int
    reasons: list[str]
    top_up_ids: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of an entry that is a payment of its own.

    `invoice_minor` of it are for the invoice, the rest is the account's credit. Its purpose may be
    a top-up, of which `invoice_id` is the id then, and all of it is credit.
    """

    account_id: UUID
    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    invoice_minor: int
    purpose: Purpose = "invoice"
