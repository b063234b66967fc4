"""A bank file that was taken in: imported, once for each content. Days are the bank's own."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event


@dataclass(frozen=True, kw_only=True)
class StatementPart:
    """What the file says of one of our accounts, by the id of the way to pay that it is of.

    `is_balanced`: whether the entries lead from the opening to the closing balance; None where the
    file does not say both.
    """

    method: str
    number: str
    currency: str
    from_on: date | None
    to_on: date | None
    entries: int
    passed_over: int
    is_balanced: bool | None


class BankStatement(Aggregate):
    """One file; its id follows from its bytes, so that it is the same however often it is sent."""

    TOPIC = "billing.bank_statement"

    class Event(Aggregate.Event):
        TOPIC = "billing.bank_statement.event"

    class Imported(Aggregate.Created):
        TOPIC = "billing.bank_statement.imported"
        brand: str
        format: str
        parts: list[StatementPart]
        entries: int
        new_entries: int

    @staticmethod
    def id_of(brand: str, digest: str) -> UUID:
        """`digest`: of the whole file, SHA-256 in hexadecimal."""
        return uuid5(NAMESPACE_URL, f"faktura:bank_statement:{brand}:{digest}")

    @classmethod
    def take_in(cls, **says: Any) -> Self:
        """A file that was read whole; `says`: what the event says."""
        statement = cls(**says)
        assert 0 <= statement.new_entries <= statement.entries, "what is new is a part of all"
        return statement

    @event(Imported)
    def __init__(
        self,
        *,
        id: UUID,
        brand: str,
        format: str,
        parts: list[StatementPart],
        entries: int,
        new_entries: int,
    ) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.format = format
        self.parts = tuple(parts)
        self.entries = entries
        self.new_entries = new_entries
