"""What the business day hands over to the collection by stored cards."""

import msgspec

from services.billing.automation.handover import AutopayRequest, CardNotices
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_handover(event: DomainEvent) -> PublicEvent | None:
    """The public event of what is handed over."""
    match event:
        case AutopayRequest.Asked() as asked:
            return billing.AutopayDue(
                invoice_id=asked.invoice_id,
                retry_days=asked.retry_days,
                asked_on=asked.asked_on,
                open_minor=asked.open_minor,
                currency=asked.currency,
                why=_public(asked.why),
                method_id=asked.method_id,
            )
        case CardNotices.Asked(expiring_from=expiring_from, why=why):
            return billing.CardNoticesDue(expiring_from=expiring_from, why=_public(why))
        case _:
            return None


def _public(why: Why) -> billing.Why:
    return msgspec.convert(why, billing.Why, from_attributes=True)
