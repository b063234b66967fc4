"""How far a consumer has come in each partition of each source."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.database import Connection
from shared.envelope import FIRST_HASH, Record, chained_hash
from shared.page import Page


class Checkpoint(NamedTuple):
    """The last event that was dealt with: its position and its place in the hash chain."""

    position: int
    hash: bytes
    build: int = 0
    """Which building of the view's tables this belongs to; a rebuild adds one."""

    def precedes(self, record: Record) -> bool:
        """Whether the record is the very next one, unaltered, of the same history."""
        return self.followed_by([record]) == 1

    def followed_by(self, records: Sequence[Record]) -> int:
        """How many of the records, from the first on, each precede the next, this the first."""
        if not isinstance(records, Page):
            return self._count_of(records)
        place = (self.position, self.hash)
        if place not in records.followed:
            records.followed[place] = self._count_of(records)
        return records.followed[place]

    def _count_of(self, records: Sequence[Record]) -> int:
        before = self.hash
        for count, record in enumerate(records):
            before = chained_hash(before, record)
            if record.position != self.position + 1 + count or before.hex() != record.hash:
                return count
        return len(records)


START = Checkpoint(0, FIRST_HASH)
"""Before the first event."""

Checkpoints = dict[tuple[str, int], Checkpoint]
"""(source, partition) -> where the consumer stands there."""

Run = Sequence[Record]
"""Records of one partition, each the next one of the one before."""


class LostRace(Exception):
    """Another process moved the checkpoint; what this one did is rolled back."""


def checkpoint_at(record: Record, *, build: int = 0) -> Checkpoint:
    """Where a consumer stands when it has dealt with the record."""
    return Checkpoint(record.position, bytes.fromhex(record.hash), build)


async def load_checkpoints(db: Connection, consumer: str) -> Checkpoints:
    """Where the consumer stands; partitions that it has seen nothing of are left out."""
    rows = await db.fetch(
        "select source, partition, position, hash, build from checkpoint where consumer = $1",
        consumer,
    )
    return {
        (row["source"], row["partition"]): Checkpoint(row["position"], row["hash"], row["build"])
        for row in rows
    }


_MOVE = """
update checkpoint as c set position = g.position, hash = g.hash
from unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::integer[])
    as g (source, partition, before, position, hash, build)
where (c.consumer, c.source, c.partition) = ($1, g.source, g.partition)
  and (c.position, c.build) = (g.before, g.build)
"""
_BEGIN = """
insert into checkpoint (consumer, source, partition, position, hash, build)
select $1, g.source, g.partition, g.position, g.hash, g.build
from unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::integer[])
    as g (source, partition, before, position, hash, build)
where g.before = 0
on conflict do nothing
"""


async def move_checkpoints(
    db: Connection, consumer: str, *, runs: Sequence[Run], known: Checkpoints
) -> None:
    """From where the consumer is `known` to stand to the end of each run, of a partition each.

    In the transaction of what is done. `LostRace` when the consumer does not stand there.
    """
    places = [(run[0].source, run[0].partition) for run in runs]
    standing = [known.get(place, START) for place in places]
    after = [checkpoint_at(run[-1]) for run in runs]
    arguments = (
        [source for source, _ in places],
        [partition for _, partition in places],
        [run[0].position - 1 for run in runs],
        [checkpoint.position for checkpoint in after],
        [checkpoint.hash for checkpoint in after],
        [checkpoint.build for checkpoint in standing],
    )
    moved = _count(await db.execute(_MOVE, consumer, *arguments))
    if moved < len(runs):
        moved += _count(await db.execute(_BEGIN, consumer, *arguments))
    if moved < len(runs):
        raise LostRace(f"{consumer} is not where it was in {places}")


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


async def rebuilds(db: Connection) -> list[dict[str, Any]]:
    """The last rebuild of each view: events dealt with of how many, begun, ended, how it ended."""
    rows = await db.fetch(
        """select r.view, r.total, r.started_at, r.ended_at, r.outcome,
                  case when r.outcome = 'swapped' then r.total
                       else least(coalesce(sum(c.position), 0)::bigint, r.total) end as events
           from rebuild r left join checkpoint c using (consumer)
           group by r.view order by r.started_at desc"""
    )
    return [dict(row) for row in rows]


async def lags(
    db: Connection,
    consumers: Mapping[str, Sequence[str]],
    heads: Mapping[str, Mapping[int, int]],
) -> dict[str, int]:
    """How many events each consumer (name -> sources) has yet to see; left out if none.

    `heads` are the last positions by source and partition.
    """
    pairs = [(name, source) for name, sources in consumers.items() for source in sources]
    places = [(source, part, at) for source, known in heads.items() for part, at in known.items()]
    rows = await db.fetch(
        """select k.consumer, sum(h.position - coalesce(c.position, 0))::bigint as lag
           from unnest($1::text[], $2::text[]) as k (consumer, source)
           join unnest($3::text[], $4::smallint[], $5::bigint[]) as h (source, partition, position)
               using (source)
           left join checkpoint c on (c.consumer, c.source, c.partition)
               = (k.consumer, h.source, h.partition)
           where h.position > coalesce(c.position, 0) group by 1""",
        [name for name, _ in pairs],
        [source for _, source in pairs],
        [source for source, _, _ in places],
        [part for _, part, _ in places],
        [at for _, _, at in places],
    )
    return {row["consumer"]: row["lag"] for row in rows}
