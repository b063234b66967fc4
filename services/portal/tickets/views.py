"""Which tickets does the account have, and what was said in each?"""

from datetime import datetime
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
from services.portal.browser.rows import read_row
from services.portal.topics import TICKETS
from shared.consumers import Envelope, Rows, View
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.reads import Reader

TICKET_TABLES = """
create table ticket_list (
    ticket_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    department text not null,
    priority text not null,
    service_id uuid,
    author text not null,
    subject text not null,
    status text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null
);
create index ticket_list_account on ticket_list (account_id, updated_at desc, ticket_id desc);
create index ticket_list_brand on ticket_list (brand, updated_at desc, ticket_id desc);
"""
THREAD_TABLES = """
create table ticket_thread (
    event_id uuid primary key,
    ticket_id uuid not null,
    side text not null,
    author text not null,
    message text not null,
    at timestamptz not null
);
create index ticket_thread_ticket on ticket_thread (ticket_id, at, event_id);
"""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as a list shows it. Status: open, answered, customer_reply or closed."""

    ticket_id: UUID
    account_id: UUID
    brand: str
    number: str
    department: str
    priority: str
    service_id: UUID | None
    author: str
    subject: str
    status: str
    opened_at: datetime
    updated_at: datetime

    @property
    def id(self) -> UUID:
        """The ticket's id, as links name it."""
        return self.ticket_id


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one side said; `side` is client or staff."""

    side: str
    author: str
    message: str
    at: datetime


class TicketCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tickets are not closed, and how many of those wait for the client."""

    open: int
    answered: int


def apply_to_list(envelope: Envelope, rows: Rows) -> None:
    """Follow the ticket's status; all of its events come in order from one source."""
    match envelope.event:
        case TicketOpened() as e:
            rows.insert(
                "ticket_list",
                ticket_id=e.ticket_id,
                account_id=envelope.account,
                brand=envelope.brand,
                number=e.number,
                department=e.department,
                priority=e.priority,
                service_id=e.service_id,
                author=e.author,
                subject=e.subject,
                status="open",
                opened_at=envelope.occurred_at,
                updated_at=envelope.occurred_at,
            )
        case TicketReplied(ticket_id=ticket_id, side=side):
            status = "answered" if side == "staff" else "customer_reply"
            _set_status(envelope, status, ticket_id=ticket_id, rows=rows)
        case TicketClosed(ticket_id=ticket_id):
            _set_status(envelope, "closed", ticket_id=ticket_id, rows=rows)


def _set_status(envelope: Envelope, status: str, *, ticket_id: UUID, rows: Rows) -> None:
    rows.update("ticket_list", ticket_id, status=status, updated_at=envelope.occurred_at)


def apply_to_thread(envelope: Envelope, rows: Rows) -> None:
    """Add what was said."""
    match envelope.event:
        case TicketOpened() as e:
            _say(envelope, e, side="client", rows=rows)
        case TicketReplied() as e:
            _say(envelope, e, side=e.side, rows=rows)


def _say(envelope: Envelope, e: TicketOpened | TicketReplied, *, side: str, rows: Rows) -> None:
    rows.insert(
        "ticket_thread",
        event_id=envelope.id,
        ticket_id=e.ticket_id,
        side=side,
        author=e.author,
        message=e.message,
        at=envelope.occurred_at,
    )


async def tickets_of(db: Reader, account_id: UUID, *, page: Page) -> list[Ticket]:
    """The account's tickets, the latest change first."""
    records = await db.fetch(
        """select * from ticket_list where account_id = $1
             and ($3::uuid is null or (updated_at, ticket_id) <
                  (select a.updated_at, a.ticket_id from ticket_list a
                   where a.ticket_id = $3 and a.account_id = $1))
           order by updated_at desc, ticket_id desc limit $2""",
        account_id,
        page.limit,
        page.after,
    )
    return [read_row(Ticket, record) for record in records]


async def tickets_waiting(db: Reader, brand: str) -> list[Ticket]:
    """The brand's tickets that wait for staff, the one that waits longest first."""
    records = await db.fetch(
        """select * from ticket_list where brand = $1 and status in ('open', 'customer_reply')
           order by updated_at, ticket_id limit 100""",
        brand,
    )
    return [read_row(Ticket, record) for record in records]


async def ticket_by_id(db: Reader, ticket_id: UUID) -> Ticket | None:
    """The ticket, unless the view has not seen it."""
    record = await db.fetchrow("select * from ticket_list where ticket_id = $1", ticket_id)
    return read_row(Ticket, record) if record else None


async def messages_of(db: Reader, ticket_id: UUID) -> list[Message]:
    """What was said in the ticket, the oldest first."""
    records = await db.fetch(
        "select * from ticket_thread where ticket_id = $1 order by at, event_id limit 500",
        ticket_id,
    )
    return [read_row(Message, record) for record in records]


async def ticket_counts(db: Reader, account_id: UUID) -> TicketCounts:
    """The figures of the home page."""
    record = await db.fetchrow(
        """select count(*) filter (where status <> 'closed') as open,
             count(*) filter (where status = 'answered') as answered
           from ticket_list where account_id = $1""",
        account_id,
    )
    assert record is not None, "an aggregate query has a row"
    return read_row(TicketCounts, record)


ticket_list = View(
    name="ticket_list",
    sources=("tickets",),
    tables=TICKET_TABLES,
    apply=apply_to_list,
    handles=TICKETS,
)
ticket_thread = View(
    name="ticket_thread",
    sources=("tickets",),
    tables=THREAD_TABLES,
    apply=apply_to_thread,
    handles=frozenset({TicketOpened, TicketReplied}),
    ignored=frozenset({TicketClosed}),
)
