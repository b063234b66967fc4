"""Carrying out what a reactor planned: at least once outside, its outcome recorded exactly once.

Effects of one account are begun in the order of their planning, those of several accounts side by
side. After a fault an effect is tried again in 1, 2, 4 ... seconds, at most five minutes apart: for
ever where the fault is one of the moment outside, else 20 times, and then it waits for a person.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import asyncpg
import msgspec
import structlog

from shared.consumers.declarations import Effect, Reactor, Refused
from shared.consumers.faults import is_transient
from shared.crash import crash_point
from shared.database import acquire
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import RETRIES, span
from shared.wakeup import Wakeup

MAX_TRIES = 20
LONGEST_WAIT_S = 300
BATCH = 32
POLL_S = 0.5

log = structlog.get_logger()

_DUE = """
select * from effect where reactor = $1 and state = 'pending' and next_try_at <= $2
order by created_at, id limit $3
"""


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
                if not await self.carry_out_due():
                    await self._wakeup.wait_after(seen, timeout_s=POLL_S)

    async def carry_out_due(self) -> int:
        """Carry out what is due, at most a batch; how many effects that was."""
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_DUE, self._reactor.name, self._store.clock.now(), BATCH)
        effects = sorted((_effect(row) for row in rows), key=lambda e: (str(e.account_id), e.id))
        groups = [list(g) for _, g in groupby(effects, key=lambda effect: effect.account_id)]
        await asyncio.gather(*(self._in_turn(group) for group in groups))
        return len(effects)

    async def _in_turn(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            await self._carry_out(effect)

    async def _carry_out(self, effect: Effect) -> None:
        name = f"effect {self._reactor.name}"
        with span(name, traceparent=effect.traceparent, attributes={"kind": effect.kind}):
            crash_point("effect.before_perform")
            try:
                outcome = await self._reactor.perform(effect)
            except Refused as refusal:
                await self._end_refused(effect, refusal.reason)
            except Exception as error:
                await self._retry_later(effect, error)
            else:
                crash_point("effect.after_perform")
                await self._end_done(effect, outcome)
                crash_point("effect.after_record")

    async def _end_done(self, effect: Effect, outcome: dict[str, Any]) -> None:
        async def end(tx: Transaction) -> None:
            await self._reactor.record(effect, outcome, tx)
            await self._end(tx, effect, state="done", outcome=outcome)

        await self._store.run(_cause(self._reactor, effect), end)

    async def _end_refused(self, effect: Effect, reason: str) -> None:
        log.warning("effect refused", reactor=self._reactor.name, key=effect.key, reason=reason)

        async def end(tx: Transaction) -> None:
            if self._reactor.refused:
                await self._reactor.refused(effect, reason, tx)
            await self._end(tx, effect, state="refused", outcome={"reason": reason})

        await self._store.run(_cause(self._reactor, effect), end)

    async def _end(
        self, tx: Transaction, effect: Effect, *, state: str, outcome: dict[str, Any]
    ) -> None:
        db = await tx.begin()
        await db.execute(
            """update effect set state = $2, outcome = $3, ended_at = $4, error = null,
                   tries = tries + 1
               where id = $1 and state = 'pending'""",
            effect.id,
            state,
            msgspec.json.encode(outcome).decode(),
            tx.now,
        )

    async def _retry_later(self, effect: Effect, error: Exception) -> None:
        """A fault that is outside is tried for ever; one that may be ours waits for a person."""
        RETRIES.note("effect")
        log.warning("effect failed", reactor=self._reactor.name, key=effect.key, error=repr(error))
        wait = timedelta(seconds=min(2 ** min(effect.tries, 16), LONGEST_WAIT_S))
        is_hopeless = effect.tries + 1 >= MAX_TRIES and not is_transient(error)
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update effect set state = $2, next_try_at = $3, error = $4, tries = tries + 1
                   where id = $1""",
                effect.id,
                "parked" if is_hopeless else "pending",
                self._store.clock.now() + wait,
                repr(error)[:2000],
            )


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
