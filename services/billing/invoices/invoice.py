"""An invoice: issued -> paid | cancelled | credited | written off; what it says never changes.

While it is unpaid at most one payment attempt is open; an awaited attempt may bring money any time.
Payments, the account's credit and credit notes settle it. Amounts in minor units of `currency`.
"""

from dataclasses import field, replace
from datetime import date
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.invoices import invoice_events as events
from services.billing.invoices.lines import InvoiceDetails, InvoiceLine, totals_of
from services.billing.invoices.reversals import PaymentTakenBack as TakenBack
from services.billing.invoices.settlement import Attempt, Settlement
from services.billing.why.why import Why
from shared.personal import Personal


class Invoice(Aggregate):
    """What an account owes, under a number that is gapless per brand."""

    TOPIC = "billing.invoice"
    PaymentTakenBack = TakenBack

    class Event(Aggregate.Event):
        TOPIC = "billing.invoice.event"

    class Issued(Aggregate.Created):
        TOPIC = "billing.invoice.issued"
        account_id: UUID
        brand: str
        number: str
        order_id: UUID | None
        issued_on: date
        due_on: date
        currency: str
        lines: list[InvoiceLine]
        billed_to_name: Personal[str]
        billed_to_address: Personal[str]
        billed_to_tax_id: Personal[str]
        details: InvoiceDetails = field(default_factory=InvoiceDetails)

    class Numbered(Aggregate.Event):
        TOPIC = "billing.invoice.numbered"
        number: str
        numbered_on: date

    class PaymentStarted(Aggregate.Event):
        TOPIC = "billing.invoice.payment_started"
        payment_id: UUID
        method: str
        started_on: date

    class PaymentHeld(Aggregate.Event):
        TOPIC = "billing.invoice.payment_held"
        payment_id: UUID

    class PaymentEnded(Aggregate.Event):
        TOPIC = "billing.invoice.payment_ended"
        payment_id: UUID

    class PaymentAllocated(Aggregate.Event):
        TOPIC = "billing.invoice.payment_allocated"
        payment_id: UUID
        amount_minor: int

    Settled = events.Settled
    WrittenOff = events.WrittenOff
    Paid = events.Paid
    Reminded = events.Reminded
    OverdueNoticed = events.OverdueNoticed
    Reopened = events.Reopened
    LateFeeCharged = events.LateFeeCharged

    class Cancelled(Aggregate.Event):
        TOPIC = "billing.invoice.cancelled"
        cancelled_on: date
        reason: str
        why: Why | None = None

    @event(Issued)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        order_id: UUID | None,
        issued_on: date,
        due_on: date,
        currency: str,
        lines: list[InvoiceLine],
        billed_to_name: str,
        billed_to_address: str,
        billed_to_tax_id: str,
        details: InvoiceDetails,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.number = number
        self.order_id = order_id
        self.issued_on = self.dated_on = issued_on
        self.due_on = due_on
        self.currency = currency
        self.lines = tuple(lines)
        self.details = details
        self.billed_to = (billed_to_name, billed_to_address, billed_to_tax_id)
        self.totals = totals = totals_of(lines, details)
        self.settlement = Settlement.of(totals.gross_minor, is_booked=details.is_booked_at_issue)
        self.is_pro_forma = details.is_pro_forma
        self.was_paid = False
        self.void_reason = ""

    @classmethod
    def issue(cls, *, billed_to: tuple[str, str, str], **says: Any) -> Self:
        """An invoice not due before its issue. `billed_to`: the client's name, address, tax id.

        `says`: what the event says. An invoice that asks for nothing, as all of it is free or
        taken off, is paid at once.
        """
        name, address, tax_id = billed_to
        invoice = cls(
            **{"details": InvoiceDetails(), **says},
            billed_to_name=name,
            billed_to_address=address,
            billed_to_tax_id=tax_id,
        )
        assert invoice.lines, "an invoice is about something"
        assert invoice.total_minor >= 0, "an invoice pays nobody out"
        assert invoice.due_on >= invoice.issued_on, "an invoice is never overdue at its issue"
        invoice._settle(invoice.issued_on)
        return invoice

    @property
    def total_minor(self) -> int:
        return self.settlement.total_minor

    @property
    def open_minor(self) -> int:
        return self.settlement.open_minor

    @property
    def unpaid_order_id(self) -> UUID | None:
        """The order that waits for its money; what is owed of one that was paid is a plain debt."""
        return None if self.was_paid else self.order_id

    @property
    def is_open(self) -> bool:
        return self.settlement.open_minor > 0

    def start_payment(self, *, payment_id: UUID, method: str, today: date) -> None:
        """Open the one attempt to pay. A second one is `PaymentAlreadyOpen`."""
        self.settlement.check_payable()
        self._payment_started(payment_id=payment_id, method=method, started_on=today)

    @event(PaymentStarted)
    def _payment_started(self, payment_id: UUID, method: str, started_on: date) -> None:
        attempt = Attempt(payment_id=payment_id, method=method, started_on=started_on)
        self.settlement = replace(self.settlement, attempt=attempt)

    def hold_for_payment(self, payment_id: UUID) -> None:
        """The attempt's money may arrive: no cancellation, reminder or suspension meanwhile.

        A second time, or for an attempt that is not the open one, changes nothing.
        """
        attempt = self.settlement.attempt
        if attempt and attempt.payment_id == payment_id and not attempt.is_awaited:
            self._payment_held(payment_id=payment_id)

    @event(PaymentHeld)
    def _payment_held(self, payment_id: UUID) -> None:
        assert self.settlement.attempt is not None
        attempt = replace(self.settlement.attempt, is_awaited=True)
        self.settlement = replace(self.settlement, attempt=attempt)

    def end_payment(self, payment_id: UUID) -> None:
        """The attempt is over, so another may start. Not the open attempt: nothing changes."""
        attempt = self.settlement.attempt
        if attempt and attempt.payment_id == payment_id:
            self._payment_ended(payment_id=payment_id)

    @event(PaymentEnded)
    def _payment_ended(self, payment_id: UUID) -> None:
        self.settlement = replace(self.settlement, attempt=None)

    def pay(self, *, payment_id: UUID, amount_minor: int, today: date) -> int:
        """Settle what `amount_minor` covers and return the rest, which is the client's credit.

        A void or settled invoice takes nothing. A payment counts once: `PaymentAlreadyAllocated`.
        """
        assert amount_minor > 0, "a payment brings money"
        self.settlement.check_new(payment_id)
        self.end_payment(payment_id)
        share_minor = min(amount_minor, self.open_minor)
        if share_minor:
            self._payment_allocated(payment_id=payment_id, amount_minor=share_minor)
            self._settle(today)
        return amount_minor - share_minor

    @event(PaymentAllocated)
    def _payment_allocated(self, payment_id: UUID, amount_minor: int) -> None:
        self.settlement = self.settlement.by_payment(payment_id, amount_minor)

    def apply_credit(self, *, application_id: UUID, amount_minor: int, today: date) -> int:
        """Settle what the account's credit covers; return how much was used. Each call is one use.

        Refused while a payment may arrive: it would be paid twice.
        """
        assert amount_minor > 0, "credit is money"
        self.settlement.check_quiet()
        share_minor = min(amount_minor, self.open_minor)
        self._settled("credit", application_id, amount_minor=share_minor, today=today)
        self._settle(today)
        return share_minor

    def take_back(self, *, credit_note_id: UUID, amount_minor: int, today: date) -> int:
        """Count a credit note; return what of it had been settled, which the account gets back.

        Each note counts once; one that leaves nothing open settles the invoice. `CreditTooLarge`
        beyond the total, `PaymentAwaited` before it is clear what was paid.
        """
        was_open, back = self.is_open, self.settlement.returned_by(amount_minor)
        by_note = {"amount_minor": amount_minor, "returned_minor": back}
        self._settled("credit_note", credit_note_id, **by_note, today=today)
        if was_open and self.settlement.is_paid:
            self._settle(today)
        return back

    def _settled(self, by: str, id: UUID, *, today: date, **minor: int) -> None:
        says = {"by": by, "reference_id": id, "settled_on": today, "returned_minor": 0, **minor}
        self.trigger_event(self.Settled, **says)

    def write_off(self, reason: str, why: Why | None = None) -> None:
        """Give up what is open; money that comes yet is the account's credit. Once."""
        self.settlement.check_quiet()
        self.trigger_event(self.WrittenOff, amount_minor=self.open_minor, reason=reason, why=why)

    def reopen(self, *, payment_id: UUID, amount_minor: int, today: date) -> int:
        """A payment was charged back: owe again what it had settled, at most `amount_minor`.

        How much that is: nothing of what credit notes have taken back or nobody owes any more. A
        payment is charged back once; again it is nothing.
        """
        share_minor = min(amount_minor, self.settlement.kept_of(payment_id))
        if share_minor:
            self.trigger_event(
                self.Reopened, payment_id=payment_id, amount_minor=share_minor, reopened_on=today
            )
        return share_minor

    def take_number(self, *, number: str, today: date) -> None:
        """A pro forma that is paid becomes an invoice, once, and bears the date of that day."""
        assert self.is_pro_forma and not self.is_open, "the caller looks"
        self._numbered(number=number, numbered_on=today)

    @event(Numbered)
    def _numbered(self, number: str, numbered_on: date) -> None:
        self.number = number
        self.dated_on = numbered_on
        self.is_pro_forma = False
        self.settlement = replace(self.settlement, is_booked=True)

    def give_notice(self, today: date, why: Why | None = None) -> None:
        """Tell the client that the due date comes or has passed; each call is one notice."""
        self.settlement.check_quiet()
        days_before = (self.due_on - today).days
        assert days_before, "on the due date there is nothing to say"
        if days_before > 0:
            self.trigger_event(self.Reminded, days_before=days_before, why=why)
        else:
            self.trigger_event(self.OverdueNoticed, days_after=-days_before, why=why)

    def cancel(self, *, today: date, reason: str, why: Why | None = None) -> dict[UUID, int]:
        """Make it void and return the uses of credit that it gives back: id -> amount.

        What was paid of a pro forma goes back as well. Else refused when money has come or may
        come, or by a credit note; a second time is a conflict.
        """
        self.settlement.check_untouched()
        self._cancelled(cancelled_on=today, reason=reason, why=why)
        return self.settlement.credit

    @event(Cancelled)
    def _cancelled(self, cancelled_on: date, reason: str, *, why: Why | None) -> None:
        self.settlement = replace(self.settlement, is_cancelled=True, open_minor=0)
        self.void_reason = reason

    def _settle(self, today: date) -> None:
        if not self.is_open:
            self.trigger_event(self.Paid, paid_on=today)
