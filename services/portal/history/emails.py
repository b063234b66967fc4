"""Which e-mails did the account get, and about what?"""

from datetime import datetime
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
from services.portal.browser.rows import read_row
from services.portal.topics import EMAILS
from shared.consumers import Envelope, Rows, View
from shared.contracts.notifications import EmailFailed, EmailSent
from shared.reads import Reader

TABLES = """
create table email_list (
    message_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    template text not null,
    cause_id uuid not null,
    recipient text not null,
    subject text not null,
    sent_at timestamptz not null,
    failure_reason text
);
create index email_list_account on email_list (account_id, sent_at desc, message_id desc);
create index email_list_cause on email_list (cause_id);
"""


class Email(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail to the account; `failure_reason` is set when the mail server refused it."""

    message_id: UUID
    template: str
    recipient: str
    subject: str
    sent_at: datetime
    failure_reason: str | None

    @property
    def id(self) -> UUID:
        """The message's id."""
        return self.message_id


def apply(envelope: Envelope, rows: Rows) -> None:
    """Add the e-mail; those without an account (to staff) are nobody's history."""
    if envelope.account_id is None:
        return
    match envelope.event:
        case EmailSent() as e:
            _add(envelope, e, said=(e.recipient, e.subject, None), rows=rows)
        case EmailFailed() as e:
            _add(envelope, e, said=("", "", e.reason), rows=rows)


def _add(
    envelope: Envelope,
    e: EmailSent | EmailFailed,
    *,
    said: tuple[str, str, str | None],
    rows: Rows,
) -> None:
    recipient, subject, failure_reason = said
    rows.upsert(
        "email_list",
        message_id=e.message_id,
        account_id=envelope.account,
        brand=envelope.brand,
        template=e.template,
        cause_id=e.cause_id,
        recipient=recipient,
        subject=subject,
        sent_at=envelope.occurred_at,
        failure_reason=failure_reason,
    )


async def emails_of(db: Reader, account_id: UUID, *, page: Page) -> list[Email]:
    """The account's e-mails, latest first."""
    records = await db.fetch(
        """select * from email_list where account_id = $1
             and ($3::uuid is null or (sent_at, message_id) <
                  (select a.sent_at, a.message_id from email_list a
                   where a.message_id = $3 and a.account_id = $1))
           order by sent_at desc, message_id desc limit $2""",
        account_id,
        page.limit,
        page.after,
    )
    return [read_row(Email, record) for record in records]


async def emails_about_invoice(db: Reader, invoice_id: UUID) -> list[Email]:
    """The e-mails whose cause is an event of the invoice, latest first."""
    records = await db.fetch(
        """select e.* from email_list e join timeline t on t.event_id = e.cause_id
           where t.invoice_id = $1 and e.failure_reason is null
           order by e.sent_at desc, e.message_id desc limit 50""",
        invoice_id,
    )
    return [read_row(Email, record) for record in records]


email_list = View(
    name="email_list",
    sources=("notifications",),
    tables=TABLES,
    apply=apply,
    handles=EMAILS,
)
