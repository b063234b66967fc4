"""Saved ways to pay: what the payer recognises them by, never what charges them."""

from datetime import date
from uuid import UUID

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class PaymentMethodSaved(PublicEvent, frozen=True, kw_only=True):
    """The account has one more saved way to pay; `method` is the brand's that it belongs to.

    `expires_on`: the last day on which it can be charged. `is_default`: it is the one that is
    charged automatically, instead of the one before.
    """

    method_id: UUID
    method: str
    kind: str
    card_brand: str
    last_four: str
    expires_on: date | None
    is_default: bool


class PaymentMethodRemoved(PublicEvent, frozen=True, kw_only=True):
    """The saved way to pay is forgotten. `reason`: removed, or replaced by the same card anew."""

    method_id: UUID
    reason: str


class PaymentMethodPreferred(PublicEvent, frozen=True, kw_only=True):
    """This is the one that is charged automatically from now on."""

    method_id: UUID


class PaymentMethodDeclined(PublicEvent, frozen=True, kw_only=True):
    """The bank will never let it be charged again; it is not tried any more.

    `reason` is the gateway's stable code, `payment_id` the attempt that was declined.
    """

    method_id: UUID
    payment_id: UUID
    reason: str
    declined_on: date


class PaymentMethodExpiring(PublicEvent, frozen=True, kw_only=True):
    """The saved way to pay cannot be charged after `expires_on`; its holder is told, once."""

    method_id: UUID
    expires_on: date
    why: Why
    card_brand: str = ""
    last_four: str = ""


class PaymentConfirmationWanted(PublicEvent, frozen=True, kw_only=True):
    """The payer's bank wants them to confirm the charge of a saved card (3-D Secure); else nothing
    comes of it. Once for each attempt. `amount_minor` in minor units of `currency`."""

    payment_id: UUID
    invoice_id: UUID
    amount_minor: int
    currency: str


class AutopayChanged(PublicEvent, frozen=True, kw_only=True):
    """Whether invoices are charged to the default on their due day; what is saved stays saved."""

    is_on: bool
