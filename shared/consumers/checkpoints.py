"""How far a consumer has come in each partition of each source."""

from shared.database import Connection
from shared.envelope import Record

Checkpoints = dict[tuple[str, int], int]
"""(source, partition) -> the last position that was dealt with."""


class LostRace(Exception):
    """Another process moved the checkpoint; what this one did is rolled back."""


async def load_checkpoints(db: Connection, consumer: str) -> Checkpoints:
    """Where the consumer stands; partitions that it has seen nothing of are left out."""
    rows = await db.fetch(
        "select source, partition, position from checkpoint where consumer = $1", consumer
    )
    return {(row["source"], row["partition"]): row["position"] for row in rows}


async def move_checkpoint(db: Connection, consumer: str, *, first: Record, last: Record) -> None:
    """From before the run `first` to `last`, in the transaction of what was done.

    `LostRace` when the consumer does not stand there.
    """
    before = first.position - 1
    moved = await db.fetchval(
        """insert into checkpoint as c (consumer, source, partition, position)
           select $1, $2, $3, $5 where $4 = 0 or exists (
               select 1 from checkpoint
               where (consumer, source, partition, position) = ($1, $2, $3, $4))
           on conflict (consumer, source, partition) do update set position = excluded.position
           where c.position = $4 returning true""",
        consumer,
        first.source,
        first.partition,
        before,
        last.position,
    )
    if not moved:
        raise LostRace(f"{consumer} {first.source}/{first.partition} is not at {before}")
