"""Carrying out what a reactor planned: at least once outside, its outcome recorded exactly once.

The outcome is kept as soon as there is one: an effect whose recording fails is recorded again, not
performed again.

Effects of one account are begun in the order of their planning, those of several accounts side by
side. After a fault an effect is tried again in 1, 2, 4 ... seconds, at most five minutes apart: for
ever where the fault is one of the moment outside, else 20 times, and then it waits for a person.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import asyncpg
import msgspec
import stamina
import structlog

from shared.consumers.declarations import Effect, Reactor, Refused
from shared.consumers.faults import is_transient
from shared.crash import crash_point
from shared.database import acquire
from shared.lease import Lease
from shared.personal import decrypt, encrypt
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import RETRIES, span
from shared.wakeup import Wakeup

MAX_TRIES = 20
KEEP_ATTEMPTS = 10
LONGEST_PAUSE_S = 5.0
LONGEST_WAIT_S = 300
BATCH = 32
POLL_S = 0.5

log = structlog.get_logger()

_DUE = """
select * from effect
where reactor = $1 and state in ('pending', 'performed') and next_try_at <= $2
order by created_at, id limit $3
"""


class _EndedBefore(Exception):
    """Another process, which held the lease meanwhile, has recorded the effect's outcome."""


class EffectRunner:
    """Carries out the effects of one reactor. Several may run: by lease, one works at a time."""

    def __init__(self, reactor: Reactor, store: EventStore, wakeup: Wakeup) -> None:
        self._reactor = reactor
        self._store = store
        self._wakeup = wakeup

    async def run(self) -> None:
        """Carry out effects until cancelled; raises when the database fails, to be run again."""
        async with self._store.leases.held(f"effects/{self._reactor.name}") as lease:
            while True:
                lease.check()
                seen = self._wakeup.count
                if not await self.carry_out_due(lease):
                    await self._wakeup.wait_after(seen, timeout_s=POLL_S)

    async def carry_out_due(self, lease: Lease | None = None) -> int:
        """Carry out what is due, at most a batch; how many effects that was.

        With a lease, nothing is begun when it may be another's by now: `Unavailable`. What hinders
        one effect is raised when those under way have ended, or the next call would find them due.
        """
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_DUE, self._reactor.name, self._store.clock.now(), BATCH)
        due = sorted(rows, key=lambda row: (str(row["account_id"]), row["id"]))
        groups = [list(g) for _, g in groupby(due, key=lambda row: row["account_id"])]
        work = (self._in_turn(group, lease=lease) for group in groups)
        for hindrance in await asyncio.gather(*work, return_exceptions=True):
            if hindrance is not None:
                raise hindrance
        return len(due)

    async def _in_turn(self, rows: Sequence[asyncpg.Record], *, lease: Lease | None) -> None:
        for row in rows:
            if lease:
                lease.check()
            await self._carry_out(_effect(row), performed=row["performed"])

    async def _carry_out(self, effect: Effect, *, performed: str | None) -> None:
        """Perform it, unless that was done before, and record what came of it."""
        name = f"effect {self._reactor.name}"
        with span(name, traceparent=effect.traceparent, attributes={"kind": effect.kind}):
            try:
                key = await self._key_of(effect)
                if performed is None:
                    performed = await self._perform(effect, key=key)
                await self._end_done(effect, _opened(performed, key))
                crash_point("effect.after_record")
            except Refused as refusal:
                await self._end_refused(effect, refusal.reason)
            except Exception as error:
                await self._retry_later(effect, error)

    async def _key_of(self, effect: Effect) -> bytes | None:
        """Asked for before anything is done: an outcome that cannot be kept would be lost."""
        if not self._reactor.is_personal or effect.account_id is None:
            return None
        return await self._store.keyring.ensure(effect.account_id)

    async def _perform(self, effect: Effect, *, key: bytes | None) -> str:
        """What came of it, as it is kept until it is recorded."""
        crash_point("effect.before_perform")
        outcome = await self._reactor.perform(effect)
        crash_point("effect.after_perform")
        text = msgspec.json.encode(outcome).decode()
        performed = encrypt(text, key) if key else text
        async for attempt in stamina.retry_context(
            on=is_transient, attempts=KEEP_ATTEMPTS, wait_max=LONGEST_PAUSE_S, timeout=None
        ):
            with attempt:
                await self._keep(effect, performed)
        return performed

    async def _keep(self, effect: Effect, performed: str) -> None:
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update effect set state = 'performed', performed = $2
                   where id = $1 and state = 'pending'""",
                effect.id,
                performed,
            )

    async def _end_done(self, effect: Effect, outcome: dict[str, Any]) -> None:
        async def end(tx: Transaction) -> None:
            kept = dict(outcome)  # `record` takes out of it, and may have to be done again
            await self._reactor.record(effect, kept, tx)
            await self._end(tx, effect, state="done", outcome=kept)

        await self._run_unless_ended(effect, end)

    async def _end_refused(self, effect: Effect, reason: str) -> None:
        log.warning("effect refused", reactor=self._reactor.name, key=effect.key, reason=reason)

        async def end(tx: Transaction) -> None:
            if self._reactor.refused:
                await self._reactor.refused(effect, reason, tx)
            await self._end(tx, effect, state="refused", outcome={"reason": reason})

        await self._run_unless_ended(effect, end)

    async def _run_unless_ended(
        self, effect: Effect, end: Callable[[Transaction], Awaitable[None]]
    ) -> None:
        try:
            await self._store.run(_cause(self._reactor, effect), end)
        except _EndedBefore:
            log.warning("effect ended elsewhere", reactor=self._reactor.name, key=effect.key)

    async def _end(
        self, tx: Transaction, effect: Effect, *, state: str, outcome: dict[str, Any]
    ) -> None:
        db = await tx.begin()
        ended = await db.execute(
            """update effect set state = $2, outcome = $3, ended_at = $4, error = null,
                   performed = null, tries = tries + 1
               where id = $1 and state in ('pending', 'performed')""",
            effect.id,
            state,
            msgspec.json.encode(outcome).decode(),
            tx.now,
        )
        if ended == "UPDATE 0":
            raise _EndedBefore

    async def _retry_later(self, effect: Effect, error: Exception) -> None:
        """A fault that is outside is tried for ever; one that may be ours waits for a person."""
        RETRIES.note("effect")
        log.warning("effect failed", reactor=self._reactor.name, key=effect.key, error=repr(error))
        wait = timedelta(seconds=min(2 ** min(effect.tries, 16), LONGEST_WAIT_S))
        is_hopeless = effect.tries + 1 >= MAX_TRIES and not is_transient(error)
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update effect set next_try_at = $3, error = $4, tries = tries + 1,
                       state = case when $2 then 'parked' else state end
                   where id = $1 and state in ('pending', 'performed')""",
                effect.id,
                is_hopeless,
                self._store.clock.now() + wait,
                repr(error)[:2000],
            )


def _opened(performed: str, key: bytes | None) -> dict[str, Any]:
    text = decrypt(performed, key) if key else performed
    outcome: dict[str, Any] = msgspec.json.decode(text)
    return outcome


def _cause(reactor: Reactor, effect: Effect) -> Cause:
    return Cause(
        actor=f"reactor:{reactor.name}",
        causation_id=effect.cause_id,
        correlation_id=effect.correlation_id,
    )


def _effect(row: asyncpg.Record) -> Effect:
    return Effect(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        payload=msgspec.json.decode(row["payload"]),
        account_id=row["account_id"],
        brand=row["brand"],
        cause_id=row["cause_id"],
        correlation_id=row["correlation_id"],
        traceparent=row["traceparent"],
        tries=row["tries"],
    )
