"""Recording: grouped where several wait, each as if alone; one round trip; writes only inside."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import pytest

from shared import recorder as recording
from shared.append import Write
from shared.database import Connection
from shared.errors import AlreadyClaimed, ConcurrentWrite, Unavailable
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.recorder import Recorder
from shared.store import CHUNK, EventStore, Transaction
from shared.verify import verify_log
from tests.conftest import Database, OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on


class Counting(Recorder):
    """Notes how many writes went together in each statement of the lane."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        super().__init__(pool)
        self.flushed: list[int] = []

    async def _flush(
        self, db: Connection, batch: "Sequence[tuple[Write, asyncio.Future[BaseException | None]]]"
    ) -> BaseException | None:
        self.flushed.append(len(batch))
        return await super()._flush(db, batch)


@pytest.fixture
async def opened(database: OpenDatabase) -> Database:
    return await database("kernel")


@pytest.fixture
async def store(opened: Database) -> AsyncIterator[EventStore]:
    store = store_on(opened.pool)
    store.recorder = Counting(opened.pool)
    yield store
    assert await verify_log(opened.pool, "tickets") == []


def counter(id: UUID | None = None, *, owner: str = "Ana") -> Counter:
    return Counter(id=id or new_id(), account_id=new_id(), brand="ponto", owner=owner)


async def save(store: EventStore, *counters: Counter) -> dict[int, int]:
    async with store.transaction(CAUSE) as tx:
        await tx.save(*counters)
    return tx.positions


async def count(store: EventStore, table: str = "events") -> int:
    async with store.pool.acquire() as db:
        return int(await db.fetchval(f"select count(*) from {table}"))


async def test_commands_that_wait_go_together_and_each_learns_its_own_positions(
    store: EventStore,
) -> None:
    recorder = store.recorder
    assert isinstance(recorder, Counting)
    counters = [counter() for _ in range(40)]
    answers = await asyncio.gather(*(save(store, one) for one in counters))
    assert sum(recorder.flushed) == 40
    assert len(recorder.flushed) <= 3
    feed = LocalFeed(store.pool, "tickets")
    for one, positions in zip(counters, answers, strict=True):
        ((partition, position),) = positions.items()
        (record,) = await feed.page(partition, after=position - 1, limit=1)
        assert record.account_id == one.account_id
        assert record.position == position


async def test_a_bad_command_never_fails_those_that_went_with_it(store: EventStore) -> None:
    taken = counter()
    await save(store, taken)
    good = [counter() for _ in range(10)]
    twice = new_id()
    both = [counter(twice), counter(twice)]
    unspeakable = counter(owner="x")
    unspeakable.brand = "\x00"  # no text of the server's
    work = [save(store, one) for one in (*good, *both, counter(taken.id), unspeakable)]
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert all(isinstance(outcome, dict) for outcome in outcomes[:10])
    rivals = [isinstance(outcome, ConcurrentWrite) for outcome in outcomes[10:12]]
    assert sorted(rivals) == [False, True]
    assert isinstance(outcomes[12], ConcurrentWrite)
    assert isinstance(outcomes[13], asyncpg.CharacterNotInRepertoireError)
    assert await count(store) == await count(store, "log") == 12


async def test_a_command_of_several_events_is_recorded_whole_or_not_at_all(
    store: EventStore,
) -> None:
    first = counter()
    await save(store, first)
    late, fresh = await _loaded(store, first.id), counter()
    for _ in range(3):
        late.count(step=1)
    ahead = await _loaded(store, first.id)
    ahead.count(step=1)
    await save(store, ahead)
    with pytest.raises(ConcurrentWrite):
        await save(store, fresh, late)
    assert await count(store) == 2


async def _loaded(store: EventStore, id: UUID) -> Counter:
    async with store.transaction(CAUSE) as tx:
        return await tx.load(Counter, id)


