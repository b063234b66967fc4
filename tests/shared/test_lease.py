"""Several processes of one service: who holds what, and what becomes of it when one ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from shared.database import LOST, open_pool
from shared.envelope import PARTITIONS
from shared.errors import Unavailable
from shared.lease import LIVES_FOR_S, Leases
from shared.wakeup import Wakeup
from tests.conftest import Database, OpenDatabase, wait_until

SOON_S = 5.0

Open = Callable[[], Awaitable[Leases]]


@pytest.fixture
async def kernel(database: OpenDatabase) -> Database:
    return await database("kernel")


@pytest.fixture
async def process(kernel: Database) -> AsyncIterator[Open]:
    """Opens what each process of the service has: leases over a pool of its own."""
    async with AsyncExitStack() as stack:

        async def opened() -> Leases:
            pool = await open_pool(kernel.url, size=2)
            stack.push_async_callback(pool.close)
            return Leases(pool)

        yield opened


async def held(leases: Leases, stack: AsyncExitStack) -> None:
    await stack.enter_async_context(leases.held("relay"))


async def shares(leases: Leases, stack: AsyncExitStack) -> None:
    await stack.enter_async_context(leases.sharing())


def are_shared(*among: Leases) -> Callable[[], Awaitable[bool]]:
    """Whether every partition is exactly one's, and nobody has more than a fair share."""

    async def check() -> bool:
        for each in among:
            await each.give_back_surplus()
        owned = sorted(partition for each in among for partition in each.partitions)
        fair = -(-PARTITIONS // len(among))
        is_fair = all(len(each.partitions) <= fair for each in among)
        return owned == list(range(PARTITIONS)) and is_fair

    return check


async def test_a_lease_is_one_holders_at_a_time_and_passes_on_at_once(process: Open) -> None:
    first, second = await process(), await process()
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        await held(first, one)
        waiting = asyncio.create_task(held(second, other))
        await asyncio.wait([waiting], timeout=1.5)
        assert not waiting.done()
        assert first.seat != second.seat
        await one.aclose()
        await asyncio.wait_for(waiting, SOON_S)
        assert second.holds("relay")
        assert not first.holds("relay")


async def test_two_who_want_one_lease_within_a_process_take_turns(process: Open) -> None:
    leases = await process()
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        await held(leases, one)
        waiting = asyncio.create_task(held(leases, other))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        await one.aclose()
        await asyncio.wait_for(waiting, SOON_S)


async def test_a_process_takes_one_connection_for_all_its_leases(
    process: Open, kernel: Database
) -> None:
    leases = await process()
    async with AsyncExitStack() as stack:
        for name in ("relay", "effects/mailer", "ticker"):
            await stack.enter_async_context(leases.held(name))
        await shares(leases, stack)
        count = "select count(*) from pg_stat_activity where datname = current_database()"
        async with kernel.pool.acquire() as db:
            assert await db.fetchval(f"{count} and pid <> pg_backend_pid()") == 1
            assert await db.fetchval("select count(*) from lease where name not like 'part%'") == 3


async def test_processes_share_the_partitions_fairly_as_they_come_and_go(process: Open) -> None:
    first, second, third = [await process() for _ in range(3)]
    async with AsyncExitStack() as others, AsyncExitStack() as stack:
        await shares(first, stack)
        await wait_until(are_shared(first))
        await shares(second, stack)
        await wait_until(are_shared(first, second))
        await shares(third, others)
        await wait_until(are_shared(first, second, third))
        await others.aclose()
        await wait_until(are_shared(first, second))


async def test_what_a_lost_connection_held_is_taken_over_at_once_and_its_holder_knows(
    process: Open, kernel: Database
) -> None:
    first, second = await process(), await process()
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        lease = await one.enter_async_context(first.held("relay"))
        waiting = asyncio.create_task(held(second, other))
        await wait_until(_is_seated(second))
        begun = time.monotonic()
        async with kernel.pool.acquire() as db:
            await db.execute(
                "select pg_terminate_backend(backend_pid) from process where seat = $1", first.seat
            )
        await asyncio.wait_for(waiting, SOON_S)
        assert time.monotonic() - begun < LIVES_FOR_S
        with pytest.raises(Unavailable):
            lease.check()


async def test_who_waits_for_a_lease_gets_it_though_a_life_that_had_it_ended_before_he_knew(
    process: Open, kernel: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process stands still in the beat that takes the lease."""
    monkeypatch.setattr("shared.lease.LIVES_FOR_S", 0.0)
    leases = await process()
    async with AsyncExitStack() as stack:
        waiting = asyncio.create_task(held(leases, stack))

        async def has_taken_it() -> bool:
            return "relay" in leases._held

        await wait_until(has_taken_it)
        monkeypatch.undo()
        async with kernel.pool.acquire() as db:
            await db.execute(
                "select pg_terminate_backend(backend_pid) from process where seat = $1", leases.seat
            )
        await asyncio.wait_for(waiting, SOON_S)


async def test_a_process_that_hangs_is_cut_off_and_learns_that_it_holds_nothing(
    process: Open, kernel: Database
) -> None:
    first, second = await process(), await process()
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        lease = await one.enter_async_context(first.held("relay"))
        waiting = asyncio.create_task(held(second, other))
        await wait_until(_is_seated(second))
        async with first._pool.acquire() as stuck, first._one_at_a_time:
            await stuck.execute("begin; select * from lease for update")
            begun = time.monotonic()  # it renews nothing from here on
            await asyncio.wait_for(waiting, LIVES_FOR_S + 4)
            assert time.monotonic() - begun < 10
            with pytest.raises(Unavailable):
                lease.check()
            with pytest.raises(LOST):
                await stuck.fetchval("select 1")


def _is_seated(leases: Leases) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return leases.seat is not None

    return check


async def test_a_call_in_one_process_wakes_those_who_wait_in_the_others(process: Open) -> None:
    first, second = await process(), await process()
    here, there = Wakeup(), Wakeup()
    first.signals.mirror("news", here)
    second.signals.mirror("news", there)
    heard: list[str] = []
    second.signals.listen("names", heard.extend)
    async with AsyncExitStack() as stack:
        await shares(first, stack)
        await shares(second, stack)

        async def know_each_other() -> bool:
            return not (first.signals.is_alone or second.signals.is_alone)

        await wait_until(know_each_other)
        first.signals.tell("names", [f"name {n}" for n in range(2000)])
        here.call()
        await there.wait_after(0, timeout_s=SOON_S)

        async def have_come() -> bool:
            return len(heard) == 2000

        await wait_until(have_come)
        assert (here.count, there.count) == (1, 1)
        assert sorted(heard) == sorted(f"name {n}" for n in range(2000))
