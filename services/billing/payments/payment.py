"""One attempt to pay an invoice: created -> sent -> pending -> succeeded | failed.

Its id is the gateway's idempotency key and our reference there. No answer means unknown, never
failed; a failed attempt whose money arrives after all succeeds. Amounts in minor units.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict, Invalid


class PaymentHasEnded(Conflict):
    """The attempt is over; start another one if the invoice is still open."""


class ReturnPathInvalid(Invalid):
    """The way back from the payment page is a path on the brand's own site."""


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first thing in which the gateway's word differs from ours."""

    field: str
    expected: str
    found: str


class Payment(Aggregate):
    """One attempt. `status`: created, sent, unknown, pending, succeeded or failed."""

    TOPIC = "billing.payment"

    class Event(Aggregate.Event):
        TOPIC = "billing.payment.event"

    class Started(Aggregate.Created):
        TOPIC = "billing.payment.started"
        account_id: UUID
        brand: str
        invoice_id: UUID
        method: str
        amount_minor: int
        currency: str
        started_on: date

    class PageRequested(Aggregate.Event):
        TOPIC = "billing.payment.page_requested"
        return_path: str

    class Sent(Aggregate.Event):
        TOPIC = "billing.payment.sent"
        gateway_reference: str

    class OutcomeUnknown(Aggregate.Event):
        TOPIC = "billing.payment.outcome_unknown"
        cause: str

    class MarkedPending(Aggregate.Event):
        TOPIC = "billing.payment.marked_pending"
        gateway_reference: str

    class Succeeded(Aggregate.Event):
        TOPIC = "billing.payment.succeeded"
        received_on: date
        receipt_number: str
        gateway_reference: str

    class Failed(Aggregate.Event):
        TOPIC = "billing.payment.failed"
        reason: str

    class MismatchFound(Aggregate.Event):
        TOPIC = "billing.payment.mismatch_found"
        mismatch: Mismatch

    @classmethod
    def start(
        cls,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        invoice_id: UUID,
        method: str,
        amount_minor: int,
        currency: str,
        today: date,
    ) -> Self:
        """An attempt that the gateway has not heard of."""
        assert amount_minor > 0, "a payment brings money"
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            invoice_id=invoice_id,
            method=method,
            amount_minor=amount_minor,
            currency=currency,
            started_on=today,
        )

    @event(Started)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        invoice_id: UUID,
        method: str,
        amount_minor: int,
        currency: str,
        started_on: date,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.invoice_id = invoice_id
        self.method = method
        self.amount_minor = amount_minor
        self.currency = currency
        self.started_on = started_on
        self.status = "created"
        self.return_path = ""
        self.gateway_reference = ""
        self.received_on: date | None = None
        self.mismatch: Mismatch | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in {"succeeded", "failed"}

    def request_page(self, return_path: str) -> None:
        """Fix what the gateway is about to be asked, before it is asked.

        A second time changes nothing, whatever the path: the gateway's answer to one key is one.
        """
        if self.has_ended:
            raise PaymentHasEnded(status=self.status)
        if not _is_own_path(return_path):
            raise ReturnPathInvalid()
        if not self.return_path:
            self._page_requested(return_path=return_path)

    @event(PageRequested)
    def _page_requested(self, return_path: str) -> None:
        self.return_path = return_path

    def mark_sent(self, gateway_reference: str) -> None:
        """The gateway has the attempt, nobody has paid yet. No step back from a later state."""
        if self.status in {"created", "unknown"}:
            self._sent(gateway_reference=gateway_reference)

    @event(Sent)
    def _sent(self, gateway_reference: str) -> None:
        self.status = "sent"
        self.gateway_reference = gateway_reference

    def mark_unknown(self, cause: str) -> None:
        """We asked and cannot say what came of it. Once the gateway answered nothing changes."""
        if self.status == "created":
            self._outcome_unknown(cause=cause)

    @event(OutcomeUnknown)
    def _outcome_unknown(self, cause: str) -> None:
        self.status = "unknown"

    def mark_pending(self, gateway_reference: str) -> None:
        """The payer did their part and the money is on its way. No step back from a later state."""
        if self.status in {"created", "unknown", "sent"}:
            self._marked_pending(gateway_reference=gateway_reference)

    @event(MarkedPending)
    def _marked_pending(self, gateway_reference: str) -> None:
        self.status = "pending"
        self.gateway_reference = gateway_reference

    def succeed(self, *, received_on: date, receipt_number: str, gateway_reference: str) -> None:
        """The money is ours, even if the attempt had counted as failed. Only once.

        `received_on` may lie before the day on which we learn of it.
        """
        assert self.status != "succeeded", "the caller looks before it takes a receipt number"
        self._succeeded(
            received_on=received_on,
            receipt_number=receipt_number,
            gateway_reference=gateway_reference,
        )

    @event(Succeeded)
    def _succeeded(self, received_on: date, receipt_number: str, gateway_reference: str) -> None:
        self.status = "succeeded"
        self.received_on = received_on
        self.gateway_reference = gateway_reference

    def fail(self, reason: str) -> None:
        """The gateway says that no money will come. After an end, either one, nothing changes."""
        if not self.has_ended:
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "failed"

    def differs(self, *, reference: str, amount_minor: int, currency: str) -> Mismatch | None:
        """In what the gateway's word differs from ours, or None."""
        pairs = {
            "reference": (str(self.id), reference),
            "amount_minor": (str(self.amount_minor), str(amount_minor)),
            "currency": (self.currency, currency),
        }
        for field, (expected, found) in pairs.items():
            if expected != found:
                return Mismatch(field=field, expected=expected, found=found)
        return None

    def note_mismatch(self, mismatch: Mismatch) -> None:
        """Book nothing, tell the staff. The same mismatch again changes nothing."""
        if mismatch != self.mismatch:
            self._mismatch_found(mismatch=mismatch)

    @event(MismatchFound)
    def _mismatch_found(self, mismatch: Mismatch) -> None:
        self.mismatch = mismatch


def _is_own_path(path: str) -> bool:
    """A path such as /invoices/1: no other host (`//evil`), no scheme, no backslash, no blank."""
    is_absolute = path.startswith("/") and not path.startswith("//")
    return is_absolute and path.isprintable() and not set(path) & {"\\", " "}
