"""A draft of an invoice: opened -> issued | discarded (also when merged into another).

Staff changes its lines at will; nobody owes anything for it. Amounts in minor units of `currency`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict, NotFound

MOST_LINES = 200


class DraftIsClosed(Conflict):
    """The draft was issued or discarded; nothing of it can be changed."""


class DraftIsEmpty(Conflict):
    """The draft has no lines to make an invoice of."""


class DraftTooLong(Conflict):
    """A draft has at most 200 lines."""


class DraftsDiffer(Conflict):
    """Only drafts of one account and currency can be merged, and none with itself."""


class DraftLineUnknown(NotFound):
    """The draft has no such line."""


@dataclass(frozen=True, kw_only=True)
class DraftLine:
    """A line as priced. `unit_minor` is one of `quantity`; `net_minor` is all of it."""

    line_id: UUID
    description: str
    net_minor: int
    quantity: Decimal = Decimal(1)
    unit_minor: int | None = None
    tax_category: str = "standard"


class InvoiceDraft(Aggregate):
    """What staff is about to invoice to an account."""

    TOPIC = "billing.invoice_draft"

    class Event(Aggregate.Event):
        TOPIC = "billing.invoice_draft.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.invoice_draft.opened"
        account_id: UUID
        brand: str
        currency: str
        lines: list[DraftLine] = field(default_factory=list)

    class LineAdded(Aggregate.Event):
        TOPIC = "billing.invoice_draft.line_added"
        line: DraftLine

    class LineChanged(Aggregate.Event):
        TOPIC = "billing.invoice_draft.line_changed"
        line: DraftLine

    class LineRemoved(Aggregate.Event):
        TOPIC = "billing.invoice_draft.line_removed"
        line_id: UUID

    class Merged(Aggregate.Event):
        TOPIC = "billing.invoice_draft.merged"
        from_id: UUID
        lines: list[DraftLine]

    class SplitOff(Aggregate.Event):
        TOPIC = "billing.invoice_draft.split_off"
        into_id: UUID
        line_ids: list[UUID]

    class Discarded(Aggregate.Event):
        TOPIC = "billing.invoice_draft.discarded"
        reason: str
        into_id: UUID | None = None

    class Issued(Aggregate.Event):
        TOPIC = "billing.invoice_draft.issued"
        invoice_id: UUID

    @classmethod
    def open(cls, *, id: UUID, account_id: UUID, brand: str, currency: str) -> Self:
        """A draft without lines."""
        return cls(id=id, account_id=account_id, brand=brand, currency=currency, lines=[])

    @event(Opened)
    def __init__(
        self, *, id: UUID, account_id: UUID, brand: str, currency: str, lines: list[DraftLine]
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.currency = currency
        self.lines = _by_id(lines)
        self.status = "open"

    def add_line(self, line: DraftLine) -> None:
        """A new line at the end. `DraftTooLong`."""
        self._check_open()
        assert line.line_id not in self.lines, "a new line has an id of its own"
        if len(self.lines) >= MOST_LINES:
            raise DraftTooLong()
        self._line_added(line=line)

    @event(LineAdded)
    def _line_added(self, line: DraftLine) -> None:
        self.lines = {**self.lines, line.line_id: line}

    def change_line(self, line: DraftLine) -> None:
        """The line says this from now on, at its place. The same again changes nothing."""
        self._check_has([line.line_id])
        if self.lines[line.line_id] != line:
            self._line_changed(line=line)

    @event(LineChanged)
    def _line_changed(self, line: DraftLine) -> None:
        self.lines = {**self.lines, line.line_id: line}

    def remove_line(self, line_id: UUID) -> None:
        """The line is no longer wanted. A second time is `DraftLineUnknown`."""
        self._check_has([line_id])
        self._line_removed(line_id=line_id)

    @event(LineRemoved)
    def _line_removed(self, line_id: UUID) -> None:
        self.lines = _without(self.lines, [line_id])

    def merge(self, other: "InvoiceDraft") -> None:
        """Take all lines of another draft of the account, which is closed by it."""
        self._check_open()
        other._check_open()
        whose = (self.account_id, self.currency)
        if other.id == self.id or whose != (other.account_id, other.currency):
            raise DraftsDiffer()
        if len(self.lines) + len(other.lines) > MOST_LINES:
            raise DraftTooLong()
        self._merged(from_id=other.id, lines=list(other.lines.values()))
        other._discarded(reason="merged", into_id=self.id)

    @event(Merged)
    def _merged(self, from_id: UUID, lines: list[DraftLine]) -> None:
        self.lines = {**self.lines, **_by_id(lines)}

    def split(self, *, line_ids: list[UUID], into_id: UUID) -> Self:
        """Another draft with these lines, which this one no longer has."""
        assert self.account_id is not None, "a draft belongs to an account"
        self._check_has(line_ids)
        other = type(self)(
            id=into_id,
            account_id=self.account_id,
            brand=self.brand,
            currency=self.currency,
            lines=[self.lines[line_id] for line_id in dict.fromkeys(line_ids)],
        )
        self._split_off(into_id=into_id, line_ids=list(dict.fromkeys(line_ids)))
        return other

    @event(SplitOff)
    def _split_off(self, into_id: UUID, line_ids: list[UUID]) -> None:
        self.lines = _without(self.lines, line_ids)

    def discard(self) -> None:
        """Give it up. A second time is `DraftIsClosed`."""
        self._check_open()
        self._discarded(reason="discarded", into_id=None)

    @event(Discarded)
    def _discarded(self, reason: str, into_id: UUID | None) -> None:
        self.status = reason

    def issue(self, invoice_id: UUID) -> list[DraftLine]:
        """Make an invoice of it, and return that invoice's lines. Once; `DraftIsEmpty`."""
        self._check_open()
        if not self.lines:
            raise DraftIsEmpty()
        self._issued(invoice_id=invoice_id)
        return list(self.lines.values())

    @event(Issued)
    def _issued(self, invoice_id: UUID) -> None:
        self.status = "issued"

    def _check_open(self) -> None:
        if self.status != "open":
            raise DraftIsClosed(status=self.status)

    def _check_has(self, line_ids: Iterable[UUID]) -> None:
        self._check_open()
        if not set(line_ids) <= self.lines.keys():
            raise DraftLineUnknown()


def _by_id(lines: Iterable[DraftLine]) -> dict[UUID, DraftLine]:
    return {line.line_id: line for line in lines}


def _without(lines: dict[UUID, DraftLine], removed: Iterable[UUID]) -> dict[UUID, DraftLine]:
    gone = set(removed)
    return {line_id: line for line_id, line in lines.items() if line_id not in gone}
