"""What Stripe's objects are to us: pure, a table for each kind of status.

A status that the manual does not name is `OutcomeUnknown`, like everything that cannot be.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Literal, TypeVar

from services.billing.gateways.port import (
    Reported,
    ReportedDispute,
    ReportedRefund,
    ReportedSetup,
    SavedMethod,
)
from services.billing.gateways.stripe import objects
from services.billing.gateways.stripe.amounts import AmountNotPayable, amount_here
from services.billing.gateways.stripe.connection import unknown
from services.billing.gateways.stripe.declines import Decline, decline_of

Key = TypeVar("Key")
Meaning = TypeVar("Meaning")
Status = Literal["open", "pending", "succeeded", "failed", "expired"]

REFERENCE = "reference"
"""The place in an object's metadata where our id of it stands."""
BY_PAGE = "by_page"
"""The place that says that an attempt was made on a hosted page, under whose name we know it."""

_INTENTS: dict[str, Status] = {
    "requires_payment_method": "failed",
    "requires_confirmation": "open",
    "requires_action": "open",
    "processing": "pending",
    "succeeded": "succeeded",
    "canceled": "expired",
}
"""A charge of a saved card. What failed wants another card, which is another attempt of ours."""

_PAGES: dict[tuple[str, str], Status] = {
    ("open", "unpaid"): "open",
    ("expired", "unpaid"): "expired",
    ("complete", "unpaid"): "pending",
    ("complete", "paid"): "succeeded",
}
"""A page by its status and that of its payment."""

_AFTER_THE_PAGE: dict[str, Status] = {
    "requires_payment_method": "failed",
    "canceled": "expired",
    "succeeded": "succeeded",
}
"""What became of a payment that takes its time once the page was done."""

_SETUPS: dict[str, Literal["open", "succeeded", "failed", "expired"]] = {
    "open": "open",
    "expired": "expired",
    "complete": "succeeded",
}

_REFUNDS: dict[str, Literal["pending", "succeeded", "failed"]] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}

_DISPUTES: dict[str, Literal["open", "won", "lost"] | None] = {
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
    "appeal_needs_response": "lost",
    "appeal_under_review": "lost",
    "warning_needs_response": None,
    "warning_under_review": None,
    "warning_closed": None,
    "prevented": None,
}
"""A warning asks before there is a dispute, a prevented one was refunded: no money is held. What is
appealed was lost."""


def page_report(
    page: objects.CheckoutSession,
    intent: objects.PaymentIntent | None,
    *,
    refunds: Iterable[objects.Refund] = (),
    disputes: Iterable[objects.Dispute] = (),
) -> Reported:
    """A payment by a hosted page; `intent` is there once the payer has done something there."""
    if page.mode != "payment" or page.amount_total is None or page.currency is None:
        raise unknown("no page of a payment")
    status: Status = _known(_PAGES, (page.status, page.payment_status))
    if status == "succeeded" and intent is None:
        raise unknown("paid without a payment")
    if status == "pending" and intent is not None:
        status = _AFTER_THE_PAGE.get(intent.status, status)
    code, decline = _failure(intent, status=status)
    paid = intent if status == "succeeded" else None
    amount, currency = page.amount_total, page.currency.upper()
    if paid is not None:
        amount, currency = _received(paid), paid.currency.upper()
    return Reported(
        id=page.id,
        reference=page.client_reference_id or "",
        amount_minor=_minor(amount, currency),
        currency=currency,
        status=status,
        failure_code=code,
        decline=decline,
        paid_on=_paid_on(paid),
        url=page.url if status == "open" else None,
        saved_method=_saved_by(paid),
        refunds=refund_reports(refunds),
        disputes=dispute_reports(disputes),
    )


def intent_report(
    intent: objects.PaymentIntent,
    *,
    refunds: Iterable[objects.Refund] = (),
    disputes: Iterable[objects.Dispute] = (),
) -> Reported:
    """A charge of a saved card."""
    status: Status = _known(_INTENTS, intent.status)
    code, decline = _failure(intent, status=status)
    is_paid = status == "succeeded"
    currency = intent.currency.upper()
    return Reported(
        id=intent.id,
        reference=intent.metadata.get(REFERENCE, ""),
        amount_minor=_minor(_received(intent) if is_paid else intent.amount, currency),
        currency=currency,
        status=status,
        failure_code=code,
        decline=decline,
        paid_on=_paid_on(intent if is_paid else None),
        url=_confirmation_page(intent) if status == "open" else None,
        refunds=refund_reports(refunds),
        disputes=dispute_reports(disputes),
    )


