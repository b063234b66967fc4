"""A support ticket: open -> answered <-> customer_reply -> closed; a reply reopens a closed one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict
from shared.personal import Personal


class Side(StrEnum):
    """Who wrote: the client or the company's staff."""

    CLIENT = "client"
    STAFF = "staff"


class Status(StrEnum):
    """Who is to act next; nobody when closed."""

    OPEN = "open"
    ANSWERED = "answered"
    CUSTOMER_REPLY = "customer_reply"
    CLOSED = "closed"


class Priority(StrEnum):
    """How urgent the client says it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


STATUS_AFTER_REPLY = {Side.CLIENT: Status.CUSTOMER_REPLY, Side.STAFF: Status.ANSWERED}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a client asks, whom, and about which of the account's services, if any."""

    department: str
    priority: Priority
    service_id: UUID | None
    subject: str
    message: str


class TicketAlreadyClosed(Conflict):
    """The ticket is closed already; a reply reopens it."""


class Ticket(Aggregate):
    """One question of a client and its thread. `number` is gapless per brand, e.g. T-000123."""

    TOPIC = "tickets.ticket"

    class Event(Aggregate.Event):
        TOPIC = "tickets.ticket.event"

    class Opened(Aggregate.Created):
        TOPIC = "tickets.ticket.opened"
        account_id: UUID
        brand: str
        number: str
        department: str
        priority: str
        service_id: UUID | None
        author: Personal[str]
        subject: Personal[str]
        message: Personal[str]

    class Replied(Aggregate.Event):
        TOPIC = "tickets.ticket.replied"
        side: str
        author: Personal[str]
        message: Personal[str]

    class Closed(Aggregate.Event):
        TOPIC = "tickets.ticket.closed"
        side: str

    @classmethod
    def open(
        cls,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        author: str,
        question: Question,
    ) -> Self:
        """A new ticket with its first message, waiting for staff."""
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            number=number,
            author=author,
            department=question.department,
            priority=question.priority.value,
            service_id=question.service_id,
            subject=question.subject,
            message=question.message,
        )

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        department: str,
        priority: str,
        service_id: UUID | None,
        author: str,
        subject: str,
        message: str,
    ) -> None:
        self.account_id = account_id
        self.brand = brand
        self.number = number
        self.department = department
        self.priority = Priority(priority)
        self.service_id = service_id
        self.subject = subject
        self.status = Status.OPEN

    def reply(self, *, side: Side, author: str, message: str) -> None:
        """Add a message; the other side is to act next. A closed ticket is open again."""
        self._replied(side=side.value, author=author, message=message)

    @event(Replied)
    def _replied(self, side: str, author: str, message: str) -> None:
        self.status = STATUS_AFTER_REPLY[Side(side)]

    def close(self, *, side: Side) -> None:
        """Nobody waits for an answer any more. Closing twice is `TicketAlreadyClosed`."""
        if self.status is Status.CLOSED:
            raise TicketAlreadyClosed(number=self.number)
        self._closed(side=side.value)

    @event(Closed)
    def _closed(self, side: str) -> None:
        self.status = Status.CLOSED
