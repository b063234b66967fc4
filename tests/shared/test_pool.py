"""The pool of a service: a wait for a connection ends."""

import time

import pytest

from shared.database import ACQUIRE_TIMEOUT_S, open_pool
from tests.conftest import OpenDatabase


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