def setup_report(
    page: objects.CheckoutSession, intent: objects.SetupIntent | None
) -> ReportedSetup:
    """What came of a page on which a card was to be saved."""
    if page.mode != "setup":
        raise unknown("no page of a set-up")
    status = _known(_SETUPS, page.status)
    saved = None
    if status == "succeeded":
        if intent is None or intent.status != "succeeded":
            raise unknown("complete without a card")
        saved = saved_method(intent.payment_method, customer=intent.customer or page.customer)
    return ReportedSetup(
        id=page.id,
        reference=page.client_reference_id or "",
        status=status,
        saved_method=saved,
    )


def saved_method(
    method: objects.PaymentMethod | str | None, *, customer: str | None
) -> SavedMethod:
    """A card that is kept there; its token names it and the customer whose it is."""
    if not isinstance(method, objects.PaymentMethod) or method.card is None or not customer:
        raise unknown("saved without a card")
    card = method.card
    return SavedMethod(
        token=f"{customer}/{method.id}",
        kind=method.type,
        brand=card.brand,
        last4=card.last4,
        expires_month=card.exp_month,
        expires_year=card.exp_year,
        fingerprint=card.fingerprint or "",
    )


def refund_report(refund: objects.Refund) -> ReportedRefund:
    """One refund."""
    status = _known(_REFUNDS, refund.status)
    currency = refund.currency.upper()
    return ReportedRefund(
        id=refund.id,
        reference=refund.metadata.get(REFERENCE, ""),
        amount_minor=_minor(refund.amount, currency),
        currency=currency,
        status=status,
        failure_code=(refund.failure_reason or refund.status) if status == "failed" else None,
        refunded_on=day_of(refund.created) if status == "succeeded" else None,
    )


def refund_reports(refunds: Iterable[objects.Refund]) -> list[ReportedRefund]:
    """All refunds, the oldest first."""
    return [refund_report(each) for each in sorted(refunds, key=lambda each: each.created)]


def dispute_reports(disputes: Iterable[objects.Dispute]) -> list[ReportedDispute]:
    """All disputes in which money is held or was, the oldest first."""
    found = []
    for dispute in sorted(disputes, key=lambda each: each.created):
        status = _known(_DISPUTES, dispute.status)
        if status is not None:
            found.append(_dispute_report(dispute, status))
    return found


def _dispute_report(
    dispute: objects.Dispute, status: Literal["open", "won", "lost"]
) -> ReportedDispute:
    currency = dispute.currency.upper()
    due_by = dispute.evidence_details.due_by if dispute.evidence_details else None
    return ReportedDispute(
        id=dispute.id,
        amount_minor=_minor(dispute.amount, currency),
        currency=currency,
        status=status,
        reason=dispute.reason,
        opened_on=day_of(dispute.created),
        respond_by=day_of(due_by) if due_by is not None else None,
    )


def day_of(instant_s: int) -> date:
    """The date of an instant at Stripe, whose days are UTC's."""
    try:
        return datetime.fromtimestamp(instant_s, UTC).date()
    except (OverflowError, ValueError, OSError) as error:
        raise unknown("no instant") from error


def _known(table: Mapping[Key, Meaning], status: Key) -> Meaning:
    if status not in table:
        raise unknown(f"status {status}")
    return table[status]


def _minor(amount: int, currency: str) -> int:
    try:
        return amount_here(amount, currency)
    except AmountNotPayable as error:
        raise unknown("amount not understood") from error


def _received(intent: objects.PaymentIntent) -> int:
    """What came: where it differs from what was asked for, the caller is to see it."""
    return intent.amount if intent.amount_received is None else intent.amount_received


def _paid_on(intent: objects.PaymentIntent | None) -> date | None:
    """When the charge was made; that of the attempt, where only the charge's name is known."""
    if intent is None:
        return None
    charge = intent.latest_charge
    return day_of(charge.created if isinstance(charge, objects.Charge) else intent.created)


def _saved_by(intent: objects.PaymentIntent | None) -> SavedMethod | None:
    """The card that the payer let us keep with the payment."""
    method = intent.payment_method if intent is not None else None
    if not isinstance(method, objects.PaymentMethod) or method.customer is None:
        return None
    return saved_method(method, customer=method.customer)


def _confirmation_page(intent: objects.PaymentIntent) -> str | None:
    action = intent.next_action
    if action is None or action.redirect_to_url is None:
        return None
    return action.redirect_to_url.url


def _failure(
    intent: objects.PaymentIntent | None, *, status: Status
) -> tuple[str | None, Decline | None]:
    """Why it failed and for how long, if it did."""
    if status != "failed":
        return None, None
    if intent is None or intent.last_payment_error is None:
        raise unknown("failed without a reason")
    error = intent.last_payment_error
    return error.reason, decline_of(error.reason, advice=error.advice_code)
