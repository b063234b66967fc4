"""How far a consumer has come in each partition of each source."""

from typing import NamedTuple

from shared.database import Connection
from shared.envelope import FIRST_HASH, Record, chained_hash


class Checkpoint(NamedTuple):
    """The last event that was dealt with: its position and its place in the hash chain."""

    position: int
    hash: bytes

    def precedes(self, record: Record) -> bool:
        """Whether the record is the very next one, unaltered, of the same history."""
        is_next = record.position == self.position + 1
        return is_next and chained_hash(self.hash, record).hex() == record.hash


START = Checkpoint(0, FIRST_HASH)
"""Before the first event."""

Checkpoints = dict[tuple[str, int], Checkpoint]
"""(source, partition) -> where the consumer stands there."""


class LostRace(Exception):
    """Another process moved the checkpoint; what this one did is rolled back."""


def checkpoint_at(record: Record) -> Checkpoint:
    """Where a consumer stands when it has dealt with the record."""
    return Checkpoint(record.position, bytes.fromhex(record.hash))


async def load_checkpoints(db: Connection, consumer: str) -> Checkpoints:
    """Where the consumer stands; partitions that it has seen nothing of are left out."""
    rows = await db.fetch(
        "select source, partition, position, hash from checkpoint where consumer = $1", consumer
    )
    return {
        (row["source"], row["partition"]): Checkpoint(row["position"], row["hash"]) for row in rows
    }


async def move_checkpoint(db: Connection, consumer: str, *, first: Record, last: Record) -> None:
    """From before the run `first` to `last`, in the transaction of what was done.

    `LostRace` when the consumer does not stand there.
    """
    before, after = first.position - 1, checkpoint_at(last)
    moved = await db.fetchval(
        """insert into checkpoint as c (consumer, source, partition, position, hash)
           select $1, $2, $3, $5, $6 where $4 = 0 or exists (
               select 1 from checkpoint
               where (consumer, source, partition, position) = ($1, $2, $3, $4))
           on conflict (consumer, source, partition) do update
               set position = excluded.position, hash = excluded.hash
               where c.position = $4 returning true""",
        consumer,
        first.source,
        first.partition,
        before,
        after.position,
        after.hash,
    )
    if not moved:
        raise LostRace(f"{consumer} {first.source}/{first.partition} is not at {before}")
