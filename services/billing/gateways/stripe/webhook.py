"""Which attempt a webhook of Stripe's is about. What it says of the attempt is not looked at."""

import msgspec

from services.billing.gateways.port import Notice, WebhookMalformed
from services.billing.gateways.stripe.objects import Event

_ABOUT_ITSELF = {"payment_intent"}
_ABOUT_A_PAYMENT = {"charge", "dispute", "refund"}
"""Kinds of objects: an attempt, a hosted page, and what names the attempt that it belongs to."""


def notice_of(body: bytes) -> Notice:
    """The attempt or the set-up to ask about; kind other when it is about neither.

    `WebhookMalformed` when it is no event.
    """
    try:
        event = msgspec.json.decode(body, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WebhookMalformed() from error
    thing = event.data.object
    if thing.object == "checkout.session":
        if thing.mode == "setup":
            return Notice(event_id=event.id, about=thing.id, kind="setup")
        return Notice(event_id=event.id, about=thing.id)
    if thing.object in _ABOUT_ITSELF:
        return Notice(event_id=event.id, about=thing.id)
    if thing.object in _ABOUT_A_PAYMENT and thing.payment_intent:
        return Notice(event_id=event.id, about=thing.payment_intent)
    return Notice(event_id=event.id, about=thing.id, kind="other")
