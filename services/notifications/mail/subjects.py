"""What a notice is about, read from the directory's views."""

from uuid import UUID

import msgspec

from services.notifications.directory.rows import (
    Brand,
    Invoice,
    Recipient,
    Service,
    Subject,
    Ticket,
)
from services.notifications.mail.notices import Notice
from shared.database import Connection
from shared.errors import Unavailable


class SubjectNotKnownYet(Unavailable):
    """The event that tells of it has not arrived yet."""


async def subject_of(notice: Notice, *, account_id: UUID, brand: str, db: Connection) -> Subject:
    """Whom and what the notice is about.

    Views fill in any order: `SubjectNotKnownYet` until all of it is there.
    """
    return Subject(
        recipient=await _recipient(account_id, notice.user_id, db=db),
        brand=await _brand(brand, db),
        invoice=await _invoice(notice.invoice_id, db) if notice.invoice_id else None,
        service=await _service(notice.service_id, db) if notice.service_id else None,
        ticket=await _ticket(notice, db) if notice.ticket_id else None,
    )


async def _recipient(account_id: UUID, user_id: UUID | None, *, db: Connection) -> Recipient:
    row = await db.fetchrow(
        """select r.name, r.email, r.language, r.number as account_number, a.email as sign_in_email
           from recipient r left join sign_in_address a on a.user_id = $2
           where r.account_id = $1 and r.email is not null""",
        account_id,
        user_id,
    )
    if row is None or (user_id and row["sign_in_email"] is None):
        raise SubjectNotKnownYet(what="recipient")
    return Recipient(
        name=row["name"],
        email=row["sign_in_email"] if user_id else row["email"],
        language=row["language"],
        account_number=row["account_number"],
    )


async def _brand(slug: str, db: Connection) -> Brand:
    row = await db.fetchrow("select * from brand where slug = $1", slug)
    if row is None:
        raise SubjectNotKnownYet(what="brand")
    return Brand(**{**row, "method_labels": msgspec.json.decode(row["method_labels"])})


async def _invoice(id: UUID, db: Connection) -> Invoice:
    row = await db.fetchrow(
        """select invoice_id as id, number, total_minor, currency, due_on
           from invoice where invoice_id = $1""",
        id,
    )
    if row is None:
        raise SubjectNotKnownYet(what="invoice")
    return Invoice(**row)


async def _service(id: UUID, db: Connection) -> Service:
    row = await db.fetchrow("select product_name, domain from service where service_id = $1", id)
    if row is None:
        raise SubjectNotKnownYet(what="service")
    return Service(
        id=id, product_name=msgspec.json.decode(row["product_name"]), domain=row["domain"]
    )


async def _ticket(notice: Notice, db: Connection) -> Ticket:
    row = await db.fetchrow(
        """select t.ticket_id as id, t.number, t.subject, m.author, m.message
           from ticket t join ticket_message m on m.message_id = $2 where t.ticket_id = $1""",
        notice.ticket_id,
        notice.message_id,
    )
    if row is None:
        raise SubjectNotKnownYet(what="ticket")
    return Ticket(**row)
