"""What the credit of accounts tells the world."""

from typing import Any

import msgspec

from services.billing.credit.credit_balance import CreditBalance
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_credit(event: DomainEvent, credit: CreditBalance) -> PublicEvent | None:
    """The public event of a credit balance."""
    currency: dict[str, Any] = {"currency": credit.currency}
    match event:
        case CreditBalance.Added() as added:
            return billing.CreditAdded(
                **currency,
                why=_why(added.why),
                amount_minor=added.amount_minor,
                reason=added.reason,
                payment_id=added.payment_id,
            )
        case CreditBalance.Given() as given:
            return billing.CreditGiven(
                **currency,
                why=_why(given.why),
                amount_minor=given.amount_minor,
                source=given.source,
                reference_id=given.reference_id,
                reason=given.reason,
            )
        case CreditBalance.Applied() as applied:
            return billing.CreditApplied(
                **currency,
                why=_why(applied.why),
                application_id=applied.application_id,
                invoice_id=applied.invoice_id,
                amount_minor=applied.amount_minor,
                is_prepayment=applied.is_prepayment,
            )
        case CreditBalance.Released() as released:
            return billing.CreditReleased(
                **currency,
                why=_why(released.why),
                application_id=released.application_id,
                invoice_id=released.invoice_id,
                amount_minor=released.amount_minor,
                is_prepayment=released.is_prepayment,
            )
        case CreditBalance.Withdrawn() as withdrawn:
            return billing.CreditWithdrawn(
                **currency,
                why=_why(withdrawn.why),
                withdrawal_id=withdrawn.withdrawal_id,
                amount_minor=withdrawn.amount_minor,
                reason=withdrawn.reason,
            )
        case _:
            return None


def _why(why: Why | None) -> billing.Why | None:
    return msgspec.convert(why, billing.Why | None, from_attributes=True)
