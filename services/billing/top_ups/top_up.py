"""Money that an account wants to have with us: wanted -> credited, and wanted again when that
was a mistake; it forms no invoice.

Like an invoice it has at most one open attempt to pay, which may bring money any time; what comes
is credit, all of it. Amounts in minor units of `currency`.
"""

from dataclasses import replace
from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.invoices.settlement import Attempt, Settlement


class TopUp(Aggregate):
    """One wish to top up the credit."""

    TOPIC = "billing.top_up"

    class Event(Aggregate.Event):
        TOPIC = "billing.top_up.event"

    class Wanted(Aggregate.Created):
        TOPIC = "billing.top_up.wanted"
        account_id: UUID
        brand: str
        amount_minor: int
        currency: str
        wanted_on: date

    class PaymentStarted(Aggregate.Event):
        TOPIC = "billing.top_up.payment_started"
        payment_id: UUID
        method: str
        started_on: date

    class PaymentHeld(Aggregate.Event):
        TOPIC = "billing.top_up.payment_held"
        payment_id: UUID

    class PaymentEnded(Aggregate.Event):
        TOPIC = "billing.top_up.payment_ended"
        payment_id: UUID

    class Credited(Aggregate.Event):
        TOPIC = "billing.top_up.credited"
        payment_id: UUID
        amount_minor: int
        credited_on: date

    class PaymentTakenBack(Aggregate.Event):
        TOPIC = "billing.top_up.payment_taken_back"
        payment_id: UUID
        taken_back_on: date

    @classmethod
    def want(
        cls,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        amount_minor: int,
        currency: str,
        wanted_on: date,
    ) -> Self:
        """A wish; whether it is within the brand's limits the caller has checked."""
        assert amount_minor > 0, "a top-up brings money"
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            amount_minor=amount_minor,
            currency=currency,
            wanted_on=wanted_on,
        )

    @event(Wanted)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        amount_minor: int,
        currency: str,
        wanted_on: date,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.currency = currency
        self.settlement = Settlement.of(amount_minor, is_booked=False)

    @property
    def number(self) -> str:
        """What a transfer names it by: short, and of letters that a bank passes on."""
        return f"T{self.id.hex[-10:].upper()}"

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
        """The attempt's money may arrive. A second time, or not the open one: nothing changes."""
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
        """Return all that came, which is the account's credit now; once for each payment.

        `PaymentAlreadyAllocated` the second time.
        """
        assert amount_minor > 0, "a payment brings money"
        self.settlement.check_new(payment_id)
        self.end_payment(payment_id)
        self._credited(payment_id=payment_id, amount_minor=amount_minor, credited_on=today)
        return amount_minor

    @event(Credited)
    def _credited(self, payment_id: UUID, amount_minor: int, *, credited_on: date) -> None:
        share_minor = min(amount_minor, self.settlement.open_minor)
        self.settlement = self.settlement.by_payment(payment_id, share_minor)

    def take_payment_back(self, payment_id: UUID, *, today: date) -> None:
        """The payment was another's: it counts no more. One that does not count changes nothing."""
        if payment_id in self.settlement.payments:
            self._payment_taken_back(payment_id=payment_id, taken_back_on=today)

    @event(PaymentTakenBack)
    def _payment_taken_back(self, payment_id: UUID, *, taken_back_on: date) -> None:
        share_minor = self.settlement.payments[payment_id]
        self.settlement = self.settlement.without_payment(payment_id, share_minor)
