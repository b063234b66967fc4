"""What the tickets service publishes."""

from uuid import UUID

from shared.contracts.event import PublicEvent
from shared.personal import Personal


class TicketOpened(PublicEvent, frozen=True, kw_only=True):
    """A client asks for help; the ticket is open. `priority`: low, medium or high."""

    ticket_id: UUID
    number: str
    department: str
    priority: str
    service_id: UUID | None
    author: Personal[str]
    subject: Personal[str]
    message: Personal[str]


class TicketReplied(PublicEvent, frozen=True, kw_only=True):
    """`side` is client (status Customer-Reply) or staff (status Answered); a reply reopens."""

    ticket_id: UUID
    side: str
    author: Personal[str]
    message: Personal[str]


class TicketClosed(PublicEvent, frozen=True, kw_only=True):
    """Nobody waits for an answer any more; `side` says who closed it."""

    ticket_id: UUID
    side: str
