"""A replica by streaming replication: views are read there, and it can be made the primary.

Kill -9 of the primary under writers: with a synchronous standby no command that was answered is
lost; without, the last ones may be, and the log ends before them without a gap.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from shared.database import LOST, Pool, open_pool
from shared.errors import Unavailable
from shared.ids import new_id
from shared.reads import LAG_S, Primary, ReplicaFirst
from shared.store import Cause, EventStore
from shared.verify import verify_log
from tests.conftest import wait_until
from tests.shared.kernel import Counter, store_on
from tests.standby import ROLE, Pair, running_pair, stop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
WHO_ANSWERS = "select inet_server_port()"
WRITERS = 4


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with running_pair(tmp_path) as pair:
        yield pair


@asynccontextmanager
async def reading(pair: Pair) -> AsyncIterator[tuple[ReplicaFirst, Pool]]:
    primary = await open_pool(pair.primary.url(ROLE, "kernel"), size=2)
    replica = await open_pool(pair.standby.url(ROLE, "kernel"), size=2, at_once=0)
    reads = ReplicaFirst(Primary(primary), replica, service="tickets")
    yield reads, primary
    await reads.close()
    primary.terminate()


async def test_views_are_read_from_the_replica_while_it_is_near(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.consumers.lag.SAMPLE_EVERY_S", 0.0)
    async with reading(pair) as (reads, primary):
        assert await reads.fetchval(WHO_ANSWERS) == pair.primary.port

        async def is_near() -> bool:
            await reads.look()
            return bool(await reads.fetchval(WHO_ANSWERS) == pair.standby.port)

        await wait_until(is_near)
        for number in range(20):
            await primary.execute("insert into claim (kind, key) values ('n', $1)", str(number))
            fresh = await reads.as_of_now()
            assert len(await fresh.fetch("select key from claim")) == number + 1

        await pair.standby.ask("select pg_wal_replay_pause()")
        await primary.execute("insert into claim (kind, key) values ('n', 'late')")
        assert await reads.fetchval(WHO_ANSWERS) == pair.standby.port
        assert await (await reads.as_of_now()).fetchval(WHO_ANSWERS) == pair.primary.port

        async def is_far() -> bool:
            await reads.look()
            return bool(await reads.fetchval(WHO_ANSWERS) == pair.primary.port)

        await wait_until(is_far, within_s=LAG_S + 8)
        await pair.standby.ask("select pg_wal_replay_resume()")
        await wait_until(is_near)


async def test_a_replica_that_dies_leaves_the_reads_to_the_primary(pair: Pair) -> None:
    async with reading(pair) as (reads, _):
        await reads.look()
        assert await reads.fetchval(WHO_ANSWERS) == pair.standby.port
        pair.standby.kill()
        row = await reads.fetchrow(WHO_ANSWERS)
        assert row is not None
        assert row[0] == pair.primary.port
        assert await (await reads.as_of_now()).fetchval(WHO_ANSWERS) == pair.primary.port
        await reads.look()
        assert [row[0] for row in await reads.fetch(WHO_ANSWERS)] == [pair.primary.port]


async def test_a_primary_that_dies_leaves_the_reads_to_the_replica(pair: Pair) -> None:
    async with reading(pair) as (reads, _):
        await reads.look()
        pair.primary.kill()
        await reads.look()
        assert await (await reads.as_of_now()).fetchval(WHO_ANSWERS) == pair.standby.port


class Writers:
    """Commands without end; `accepted` are the counters whose making was answered."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.accepted: list[UUID] = []
        self._tasks = [asyncio.create_task(self._write()) for _ in range(WRITERS)]

    async def _write(self) -> None:
        while True:
            counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
            try:
                async with self._store.transaction(Cause(actor="test")) as tx:
                    await tx.save(counter)
            except (Unavailable, *LOST):
                await asyncio.sleep(0.05)
            else:
                self.accepted.append(counter.id)

    async def until(self, more: int) -> None:
        wanted = len(self.accepted) + more

        async def are_there() -> bool:
            return len(self.accepted) >= wanted

        await wait_until(are_there, within_s=60)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _recorded(pair: Pair) -> set[UUID]:
    ids = await pair.standby.ask("select array_agg(stream_id) from events", database="kernel")
    return set(ids or ())


async def test_a_promoted_standby_has_every_command_that_was_answered(pair: Pair) -> None:
    await pair.set_synchronous()
    pool = await open_pool(pair.url, size=WRITERS)
    store = store_on(pool)
    writers = Writers(store)
    await writers.until(100)
    pair.primary.kill()
    await pair.promote()
    await writers.until(100)
    await writers.end()
    assert set(writers.accepted) - await _recorded(pair) == set()
    assert await verify_log(pool, store.service) == []
    await pool.close()


async def test_an_asynchronous_standby_lacks_the_last_commands_and_nothing_before_them(
    pair: Pair,
) -> None:
    pool = await open_pool(pair.url, size=WRITERS)
    store = store_on(pool)
    writers = Writers(store)
    await writers.until(50)
    before = set(writers.accepted)

    async def standby_has_them() -> bool:
        return before <= await _recorded(pair)

    await wait_until(standby_has_them, within_s=30)
    receiver = pair.standby.receiver()
    stop(receiver)
    await writers.until(50)
    await writers.end()
    pair.primary.kill()
    # With the receiver goes what the dead network held for it.
    os.kill(receiver, signal.SIGKILL)
    await wait_until(pair.standby.answers, within_s=30)
    await pair.promote()
    recorded = await _recorded(pair)
    lost = set(writers.accepted) - recorded
    assert lost
    assert lost.isdisjoint(before)
    assert await verify_log(pool, store.service) == []
    await pool.close()
