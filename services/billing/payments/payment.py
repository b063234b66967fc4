"""One attempt to pay an invoice: created -> sent -> pending -> succeeded | failed, then refunded.

Its id is the gateway's idempotency key and our reference there. What news does to it, in whatever
order it comes, stands in `life_cycle.py`. Amounts in minor units.
"""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.payments import reversal_events as events
from services.billing.payments.life_cycle import News, State, has_ended, is_money_ours, step
from services.billing.payments.mismatch import Mismatch, first_difference
from shared.errors import Conflict, Invalid


class PaymentHasEnded(Conflict):
    """The attempt is over; start another one if the invoice is still open."""


class ReturnPathInvalid(Invalid):
    """The way back from the payment page is a path on the brand's own site."""


class Payment(Aggregate):
    """One attempt; its states are those of `life_cycle.py`."""

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

    Refunded = events.Refunded
    DisputeOpened = events.DisputeOpened
    DisputeClosed = events.DisputeClosed

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
        self.status: State = "created"
        self.return_path = ""
        self.gateway_reference = ""
        self.received_on: date | None = None
        self.mismatch: Mismatch | None = None
        self.refunds: dict[str, int] = {}
        self.disputes: dict[str, str] = {}

    @property
    def has_ended(self) -> bool:
        return has_ended(self.status)

    @property
    def is_paid(self) -> bool:
        return is_money_ours(self.status)

    @property
    def refunded_minor(self) -> int:
        return sum(self.refunds.values())

    def _moves(self, news: News) -> bool:
        """Whether the news is to be taken. What contradicts the state is told to people."""
        meaning, _ = step(self.status, news)
        if meaning == "contradicts":
            self.note_mismatch(Mismatch(field="status", expected=self.status, found=news))
        return meaning == "moves"

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
        if self._moves("sent"):
            self._sent(gateway_reference=gateway_reference)

    @event(Sent)
    def _sent(self, gateway_reference: str) -> None:
        self.status = "sent"
        self.gateway_reference = gateway_reference

    def mark_unknown(self, cause: str) -> None:
        """We asked and cannot say what came of it. Once the gateway answered nothing changes."""
        if self._moves("silence"):
            self._outcome_unknown(cause=cause)

    @event(OutcomeUnknown)
    def _outcome_unknown(self, cause: str) -> None:
        self.status = "unknown"

    def mark_pending(self, gateway_reference: str) -> None:
        """The payer did their part and the money is on its way. No step back from a later state."""
        if self._moves("pending"):
            self._marked_pending(gateway_reference=gateway_reference)

    @event(MarkedPending)
    def _marked_pending(self, gateway_reference: str) -> None:
        self.status = "pending"
        self.gateway_reference = gateway_reference

    def succeed(self, *, received_on: date, receipt_number: str, gateway_reference: str) -> None:
        """The money is ours, even if the attempt had counted as failed. Only once.

        `received_on` may lie before the day on which we learn of it.
        """
        assert not self.is_paid, "the caller looks before it takes a receipt number"
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
        """The gateway says that no money will come. Of money that came it is a mismatch.

        Said again it changes nothing.
        """
        if self._moves("failed"):
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "failed"

    def differs(self, *, reference: str, amount_minor: int, currency: str) -> Mismatch | None:
        """In what the gateway's word differs from ours, or None."""
        own = (str(self.id), str(self.amount_minor), self.currency)
        theirs = (reference, str(amount_minor), currency)
        return first_difference(("reference", "amount_minor", "currency"), own, theirs=theirs)

    def note_mismatch(self, mismatch: Mismatch) -> None:
        """Book nothing, tell the staff. The same mismatch again changes nothing."""
        if mismatch != self.mismatch:
            self._mismatch_found(mismatch=mismatch)

    @event(MismatchFound)
    def _mismatch_found(self, mismatch: Mismatch) -> None:
        self.mismatch = mismatch

    def refund(self, *, refund_id: str, amount_minor: int, refunded_on: date) -> None:
        """A part of the money, or all that is left of it, went back. Once for each `refund_id`.

        Errors: PaymentNotReceived, PaymentNotRefundable, RefundExceedsPayment.
        """
        assert amount_minor > 0, "a refund takes money back"
        if refund_id in self.refunds:
            return
        left_minor = self.amount_minor - self.refunded_minor
        if not self.is_paid:
            raise events.PaymentNotReceived(status=self.status)
        if self.status in {"disputed", "charged_back"}:
            raise events.PaymentNotRefundable(status=self.status)
        if amount_minor > left_minor:
            raise events.RefundExceedsPayment(left_minor=left_minor)
        self.trigger_event(
            self.Refunded, refund_id=refund_id, amount_minor=amount_minor, refunded_on=refunded_on
        )

    def open_dispute(self, *, dispute_id: str, reason: str, opened_on: date) -> None:
        """The payer asks for the money back at their bank. The same dispute again changes nothing.

        Of money that went back already, or is disputed otherwise, it is a mismatch. Errors:
        PaymentNotReceived.
        """
        if dispute_id in self.disputes:
            return
        if not self.is_paid:
            raise events.PaymentNotReceived(status=self.status)
        if self._moves("dispute_opened"):
            self.trigger_event(
                self.DisputeOpened, dispute_id=dispute_id, reason=reason, opened_on=opened_on
            )

    def close_dispute(
        self, *, dispute_id: str, outcome: Literal["won", "lost"], closed_on: date
    ) -> None:
        """The bank has decided: won, the money stays; lost, it is charged back.

        Said again it changes nothing; another outcome is a mismatch. Errors: DisputeUnknown.
        """
        known = self.disputes.get(dispute_id)
        if known is None:
            raise events.DisputeUnknown(dispute_id=dispute_id)
        if known == "open":
            self.trigger_event(
                self.DisputeClosed, dispute_id=dispute_id, outcome=outcome, closed_on=closed_on
            )
        elif known != outcome:
            self.note_mismatch(Mismatch(field="dispute", expected=known, found=outcome))


def _is_own_path(path: str) -> bool:
    """A path such as /invoices/1: no other host (`//evil`), no scheme, no backslash, no blank."""
    is_absolute = path.startswith("/") and not path.startswith("//")
    return is_absolute and path.isprintable() and not set(path) & {"\\", " "}
