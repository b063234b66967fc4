"""One-time links: the token goes into a mail, its digest into the table `one_time_link`."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.accounts.opaque import digest, new_token
from shared.database import Connection
from shared.errors import Invalid


class LinkKind(StrEnum):
    """What opening the link does."""

    EMAIL_CONFIRMATION = "email_confirmation"
    PASSWORD_RESET = "password_reset"  # noqa: S105


LIFETIME = {
    LinkKind.EMAIL_CONFIRMATION: timedelta(days=7),
    LinkKind.PASSWORD_RESET: timedelta(minutes=30),
}


class LinkInvalid(Invalid):
    """The link is not valid: it has been used, has expired, or a newer one was sent."""


async def mint_link(db: Connection, user_id: UUID, *, kind: LinkKind, now: datetime) -> str:
    """A fresh token for the user, who must exist; the one before of this kind is void."""
    token = new_token()
    await db.execute(
        """insert into one_time_link (user_id, kind, token_hash, expires_at)
           values ($1, $2, $3, $4)
           on conflict (user_id, kind) do update
           set token_hash = excluded.token_hash, expires_at = excluded.expires_at""",
        user_id,
        kind.value,
        digest(token),
        now + LIFETIME[kind],
    )
    return token


async def holder_of_link(db: Connection, token: str, *, kind: LinkKind, now: datetime) -> UUID:
    """Whose valid link this is; it stays valid. `LinkInvalid` otherwise, whatever the flaw."""
    user_id: UUID | None = await db.fetchval(
        """select user_id from one_time_link
           where token_hash = $1 and kind = $2 and expires_at > $3""",
        digest(token),
        kind.value,
        now,
    )
    if user_id is None:
        raise LinkInvalid()
    return user_id


async def use_link(db: Connection, token: str, *, kind: LinkKind, now: datetime) -> UUID:
    """Whose link it was, used up in this transaction. `LinkInvalid` as in `holder_of_link`."""
    user_id: UUID | None = await db.fetchval(
        """delete from one_time_link
           where token_hash = $1 and kind = $2 and expires_at > $3 returning user_id""",
        digest(token),
        kind.value,
        now,
    )
    if user_id is None:
        raise LinkInvalid()
    return user_id
