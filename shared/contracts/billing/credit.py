"""Money of an account that we hold. Amounts are integer minor units of `currency`."""

from uuid import UUID

from shared.contracts.event import PublicEvent


class CreditAdded(PublicEvent, frozen=True, kw_only=True):
    """Money of the account that we hold: what a payment left over.

    `reason`: `overpayment`, or `invoice_cancelled` when the invoice was void by then.
    """

    amount_minor: int
    currency: str
    reason: str
    payment_id: UUID
