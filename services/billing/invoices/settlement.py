"""What is still owed for an invoice, and by what the rest was settled. Amounts in minor units."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self
from uuid import UUID

from shared.errors import Conflict


class InvoiceAlreadyPaid(Conflict):
    """The invoice has no open balance left."""


class InvoiceIsCancelled(Conflict):
    """The invoice is void; nothing is owed for it."""


class InvoiceIsWrittenOff(Conflict):
    """What was open of the invoice has been given up."""


class PaymentAwaited(Conflict):
    """The money of a payment for this invoice may arrive at any moment."""


class PaymentAlreadyOpen(Conflict):
    """Another attempt to pay this invoice is open; finish it or let it expire first."""


class PaymentAlreadyAllocated(Conflict):
    """This payment has been counted towards the invoice before."""


class CreditTooLarge(Conflict):
    """A credit note takes back more than is left of the invoice."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The open attempt to pay; `is_awaited`: the payer did their part, or we cannot know."""

    payment_id: UUID
    method: str
    started_on: date
    is_awaited: bool = False


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """`payments`, `credit` (the account's own) and `credit_notes`: what settled how much, by id.

    A credit note may take back more than was open; then the rest of it, `returned`, had been paid.
    `is_booked`: the ledger has the invoice, as it has a pro forma only once it is one; of what came
    before, `prepayments` are the ids that settled only a part. `reversed`: payments that do not
    count any more. `is_charged_back`: the bank of a payer took one back, so no card is charged for
    the rest unasked. `settled_on`: when credit or a credit note last settled something.
    """

    total_minor: int
    open_minor: int
    payments: dict[UUID, int] = field(default_factory=dict)
    credit: dict[UUID, int] = field(default_factory=dict)
    credit_notes: dict[UUID, int] = field(default_factory=dict)
    attempt: Attempt | None = None
    is_cancelled: bool = False
    is_written_off: bool = False
    is_booked: bool = True
    prepayments: frozenset[UUID] = frozenset()
    reversed: frozenset[UUID] = frozenset()
    is_charged_back: bool = False
    settled_on: date | None = None

    @classmethod
    def of(cls, total_minor: int, *, is_booked: bool) -> Self:
        """Nothing is settled."""
        return cls(total_minor=total_minor, open_minor=total_minor, is_booked=is_booked)

    @property
    def prepaid_minor(self) -> int:
        """What came before the ledger had the invoice, without what made it one."""
        settled = {**self.payments, **self.credit}
        return sum(settled.get(id, 0) for id in self.prepayments)

    @property
    def still_prepaid(self) -> frozenset[UUID]:
        """Of the prepayments those that are booked as such still, as there is no invoice yet."""
        return frozenset() if self.is_booked else self.prepayments

    @property
    def is_payment_awaited(self) -> bool:
        return self.attempt is not None and self.attempt.is_awaited

    @property
    def is_collectable(self) -> bool:
        """Whether a saved card may be charged for it without being asked."""
        return self.open_minor > 0 and not self.is_payment_awaited and not self.is_charged_back

    @property
    def is_paid(self) -> bool:
        """Whether nothing is owed any more because it was paid, not because it was taken back."""
        is_given_up = self.is_cancelled or self.is_written_off or self.is_taken_back
        return self.open_minor == 0 and not is_given_up

    @property
    def is_taken_back(self) -> bool:
        """Whether credit notes leave nothing of it."""
        return 0 < self.total_minor <= sum(self.credit_notes.values())

    @property
    def _kept_minor(self) -> int:
        """What it was settled with and has not been given back."""
        if self.is_cancelled or self.is_written_off:
            return 0
        return self.total_minor - sum(self.credit_notes.values()) - self.open_minor

    def kept_of(self, payment_id: UUID) -> int:
        """What of the payment is still kept."""
        return min(self.payments.get(payment_id, 0), self._kept_minor)

    def check_open(self) -> None:
        """Raise unless money is still owed."""
        check_not_given_up(self)
        if self.open_minor == 0:
            raise InvoiceAlreadyPaid()

    def check_quiet(self) -> None:
        """Raise unless money is owed and none of it may be on its way."""
        self.check_open()
        if self.is_payment_awaited:
            raise PaymentAwaited()

    def check_payable(self) -> None:
        """Raise unless money is owed and no attempt to pay it is open."""
        self.check_open()
        if self.attempt:
            raise PaymentAlreadyOpen(method=self.attempt.method)

    @property
    def is_touched(self) -> bool:
        """Whether what was paid or credited is booked with it: a credit note has to undo that.

        What was paid of a pro forma is not: it is given back when that becomes void.
        """
        return bool(self.credit_notes or (self.payments and self.is_booked))

    def check_untouched(self) -> None:
        """Raise unless it can be made void: untouched, and no money may come."""
        self.check_quiet()
        if self.is_touched:
            raise InvoiceAlreadyPaid()

    def check_new(self, payment_id: UUID) -> None:
        """Raise if the payment was counted before."""
        if payment_id in self.payments or payment_id in self.reversed:
            raise PaymentAlreadyAllocated()

    def returned_by(self, note_minor: int) -> int:
        """What of a credit note over `note_minor` had been settled, so that it is given back."""
        assert note_minor > 0, "a credit note takes something back"
        check_not_given_up(self)
        if self.is_payment_awaited:
            raise PaymentAwaited()
        if note_minor > self.total_minor - sum(self.credit_notes.values()):
            raise CreditTooLarge()
        return max(0, note_minor - self.open_minor)

    def by_payment(self, payment_id: UUID, amount_minor: int) -> Self:
        paid = {**self.payments, payment_id: amount_minor}
        after = self._with_prepayment(payment_id, amount_minor)
        return replace(after, payments=paid, open_minor=self.open_minor - amount_minor)

    def settled(self, by: str, id: UUID, *, amount_minor: int, share_minor: int) -> Self:
        """`share_minor` by the account's credit, or by a credit_note over `amount_minor`."""
        open_minor = self.open_minor - share_minor
        if by == "credit":
            after = self._with_prepayment(id, share_minor)
            return replace(after, open_minor=open_minor, credit={**self.credit, id: amount_minor})
        notes = {**self.credit_notes, id: amount_minor}
        return replace(self, open_minor=open_minor, credit_notes=notes)

    def _with_prepayment(self, id: UUID, share_minor: int) -> Self:
        if self.is_booked or share_minor >= self.open_minor:
            return self
        return replace(self, prepayments=self.prepayments | {id})

    def without_payment(self, payment_id: UUID, share_minor: int) -> Self:
        """Owed again as far as `share_minor`; the payment settles nothing any more."""
        kept = {id: minor for id, minor in self.payments.items() if id != payment_id}
        return replace(
            self,
            payments=kept,
            open_minor=self.open_minor + share_minor,
            prepayments=self.prepayments - {payment_id},
            reversed=self.reversed | {payment_id},
        )

    def without_credit(self, application_id: UUID) -> Self:
        kept = {key: minor for key, minor in self.credit.items() if key != application_id}
        open_minor = self.open_minor + self.credit[application_id]
        return replace(self, credit=kept, open_minor=open_minor)


def check_not_given_up(settlement: Settlement) -> None:
    """Raise if the invoice is void, or what was open of it was given up."""
    if settlement.is_cancelled:
        raise InvoiceIsCancelled()
    if settlement.is_written_off:
        raise InvoiceIsWrittenOff()
