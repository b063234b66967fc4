"""Signing in: count the attempt, prove the password, begin a session.

An unknown address, a wrong password and a text that is no address at all are refused with the same
words after the same work.
"""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.sessions.attempts import (
    Subject,
    count,
    forgive,
    sign_ins_of,
    take_back,
)
from services.accounts.sessions.sessions import start_session
from services.accounts.users.credentials import (
    Credential,
    credential_by_email,
    set_password_hash,
)
from services.accounts.users.hashing import PasswordHashing
from services.accounts.users.password import normal_password
from shared.database import Pool, acquire
from shared.errors import Forbidden, Unauthenticated


class SignInRefused(Unauthenticated):
    """The address or the password is not right."""


class EmailNotConfirmed(Forbidden):
    """The address is not confirmed yet: the link is in the mail that was sent to it."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """`email` in its normal form if it is an address; `origin`: the attempts from its network."""

    brand: str
    email: str
    password: str
    origin: Subject


async def sign_in(
    attempt: SignIn, *, pool: Pool, hashing: PasswordHashing, now: datetime
) -> tuple[str, datetime]:
    """A new session's token and end. `SignInRefused`, `EmailNotConfirmed`, `TooManyAttempts`."""
    password = normal_password(attempt.password)
    by_address = sign_ins_of(attempt.brand, attempt.email)
    hashing.check_room()
    await count(pool, by_address, attempt.origin, now=now)
    async with acquire(pool) as db:
        found = await credential_by_email(db, brand=attempt.brand, email=attempt.email)
    is_right = await hashing.verify(found.password_hash if found else None, password)
    if found is None or not is_right:
        raise SignInRefused()
    if not found.is_confirmed:
        raise EmailNotConfirmed()
    anew = await hashing.hash(password) if hashing.is_outdated(found.password_hash) else None
    return await _begin(attempt, found, pool=pool, new_hash=anew, now=now)


async def _begin(
    attempt: SignIn,
    credential: Credential,
    *,
    pool: Pool,
    new_hash: str | None,
    now: datetime,
) -> tuple[str, datetime]:
    async with acquire(pool) as db, db.transaction():
        await forgive(db, sign_ins_of(attempt.brand, attempt.email))
        await take_back(db, attempt.origin)
        if new_hash:
            await set_password_hash(db, user_id=credential.user_id, password_hash=new_hash)
        return await start_session(db, credential, now=now)
