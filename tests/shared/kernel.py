"""A business-free aggregate and its publication, for the tests of the kernel.

The kernel needs some public event to carry; it borrows two of the tickets' contracts.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.clock import SystemClock
from shared.contracts import PublicEvent, tickets
from shared.database import Pool
from shared.personal import Personal
from shared.store import Cause, DomainEvent, EventStore

KEY = bytes(range(32))
CAUSE = Cause(actor="test")


class Counter(Aggregate):
    """Opened once, then counted up."""

    TOPIC = "kernel.counter"

    class Event(Aggregate.Event):
        TOPIC = "kernel.counter.event"

    class Opened(Aggregate.Created):
        TOPIC = "kernel.counter.opened"
        account_id: UUID
        brand: str
        owner: Personal[str]

    class Counted(Aggregate.Event):
        TOPIC = "kernel.counter.counted"
        step: int

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str, owner: str) -> None:
        self.account_id = account_id
        self.brand = brand
        self.owner = owner
        self.total = 0

    @event(Counted)
    def count(self, step: int) -> None:
        self.total += step


def publish(domain_event: DomainEvent, counter: Any) -> PublicEvent | None:
    match domain_event:
        case Counter.Opened():
            return tickets.TicketReplied(
                ticket_id=counter.id, side="client", author=counter.owner, message="opened"
            )
        case Counter.Counted() if domain_event.step > 0:
            return tickets.TicketClosed(ticket_id=counter.id, side="staff")
    return None


class KeysInMemory:
    """A keyring with one key for everybody, and none for the erased."""

    def __init__(self) -> None:
        self.erased: set[UUID] = set()

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        return {subject: None if subject in self.erased else KEY for subject in subjects}

    async def ensure(self, subject: UUID) -> bytes:
        return KEY


def store_on(pool: Pool) -> EventStore:
    return EventStore(
        pool, service="tickets", publish=publish, keyring=KeysInMemory(), clock=SystemClock()
    )
