"""The tickets of an account or a brand, and the messages of one ticket."""

from uuid import UUID

from services.tickets.tickets.ticket import STATUS_AFTER_REPLY, Side, Status
from shared.consumers import Envelope, View
from shared.consumers.declarations import EventClasses
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.database import Connection

LIST_TABLES = """
create table ticket_list (
    ticket_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    department text not null,
    priority text not null,
    service_id uuid,
    subject text not null,
    status text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null
);
create index ticket_list_of_account on ticket_list (account_id, ticket_id);
create index ticket_list_of_brand on ticket_list (brand, ticket_id);
"""
THREAD_TABLES = """
create table ticket_message (
    ticket_id uuid,
    position bigint,
    side text not null,
    author text not null,
    message text not null,
    written_at timestamptz not null,
    primary key (ticket_id, position)
);
"""
IN_LIST: EventClasses = frozenset({TicketOpened, TicketReplied, TicketClosed})
IN_THREAD: EventClasses = frozenset({TicketOpened, TicketReplied})


async def apply_list(envelope: Envelope, db: Connection) -> None:
    """A row for each ticket, with who is to act next."""
    match envelope.event:
        case TicketOpened() as opened:
            await db.execute(
                """insert into ticket_list (ticket_id, account_id, brand, number, department,
                       priority, service_id, subject, status, opened_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)""",
                opened.ticket_id,
                envelope.account,
                envelope.brand,
                opened.number,
                opened.department,
                opened.priority,
                opened.service_id,
                opened.subject,
                Status.OPEN,
                envelope.occurred_at,
            )
        case TicketReplied(ticket_id=ticket_id, side=side):
            await _set_status(
                envelope, db, ticket_id=ticket_id, status=STATUS_AFTER_REPLY[Side(side)]
            )
        case TicketClosed(ticket_id=ticket_id):
            await _set_status(envelope, db, ticket_id=ticket_id, status=Status.CLOSED)


async def _set_status(
    envelope: Envelope, db: Connection, *, ticket_id: UUID, status: Status
) -> None:
    await db.execute(
        "update ticket_list set status = $2, updated_at = $3 where ticket_id = $1",
        ticket_id,
        status,
        envelope.occurred_at,
    )


async def apply_thread(envelope: Envelope, db: Connection) -> None:
    """A row for each message. A ticket's events are in one partition, so positions order them."""
    match envelope.event:
        case TicketOpened() as opened:
            await _add_message(envelope, db, written=opened, side=Side.CLIENT)
        case TicketReplied() as replied:
            await _add_message(envelope, db, written=replied, side=Side(replied.side))


async def _add_message(
    envelope: Envelope, db: Connection, *, written: TicketOpened | TicketReplied, side: Side
) -> None:
    await db.execute(
        """insert into ticket_message (ticket_id, position, side, author, message, written_at)
           values ($1, $2, $3, $4, $5, $6)""",
        written.ticket_id,
        envelope.position,
        side,
        written.author,
        written.message,
        envelope.occurred_at,
    )


ticket_list = View(
    name="ticket_list",
    sources=("tickets",),
    tables=LIST_TABLES,
    apply=apply_list,
    handles=IN_LIST,
)
ticket_thread = View(
    name="ticket_thread",
    sources=("tickets",),
    tables=THREAD_TABLES,
    apply=apply_thread,
    handles=IN_THREAD,
    ignored=frozenset({TicketClosed}),
)
