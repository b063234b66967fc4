"""Tickets: a client sees those of the account, staff those of their brand."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from services.tickets.clients.lookups import ClientNotKnownYet, ServiceUnknown
from services.tickets.departments.lookups import DepartmentUnknown
from services.tickets.tickets.commands import (
    CloseTicket,
    OpenTicket,
    ReplyToTicket,
    close_ticket,
    open_ticket,
    reply_to_ticket,
)
from services.tickets.tickets.lookups import (
    messages_of,
    ticket_entry,
    tickets_of_account,
    tickets_of_brand,
)
from services.tickets.tickets.ticket import (
    Priority,
    Question,
    Side,
    Ticket,
    TicketAlreadyClosed,
)
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Id, Line, Paragraph, Router, Who
from shared.ids import new_id

router = Router(tags=["tickets"])

MOST = 100
Limit = Annotated[int, Query(ge=1, le=MOST)]
Position = Annotated[int, Query(ge=0, lt=2**63)]


class TicketBody(Body):
    """A question; the name that it is signed with is the account's."""

    department: Line
    priority: Literal["low", "medium", "high"] = "medium"
    service_id: Id | None = None
    subject: Line
    message: Paragraph

    def question(self) -> Question:
        """As a value of the domain."""
        return Question(
            department=self.department,
            priority=Priority(self.priority),
            service_id=self.service_id,
            subject=self.subject,
            message=self.message,
        )


class TicketState(Answer):
    """A ticket after a command. `status`: open, answered, customer_reply or closed."""

    ticket_id: UUID
    number: str
    status: str


@router.post(
    "/v1/tickets",
    status_code=201,
    who=Who.CLIENT,
    errors=(DepartmentUnknown, ServiceUnknown, ClientNotKnownYet),
)
async def post_ticket(body: TicketBody, call: Call) -> TicketState:
    """Ask a question."""
    account_id, brand = _account_of(call)
    command = OpenTicket(
        ticket_id=new_id(), account_id=account_id, brand=brand, question=body.question()
    )
    return _state(await open_ticket(command, call.tx), call)


class TicketOut(Answer):
    """A ticket in a list. `service_id`: what it is about, if anything."""

    ticket_id: UUID
    number: str
    department: str
    priority: str
    service_id: UUID | None
    subject: str
    status: str
    opened_at: datetime
    updated_at: datetime


@router.get("/v1/tickets", who=Who.CLIENT)
async def get_tickets(call: Call, limit: Limit = 50, after: UUID | None = None) -> list[TicketOut]:
    """The account's tickets, the newest first; `after` is the last one of the page before."""
    account_id, _ = _account_of(call)
    async with acquire(call.db) as db:
        found = await tickets_of_account(db, account_id, limit=limit, after=after)
    return [TicketOut.model_validate(entry) for entry in found]


class BrandTicketOut(TicketOut):
    """A ticket in a list for staff."""

    account_id: UUID


@router.get("/v1/brands/{brand}/tickets", who=Who.STAFF, errors=(NotFound,))
async def get_brand_tickets(
    brand: str, call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[BrandTicketOut]:
    """The tickets of the brand that the caller works for, the newest first."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        found = await tickets_of_brand(db, brand, limit=limit, after=after)
    return [BrandTicketOut.model_validate(entry) for entry in found]


class MessageOut(Answer):
    """A message of a ticket; `side` is client or staff, `position` orders them."""

    position: int
    side: str
    author: str
    message: str
    written_at: datetime


class TicketThread(TicketOut):
    """A ticket with a page of its messages, the oldest first."""

    messages: list[MessageOut]


@router.get("/v1/tickets/{ticket_id}", who=Who.USER, errors=(NotFound,))
async def get_ticket(
    ticket_id: UUID, call: Call, limit: Limit = MOST, after: Position = 0
) -> TicketThread:
    """One ticket; `after` is the position of the last message of the page before."""
    async with acquire(call.db) as db:
        entry = await ticket_entry(db, ticket_id)
        call.own(entry.account_id, entry.brand)
        messages = await messages_of(db, ticket_id, limit=limit, after=after)
    shown = [MessageOut.model_validate(message) for message in messages]
    return TicketThread(messages=shown, **TicketOut.model_validate(entry).model_dump())


class ReplyBody(Body):
    """A message."""

    message: Paragraph


@router.post("/v1/tickets/{ticket_id}/replies", status_code=201, who=Who.USER, errors=(NotFound,))
async def post_reply(ticket_id: UUID, body: ReplyBody, call: Call) -> TicketState:
    """Answer, as the side that the caller is on. A closed ticket is open again."""
    side = await _side_of_caller(ticket_id, call)
    command = ReplyToTicket(ticket_id=ticket_id, side=side, message=body.message)
    return _state(await reply_to_ticket(command, call.tx), call)


@router.post("/v1/tickets/{ticket_id}/close", who=Who.USER, errors=(NotFound, TicketAlreadyClosed))
async def post_close(ticket_id: UUID, call: Call) -> TicketState:
    """Close the ticket."""
    side = await _side_of_caller(ticket_id, call)
    command = CloseTicket(ticket_id=ticket_id, side=side)
    return _state(await close_ticket(command, call.tx), call)


async def _side_of_caller(ticket_id: UUID, call: Call) -> Side:
    """Client on the account's own tickets, staff on the others of the brand; else `NotFound`."""
    ticket = await call.tx.load(Ticket, ticket_id)
    call.own(ticket.account_id, ticket.brand)
    return Side.CLIENT if ticket.account_id == call.caller.account_id else Side.STAFF


def _account_of(call: Call) -> tuple[UUID, str]:
    caller = call.caller
    assert caller.account_id and caller.brand, "the route is for clients"
    return caller.account_id, caller.brand


def _state(ticket: Ticket, call: Call) -> TicketState:
    call.etag(ticket.version)
    return TicketState(ticket_id=ticket.id, number=ticket.number, status=ticket.status)
