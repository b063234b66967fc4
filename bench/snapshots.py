"""From how many events on a snapshot pays: loading a stream by replay and by snapshot and tail.

`shared/snapshots.py` keeps one after `THRESHOLD` events. A load by snapshot takes the same time
however long the stream is; what is shown is where it begins to win, and what it wins there.
"""

import time
from statistics import median
from unittest.mock import patch
from uuid import UUID

from bench.house import House, Tally
from bench.results import Result
from shared.ids import new_id
from shared.snapshots import NO_FORM, THRESHOLD
from shared.store import Cause, EventStore

LENGTHS = (10, 30, THRESHOLD, 500)
ROUNDS = 7
LOADS = 60
CAUSE = Cause(actor="bench")
TARGET = 1.5


async def measure(house: House) -> list[Result]:
    """Loads a second of streams of several lengths, by snapshot and by replay in turn."""
    store = await house.store(size=2)
    store.publish = lambda event, aggregate: None
    results = [await _compare(store, length) for length in LENGTHS]
    await store.pool.close()
    return results


async def _compare(store: EventStore, length: int) -> Result:
    id = await _stream(store, length)
    with patch("shared.store.THRESHOLD", 1):
        await _loads(store, id)  # keeps the snapshot
    by_snapshot, by_replay = [], []
    for _ in range(ROUNDS):
        by_snapshot.append(await _loads(store, id))
        with (
            patch("shared.store.form_of", lambda cls: NO_FORM),
            patch("shared.store.THRESHOLD", 10**9),
        ):
            by_replay.append(await _loads(store, id))
    return Result(
        name=f"load of a stream of {length} events by snapshot / by replay",
        value=median(by_snapshot),
        unit="loads/s",
        baseline=median(by_replay),
        target=TARGET if length >= THRESHOLD else None,
    )


async def _stream(store: EventStore, length: int) -> UUID:
    tally = Tally(id=new_id(), account_id=new_id(), brand="bench")
    for _ in range(length - 1):
        tally.count(1250, "overpayment", new_id())
    async with store.transaction(CAUSE) as tx:
        await tx.save(tally)
    return tally.id


async def _loads(store: EventStore, id: UUID) -> float:
    begun = time.perf_counter()
    for _ in range(LOADS):
        async with store.transaction(CAUSE) as tx:
            await tx.load(Tally, id)
    return LOADS / (time.perf_counter() - begun)
