"""The table `session`: who is signed in. Only the digest of the opaque token is stored.

A session ends 24 hours after it was last used, and 30 days (staff: 12 hours) after it began.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.accounts.opaque import digest, new_token
from services.accounts.users.credentials import Credential
from shared.database import Connection
from shared.ids import new_id

IDLE = timedelta(hours=24)
CLIENT_LIFETIME = timedelta(days=30)
STAFF_LIFETIME = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly the last use is recorded: writing at each request would cost more than it tells."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that has not ended."""

    id: UUID
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime


async def start_session(
    db: Connection, credential: Credential, *, now: datetime
) -> tuple[str, datetime]:
    """A fresh token and the instant of its end; the user's ended sessions are cleared away."""
    token = new_token()
    ends_at = now + (STAFF_LIFETIME if credential.is_staff else CLIENT_LIFETIME)
    await db.execute(
        "delete from session where user_id = $1 and (ends_at <= $2 or last_seen_at <= $3)",
        credential.user_id,
        now,
        now - IDLE,
    )
    await db.execute(
        """insert into session (id, token_hash, user_id, created_at, last_seen_at, ends_at)
           values ($1, $2, $3, $4, $4, $5)""",
        new_id(),
        digest(token),
        credential.user_id,
        now,
        ends_at,
    )
    return token, ends_at


async def find_session(db: Connection, token: str, *, now: datetime) -> Session | None:
    """The live session of the token, noted as used now."""
    row = await db.fetchrow(
        """select id, user_id, created_at, last_seen_at, ends_at from session
           where token_hash = $1 and ends_at > $2 and last_seen_at > $3""",
        digest(token),
        now,
        now - IDLE,
    )
    if row and now - row["last_seen_at"] >= SEEN_EVERY:
        await db.execute("update session set last_seen_at = $2 where id = $1", row["id"], now)
    return Session(**row) if row else None


async def sessions_of(db: Connection, user_id: UUID, *, now: datetime) -> list[Session]:
    """The user's live sessions, the newest first."""
    rows = await db.fetch(
        """select id, user_id, created_at, last_seen_at, ends_at from session
           where user_id = $1 and ends_at > $2 and last_seen_at > $3 order by id desc""",
        user_id,
        now,
        now - IDLE,
    )
    return [Session(**row) for row in rows]


async def end_session(db: Connection, token: str) -> None:
    """Sign out. A token of no session changes nothing."""
    await db.execute("delete from session where token_hash = $1", digest(token))


async def end_session_of(db: Connection, *, user_id: UUID, session_id: UUID) -> bool:
    """End one of the user's sessions; False if the user has no such session."""
    ended = await db.fetchval(
        "delete from session where id = $1 and user_id = $2 returning true", session_id, user_id
    )
    return bool(ended)


async def end_sessions(db: Connection, user_id: UUID, *, but: str | None = None) -> None:
    """End every session of the user, save the one with the token `but`."""
    await db.execute(
        "delete from session where user_id = $1 and token_hash is distinct from $2",
        user_id,
        digest(but) if but else None,
    )
