"""The port to payment gateways: what billing asks of each, and what each may answer.

How to write one: docs/writing-a-gateway.md. Amounts are integer minor units of `currency`. Cards
never reach us (PCI DSS SAQ A): the payer types them into a page of the gateway's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import msgspec

from shared.errors import Conflict, Invalid


class GatewayCannot(Conflict):
    """The gateway of this way to pay does not offer that."""


class WebhookMalformed(Invalid):
    """The webhook has no event id or is not JSON."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a gateway can do. What is not said here, it refuses as `GatewayCannot`.

    `can_be_asked`: whether `look` and `find` know; where not, news comes by other ways, as files.
    `pending_days`: how long money may be on its way after the payer did their part; 0 where the
    outcome is known at once. How many business days until the client sees it booked is the brand's
    to say, `clearing_days` of its way to pay.
    """

    hosted_page: bool = False
    instructions: bool = False
    saved_methods: bool = False
    refunds: bool = False
    webhooks: bool = False
    expires: bool = False
    reports_days: bool = False
    can_be_asked: bool = True
    pending_days: int = 0


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway is to collect. `reference`: the payment's id, also the idempotency key.

    `customer`: our id of whose saved methods the page may offer; `saves_method`: the payer wants
    the method kept there for later charges. `due_on`: until when it is to be paid, where the
    gateway asks for it. `payer`: what a boleto prints, by name; personal, for this call alone.
    """

    reference: str
    amount_minor: int
    currency: str
    description: str
    return_url: str
    notify_url: str
    brand: str = ""
    language: str = ""
    customer: str | None = None
    saves_method: bool = False
    due_on: date | None = None
    payer: dict[str, str] = {}


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's name for the attempt, and the page where the payer goes or, without one, what
    the payer needs to know to pay, by stable names (`copy_and_paste`, `barcode`, `line`)."""

    id: str
    url: str | None = None
    instructions: dict[str, str] = {}


class SavedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A method that the gateway keeps. `token` is its name there, and no secret without our key.

    `fingerprint`: the same for the same card, whoever saved it.
    """

    token: str
    kind: str
    brand: str = ""
    last4: str = ""
    expires_month: int | None = None
    expires_year: int | None = None
    fingerprint: str = ""


class ReportedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back. `reference`: our refund's id; empty if it began at the gateway."""

    id: str
    reference: str
    amount_minor: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    failure_code: str | None = None
    refunded_on: date | None = None


class ReportedDispute(msgspec.Struct, frozen=True, kw_only=True):
    """The payer asked their bank for the money back."""

    id: str
    amount_minor: int
    currency: str
    status: Literal["open", "won", "lost"]
    reason: str = ""
    opened_on: date | None = None
    closed_on: date | None = None
    respond_by: date | None = None


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as the gateway sees it now, with all that came of its money since.

    `open`: it waits for the payer, at `url` if there is one (a charge of a saved method is so when
    the payer's bank wants them to confirm it, 3-D Secure). `pending`: the payer did their part.
    `merchant`: whose money it is, where the gateway says so. `paid_on`: when the money came.
    """

    id: str
    reference: str
    amount_minor: int
    currency: str
    status: Literal["open", "pending", "succeeded", "failed", "expired"]
    failure_code: str | None = None
    decline: Literal["soft", "hard"] | None = None
    paid_on: date | None = None
    url: str | None = None
    merchant: str | None = None
    saved_method: SavedMethod | None = None
    refunds: list[ReportedRefund] = []
    disputes: list[ReportedDispute] = []


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A charge of a saved method while the payer is away. `reference` as in `PageRequest`."""

    reference: str
    amount_minor: int
    currency: str
    description: str
    customer: str
    token: str
    return_url: str
    notify_url: str


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Give back a part of an attempt's money. `reference`: the refund's id and idempotency key."""

    reference: str
    payment_id: str
    amount_minor: int
    currency: str


class SetupRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A page on which a method is saved and nothing is paid. `reference`: our id of the wish."""

    reference: str
    customer: str
    currency: str
    return_url: str
    notify_url: str


class ReportedSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a page on which a method was to be saved."""

    id: str
    reference: str
    status: Literal["open", "succeeded", "failed", "expired"]
    failure_code: str | None = None
    saved_method: SavedMethod | None = None


class DayEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of money in the gateway's books. `amount_minor` is below zero for what left.

    `payment`, `refund`, `dispute` (taken), `dispute_won` (given back) are about the attempt
    `payment_id`, with `reference` the payment's or the refund's; fees and payouts are of nobody.
    """

    kind: Literal["payment", "refund", "dispute", "dispute_won", "fee", "payout"]
    id: str
    amount_minor: int
    currency: str
    payment_id: str = ""
    reference: str = ""
    fee_minor: int = 0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook is about; what happened to it is asked for, never believed.

    `event_id` is unique at the gateway. `about` is the gateway's id of an attempt or of a setup.
    """

    event_id: str
    about: str
    kind: Literal["attempt", "setup", "other"] = "attempt"


class Gateway:
    """One gateway under one `name`; see docs/writing-a-gateway.md.

    `merchant`: who we are there, to be compared with whose money a report says it is.
    Silence, garbage and surprises are `OutcomeUnknown`, never a failure: the same may be asked
    again, and what is asked for twice under one reference is done once. A decline is an answer.
    """

    name: str
    capabilities: Capabilities
    merchant: str | None = None

    async def open(self, request: PageRequest) -> Opened:
        """Open the attempt; the same request again gives the same page or instructions."""
        raise self._cannot("open")

    async def look(self, id: str) -> Reported | None:
        """The attempt by the gateway's own id; None when there is none."""
        raise self._cannot("look")

    async def find(self, reference: str) -> Reported | None:
        """The attempt by our payment's id; None when it never came to be there."""
        raise self._cannot("find")

    async def expire(self, id: str) -> Reported:
        """Close an attempt that is open, so that nobody can pay it any more.

        One that is not open stays as it is; the answer says what holds now.
        """
        raise self._cannot("expire")

    async def charge(self, request: ChargeRequest) -> Reported:
        """Charge a saved method. A decline is a report with status failed, not an error."""
        raise self._cannot("charge")

    async def refund(self, request: RefundRequest) -> ReportedRefund:
        """Give money back; what the gateway refuses is a report with status failed."""
        raise self._cannot("refund")

    async def open_setup(self, request: SetupRequest) -> Opened:
        """Open a page on which a method is saved; the same request again gives the same page."""
        raise self._cannot("open_setup")

    async def find_setup(self, reference: str) -> ReportedSetup | None:
        """What came of the page by our id of it; None when it was never opened."""
        raise self._cannot("find_setup")

    async def forget(self, token: str) -> None:
        """Remove a saved method there. One that is gone already changes nothing."""
        raise self._cannot("forget")

    async def day(self, on: date) -> list[DayEntry]:
        """All movements of a day of the gateway's own time zone, in its order."""
        raise self._cannot("day")

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """What a webhook is about, if it bears the gateway's signature.

        `headers` by lower-case name. `SignatureInvalid`, `WebhookMalformed`.
        """
        raise self._cannot("read_webhook")

    async def close(self) -> None:
        """Close the connections."""

    def _cannot(self, what: str) -> GatewayCannot:
        return GatewayCannot(gateway=self.name, what=what)
