"""Every mail that was sent or refused: the history that client and staff look at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.consumers import Envelope, View
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


async def apply(envelope: Envelope, db: Connection) -> None:
    """Keep what became of the mail; a refused one that is sent later counts as sent."""
    match envelope.event:
        case EmailSent() as event:
            await db.execute(
                """insert into email_history (message_id, account_id, brand, template, cause_id,
                                              happened_at, status, language, recipient, subject)
                   values ($1, $2, $3, $4, $5, $6, 'sent', $7, $8, $9)
                   on conflict (message_id) do update
                   set happened_at = excluded.happened_at, status = 'sent', reason = null,
                       language = excluded.language, recipient = excluded.recipient,
                       subject = excluded.subject""",
                *_key(envelope, event),
                event.language,
                event.recipient,
                event.subject,
            )
        case EmailFailed() as event:
            await db.execute(
                """insert into email_history (message_id, account_id, brand, template, cause_id,
                                              happened_at, status, reason)
                   values ($1, $2, $3, $4, $5, $6, 'failed', $7)
                   on conflict (message_id) do update
                   set happened_at = excluded.happened_at, status = 'failed',
                       reason = excluded.reason""",
                *_key(envelope, event),
                event.reason,
            )


def _key(envelope: Envelope, event: EmailSent | EmailFailed) -> tuple[object, ...]:
    return (
        event.message_id,
        envelope.account,
        envelope.brand,
        event.template,
        event.cause_id,
        envelope.occurred_at,
    )


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
