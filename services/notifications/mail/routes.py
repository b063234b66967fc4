"""The history of mails over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.notifications.mail.views import history_of
from shared.database import acquire
from shared.http import Answer, Call, Router, Who

PAGE = 25
LONGEST_PAGE = 100

router = Router(tags=["emails"])
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]


class EmailOut(Answer):
    """A mail and the event that it told of. `status`: sent or failed, then with a reason."""

    id: UUID
    template: str
    cause_id: UUID
    status: str
    happened_at: datetime
    language: str | None
    recipient: str | None
    subject: str | None
    reason: str | None


class EmailsOut(Answer):
    """A page of mails, newest first; `after` asks for the next page, null: there is none."""

    emails: list[EmailOut]
    after: UUID | None


@router.get("/v1/emails", who=Who.CLIENT)
async def get_own_emails(call: Call, limit: Limit = PAGE, after: UUID | None = None) -> EmailsOut:
    """The mails that were sent to the caller's account."""
    assert call.caller.account_id is not None, "a client acts for an account"
    return await _page(call, call.caller.account_id, limit=limit, after=after)


@router.get("/internal/emails", who=Who.INTERNAL)
async def get_emails(
    account_id: UUID, call: Call, limit: Limit = PAGE, after: UUID | None = None
) -> EmailsOut:
    """The mails of any account, for the operations console."""
    return await _page(call, account_id, limit=limit, after=after)


async def _page(call: Call, account_id: UUID, *, limit: int, after: UUID | None) -> EmailsOut:
    async with acquire(call.db) as db:
        entries = await history_of(db, account_id, limit=limit, after=after)
    emails = [EmailOut.model_validate(entry) for entry in entries]
    return EmailsOut(emails=emails, after=emails[-1].id if len(emails) == limit else None)
