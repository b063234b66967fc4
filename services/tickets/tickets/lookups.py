"""Reading the views of tickets, page by page."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.database import Connection
from shared.errors import NotFound

LAST_TICKET = UUID(int=2**128 - 1)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A ticket in a list."""

    ticket_id: UUID
    account_id: UUID
    brand: str
    number: str
    department: str
    priority: str
    service_id: UUID | None
    subject: str
    status: str
    opened_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of a ticket; a later one has a higher position."""

    position: int
    side: str
    author: str
    message: str
    written_at: datetime


async def tickets_of_account(
    db: Connection, account_id: UUID, *, limit: int, after: UUID | None
) -> list[Entry]:
    """Up to `limit` tickets of the account that are older than the ticket `after`, newest first."""
    rows = await db.fetch(
        """select * from ticket_list where account_id = $1 and ticket_id < $2
           order by ticket_id desc limit $3""",
        account_id,
        after or LAST_TICKET,
        limit,
    )
    return [Entry(**row) for row in rows]


async def tickets_of_brand(
    db: Connection, brand: str, *, limit: int, after: UUID | None
) -> list[Entry]:
    """Up to `limit` tickets of the brand that are older than the ticket `after`, newest first."""
    rows = await db.fetch(
        """select * from ticket_list where brand = $1 and ticket_id < $2
           order by ticket_id desc limit $3""",
        brand,
        after or LAST_TICKET,
        limit,
    )
    return [Entry(**row) for row in rows]


async def ticket_entry(db: Connection, ticket_id: UUID) -> Entry:
    """The ticket as lists show it, else `NotFound`."""
    row = await db.fetchrow("select * from ticket_list where ticket_id = $1", ticket_id)
    if row is None:
        raise NotFound()
    return Entry(**row)


async def messages_of(db: Connection, ticket_id: UUID, *, limit: int, after: int) -> list[Message]:
    """Up to `limit` messages of the ticket that follow the position `after`, oldest first."""
    rows = await db.fetch(
        """select position, side, author, message, written_at from ticket_message
           where ticket_id = $1 and position > $2 order by position limit $3""",
        ticket_id,
        after,
        limit,
    )
    return [Message(**row) for row in rows]
