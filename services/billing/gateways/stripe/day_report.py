"""A day of Stripe's books, as what billing compares with its own. Days are UTC's.

What belongs to an attempt is told in the currency that the payer paid in; Stripe's balance, and so
its fees and payouts, may be in another one.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.billing.gateways.port import DayEntry
from services.billing.gateways.stripe.amounts import AmountNotPayable, amount_here
from services.billing.gateways.stripe.connection import unknown
from services.billing.gateways.stripe.meanings import BY_PAGE, REFERENCE
from services.billing.gateways.stripe.objects import BalanceTransaction, Source

Kind = Literal["payment", "refund", "dispute", "dispute_won", "fee", "payout"]

_KINDS: dict[str, Kind] = {
    "charge": "payment",
    "refund": "refund",
    "refund_failure": "refund",
    "partial_capture_reversal": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute_won",
    "payout": "payout",
    "payout_reversal": "payout",
}
"""By Stripe's reporting category. All others are what it takes or gives for its own services."""
_OF_AN_ATTEMPT = {"payment", "refund", "dispute", "dispute_won"}


def bounds_of(day: date) -> tuple[int, int]:
    """The first second of the day and that of the next one."""
    begins = datetime.combine(day, time(), UTC)
    return int(begins.timestamp()), int((begins + timedelta(days=1)).timestamp())


def made_on_a_page(movement: BalanceTransaction) -> str | None:
    """The payment that the movement is about, if it may have been made on a hosted page.

    Of what goes back it is not said.
    """
    kind, source = _KINDS.get(movement.reporting_category, "fee"), movement.source
    if kind not in _OF_AN_ATTEMPT or not isinstance(source, Source):
        return None
    is_by_card = kind == "payment" and BY_PAGE not in source.metadata
    return None if is_by_card else source.payment_intent


def entries_of(movement: BalanceTransaction, pages: Mapping[str, str]) -> list[DayEntry]:
    """The movement, and Stripe's fee for it where that is in another currency.

    `pages` has the hosted page of each attempt that was one.
    """
    kind = _KINDS.get(movement.reporting_category, "fee")
    if kind in _OF_AN_ATTEMPT:
        return _of_an_attempt(movement, kind, pages=pages)
    currency = movement.currency.upper()
    amount = _minor(movement.amount, currency)
    return [DayEntry(kind=kind, id=movement.id, amount_minor=amount, currency=currency)]


def _of_an_attempt(
    movement: BalanceTransaction, kind: Kind, *, pages: Mapping[str, str]
) -> list[DayEntry]:
    source = movement.source
    if not isinstance(source, Source) or source.amount is None or source.currency is None:
        raise unknown("a movement of no known attempt")
    currency, fee_currency = source.currency.upper(), movement.currency.upper()
    amount, fee = _minor(source.amount, currency), _minor(movement.fee, fee_currency)
    attempt = source.payment_intent or ""
    entry = DayEntry(
        kind=kind,
        id=movement.id,
        amount_minor=amount if movement.amount >= 0 else -amount,
        currency=currency,
        payment_id=pages.get(attempt, attempt),
        reference=source.metadata.get(REFERENCE, ""),
        fee_minor=fee if fee_currency == currency else 0,
    )
    if entry.fee_minor == fee:
        return [entry]
    fee_id = f"{movement.id}/fee"
    return [entry, DayEntry(kind="fee", id=fee_id, amount_minor=-fee, currency=fee_currency)]


def _minor(amount: int, currency: str) -> int:
    try:
        return amount_here(amount, currency)
    except AmountNotPayable as error:
        raise unknown("amount not understood") from error
