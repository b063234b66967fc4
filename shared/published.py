"""What a service's relay remembers: how far it published each partition, and where its stream ends.

A position says: everything up to here is on the bus. A landmark says: at this sequence of the
stream lies this event.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.database import Connection, Pool, acquire
from shared.envelope import Record
from shared.errors import Unavailable
from shared.feed import record_of

Positions = dict[int, int]
"""partition -> position"""

# An equal share of every partition that waits, always a prefix of it: reading stays as cheap with
# a long backlog as with a short one, and no partition waits for another's backlog.
_UNPUBLISHED = """
select l.* from (
    select r.partition, r.position, greatest($3 / count(*) over (), 1) as share
    from unnest($1::smallint[], $2::bigint[]) as r (partition, position)
    join partition_head h on h.partition = r.partition and h.position > r.position
) waiting
cross join lateral (
    select * from log
    where log.partition = waiting.partition and log.position > waiting.position
    order by log.position limit waiting.share
) l
order by l.partition, l.position
"""
# Who held the lease before, or a statement that was thought lost, sets nothing back.
_REMEMBER = """
with ended as (
    insert into relay_stream as s (stream, created_at, last_sequence, last_event_id, epoch)
    values ($1, $2, $3, $4, $5)
    on conflict (stream) do update set created_at = excluded.created_at,
        last_sequence = excluded.last_sequence, last_event_id = excluded.last_event_id,
        epoch = excluded.epoch
    where (s.epoch, s.last_sequence) <= (excluded.epoch, excluded.last_sequence)
    returning true as is_latest),
published as (
    update relay_checkpoint c set position = r.position
    from ended, unnest($6::smallint[], $7::bigint[]) as r (partition, position)
    where c.partition = r.partition and c.position < r.position)
select is_latest from ended
"""
_BACKLOG = """
select coalesce(sum(h.position - c.position), 0)::bigint as events, min(l.occurred_at) as since
from partition_head h
join relay_checkpoint c on c.partition = h.partition and c.position < h.position
left join log l on l.partition = c.partition and l.position = c.position + 1
"""
_OLDER = """
select l.partition, l.position from unnest($1::smallint[], $2::bigint[]) as p (partition, position)
join log l using (partition, position) where l.occurred_at < $3
"""


class Landmark(NamedTuple):
    """An event that was published, and where in the stream. Sequence 0: the stream was empty."""

    sequence: int
    event_id: str


class End(NamedTuple):
    """Which stream was published to, under which epoch, and the last that it was seen to hold."""

    created_at: datetime
    epoch: int
    last: Landmark


class Published:
    """The relay's two tables, and what it asks of the log."""

    def __init__(self, pool: Pool, service: str, *, stream: str) -> None:
        self._pool = pool
        self._service = service
        self._stream = stream

    async def end(self) -> End | None:
        """Where the stream ended when that was last written; None before the first time."""
        async with acquire(self._pool) as db:
            row = await db.fetchrow("select * from relay_stream where stream = $1", self._stream)
        if row is None:
            return None
        last = Landmark(row["last_sequence"], row["last_event_id"])
        return End(row["created_at"], row["epoch"], last)

    async def positions(self) -> Positions:
        """How far each partition is published."""
        async with acquire(self._pool) as db:
            rows = await db.fetch("select partition, position from relay_checkpoint")
        return {row["partition"]: row["position"] for row in rows}

    async def waiting(self, after: Positions, *, limit: int) -> list[Record]:
        """About `limit` events that follow the positions, in order within each partition."""
        async with acquire(self._pool) as db:
            rows = await db.fetch(_UNPUBLISHED, list(after), list(after.values()), limit)
        return [record_of(row, self._service) for row in rows]

    async def remember(self, end: End, moved: Mapping[int, int]) -> None:
        """Write the stream's end and, for the partitions that moved, how far they are now.

        `Unavailable`, and nothing is written, when a later end has been written: by another relay.
        """
        async with acquire(self._pool) as db:
            await self._remember(end, moved, db)

    async def begin_again(self, end: End, *, since: datetime) -> None:
        """Write a new epoch: what was published since that instant is to be published again.

        `Unavailable` as in `remember`.
        """
        async with acquire(self._pool) as db:
            older = await _positions_before(since, db)
            async with db.transaction():
                await self._remember(end, {}, db)
                await db.executemany(
                    "update relay_checkpoint set position = $2 where partition = $1",
                    list(older.items()),
                )

    async def known(self, ids: Sequence[UUID]) -> set[UUID]:
        """Those of the ids that the log has an event of."""
        async with acquire(self._pool) as db:
            rows = await db.fetch("select id from log where id = any ($1)", ids)
        return {row["id"] for row in rows}

    async def occurred_at(self, id: UUID) -> datetime | None:
        """When the event happened; None if the log does not have it."""
        async with acquire(self._pool) as db:
            found: datetime | None = await db.fetchval(
                "select occurred_at from log where id = $1", id
            )
        return found

    async def _remember(self, end: End, moved: Mapping[int, int], db: Connection) -> None:
        is_latest = await db.fetchval(
            _REMEMBER,
            self._stream,
            end.created_at,
            end.last.sequence,
            end.last.event_id,
            end.epoch,
            list(moved),
            list(moved.values()),
        )
        if not is_latest:
            raise Unavailable(what="lease")


async def backlog(db: Connection) -> asyncpg.Record:
    """How many `events` wait for the bus, and `since` when the oldest does (None: none does)."""
    row = await db.fetchrow(_BACKLOG)
    assert row is not None, "an aggregate has one row"
    return row


async def _positions_before(instant: datetime, db: Connection) -> Positions:
    """The last position of each partition from before `instant`, by halving: instants rise."""
    heads = await db.fetch("select partition, position from partition_head")
    low = {head["partition"]: 0 for head in heads}
    high = {head["partition"]: head["position"] for head in heads}
    while any(low[partition] < high[partition] for partition in low):
        middle = {part: (low[part] + high[part] + 1) // 2 for part in low}
        rows = await db.fetch(_OLDER, list(middle), list(middle.values()), instant)
        older = {row["partition"] for row in rows}
        for partition, position in middle.items():
            if partition in older:
                low[partition] = position
            else:
                high[partition] = max(position - 1, low[partition])
    return low
