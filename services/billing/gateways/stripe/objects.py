"""What we read of Stripe's objects, each field with the type that it must have; the rest is left.

Amounts in Stripe's units (`amounts.py`), instants in Unix seconds, currencies in small letters.
"""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """A part of a list, newest first."""

    data: list[Item]
    has_more: bool


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An object of which only the name is read."""

    id: str


class PaymentError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a charge or a set-up did not go through."""

    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None

    @property
    def reason(self) -> str:
        """The most exact code that there is."""
        return self.decline_code or self.code or "declined"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a card."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A card; `customer` once it is kept for later charges."""

    id: str
    type: str
    card: Card | None = None
    customer: str | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """The movement of money behind a payment."""

    id: str
    created: int
    amount: int
    currency: str
    disputed: bool = False
    payment_intent: str | None = None
    metadata: dict[str, str] = {}


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payer confirms."""

    url: str


class NextAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer is to do."""

    type: str
    redirect_to_url: Redirect | None = None


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to charge; `amount_received` is what came of `amount`."""

    id: str
    created: int
    status: str
    amount: int
    currency: str
    amount_received: int | None = None
    customer: str | None = None
    metadata: dict[str, str] = {}
    next_action: NextAction | None = None
    last_payment_error: PaymentError | None = None
    latest_charge: Charge | str | None = None
    payment_method: PaymentMethod | str | None = None


class SetupIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to save a card."""

    id: str
    status: str
    customer: str | None = None
    last_setup_error: PaymentError | None = None
    payment_method: PaymentMethod | str | None = None


class CheckoutSession(msgspec.Struct, frozen=True, kw_only=True):
    """A hosted page, of mode `payment` or `setup`. `url` only while it is open."""

    id: str
    created: int
    mode: str
    status: str
    payment_status: str
    client_reference_id: str | None = None
    amount_total: int | None = None
    currency: str | None = None
    customer: str | None = None
    url: str | None = None
    payment_intent: str | None = None
    setup_intent: str | None = None
    metadata: dict[str, str] = {}


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back."""

    id: str
    created: int
    amount: int
    currency: str
    status: str
    failure_reason: str | None = None
    metadata: dict[str, str] = {}


class EvidenceDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a dispute can be answered."""

    due_by: int | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """The payer asked their bank for the money back."""

    id: str
    created: int
    amount: int
    currency: str
    status: str
    reason: str = ""
    evidence_details: EvidenceDetails | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a movement in Stripe's books is about; every field but the id depends on its kind."""

    id: str
    amount: int | None = None
    currency: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] = {}


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A movement in Stripe's books, in the currency of the balance."""

    id: str
    created: int
    type: str
    reporting_category: str
    amount: int
    currency: str
    fee: int = 0
    source: Source | str | None = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why Stripe did not do what it was asked; the attempt, if there came to be one."""

    type: str
    code: str | None = None
    decline_code: str | None = None
    payment_intent: PaymentIntent | None = None


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """What each answer is: an object, with an error or without."""

    error: ErrorBody | None = None


class EventObject(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to what, as the webhook says; believed of it is only whom to ask about."""

    id: str = ""
    object: str = ""
    mode: str = ""
    payment_intent: str | None = None


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """The object, in a shell."""

    object: EventObject


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook."""

    id: str
    type: str
    data: EventData
