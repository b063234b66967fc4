"""One attempt to pay: created -> sent -> pending -> succeeded | failed, then refunded.

It is for one invoice or several, which it settles in their order, or for a top-up of the credit.

Its id is the gateway's idempotency key and our reference there. What news does to it, in whatever
order it comes, stands in `life_cycle.py`. Amounts in minor units.
"""

from dataclasses import field
from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.payments import payment_events as events
from services.billing.payments import reversing
from services.billing.payments.life_cycle import News, State, has_ended, is_money_ours, step
from services.billing.payments.mismatch import Mismatch
from services.billing.payments.return_path import is_own_path
from shared.errors import Conflict, Invalid

Purpose = Literal["invoice", "top_up"]
"""What it is for; `invoice_id` is the top-up's where it is one."""


class PaymentHasEnded(Conflict):
    """The attempt is over; start another one if the invoice is still open."""


class PaymentGoesAnotherWay(Conflict):
    """The attempt goes by a page or by a saved method already, and can go one way only."""


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
        gateway: str = "sandbox"
        purpose: Purpose = "invoice"
        further_invoices: list[UUID] = field(default_factory=list)

    PageRequested = events.PageRequested
    ChargeRequested = events.ChargeRequested
    Sent = events.Sent
    MarkedPending = events.MarkedPending
    OutcomeUnknown = events.OutcomeUnknown
    Succeeded = events.Succeeded
    Failed = events.Failed
    MismatchFound = events.MismatchFound
    RefundReserved = events.RefundReserved
    RefundReleased = events.RefundReleased
    Refunded = events.Refunded
    DisputeOpened = events.DisputeOpened
    DisputeClosed = events.DisputeClosed
    Reversed = reversing.Reversed

    @classmethod
    def start(cls, *, amount_minor: int, today: date, **says: Any) -> Self:
        """An attempt that the gateway has not heard of. `says`: what else the event says."""
        assert amount_minor > 0, "a payment brings money"
        usual: dict[str, Any] = {"gateway": "sandbox", "purpose": "invoice", "further_invoices": []}
        return cls(**{**usual, **says}, amount_minor=amount_minor, started_on=today)

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
        gateway: str,
        purpose: Purpose,
        further_invoices: list[UUID],
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.invoice_id = invoice_id
        self.method = method
        self.amount_minor = amount_minor
        self.currency = currency
        self.started_on = started_on
        self.gateway = gateway
        self.purpose = purpose
        self.further_invoices = tuple(further_invoices)
        self.status: State = "created"
        self.return_path = ""
        self.token = ""
        self.customer = ""
        self.gateway_reference = ""
        self.received_on: date | None = None
        self.mismatch: Mismatch | None = None
        self.refunds: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.disputes: dict[str, str] = {}
        self.disputed: dict[str, int] = {}

    @property
    def invoice_ids(self) -> list[UUID]:
        """In the order in which it settles them; none where it tops up the credit."""
        return [self.invoice_id, *self.further_invoices] if self.purpose == "invoice" else []

    @property
    def has_ended(self) -> bool:
        return has_ended(self.status)

    @property
    def is_paid(self) -> bool:
        return is_money_ours(self.status)

    @property
    def refunded_minor(self) -> int:
        return sum(self.refunds.values())

    @property
    def refundable_minor(self) -> int:
        """What neither went back nor is about to."""
        return self.amount_minor - self.refunded_minor - sum(self.reserved.values())

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
        self._check_way(return_path)
        if self.token:
            raise PaymentGoesAnotherWay()
        if not self.return_path:
            self.trigger_event(self.PageRequested, return_path=return_path)

    def request_charge(self, *, token: str, customer: str, return_path: str) -> None:
        """Fix the saved method that the gateway is about to be asked to charge, before it is asked.

        A second time changes nothing: what one key asks for is one charge.
        """
        self._check_way(return_path)
        if self.token:
            return
        if self.return_path:
            raise PaymentGoesAnotherWay()
        self.trigger_event(self.PageRequested, return_path=return_path)
        self.trigger_event(self.ChargeRequested, token=token, customer=customer)

    def _check_way(self, return_path: str) -> None:
        if self.has_ended:
            raise PaymentHasEnded(status=self.status)
        if not is_own_path(return_path):
            raise ReturnPathInvalid()

    def mark(self, news: Literal["sent", "pending"], gateway_reference: str) -> None:
        """The gateway has the attempt; pending: the payer did their part, the money is on its way.

        No step back from a later state.
        """
        if self._moves(news):
            event_class = self.Sent if news == "sent" else self.MarkedPending
            self.trigger_event(event_class, gateway_reference=gateway_reference)

    def mark_unknown(self, cause: str) -> None:
        """We asked and cannot say what came of it. Once the gateway answered nothing changes."""
        if self._moves("silence"):
            self.trigger_event(self.OutcomeUnknown, cause=cause)

    def succeed(self, *, received_on: date, receipt_number: str, gateway_reference: str) -> None:
        """The money is ours, even if the attempt had counted as failed. Only once.

        `received_on` may lie before the day on which we learn of it.
        """
        assert not self.is_paid, "the caller looks before it takes a receipt number"
        self.trigger_event(
            self.Succeeded,
            received_on=received_on,
            receipt_number=receipt_number,
            gateway_reference=gateway_reference,
        )

    def fail(self, reason: str) -> None:
        """The gateway says that no money will come. Of money that came it is a mismatch.

        Said again it changes nothing.
        """
        if self._moves("failed"):
            self.trigger_event(self.Failed, reason=reason)

    def note_mismatch(self, mismatch: Mismatch) -> None:
        """Book nothing, tell the staff. The same mismatch again changes nothing."""
        if mismatch != self.mismatch:
            self.trigger_event(self.MismatchFound, mismatch=mismatch)

    def reserve_refund(self, *, refund_id: str, amount_minor: int) -> None:
        """So much is about to go back, and can go back no other way meanwhile. Once for each id.

        Errors: PaymentNotReceived, PaymentNotRefundable, RefundExceedsPayment.
        """
        if refund_id not in self.reserved and refund_id not in self.refunds:
            self._check_refundable(amount_minor)
            self.trigger_event(self.RefundReserved, refund_id=refund_id, amount_minor=amount_minor)

    def release_refund(self, refund_id: str) -> None:
        """What was about to go back stays here. What is not reserved: nothing changes."""
        if refund_id in self.reserved:
            self.trigger_event(self.RefundReleased, refund_id=refund_id)

    def refund(
        self, *, refund_id: str, amount_minor: int, refunded_on: date, way: str = "gateway"
    ) -> None:
        """A part of the money, or all that is left of it, went back. Once for each `refund_id`.

        What was reserved for it goes back even if it is disputed meanwhile: it has gone. Errors:
        PaymentNotReceived, PaymentNotRefundable, RefundExceedsPayment.
        """
        if refund_id in self.refunds:
            return
        beyond_minor = amount_minor - self.reserved.get(refund_id, 0)
        if beyond_minor > 0:
            self._check_refundable(beyond_minor)
        self.trigger_event(
            self.Refunded,
            refund_id=refund_id,
            amount_minor=amount_minor,
            refunded_on=refunded_on,
            way=way,
        )

    def _check_refundable(self, amount_minor: int) -> None:
        if not self.is_paid:
            raise events.PaymentNotReceived(status=self.status)
        if self.status in {"disputed", "charged_back"}:
            raise events.PaymentNotRefundable(status=self.status)
        if amount_minor > self.refundable_minor:
            raise events.RefundExceedsPayment(left_minor=self.refundable_minor)

    def dispute(
        self,
        *,
        dispute_id: str,
        outcome: Literal["open", "won", "lost"],
        amount_minor: int,
        reason: str,
        day: date,
    ) -> None:
        """The payer asks for the money back at their bank (open), and the bank decides.

        Won, the money stays; lost, it is charged back. Said again it changes nothing. Another
        outcome, or a dispute about money that went back already, is a mismatch. Errors:
        PaymentNotReceived.
        """
        if not self.is_paid:
            raise events.PaymentNotReceived(status=self.status)
        if dispute_id not in self.disputes and self._moves("dispute_opened"):
            self.trigger_event(
                self.DisputeOpened,
                dispute_id=dispute_id,
                reason=reason,
                opened_on=day,
                amount_minor=min(amount_minor, self.amount_minor - self.refunded_minor),
            )
        known = self.disputes.get(dispute_id)
        if known == "open" and outcome != "open":
            self.trigger_event(
                self.DisputeClosed, dispute_id=dispute_id, outcome=outcome, closed_on=day
            )
        elif known in {"won", "lost"} and outcome not in {known, "open"}:
            self.note_mismatch(Mismatch(field="dispute", expected=known, found=outcome))
