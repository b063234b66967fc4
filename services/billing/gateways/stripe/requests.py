"""What Stripe is asked, word for word: the same request of ours gives the same bytes.

It compares what comes under one idempotency key and refuses what differs.
"""

from datetime import datetime, timedelta
from uuid import UUID

from stripe.params import PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from services.billing.gateways.port import (
    ChargeRequest,
    PageRequest,
    RefundRequest,
    SetupRequest,
)
from services.billing.gateways.stripe.amounts import amount_there
from services.billing.gateways.stripe.meanings import BY_PAGE, REFERENCE
from shared.ids import made_at

KEYS_KEPT = timedelta(hours=20)
"""Stripe forgets keys after a day (manual: at least 24 hours); some of it is our caution."""
_EARLIER = timedelta(hours=1)
"""By how much its clock and ours may differ, with much to spare."""


def _made_at(reference: str) -> datetime | None:
    """When an id of ours was made, if it is one."""
    try:
        return made_at(UUID(reference))
    except ValueError:
        return None


def is_key_kept(reference: str, *, now: datetime) -> bool:
    """Whether a key that was used when the id was made, or since, is still known at Stripe."""
    at = _made_at(reference)
    return at is not None and now - at < KEYS_KEPT


def not_before(reference: str) -> int:
    """The second from which on there can be something with this reference at Stripe."""
    at = _made_at(reference)
    return int((at - _EARLIER).timestamp()) if at is not None else 0


def page_of(request: PageRequest) -> SessionCreateParams:
    """A page on which a payment is made by card, in this currency and no other."""
    amount = amount_there(request.amount_minor, request.currency)
    params: SessionCreateParams = {
        "mode": "payment",
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": request.reference,
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": amount,
                    "product_data": {"name": request.description},
                },
            }
        ],
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "metadata": {REFERENCE: request.reference},
        "payment_intent_data": {
            "description": request.description,
            "metadata": {REFERENCE: request.reference, BY_PAGE: "yes"},
        },
    }
    if request.saves_method:
        params["customer_creation"] = "always"
        params["payment_intent_data"]["setup_future_usage"] = "off_session"
    return params


def setup_of(request: SetupRequest) -> SessionCreateParams:
    """A page on which a card is saved. Each card has a customer of its own there."""
    return {
        "mode": "setup",
        "client_reference_id": request.reference,
        "allowed_payment_method_types": ["card"],
        "customer_creation": "always",
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "metadata": {REFERENCE: request.reference},
    }


def charge_of(request: ChargeRequest, *, customer: str, method: str) -> PaymentIntentCreateParams:
    """A charge of a saved card while the payer is away."""
    return {
        "amount": amount_there(request.amount_minor, request.currency),
        "currency": request.currency.lower(),
        "customer": customer,
        "payment_method": method,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "description": request.description,
        "metadata": {REFERENCE: request.reference},
        "expand": ["latest_charge"],
    }


def refund_of(request: RefundRequest, *, intent: str) -> RefundCreateParams:
    """A part of the money of an attempt back to the card."""
    return {
        "payment_intent": intent,
        "amount": amount_there(request.amount_minor, request.currency),
        "metadata": {REFERENCE: request.reference},
    }
