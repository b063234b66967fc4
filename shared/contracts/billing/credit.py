"""Money of an account that we hold. Amounts are integer minor units of `currency`."""

from uuid import UUID

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class CreditAdded(PublicEvent, frozen=True, kw_only=True):
    """Money of the account that we hold: what a payment left over.

    `reason`: `overpayment`, `invoice_cancelled` when the invoice was void by then, or `top_up`.
    """

    amount_minor: int
    currency: str
    reason: str
    payment_id: UUID
    why: Why | None = None


class CreditGiven(PublicEvent, frozen=True, kw_only=True):
    """Credit that no payment brought. `source`: `credit_note`, or `staff` for a gift.

    `prepayment`: it had been paid of the pro forma `reference_id`, which became void.
    """

    amount_minor: int
    currency: str
    source: str
    reference_id: UUID
    reason: str
    why: Why | None = None


class CreditApplied(PublicEvent, frozen=True, kw_only=True):
    """Credit of the account settles a part of an invoice; each use has an id.

    `is_prepayment`: the invoice is a pro forma and stays one after it.
    """

    application_id: UUID
    invoice_id: UUID
    amount_minor: int
    currency: str
    why: Why | None = None
    is_prepayment: bool = False


class CreditReleased(PublicEvent, frozen=True, kw_only=True):
    """A use of credit is taken back, as its invoice became void."""

    application_id: UUID
    invoice_id: UUID
    amount_minor: int
    currency: str
    why: Why | None = None
    is_prepayment: bool = False


class CreditWithdrawn(PublicEvent, frozen=True, kw_only=True):
    """Credit was paid out or a gift taken back."""

    withdrawal_id: UUID
    amount_minor: int
    currency: str
    reason: str
    why: Why | None = None
