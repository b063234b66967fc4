"""The table `attempt`: counts that outlive a restart. A subject is stored as a digest only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.accounts.sessions.throttle import Attempts, GrowingDelay, Limit, PerHour
from shared.database import Connection, Pool, acquire
from shared.errors import TooMany

KEPT = timedelta(days=30)
PER_ADDRESS = 3
"""Registrations, or requests for a reset, with one e-mail address in an hour."""


class TooManyAttempts(TooMany):
    """There were too many attempts; wait before the next."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whose attempts are counted together, and what limits them."""

    limit: Limit
    value: str

    @property
    def digest(self) -> bytes:
        """What is stored instead of an address."""
        return hashlib.sha256(f"{self.limit.name}/{self.value}".encode()).digest()


def sign_ins_of(brand: str, email: str) -> Subject:
    """The sign-ins to one address of a brand, known or not."""
    limit = GrowingDelay("sign_in/address", has_hard_limit=True)
    return Subject(limit=limit, value=f"{brand}/{email}")


def sign_ins_from(network: str, *, free_failures: int) -> Subject:
    """The sign-ins from one network, to any address."""
    limit = GrowingDelay("sign_in/network", has_hard_limit=False, free_failures=free_failures)
    return Subject(limit=limit, value=network)


def asked_for(what: str, *, brand: str, email: str) -> Subject:
    """Registrations or resets asked for with one address of a brand, known or not."""
    return Subject(limit=PerHour(f"{what}/address", most=PER_ADDRESS), value=f"{brand}/{email}")


def asked_from(what: str, *, network: str, most: int) -> Subject:
    """Registrations, confirmations or resets from one network, to any address."""
    return Subject(limit=PerHour(f"{what}/network", most=most), value=network)


async def count(pool: Pool, *subjects: Subject, now: datetime) -> None:
    """Count one attempt of each, for good; `TooManyAttempts`, uncounted, while one has to wait.

    Who counts an address and a network names them in this order: no two wait in a circle.
    """
    async with acquire(pool) as db, db.transaction():
        for subject in subjects:
            await _spend(db, subject, now)
        await db.execute("delete from attempt where last_at < $1", now - KEPT)


async def forgive(db: Connection, subject: Subject) -> None:
    """Forget all attempts: one has succeeded."""
    await db.execute("delete from attempt where subject = $1", subject.digest)


async def take_back(db: Connection, subject: Subject) -> None:
    """The last attempt was no failure; those of others on the same network still count."""
    await db.execute(
        """update attempt set recent = greatest(recent - 1, 0),
                              consecutive = greatest(consecutive - 1, 0) where subject = $1""",
        subject.digest,
    )


async def _spend(db: Connection, subject: Subject, now: datetime) -> None:
    """The row is locked until the commit: attempts made at once are counted one by one."""
    await db.execute(
        """insert into attempt (subject, recent, consecutive, first_at, last_at)
           values ($1, 0, 0, $2, $2) on conflict do nothing""",
        subject.digest,
        now,
    )
    row = await db.fetchrow(
        """select recent, consecutive, first_at, last_at from attempt
           where subject = $1 for update""",
        subject.digest,
    )
    assert row is not None, "the row was made above"
    attempts = Attempts(**row)
    if wait_s := subject.limit.wait_s(attempts, now):
        raise TooManyAttempts(retry_after_s=wait_s)
    is_first = attempts.recent == 0 or subject.limit.is_over(attempts, now)
    await db.execute(
        """update attempt set recent = $2, consecutive = consecutive + 1, first_at = $3,
                              last_at = $4 where subject = $1""",
        subject.digest,
        1 if is_first else attempts.recent + 1,
        now if is_first else attempts.first_at,
        now,
    )
