"""The simulator's own aggregate, published by the contracts of tickets: opened, then replied to."""

from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.contracts import REGISTRY, PublicEvent, tickets
from shared.store import DomainEvent


class Case(Aggregate):
    """A ticket that counts its replies."""

    TOPIC = "simulation.case"

    class Event(Aggregate.Event):
        TOPIC = "simulation.case.event"

    class Opened(Aggregate.Created):
        TOPIC = "simulation.case.opened"
        account_id: UUID
        brand: str

    class Replied(Aggregate.Event):
        TOPIC = "simulation.case.replied"
        side: str

    class Escalated(Aggregate.Event):
        TOPIC = "simulation.case.escalated"

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str) -> None:
        self.account_id = account_id
        self.brand = brand
        self.replies = 0

    @event(Replied)
    def reply(self, side: str) -> None:
        """One more reply, each time."""
        self.replies += 1

    @event(Escalated)
    def escalate(self) -> None:
        """Published as an event that today's consumers do not know."""


class TicketEscalated(PublicEvent, frozen=True, kw_only=True):
    """An event of a newer version of the program."""

    ticket_id: UUID


del REGISTRY["tests", "TicketEscalated"]


def publish(domain_event: DomainEvent, case: Any) -> PublicEvent | None:
    """The public event of each."""
    match domain_event:
        case Case.Opened():
            return tickets.TicketOpened(
                ticket_id=case.id,
                number=str(case.id),
                department="help",
                priority="low",
                service_id=None,
                author="Ana",
                subject="it",
                message="does not work",
            )
        case Case.Replied(side=side):
            return tickets.TicketClosed(ticket_id=case.id, side=side)
        case Case.Escalated():
            return TicketEscalated(ticket_id=case.id)
    return None
