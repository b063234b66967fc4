"""Which facts of this service the others learn, and in which words."""

from typing import Any

from services.tickets.tickets.ticket import Ticket
from shared.contracts import PublicEvent
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """The public event that the domain event becomes, or None."""
    match event:
        case Ticket.Opened():
            return TicketOpened(
                ticket_id=event.originator_id,
                number=event.number,
                department=event.department,
                priority=event.priority,
                service_id=event.service_id,
                author=event.author,
                subject=event.subject,
                message=event.message,
            )
        case Ticket.Replied():
            return TicketReplied(
                ticket_id=event.originator_id,
                side=event.side,
                author=event.author,
                message=event.message,
            )
        case Ticket.Closed():
            return TicketClosed(ticket_id=event.originator_id, side=event.side)
        case _:
            return None
