"""Appends of the store against the library's own recorder, pgbench and a bare insert.

What is timed is recording: on our side the transaction, from the aggregate's pending events to the
answer of the commit (mapping, publication, hash chain and log included), on the library's and the
server's side the insertion of rows that are ready. Every command is durable when it is answered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.house import House, Tick, tick
from bench.results import Result
from deploy.local.cluster import wheel_binaries
from shared.append import EventRow, LogRow, Write
from shared.recorder import Recorder
from shared.store import CHUNK, Cause, EventStore
from tests.servers import PASSWORD

WRITERS = 32
ROUNDS = 7
SINGLY_EACH = 60
GROUPED_EACH = 200
LIBRARY_EACH = 20
BENCHED_EACH = 100
CHUNKS = 12
BULK_WRITERS = 2
CAUSE = Cause(actor="bench")
P99_LIMIT_MS = 10
THEIRS = "eventsourcing's PostgresApplicationRecorder"

BARE_TABLES = """
create table bare_events (like events including all);
create table bare_log (like log including all);
grant insert on bare_events, bare_log to bench_app;
"""
BARE_INSERT = """
with e as (
    insert into bare_events (stream_id, version, topic, account_id, brand, data, recorded_at,
                             write_id)
    select r.stream_id, r.version, r.topic, r.account_id, r.brand, r.data::jsonb, r.recorded_at,
           r.write_id
    from unnest($1::event_row[]) r)
insert into bare_log (partition, id, type, version, account_id, brand, occurred_at, actor,
                      causation_id, correlation_id, traceparent, data, hash, position)
select r.partition, r.id, r.type, r.version, r.account_id, r.brand, r.occurred_at, r.actor,
       r.causation_id, r.correlation_id, r.traceparent, r.data::json, r.hash, r.position
from unnest($2::log_row[], $3::bigint[])
    as r (partition, id, type, version, account_id, brand, occurred_at, actor, causation_id,
          correlation_id, traceparent, data, hash, position)
"""
PGBENCH = """
\\set p random(0, 63)
select append(
    array[(gen_random_uuid(), 1, 'bench.tick.ticked', gen_random_uuid(), 'bench',
           '{{"payload": "{payload}"}}', now(), gen_random_uuid())::event_row],
    array[(:p, gen_random_uuid(), 'TicketClosed', 1, gen_random_uuid(), 'bench', now(), 'bench',
           null, gen_random_uuid(), '', '{{"ticket_id": "{id}", "side": "staff"}}',
           '{sealed}')::log_row],
    null);
