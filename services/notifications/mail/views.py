"""Every mail that was sent or refused: the history that client and staff look at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.consumers import Envelope, Rows, View
from shared.consumers.declarations import EventClasses
from shared.contracts import events_of
from shared.contracts.notifications import EmailFailed, EmailSent
from shared.database import Connection

TABLES = """
create table email_history (
    message_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    template text not null,
    cause_id uuid not null,
    status text not null,
    happened_at timestamptz not null,
    language text,
    recipient text,
    subject text,
    reason text
);
create index on email_history (account_id, happened_at desc, message_id desc);
"""
HANDLES: EventClasses = frozenset({EmailSent, EmailFailed})


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """What became of one mail, which told of the event `cause_id`. `status`: sent or failed."""

    id: UUID
    template: str
    cause_id: UUID
    status: str
    happened_at: datetime
    language: str | None
    recipient: str | None
    subject: str | None
    reason: str | None


def apply(envelope: Envelope, rows: Rows) -> None:
    """Keep what became of the mail; a refused one that is sent later counts as sent."""
    match envelope.event:
        case EmailSent() as event:
            rows.upsert(
                "email_history",
                **_of_both(envelope, event),
                status="sent",
                language=event.language,
                recipient=event.recipient,
                subject=event.subject,
                reason=None,
            )
        case EmailFailed() as event:
            rows.upsert(
                "email_history", **_of_both(envelope, event), status="failed", reason=event.reason
            )


def _of_both(envelope: Envelope, event: EmailSent | EmailFailed) -> dict[str, object]:
    return {
        "message_id": event.message_id,
        "account_id": envelope.account,
        "brand": envelope.brand,
        "template": event.template,
        "cause_id": event.cause_id,
        "happened_at": envelope.occurred_at,
    }


async def history_of(
    db: Connection, account_id: UUID, *, limit: int, after: UUID | None = None
) -> list[HistoryEntry]:
    """The account's mails, newest first; `after` is the last message of the page before."""
    rows = await db.fetch(
        """select message_id as id, template, cause_id, status, happened_at, language, recipient,
                  subject, reason
           from email_history
           where account_id = $1 and ($2::uuid is null or (happened_at, message_id) < (
               select happened_at, message_id from email_history
               where account_id = $1 and message_id = $2))
           order by happened_at desc, message_id desc limit $3""",
        account_id,
        after,
        limit,
    )
    return [HistoryEntry(**row) for row in rows]


email_history = View(
    name="email_history",
    sources=("notifications",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=events_of("notifications") - HANDLES,
)
