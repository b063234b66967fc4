"""The tickets of an account or a brand, and the messages of one ticket."""

from uuid import UUID

from services.tickets.tickets.ticket import STATUS_AFTER_REPLY, Side, Status
from shared.consumers import Envelope, Rows, View
from shared.consumers.declarations import EventClasses
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied

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


def apply_list(envelope: Envelope, rows: Rows) -> None:
    """A row for each ticket, with who is to act next."""
    match envelope.event:
        case TicketOpened() as opened:
            rows.insert(
                "ticket_list",
                ticket_id=opened.ticket_id,
                account_id=envelope.account,
                brand=envelope.brand,
                number=opened.number,
                department=opened.department,
                priority=opened.priority,
                service_id=opened.service_id,
                subject=opened.subject,
                status=Status.OPEN,
                opened_at=envelope.occurred_at,
                updated_at=envelope.occurred_at,
            )
        case TicketReplied(ticket_id=ticket_id, side=side):
            _set_status(envelope, STATUS_AFTER_REPLY[Side(side)], ticket_id=ticket_id, rows=rows)
        case TicketClosed(ticket_id=ticket_id):
            _set_status(envelope, Status.CLOSED, ticket_id=ticket_id, rows=rows)


def _set_status(envelope: Envelope, status: Status, *, ticket_id: UUID, rows: Rows) -> None:
    rows.update("ticket_list", ticket_id, status=status, updated_at=envelope.occurred_at)


def apply_thread(envelope: Envelope, rows: Rows) -> None:
    """A row for each message. A ticket's events are in one partition, so positions order them."""
    match envelope.event:
        case TicketOpened() as opened:
            _add_message(envelope, opened, side=Side.CLIENT, rows=rows)
        case TicketReplied() as replied:
            _add_message(envelope, replied, side=Side(replied.side), rows=rows)


def _add_message(
    envelope: Envelope, written: TicketOpened | TicketReplied, *, side: Side, rows: Rows
) -> None:
    rows.insert(
        "ticket_message",
        ticket_id=written.ticket_id,
        position=envelope.position,
        side=side,
        author=written.author,
        message=written.message,
        written_at=envelope.occurred_at,
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
