"""How often cards may be tried: who tests stolen ones tries many (card testing).

In an hour five attempts of an account and ten from a network that did not bring money; in the first
ten minutes of an account two cards may be saved. An attempt that succeeded does not count. What is
above is refused, and staff is told once a day.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from services.billing.payments.payment import Payment
from services.billing.staff_tasks.commands import OpenTask, open_task
from shared.database import Connection, acquire
from shared.errors import TooMany
from shared.ids import made_at
from shared.store import Cause, EventStore, Transaction

HOUR = timedelta(hours=1)
YOUNG = timedelta(minutes=10)
CARDS_OF_THE_YOUNG = 2

log = structlog.get_logger()


class TooManyCardAttempts(TooMany):
    """There were too many attempts by card; wait before the next, or choose another way to pay."""


@dataclass(frozen=True, kw_only=True)
class CardAttempt:
    """`attempt_id`: of the payment, or of the wish to save a card. `network`: of the visitor."""

    attempt_id: UUID
    account_id: UUID
    brand: str
    network: str
    saves_card: bool


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """Whose attempts are counted together, and how many there may be in an hour."""

    name: str
    most: int

    @property
    def digest(self) -> bytes:
        """What is stored instead of a network or an account."""
        return hashlib.sha256(self.name.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class _Counted:
    attempt_id: UUID
    began_at: datetime
    saves_card: bool


class CardAttempts:
    """Counts attempts, for good, in transactions of their own."""

    def __init__(self, store: EventStore, *, per_account: int, per_network: int) -> None:
        self._store = store
        self._per_account = per_account
        self._per_network = per_network

    async def count(self, attempt: CardAttempt, cause: Cause) -> None:
        """Count the attempt, once however often it is asked for; `TooManyCardAttempts`, uncounted.

        `retry_after_s` says when the next one may be made.
        """
        now = self._store.clock.now()
        subjects = (
            _Subject(name=f"account/{attempt.account_id}", most=self._per_account),
            _Subject(name=f"network/{attempt.network}", most=self._per_network),
        )
        waits = [await self._wait_s(each, attempt, now=now) for each in subjects]
        refused_by = next((each for each, wait in zip(subjects, waits, strict=True) if wait), None)
        if refused_by is None:
            async with acquire(self._store.pool) as db, db.transaction():
                refused_by = await _spend(db, subjects, attempt, now=now)
        if refused_by is not None:
            await self._tell_staff(attempt, refused_by, cause=cause)
            raise TooManyCardAttempts(retry_after_s=max(1, *waits))

    async def _wait_s(self, subject: _Subject, attempt: CardAttempt, *, now: datetime) -> int:
        """Seconds until one more may be made, once those that brought money are forgotten."""
        async with acquire(self._store.pool) as db:
            counted = await _counted(db, subject, now=now)
        if not _is_over(counted, attempt, subject=subject, now=now):
            return 0
        succeeded = await self._succeeded({each.attempt_id for each in counted})
        async with acquire(self._store.pool) as db:
            await db.execute("delete from card_attempt where attempt_id = any($1)", list(succeeded))
        left = [each for each in counted if each.attempt_id not in succeeded]
        if not _is_over(left, attempt, subject=subject, now=now):
            return 0
        return int((min(each.began_at for each in left) + HOUR - now).total_seconds()) + 1

    async def _succeeded(self, attempts: Collection[UUID]) -> set[UUID]:
        """Those that are payments and were paid."""

        async def paid(tx: Transaction) -> set[UUID]:
            found = [await tx.find(Payment, each) for each in attempts]
            return {each.id for each in found if each is not None and each.is_paid}

        return await self._store.run(Cause(actor="card attempts"), paid)

    async def _tell_staff(
        self, attempt: CardAttempt, refused_by: _Subject, *, cause: Cause
    ) -> None:
        kind = refused_by.name.partition("/")[0]
        day = self._store.clock.now().date()
        log.warning("card testing", account=str(attempt.account_id), by=kind)
        task = OpenTask(
            brand=attempt.brand,
            kind="card_testing",
            key=f"{kind}/{refused_by.digest.hex()[:16]}/{day}",
            account_id=attempt.account_id,
            facts={"limit": kind, "most": str(refused_by.most)},
        )
        await self._store.run(cause, partial(open_task, task))


def _is_over(
    counted: Sequence[_Counted], attempt: CardAttempt, *, subject: _Subject, now: datetime
) -> bool:
    """Whether one more would be too many. One that was counted before is not one more."""
    if any(each.attempt_id == attempt.attempt_id for each in counted):
        return False
    began = made_at(attempt.account_id)
    is_young = began is not None and now - began < YOUNG
    saved = sum(each.saves_card for each in counted)
    if is_young and attempt.saves_card and saved >= CARDS_OF_THE_YOUNG:
        return True
    return len(counted) >= subject.most


async def _counted(db: Connection, subject: _Subject, *, now: datetime) -> list[_Counted]:
    rows = await db.fetch(
        """select attempt_id, began_at, saves_card from card_attempt
           where subject = $1 and began_at > $2""",
        subject.digest,
        now - HOUR,
    )
    return [_Counted(**row) for row in rows]


async def _spend(
    db: Connection, subjects: Sequence[_Subject], attempt: CardAttempt, *, now: datetime
) -> _Subject | None:
    """Count it, unless others were faster: the subject by which it is too many now.

    Attempts made at once are counted one by one; the locks end with the transaction.
    """
    for subject in subjects:
        await db.execute(
            "select pg_advisory_xact_lock(('x' || encode($1, 'hex'))::bit(64)::bigint)",
            subject.digest[:8],
        )
        counted = await _counted(db, subject, now=now)
        if _is_over(counted, attempt, subject=subject, now=now):
            return subject
    await db.executemany(
        """insert into card_attempt (subject, attempt_id, began_at, saves_card)
           values ($1, $2, $3, $4) on conflict do nothing""",
        [(each.digest, attempt.attempt_id, now, attempt.saves_card) for each in subjects],
    )
    await db.execute("delete from card_attempt where began_at < $1", now - 24 * HOUR)
    return None
