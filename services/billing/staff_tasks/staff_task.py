"""Something that a person has to look at: open -> done.

`kind` is one of `kinds.py`. What it is about stands in `facts`, by name: ids, days, amounts in
minor units with their currency; never what identifies a person.
"""

from collections.abc import Mapping
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict


class TaskIsDone(Conflict):
    """Somebody has done this already."""


class StaffTask(Aggregate):
    """One task of a brand's staff; it is about an account, or about the whole house."""

    TOPIC = "billing.staff_task"

    class Event(Aggregate.Event):
        TOPIC = "billing.staff_task.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.staff_task.opened"
        account_id: UUID | None
        brand: str
        kind: str
        key: str
        facts: dict[str, str]

    class Done(Aggregate.Event):
        TOPIC = "billing.staff_task.done"
        note: str

    @staticmethod
    def id_of(brand: str, kind: str, key: str) -> UUID:
        """The one task of that key: what is found twice is asked once."""
        return uuid5(NAMESPACE_URL, f"faktura:staff_task:{brand}:{kind}:{key}")

    @classmethod
    def open(
        cls,
        *,
        account_id: UUID | None,
        brand: str,
        kind: str,
        key: str,
        facts: Mapping[str, str],
    ) -> Self:
        """A task that nobody has done."""
        return cls(
            id=cls.id_of(brand, kind, key),
            account_id=account_id,
            brand=brand,
            kind=kind,
            key=key,
            facts=dict(facts),
        )

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID | None,
        brand: str,
        kind: str,
        key: str,
        facts: dict[str, str],
    ) -> None:
        self.account_id = account_id
        self.brand = brand
        self.kind = kind
        self.key = key
        self.facts = facts
        self.is_done = False

    def finish(self, note: str) -> None:
        """Somebody looked and did what was to be done; `note` says what. Once: `TaskIsDone`."""
        if self.is_done:
            raise TaskIsDone()
        self._done(note=note)

    @event(Done)
    def _done(self, note: str) -> None:
        self.is_done = True
