"""The pool of a service: a wait for a connection ends."""

import asyncio
import time

import asyncpg
import pytest

from shared.database import ACQUIRE_TIMEOUT_S, acquire, open_pool
from tests.conftest import OpenDatabase, wait_until


async def test_a_query_past_acquire_waits_two_seconds_for_a_connection_and_no_longer(
    database: OpenDatabase,
) -> None:
    opened = await database("kernel")
    pool = await open_pool(opened.url, size=1)
    async with pool.acquire():
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await pool.fetchval("select 1")
        assert ACQUIRE_TIMEOUT_S <= time.monotonic() - begun < 2 * ACQUIRE_TIMEOUT_S
    assert await pool.fetchval("select 1") == 1
    await pool.close()


async def test_a_connection_whose_query_was_cancelled_is_given_back_or_made_anew(
    database: OpenDatabase,
) -> None:
    opened = await database("kernel")
    pool = await open_pool(opened.url, size=1)

    async def hang() -> None:
        async with acquire(pool) as db:
            await db.execute("select pg_sleep(60)")

    for cancellations in (1, 2):
        hanging = asyncio.create_task(hang())
        await wait_until(lambda: _is_at_work(opened.url))
        for _ in range(cancellations):
            hanging.cancel()
            await asyncio.wait([hanging], timeout=0)
        with pytest.raises(asyncio.CancelledError):
            await hanging
        async with acquire(pool) as db:
            assert await db.fetchval("select 1") == 1
    assert pool.get_idle_size() == pool.get_size() == 1
    await pool.close()


async def test_a_block_that_fails_in_a_transaction_leaves_none_open(
    database: OpenDatabase,
) -> None:
    opened = await database("kernel")
    pool = await open_pool(opened.url, size=1)
    with pytest.raises(ZeroDivisionError):
        async with acquire(pool) as db, db.transaction():
            raise ZeroDivisionError
    async with acquire(pool) as db:
        assert not db.is_in_transaction()
    await pool.close()


async def test_callers_take_turns_where_there_are_fewer_connections(
    database: OpenDatabase,
) -> None:
    opened = await database("kernel")
    pool = await open_pool(opened.url, size=1)
    turns: list[str] = []

    async def ask(name: str) -> None:
        for _ in range(5):
            async with acquire(pool) as db:
                await db.fetchval("select 1")
                turns.append(name)

    await asyncio.gather(ask("a"), ask("b"), ask("c"))
    assert turns == ["a", "b", "c"] * 5
    await pool.close()


async def _is_at_work(url: str) -> bool:
    watcher = await asyncpg.connect(url)
    sleeping = await watcher.fetchval(
        "select count(*) from pg_stat_activity where query like 'select pg_sleep%' "
        "and state = 'active' and datname = current_database()"
    )
    await watcher.close()
    return bool(sleeping)
