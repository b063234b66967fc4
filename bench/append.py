"""32 concurrent one-event commands: our store against the library's own PostgreSQL recorder."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from uuid import uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.house import House, tick
from bench.results import Result
from shared.store import Cause, EventStore
from tests.servers import PASSWORD

WRITERS = 32
ROUNDS = 5
EACH = 40
CAUSE = Cause(actor="bench")


async def measure(house: House) -> list[Result]:
    """Events a second; every command is a transaction of its own, durable when it is answered."""
    store = await house.store(size=WRITERS)
    recorder = await _library_recorder(house)
    ours, theirs = [], []
    await _ours(store)
    with ThreadPoolExecutor(WRITERS) as threads:
        await asyncio.to_thread(_theirs, recorder, threads)
        for _ in range(ROUNDS):
            ours.append(await _ours(store))
            theirs.append(await asyncio.to_thread(_theirs, recorder, threads))
    recorder.datastore.close()
    await store.pool.close()
    name = "append, 32 concurrent one-event commands / eventsourcing's PostgresApplicationRecorder"
    value, baseline = median(ours), median(theirs)
    return [Result(name=name, value=value, unit="events/s", baseline=baseline, target=3)]


async def _ours(store: EventStore) -> float:
    async def writer() -> None:
        for _ in range(EACH):
            async with store.transaction(CAUSE) as tx:
                await tx.save(tick())

    begun = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return WRITERS * EACH / (time.perf_counter() - begun)


def _theirs(recorder: PostgresApplicationRecorder, threads: ThreadPoolExecutor) -> float:
    def writer() -> None:
        for _ in range(EACH):
            recorder.insert_events([StoredEvent(uuid4(), 1, "bench.tick.ticked", b"x" * 400)])

    begun = time.perf_counter()
    for done in [threads.submit(writer) for _ in range(WRITERS)]:
        done.result()
    return WRITERS * EACH / (time.perf_counter() - begun)


async def _library_recorder(house: House) -> PostgresApplicationRecorder:
    admin = await asyncpg.connect(house.postgres.url("postgres"))
    await admin.execute("create database bench_library")
    await admin.close()
    datastore = PostgresDatastore(
        dbname="bench_library",
        host="127.0.0.1",
        port=str(house.postgres.port),
        user="postgres",
        password=PASSWORD,
        pool_size=WRITERS,
        max_overflow=0,
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    return recorder
