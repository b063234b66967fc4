"""Money on its way and its allocation. Amounts are integer minor units of `currency`."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class PaymentStarted(PublicEvent, frozen=True, kw_only=True):
    """An attempt to pay; its id is the idempotency key at the `gateway` of that name.

    `purpose`: `invoice`, or `top_up`, of which `invoice_id` is the id then. `further_invoices`:
    those that it is for besides the first, in their order.
    """

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str
    gateway: str = "sandbox"
    purpose: str = "invoice"
    further_invoices: list[UUID] = msgspec.field(default_factory=list)


class PaymentSent(PublicEvent, frozen=True, kw_only=True):
    """The gateway has the attempt under a name of its own and waits for the payer."""

    payment_id: UUID
    invoice_id: UUID
    gateway_reference: str


class PaymentOutcomeUnknown(PublicEvent, frozen=True, kw_only=True):
    """The gateway gave no answer that can be trusted; it may or may not have acted.

    `is_charge`: it was asked to take money, not to open a page, so that money may have moved.
    """

    payment_id: UUID
    invoice_id: UUID
    cause: str
    is_charge: bool = False


class PaymentPending(PublicEvent, frozen=True, kw_only=True):
    """The gateway has taken the attempt and waits for the money."""

    payment_id: UUID
    invoice_id: UUID
    purpose: str = "invoice"
    further_invoices: list[UUID] = msgspec.field(default_factory=list)


class PaymentReceived(PublicEvent, frozen=True, kw_only=True):
    """The money of the attempt is ours. `receipt_number` is gapless per brand.

    `gateway`: through which it came; bank: our own bank told of it; "": of before this was said.
    """

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str
    received_on: date
    receipt_number: str
    gateway_reference: str
    purpose: str = "invoice"
    further_invoices: list[UUID] = msgspec.field(default_factory=list)
    gateway: str = ""


class PaymentAllocated(PublicEvent, frozen=True, kw_only=True):
    """A part of a payment settles a part of an invoice.

    `is_prepayment`: the invoice is a pro forma and stays one after it.
    """

    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    is_prepayment: bool = False


class PaymentReversed(PublicEvent, frozen=True, kw_only=True):
    """The payment was booked by mistake: its money is not this account's. `reason`: a code."""

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str
    reason: str
    gateway: str = ""


class PaymentFailed(PublicEvent, frozen=True, kw_only=True):
    """The attempt ended without money; `reason` is the gateway's stable code."""

    payment_id: UUID
    invoice_id: UUID
    reason: str
    purpose: str = "invoice"
    further_invoices: list[UUID] = msgspec.field(default_factory=list)


class PaymentMismatchFound(PublicEvent, frozen=True, kw_only=True):
    """The gateway names another amount or currency than we asked for; nothing is booked."""

    payment_id: UUID
    invoice_id: UUID
    field: str
    expected: str
    found: str


class PaymentRefunded(PublicEvent, frozen=True, kw_only=True):
    """A part of a payment went back to the payer, or all of it.

    `way`: gateway, by_hand, or at_gateway where it was begun there. `is_whole`: nothing is left.
    `purpose` and `further_invoices` as in `PaymentStarted`.
    """

    payment_id: UUID
    invoice_id: UUID
    refund_id: str
    amount_minor: int
    currency: str
    refunded_on: date
    way: str
    is_whole: bool
    purpose: str = "invoice"
    further_invoices: list[UUID] = msgspec.field(default_factory=list)


class PaymentDisputed(PublicEvent, frozen=True, kw_only=True):
    """The payer asked their bank for the money back; the bank holds it until it decides."""

    payment_id: UUID
    invoice_id: UUID
    dispute_id: str
    amount_minor: int
    currency: str
    reason: str
    opened_on: date


class PaymentDisputeClosed(PublicEvent, frozen=True, kw_only=True):
    """The bank has decided: won, the money is ours again; lost, it is charged back."""

    payment_id: UUID
    invoice_id: UUID
    dispute_id: str
    amount_minor: int
    currency: str
    outcome: str
    closed_on: date


class RefundRequested(PublicEvent, frozen=True, kw_only=True):
    """Somebody asked for money of a payment to go back.

    `way` as in `PaymentRefunded`, or credit: then it stays as the account's credit, and nothing of
    the payment is refunded. `invoice_id` and `further_invoices` are those that are credited for it.
    """

    refund_id: UUID
    payment_id: UUID
    invoice_id: UUID | None
    amount_minor: int
    currency: str
    way: str
    reason: str
    further_invoices: list[UUID] = msgspec.field(default_factory=list)


class RefundOrdered(PublicEvent, frozen=True, kw_only=True):
    """It was agreed to and has left the account's money.

    `gateway_reference`: the gateway's name for the payment, at the `gateway` of that name.
    """

    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    way: str
    gateway: str
    gateway_reference: str


class RefundDeclined(PublicEvent, frozen=True, kw_only=True):
    """It was not agreed to; `reason` is a sentence."""

    refund_id: UUID
    payment_id: UUID
    reason: str


class RefundDone(PublicEvent, frozen=True, kw_only=True):
    """The money has gone back, or is the account's credit."""

    refund_id: UUID
    payment_id: UUID
    refunded_on: date


class RefundFailed(PublicEvent, frozen=True, kw_only=True):
    """The gateway does not give it back; it is the account's credit again. `reason`: a code."""

    refund_id: UUID
    payment_id: UUID
    reason: str


class AutopayDue(PublicEvent, frozen=True, kw_only=True):
    """The invoice is to be collected by a stored card, if the account has one and wants it.

    `retry_days`: 0 for the first try, else so many days after it. `method_id`: the saved way to pay
    that the account has got just now, for which it is not waited until the next try.
    """

    invoice_id: UUID
    retry_days: int
    asked_on: date
    open_minor: int
    currency: str
    why: Why
    method_id: UUID | None = None


class CardNoticesDue(PublicEvent, frozen=True, kw_only=True):
    """Whose card expires in the month that begins on `expiring_from` is to be told; once."""

    expiring_from: date
    why: Why
