"""What an entry of a bank statement may pay, and what it was found to pay. Minor units."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read an entry: the invoices that it would settle, in this order, and why.

    `reasons`: the codes of `bank_statements/matching.py`; `score`: the sum of their points.
    """

    account_ids: list[UUID]
    invoice_ids: list[UUID]
    score: int
    reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of an entry that is a payment of its own.

    `invoice_minor` of it are for the invoice, the rest is the account's credit.
    """

    account_id: UUID
    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    invoice_minor: int
