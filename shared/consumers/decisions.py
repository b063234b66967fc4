"""What is parked, and what people decide about it: to try it again, or to go on without it.

An event that could not be applied freezes its account in its consumer; an effect that failed too
often waits. Every decision is kept for ever with who made it, when and why.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared.database import Connection
from shared.errors import NotFound
from shared.ids import new_id

Kind = Literal["event", "effect"]


class NothingParked(NotFound):
    """Nothing like that is parked, or it waits behind an earlier event of its account."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is decided about: an event of a consumer, or an effect of a reactor, by its id."""

    kind: Kind
    consumer: str
    id: UUID
    who: str
    reason: str | None
    decided_at: datetime


_EVENTS = """
select 'event' as kind, p.consumer, (p.record ->> 'id')::uuid as id, p.source, p.partition,
    p.position, p.record ->> 'type' as type, p.record ->> 'account_id' as account_id,
    p.record ->> 'brand' as brand, p.error, p.tries, p.parked_at, p.next_try_at,
    (select count(*) from parked w where (w.consumer, w.frozen) = (p.consumer, p.frozen)) - 1
        as waiting
from parked p where not exists (
    select from parked e where (e.consumer, e.frozen) = (p.consumer, p.frozen)
      and e.place < p.place)
order by p.place limit $1
"""
_EFFECTS = """
select 'effect' as kind, reactor as consumer, id, null as source, null as partition,
    null as position, kind as type, account_id::text, brand, error, tries,
    created_at as parked_at, null::timestamptz as next_try_at, 0 as waiting
from effect where state = 'parked' order by created_at limit $1
"""
_IS_IT = """
p.consumer = $1 and p.record ->> 'id' = $2::uuid::text and not exists (
    select from parked e where (e.consumer, e.frozen) = (p.consumer, p.frozen)
      and e.place < p.place)
returning p.source, p.partition, p.position, (p.record ->> 'account_id')::uuid as account_id,
    p.record ->> 'brand' as brand, p.error
"""
_OF_EFFECT = """
null as source, null::smallint as partition, null::bigint as position, account_id, brand
"""
_DECIDED: dict[tuple[str, Kind], str] = {
    ("retry", "event"): f"update parked p set next_try_at = $3 where {_IS_IT}",  # noqa: S608
    ("skip", "event"): f"delete from parked p where $3::timestamptz is not null and {_IS_IT}",  # noqa: S608
    ("retry", "effect"): f"""
        update effect set next_try_at = $3,
            state = case when performed is null then 'pending' else 'performed' end
        where reactor = $1 and id = $2 and state = 'parked'
        returning {_OF_EFFECT}, error""",  # noqa: S608
    ("skip", "effect"): f"""
        update effect set state = 'given_up', ended_at = $3, performed = null
        where reactor = $1 and id = $2 and state = 'parked'
        returning {_OF_EFFECT}, error""",  # noqa: S608
}


async def list_parked(db: Connection, *, limit: int) -> list[dict[str, Any]]:
    """The events that freeze an account, with how many wait behind each, and parked effects.

    The oldest first, at most `limit` of each. Errors are those of the program, as they were raised.
    """
    rows = [*await db.fetch(_EVENTS, limit), *await db.fetch(_EFFECTS, limit)]
    return [dict(row) for row in rows]


async def retry(db: Connection, decision: Decision) -> None:
    """Let it be tried again now; if it fails, it waits for the next decision. `NothingParked`."""
    await _decide(db, "retry", decision)


async def skip(db: Connection, decision: Decision) -> None:
    """Go on without it: the account's later events are applied, the effect is never done.

    What the event should have done to this consumer is left undone for good. `NothingParked`.
    """
    await _decide(db, "skip", decision)


async def _decide(db: Connection, verdict: Literal["retry", "skip"], decision: Decision) -> None:
    found = await _take(db, verdict, decision)
    if found is None:
        # The swap of a rebuild replaces the rows that a first statement waits for; a second one
        # sees the new ones.
        found = await _take(db, verdict, decision)
    if found is None:
        raise NothingParked()
    await db.execute(
        """insert into parked_decision (id, decision, kind, consumer, subject_id, who, reason,
               decided_at, source, partition, position, account_id, brand, error)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)""",
        new_id(),
        verdict,
        decision.kind,
        decision.consumer,
        decision.id,
        decision.who,
        decision.reason,
        decision.decided_at,
        *found.values(),
    )


async def _take(
    db: Connection, verdict: Literal["retry", "skip"], decision: Decision
) -> asyncpg.Record | None:
    return await db.fetchrow(
        _DECIDED[verdict, decision.kind], decision.consumer, decision.id, decision.decided_at
    )
