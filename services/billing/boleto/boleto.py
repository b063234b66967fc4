"""A boleto: issued -> collected | ended; money may come after it has ended, and then once more.

What it says never changes; a late one is reissued (segunda via) with fine and interest. Its id
follows from its own number, so no number is there twice. Amounts are centavos.
"""

from collections.abc import Container, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.boleto import boleto_events as events
from services.billing.boleto.barcode import Barcode, read_boleto
from services.billing.boleto.boleto_events import Takings
from services.billing.boleto.late_payment import (
    Duplicate,
    LateTerms,
    duplicate,
    late_charges,
)
from services.billing.boleto.own_number import significant
from services.billing.why.why import Why
from shared.errors import Conflict

Purpose = Literal["invoice", "top_up"]
State = Literal["open", "collected", "ended"]


class BoletoNotPayable(Conflict):
    """The boleto was paid, withdrawn or written off, or the bank no longer takes it."""


class Boleto(Aggregate):
    """A bank's slip for one attempt to pay; always in reais. `purpose` is the attempt's."""

    TOPIC = "billing.boleto"

    class Event(Aggregate.Event):
        TOPIC = "billing.boleto.event"

    class Issued(Aggregate.Created):
        TOPIC = "billing.boleto.issued"
        account_id: UUID
        brand: str
        payment_id: UUID
        invoice_id: UUID
        document: str
        bank_account: str
        numbered_by: str
        sequence: int
        own_number: str
        barcode: str
        amount_minor: int
        issued_on: date
        due_on: date
        payable_until: date
        fine_percent: str
        interest_percent_a_month: str
        purpose: Purpose = "invoice"

    Reissued = events.Reissued
    Answered = events.Answered
    Collected = events.Collected
    Ended = events.Ended

    @staticmethod
    def id_of(numbered_by: str, own_number: str) -> UUID:
        """The id of the boleto of a number, however a file writes that number."""
        return uuid5(NAMESPACE_URL, f"faktura:boleto:{numbered_by}:{significant(own_number)}")

    @classmethod
    def issue(cls, *, numbered_by: str, own_number: str, terms: LateTerms, **says: Any) -> Self:
        """The boleto of a number that nobody has had. `says`: what the event says besides."""
        boleto = cls(
            id=cls.id_of(numbered_by, own_number),
            numbered_by=numbered_by,
            own_number=own_number,
            fine_percent=str(terms.fine_percent),
            interest_percent_a_month=str(terms.interest_percent_a_month),
            **{"purpose": "invoice", **says},
        )
        assert boleto.amount_minor > 0, "a boleto asks for money"
        assert boleto.issued_on <= boleto.due_on <= boleto.payable_until, "days in their order"
        return boleto

    @event(Issued)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        payment_id: UUID,
        invoice_id: UUID,
        document: str,
        bank_account: str,
        numbered_by: str,
        sequence: int,
        own_number: str,
        barcode: str,
        amount_minor: int,
        issued_on: date,
        due_on: date,
        payable_until: date,
        fine_percent: str,
        interest_percent_a_month: str,
        purpose: Purpose,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.payment_id = payment_id
        self.invoice_id = invoice_id
        self.document = document
        self.bank_account = bank_account
        self.numbered_by = numbered_by
        self.sequence = sequence
        self.own_number = own_number
        self.barcode_digits = barcode
        self.amount_minor = amount_minor
        self.issued_on = issued_on
        self.due_on = due_on
        self.payable_until = payable_until
        self.purpose = purpose
        self.late_percents = (fine_percent, interest_percent_a_month)
        self.status: State = "open"
        self.reissued: dict[str, int] = {}
        self.facts: tuple[str, ...] = ()

    @property
    def barcode(self) -> Barcode:
        return read_boleto(self.barcode_digits)

    @property
    def terms(self) -> LateTerms:
        fine, interest = self.late_percents
        return LateTerms(fine_percent=Decimal(fine), interest_percent_a_month=Decimal(interest))

    def reissue(
        self, *, pay_by: date, today: date, holidays: Container[date], why: Why | None = None
    ) -> Duplicate:
        """The segunda via to be paid on `pay_by`. In time it is the original, late one dearer.

        The same day again changes nothing. Errors: BoletoNotPayable.
        """
        if self.status != "open" or not today <= pay_by <= self.payable_until:
            raise BoletoNotPayable(status=self.status, payable_until=self.payable_until.isoformat())
        again = duplicate(
            self.barcode, due_on=self.due_on, pay_by=pay_by, terms=self.terms, holidays=holidays
        )
        if again.charges.days_late and again.pay_by.isoformat() not in self.reissued:
            self.trigger_event(
                self.Reissued,
                reissued_on=today,
                pay_by=again.pay_by,
                barcode=again.barcode.digits,
                fine_minor=again.charges.fine_minor,
                interest_minor=again.charges.interest_minor,
                why=why,
            )
        return again

    def owed_for_lateness(self, paid_on: date, *, holidays: Container[date]) -> int:
        """The most that may be kept of what was paid on that day, for being late.

        By its own terms, or what a segunda via asked for that could still be paid then.
        """
        by_terms = late_charges(
            self.amount_minor,
            due_on=self.due_on,
            paid_on=paid_on,
            terms=self.terms,
            holidays=holidays,
        )
        asked = (
            minor
            for pay_by, minor in self.reissued.items()
            if by_terms.days_late and pay_by >= paid_on.isoformat()
        )
        return max(by_terms.total_minor, *asked, 0)

    def answer(
        self, *, fact: str, kind: str, code: str, reasons: Sequence[str], told_on: date | None
    ) -> None:
        """Note what the bank says of it that moves no money. The same fact changes nothing."""
        if fact not in self.facts:
            self.trigger_event(
                self.Answered,
                fact=fact,
                kind=kind,
                code=code,
                reasons=list(reasons),
                told_on=told_on,
            )

    def collect(self, takings: Takings, *, why: Why | None = None) -> None:
        """The bank has taken money for it, whatever had become of it. Once for a fact."""
        assert 0 <= takings.late_charges_minor <= takings.paid_minor, "a part of what was paid"
        if takings.fact not in self.facts:
            self.trigger_event(self.Collected, takings=takings, why=why)

    def end(self, reason: str, *, today: date) -> None:
        """It is not to be paid any more. What is over changes nothing; money may come yet."""
        if self.status == "open":
            self.trigger_event(self.Ended, reason=reason, ended_on=today)


def last_day_to_pay(due_on: date, *, payable_days: int) -> date:
    """Up to when the bank takes a late boleto."""
    return due_on + timedelta(days=payable_days)