"""


class Singly(Recorder):
    """Every command in a round trip of its own, without the lane."""

    async def record(self, write: Write) -> None:
        """See `Recorder.record`."""
        await self._record_singly(write, is_sent=False)


@dataclass
class Figures:
    """Events a second of each round, and the seconds of each command that went singly."""

    singly: list[float] = field(default_factory=list)
    singly_s: list[float] = field(default_factory=list)
    grouped: list[float] = field(default_factory=list)
    bulk: list[float] = field(default_factory=list)
    library: list[float] = field(default_factory=list)
    pgbench: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


async def measure(house: House) -> list[Result]:
    """Events a second of our three ways to append, and the p99 of the one without a lane."""
    async with AsyncExitStack() as stack:
        store = await house.store(size=WRITERS)
        stack.push_async_callback(store.pool.close)
        threads = stack.enter_context(ThreadPoolExecutor(WRITERS))
        recorder = await _library_recorder(house)
        stack.callback(recorder.datastore.close)
        script = Path(stack.enter_context(TemporaryDirectory())) / "append.sql"
        script.write_text(_script())
        url = house.postgres.url(await _database(store))
        await _make_bare(url)
        kept = Figures()
        for figures in (Figures(), *[kept] * ROUNDS):  # the first warms up
            await _one_command_each(store, figures)
            figures.library.append(await asyncio.to_thread(_library, recorder, threads))
            figures.pgbench.append(await _pgbench(script, url))
            await _chunks(store, figures)
    return _results(kept)


def _results(figures: Figures) -> list[Result]:
    library = median(figures.library)
    single, grouped, bulk = (
        median(figures.singly),
        median(figures.grouped),
        median(figures.bulk),
    )
    commands = "append, 32 one-event commands"
    bounds = [
        (f"{commands}, each in its own round trip / {THEIRS}", single, library, 6),
        (f"{commands}, through the lane / {THEIRS}", grouped, library, 15),
        (f"{commands}, through the lane / pgbench", grouped, median(figures.pgbench), 1),
        (f"append, chunks of 500 / {THEIRS}", bulk, library, 25),
        ("append, chunks of 500 / bare unnest insert", bulk, median(figures.bare), 0.5),
    ]
    p99_ms, p50_ms = (quantiles(figures.singly_s, n=100)[at - 1] * 1000 for at in (99, 50))
    return [
        *(
            Result(name=name, value=value, unit="events/s", baseline=base, target=bound)
            for name, value, base, bound in bounds
        ),
        Result(
            name=f"{commands}, each in its own round trip, p99 / p50",
            value=p99_ms,
            unit="ms",
            baseline=p50_ms,
            limit=P99_LIMIT_MS,
        ),
    ]


async def _one_command_each(store: EventStore, figures: Figures) -> None:
    lane = store.recorder
    store.recorder = Singly(store.pool)
    figures.singly.append(await _commands(store, SINGLY_EACH, took=figures.singly_s))
    store.recorder = lane
    figures.grouped.append(await _commands(store, GROUPED_EACH, took=[]))


async def _commands(store: EventStore, each: int, *, took: list[float]) -> float:
    ticks = [tick() for _ in range(WRITERS * each)]

    async def writer() -> None:
        for _ in range(each):
            one = ticks.pop()
            begun = time.perf_counter()
            async with store.transaction(CAUSE) as tx:
                await tx.save(one)
            took.append(time.perf_counter() - begun)

    return await _rate(len(ticks), [writer] * WRITERS)


async def _rate(count: int, work: Sequence[Callable[[], Awaitable[None]]]) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*(each() for each in work))
    return count / (time.perf_counter() - begun)


async def _chunks(store: EventStore, figures: Figures) -> None:
    """Ours, and then the same rows by the plainest insert, by as many connections."""
    loads = [[tick() for _ in range(CHUNKS * CHUNK)] for _ in range(BULK_WRITERS)]
    rows = [await _rows(store, load) for load in loads]
    copies = [[tick() for _ in load] for load in loads]

    async def save(ticks: list[Tick]) -> None:
        await store.save_many(CAUSE, ticks)

    async def insert(chunks: list[tuple[list[EventRow], list[LogRow], list[int]]]) -> None:
        async with store.pool.acquire() as db:
            for chunk in chunks:
                await db.execute(BARE_INSERT, *chunk)

    count = BULK_WRITERS * CHUNKS * CHUNK
    figures.bulk.append(await _rate(count, [lambda c=c: save(c) for c in copies]))  # type: ignore[misc]
    figures.bare.append(await _rate(count, [lambda r=r: insert(r) for r in rows]))  # type: ignore[misc]


async def _rows(
    store: EventStore, ticks: list[Tick]
) -> list[tuple[list[EventRow], list[LogRow], list[int]]]:
    """The rows that the store would write, in chunks, with positions that are free."""
    caught: list[Write] = []

    class Catch(Recorder):
        async def record(self, write: Write) -> None:
            caught.append(write)

    lane, store.recorder = store.recorder, Catch(store.pool)
    await store.save_many(CAUSE, ticks)
    store.recorder = lane
    first = time.time_ns()
    return [
        (write.events, write.log, [first + n for n in range(at, at + len(write.log))])
        for at, write in zip(range(0, len(ticks), CHUNK), caught, strict=True)
    ]


def _library(recorder: PostgresApplicationRecorder, threads: ThreadPoolExecutor) -> float:
    def writer() -> None:
        for _ in range(LIBRARY_EACH):
            recorder.insert_events([StoredEvent(uuid4(), 1, "bench.tick.ticked", b"x" * 400)])

    begun = time.perf_counter()
    for done in [threads.submit(writer) for _ in range(WRITERS)]:
        done.result()
    return WRITERS * LIBRARY_EACH / (time.perf_counter() - begun)


async def _pgbench(script: Path, url: str) -> float:
    """Transactions a second of the server's own benchmark program: 32 clients, prepared."""
    flags = ("-n", "-M", "prepared", "-c", str(WRITERS), "-j", "2", "-t", str(BENCHED_EACH))
    process = await asyncio.create_subprocess_exec(
        wheel_binaries() / "pgbench", *flags, "-f", script, url, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, "pgbench failed"
    line = next(line for line in output.decode().splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def _script() -> str:
    return PGBENCH.format(payload="x" * 300, id=uuid4(), sealed="x" * 220)


async def _database(store: EventStore) -> str:
    async with store.pool.acquire() as db:
        return str(await db.fetchval("select current_database()"))


async def _make_bare(url: str) -> None:
    owner = await asyncpg.connect(url)
    await owner.execute(BARE_TABLES)
    await owner.close()


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
