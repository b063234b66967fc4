"""An entry of our bank account: open -> allocated | set aside, and by a new event open again.

Amounts in minor units of `currency`. What identifies the payer is not among its events: it stands
in the kept entry (`kept.py`), which is deleted when the law no longer wants it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.bank_transfers.shares import Reading, Share
from services.billing.why.why import Why
from shared.errors import Conflict, Invalid, NotFound

Status = Literal["open", "allocated", "set_aside"]


class EntryIsDecided(Conflict):
    """The entry is allocated or set aside; take that back first."""


class EntryIsOpen(Conflict):
    """Nothing is decided about the entry that could be taken back."""


class EntryBringsNoMoney(Conflict):
    """Money that left our account, or that its bank took back, pays no invoice."""


class SharesExceedEntry(Invalid):
    """No more than the entry brought can be shared out."""


class ReadingUnknown(NotFound):
    """The entry has no such suggestion."""


class BankEntry(Aggregate):
    """One movement of money on an account of the brand's, as its bank has booked it."""

    TOPIC = "billing.bank_entry"

    class Event(Aggregate.Event):
        TOPIC = "billing.bank_entry.event"

    class Recorded(Aggregate.Created):
        TOPIC = "billing.bank_entry.recorded"
        brand: str
        statement_id: UUID
        method: str
        booked_on: date
        value_on: date
        amount_minor: int
        currency: str
        is_credit: bool
        is_reversal: bool

    class Suggested(Aggregate.Event):
        TOPIC = "billing.bank_entry.suggested"
        reasons: list[str]
        readings: list[Reading]

    class Allocated(Aggregate.Event):
        TOPIC = "billing.bank_entry.allocated"
        allocation_id: UUID
        shares: list[Share]
        why: Why

    class SetAside(Aggregate.Event):
        TOPIC = "billing.bank_entry.set_aside"
        reason: str
        why: Why

    class Reopened(Aggregate.Event):
        TOPIC = "billing.bank_entry.reopened"
        reason: str
        why: Why

    @classmethod
    def record(cls, **says: Any) -> Self:
        """An entry that nobody has looked at; `says`: what the event says."""
        entry = cls(**says)
        assert entry.amount_minor >= 0, "the direction is said beside the amount"
        return entry

    @event(Recorded)
    def __init__(
        self,
        *,
        id: UUID,
        brand: str,
        statement_id: UUID,
        method: str,
        booked_on: date,
        value_on: date,
        amount_minor: int,
        currency: str,
        is_credit: bool,
        is_reversal: bool,
    ) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.statement_id = statement_id
        self.method = method
        self.booked_on = booked_on
        self.value_on = value_on
        self.amount_minor = amount_minor
        self.currency = currency
        self.brings_money = is_credit and not is_reversal and amount_minor > 0
        self.status: Status = "open"
        self.readings: tuple[Reading, ...] = ()
        self.shares: tuple[Share, ...] = ()
        self.allocations = 0

    def suggest(self, reasons: Sequence[str], readings: Sequence[Reading]) -> None:
        """Leave it to people, with what it may be. The same again changes nothing."""
        self.check_open()
        if tuple(readings) != self.readings or not self.readings:
            self._suggested(reasons=list(reasons), readings=list(readings))

    @event(Suggested)
    def _suggested(self, reasons: list[str], readings: list[Reading]) -> None:
        self.readings = tuple(readings)

    def reading(self, place: int) -> Reading:
        """The suggestion at that place, from 0; `ReadingUnknown`."""
        if place >= len(self.readings):
            raise ReadingUnknown(place=place)
        return self.readings[place]

    def next_allocation(self) -> UUID:
        """The id of the allocation that comes next: another one after one was taken back."""
        return uuid5(self.id, f"allocation:{self.allocations}")

    def allocate(self, shares: Sequence[Share], why: Why) -> None:
        """It is all paid out to invoices, what they do not take of it to credit.

        Errors: EntryIsDecided, EntryBringsNoMoney, SharesExceedEntry.
        """
        self.check_open()
        if not self.brings_money:
            raise EntryBringsNoMoney()
        shared_minor = sum(share.amount_minor for share in shares)
        if shared_minor > self.amount_minor:
            raise SharesExceedEntry(amount_minor=self.amount_minor)
        assert shared_minor == self.amount_minor, "the rest of an entry is credit, not lost"
        self._allocated(allocation_id=self.next_allocation(), shares=list(shares), why=why)

    @event(Allocated)
    def _allocated(self, allocation_id: UUID, shares: list[Share], *, why: Why) -> None:
        self.status = "allocated"
        self.shares = tuple(shares)
        self.allocations += 1

    def set_aside(self, reason: str, why: Why) -> None:
        """It has nothing to do with any invoice. `EntryIsDecided`."""
        self.check_open()
        self._set_aside(reason=reason, why=why)

    @event(SetAside)
    def _set_aside(self, reason: str, *, why: Why) -> None:
        self.status = "set_aside"

    def reopen(self, reason: str, why: Why) -> tuple[Share, ...]:
        """What was decided was wrong. The payments to be taken back; `EntryIsOpen`."""
        if self.status == "open":
            raise EntryIsOpen()
        undone = self.shares
        self._reopened(reason=reason, why=why)
        return undone

    @event(Reopened)
    def _reopened(self, reason: str, *, why: Why) -> None:
        self.status = "open"
        self.shares = ()

    def check_open(self) -> None:
        """Raise unless nothing is decided about it."""
        if self.status != "open":
            raise EntryIsDecided(status=self.status)
