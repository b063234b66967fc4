"""An invoice: issued -> paid | cancelled; its lines never change.

While it is unpaid at most one payment attempt is open; an awaited attempt may bring money any time.
Amounts in minor units of `currency`.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict
from shared.personal import Personal


class InvoiceAlreadyPaid(Conflict):
    """The invoice has no open balance left."""


class InvoiceIsCancelled(Conflict):
    """The invoice is void; nothing is owed for it."""


class PaymentAlreadyOpen(Conflict):
    """Another attempt to pay this invoice is open; finish it or let it expire first."""


class PaymentAlreadyAllocated(Conflict):
    """This payment has been counted towards the invoice before."""


class PaymentAwaited(Conflict):
    """The money of a payment for this invoice may arrive at any moment."""


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    """`kind`: new, setup or renewal. A renewal line has its service's period, end exclusive."""

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The open attempt to pay; `is_awaited`: the payer did their part, or we cannot know."""

    payment_id: UUID
    method: str
    started_on: date
    is_awaited: bool = False


class Invoice(Aggregate):
    """What an account owes, under a number that is gapless per brand."""

    TOPIC = "billing.invoice"

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

    class Paid(Aggregate.Event):
        TOPIC = "billing.invoice.paid"
        paid_on: date

    class Reminded(Aggregate.Event):
        TOPIC = "billing.invoice.reminded"
        days_before: int

    class OverdueNoticed(Aggregate.Event):
        TOPIC = "billing.invoice.overdue_noticed"
        days_after: int

    class Cancelled(Aggregate.Event):
        TOPIC = "billing.invoice.cancelled"
        cancelled_on: date
        reason: str

    @classmethod
    def issue(
        cls,
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
        billed_to: tuple[str, str, str],
    ) -> Self:
        """An invoice not due before its issue. `billed_to`: the client's name, address, tax id."""
        assert lines and min(line.net_minor for line in lines) > 0, "each line asks for money"
        assert due_on >= issued_on, "an invoice is never overdue at its issue"
        name, address, tax_id = billed_to
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            number=number,
            order_id=order_id,
            issued_on=issued_on,
            due_on=due_on,
            currency=currency,
            lines=lines,
            billed_to_name=name,
            billed_to_address=address,
            billed_to_tax_id=tax_id,
        )

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
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.number = number
        self.order_id = order_id
        self.issued_on = issued_on
        self.due_on = due_on
        self.currency = currency
        self.lines = tuple(lines)
        self.billed_to = (billed_to_name, billed_to_address, billed_to_tax_id)
        self.open_minor = self.total_minor
        self.attempt: Attempt | None = None
        self.allocated: dict[UUID, int] = {}
        self.is_cancelled = False

    @property
    def total_minor(self) -> int:
        return sum(line.net_minor for line in self.lines)

    @property
    def is_open(self) -> bool:
        return self.open_minor > 0 and not self.is_cancelled

    @property
    def is_payment_awaited(self) -> bool:
        return self.attempt is not None and self.attempt.is_awaited

    def is_overdue(self, today: date) -> bool:
        """Whether money is still owed after the due date."""
        return self.is_open and self.due_on < today

    def start_payment(self, *, payment_id: UUID, method: str, today: date) -> None:
        """Open the one attempt to pay. A second one is `PaymentAlreadyOpen`."""
        self.check_open()
        if self.attempt is not None:
            raise PaymentAlreadyOpen(method=self.attempt.method)
        self._payment_started(payment_id=payment_id, method=method, started_on=today)

    @event(PaymentStarted)
    def _payment_started(self, payment_id: UUID, method: str, started_on: date) -> None:
        self.attempt = Attempt(payment_id=payment_id, method=method, started_on=started_on)

    def hold_for_payment(self, payment_id: UUID) -> None:
        """The attempt's money may arrive: no cancellation, reminder or suspension meanwhile.

        A second time, or for an attempt that is not the open one, changes nothing.
        """
        if self.attempt and self.attempt.payment_id == payment_id and not self.attempt.is_awaited:
            self._payment_held(payment_id=payment_id)

    @event(PaymentHeld)
    def _payment_held(self, payment_id: UUID) -> None:
        assert self.attempt is not None
        self.attempt = replace(self.attempt, is_awaited=True)

    def end_payment(self, payment_id: UUID) -> None:
        """The attempt is over, so another may start. Not the open attempt: nothing changes."""
        if self.attempt and self.attempt.payment_id == payment_id:
            self._payment_ended(payment_id=payment_id)

    @event(PaymentEnded)
    def _payment_ended(self, payment_id: UUID) -> None:
        self.attempt = None

    def pay(self, *, payment_id: UUID, amount_minor: int, today: date) -> int:
        """Settle what `amount_minor` covers and return the rest, which is the client's credit.

        A void or settled invoice takes nothing. A payment counts once: `PaymentAlreadyAllocated`.
        """
        assert amount_minor > 0, "a payment brings money"
        if payment_id in self.allocated:
            raise PaymentAlreadyAllocated(number=self.number)
        self.end_payment(payment_id)
        share_minor = min(amount_minor, self.open_minor) if self.is_open else 0
        if share_minor:
            self._payment_allocated(payment_id=payment_id, amount_minor=share_minor)
        if share_minor and self.open_minor == 0:
            self._paid(paid_on=today)
        return amount_minor - share_minor

    @event(PaymentAllocated)
    def _payment_allocated(self, payment_id: UUID, amount_minor: int) -> None:
        self.allocated = {**self.allocated, payment_id: amount_minor}
        self.open_minor -= amount_minor

    @event(Paid)
    def _paid(self, paid_on: date) -> None:
        pass

    def remind(self, today: date) -> None:
        """Tell the client that the due date comes. `today` is before it."""
        self._check_notice()
        assert today < self.due_on, "a reminder comes before the due date"
        self._reminded(days_before=(self.due_on - today).days)

    @event(Reminded)
    def _reminded(self, days_before: int) -> None:
        pass

    def notice_overdue(self, today: date) -> None:
        """Tell the client that the due date has passed. `today` is after it."""
        self._check_notice()
        assert today > self.due_on, "nothing is overdue on its due date"
        self._overdue_noticed(days_after=(today - self.due_on).days)

    @event(OverdueNoticed)
    def _overdue_noticed(self, days_after: int) -> None:
        pass

    def cancel(self, *, today: date, reason: str) -> None:
        """Make it void. Refused when money has come or may come; a second time is a conflict."""
        self.check_open()
        if self.allocated:
            raise InvoiceAlreadyPaid(number=self.number)
        if self.is_payment_awaited:
            raise PaymentAwaited(number=self.number)
        self._cancelled(cancelled_on=today, reason=reason)

    @event(Cancelled)
    def _cancelled(self, cancelled_on: date, reason: str) -> None:
        self.is_cancelled = True

    def check_open(self) -> None:
        """Raise unless money is still owed."""
        if self.is_cancelled:
            raise InvoiceIsCancelled(number=self.number)
        if self.open_minor == 0:
            raise InvoiceAlreadyPaid(number=self.number)

    def _check_notice(self) -> None:
        self.check_open()
        if self.is_payment_awaited:
            raise PaymentAwaited(number=self.number)