async def test_a_claim_is_recorded_with_the_events_or_neither_is(store: EventStore) -> None:
    async def register(email: str) -> None:
        async with store.transaction(CAUSE) as tx:
            await tx.claim("user_email", email)
            await tx.save(counter())

    outcomes = await asyncio.gather(
        *(register("ana@example.com") for _ in range(5)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [type(outcome) for outcome in refused] == [AlreadyClaimed] * 4
    assert await count(store) == await count(store, "claim") == 1


async def test_what_may_happen_once_happens_once_among_rivals(store: EventStore) -> None:
    async def renew(tx: Transaction) -> bool:
        is_first = await tx.claim_once("renewal", "service/2026-01-31")
        if is_first:
            await tx.save(counter())
        return is_first

    outcomes = await asyncio.gather(*(store.run(CAUSE, renew) for _ in range(8)))
    assert sum(outcomes) == 1
    assert await count(store) == 1


async def test_what_a_transaction_saved_is_loaded_in_it_before_it_is_recorded(
    store: EventStore,
) -> None:
    async with store.transaction(CAUSE) as tx:
        one = counter()
        await tx.save(one)
        again = await tx.load(Counter, one.id)
        again.count(step=4)
        await tx.save(again)
        assert (await tx.load(Counter, one.id)).total == 4
        assert await count(store) == 0
    assert (await _loaded(store, one.id)).total == 4


async def test_very_many_are_recorded_in_chunks_and_published_in_order(store: EventStore) -> None:
    account = new_id()
    counters = [
        Counter(id=new_id(), account_id=account, brand="ponto", owner="Ana")
        for _ in range(CHUNK + 20)
    ]
    await store.save_many(CAUSE, counters)
    assert await count(store) == await count(store, "log") == CHUNK + 20
    (partition,) = await LocalFeed(store.pool, "tickets").heads()
    records = await LocalFeed(store.pool, "tickets").page(partition, after=0, limit=CHUNK + 20)
    assert [record.data.split('"')[3] for record in records] == [str(c.id) for c in counters]


async def test_writing_past_the_transaction_is_an_assertion_error(store: EventStore) -> None:
    async with store.transaction(CAUSE) as tx:
        for sql in (
            "insert into series values ('a', 1) returning 1",
            "with x as (delete\n from claim returning 1) select * from x",
            "UPDATE series set last_number = 2 returning 1",
            "select * from series for update",
            "select nextval('s')",
        ):
            with pytest.raises(AssertionError, match="no read"):
                await tx.read.fetch(sql)
        assert await tx.read.fetchval("select count(*) from series") == 0


async def test_own_writes_commit_with_the_events_or_not_at_all(store: EventStore) -> None:
    taken = counter()
    await save(store, taken)

    async def work(one: Counter) -> None:
        async with store.transaction(CAUSE) as tx:
            db = await tx.begin()
            assert await tx.begin() is db
            await db.execute("insert into series (name, last_number) values ('own', 7)")
            assert await tx.read.fetchval("select last_number from series") == 7
            await tx.save(one)

    with pytest.raises(ConcurrentWrite):
        await work(counter(taken.id))
    assert await count(store, "series") == 0
    await work(counter())
    assert await count(store, "series") == 1


async def test_a_statement_that_failed_inside_is_not_taken_for_a_commit(store: EventStore) -> None:
    async def work() -> None:
        async with store.transaction(CAUSE) as tx:
            db = await tx.begin()
            with pytest.raises(asyncpg.UndefinedTableError):
                await db.execute("select * from nothing")

    with pytest.raises(AssertionError, match="failed before"):
        await work()


async def test_without_a_free_connection_a_command_is_refused_in_time(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.ACQUIRE_TIMEOUT_S", 0.1)
    store = store_on(opened.pool)
    held = [await opened.pool.acquire() for _ in range(opened.pool.get_max_size())]
    async with asyncio.timeout(recording.RESOLVE_WITHIN_S):
        with pytest.raises(Unavailable):
            await save(store, counter())
    for db in held:
        await opened.pool.release(db)
    assert await count(store) == 0


@pytest.mark.parametrize("table", ["events", "log"])
@pytest.mark.parametrize("statement", ["update {} set brand = 'x'", "delete from {}"])
async def test_the_application_may_neither_change_nor_remove_what_is_recorded(
    store: EventStore, table: str, statement: str
) -> None:
    await save(store, counter())
    async with store.pool.acquire() as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement.format(table))


class _Hanging(Recorder):
    """Its connection's server process hangs when the commit is sent to it."""

    pid = 0

    async def join(self, db: Connection, write: Write) -> None:
        await super().join(db, write)
        self.pid = db.get_server_pid()
        os.kill(self.pid, signal.SIGSTOP)


async def test_a_commit_that_hangs_is_not_said_to_have_failed(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server process cannot be ended in time: it may commit yet."""
    monkeypatch.setattr(recording, "RESOLVE_WITHIN_S", 0.2)
    monkeypatch.setattr(recording, "TERMINATE_WITHIN_MS", 100)
    async with asyncpg.create_pool(opened.url, min_size=1, max_size=2, command_timeout=1) as pool:
        store = store_on(pool)
        hanging = store.recorder = _Hanging(pool)

        async def work(tx: Transaction) -> None:
            await tx.next_number("ponto/invoice")
            await tx.save(counter())

        try:
            with pytest.raises(recording.CommitUnknown):
                await store.run(CAUSE, work)
        finally:
            os.kill(hanging.pid, signal.SIGCONT)
