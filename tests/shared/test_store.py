"""The event store on real PostgreSQL."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from shared.envelope import chained_hash, partition_of
from shared.errors import (
    AlreadyClaimed,
    ConcurrentWrite,
    Conflict,
    EventTooLarge,
    NotFound,
    Stale,
)
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.store import EventStore, Transaction
from shared.verify import verify_log
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    return store_on((await database("kernel")).pool)


async def opened(store: EventStore, *, account: UUID | None = None) -> Counter:
    counter = Counter(id=new_id(), account_id=account or new_id(), brand="ponto", owner="Ana Sá")
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)
    return counter


async def test_a_saved_aggregate_is_loaded_as_it_was(store: EventStore) -> None:
    counter = await opened(store)
    async with store.transaction(CAUSE) as tx:
        again = await tx.load(Counter, counter.id)
        again.count(step=3)
        await tx.save(again)
    async with store.transaction(CAUSE) as tx:
        last = await tx.load(Counter, counter.id, expected_version=2)
    assert (last.total, last.owner, last.version) == (3, "Ana Sá", 2)


async def test_the_recorded_instant_is_the_transactions(store: EventStore) -> None:
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)
        now = tx.now
    async with store.transaction(CAUSE) as tx:
        assert (await tx.load(Counter, counter.id)).created_on == now
        assert await tx.read.fetchval("select recorded_at from events") == now
        assert await tx.read.fetchval("select occurred_at from log") == now


async def test_what_is_personal_is_nowhere_in_clear(store: EventStore) -> None:
    counter = await opened(store)
    async with store.transaction(CAUSE) as tx:
        rows = await tx.read.fetch("select data::text from events union select data::text from log")
        assert len(rows) == 2
        assert not any("Ana" in row["data"] for row in rows)
        store.keyring.erased.add(counter.account_id)  # type: ignore[attr-defined]
        assert (await tx.load(Counter, counter.id)).owner == "[erased]"


async def test_a_stale_or_absent_aggregate_is_named(store: EventStore) -> None:
    counter = await opened(store)
    async with store.transaction(CAUSE) as tx:
        with pytest.raises(Stale):
            await tx.load(Counter, counter.id, expected_version=7)
        with pytest.raises(NotFound):
            await tx.load(Counter, new_id())


async def test_of_two_writers_of_one_version_one_wins(store: EventStore) -> None:
    counter = await opened(store)

    async def count() -> bool:
        try:
            async with store.transaction(CAUSE) as tx:
                loaded = await tx.load(Counter, counter.id)
                await asyncio.sleep(0)
                loaded.count(step=1)
                await tx.save(loaded)
        except ConcurrentWrite:
            return False
        return True

    outcomes: list[bool] = []
    while sum(outcomes) < 20:
        outcomes += await asyncio.gather(*(count() for _ in range(5)))
    async with store.transaction(CAUSE) as tx:
        assert (await tx.load(Counter, counter.id)).total == sum(outcomes)


async def test_positions_are_contiguous_and_chained_under_any_concurrency(
    store: EventStore,
) -> None:
    accounts = [new_id() for _ in range(5)]
    await asyncio.gather(*(opened(store, account=accounts[n % 5]) for n in range(60)))
    feed = LocalFeed(store.pool, "tickets")
    heads = await feed.heads()
    assert sum(heads.values()) == 60
    for partition, head in heads.items():
        records = await feed.page(partition, after=0)
        assert [record.position for record in records] == list(range(1, head + 1))
        before = bytes(32)
        for record in records:
            before = chained_hash(before, record)
            assert before.hex() == record.hash
    assert await verify_log(store.pool, "tickets") == []


async def test_a_changed_byte_in_the_log_is_named_by_its_position(
    database: OpenDatabase,
) -> None:
    opened_database = await database("kernel")
    store = store_on(opened_database.pool)
    account = new_id()
    for _ in range(3):
        await opened(store, account=account)
    owner = await asyncpg.connect(opened_database.owner_url)
    await owner.execute(
        """update log set data = replace(data::text, 'client', 'klient')::json
           where position = 2"""
    )
    await owner.close()
    at = {"partition": partition_of(account, "ponto"), "position": 2}
    assert await verify_log(store.pool, "tickets") == [{"check": "hash_chain", **at}]


async def test_the_application_cannot_change_what_is_recorded(store: EventStore) -> None:
    await opened(store)
    async with store.pool.acquire() as db:
        for statement in ("update log set type = 'x'", "delete from events", "truncate log"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)


async def test_an_unpublished_event_leaves_no_row_in_the_log(store: EventStore) -> None:
    counter = await opened(store)
    async with store.transaction(CAUSE) as tx:
        loaded = await tx.load(Counter, counter.id)
        loaded.count(step=-1)
        await tx.save(loaded)
    assert tx.positions == {}
    assert await tx.read.fetchval("select count(*) from log") == 1


async def test_numbers_are_gapless_when_a_transaction_is_rolled_back(store: EventStore) -> None:
    async def take(*, fail: bool) -> int:
        async with store.transaction(CAUSE) as tx:
            number = await tx.next_number("ponto/invoice")
            if fail:
                raise NotFound()
        return number

    assert await take(fail=False) == 1
    with pytest.raises(NotFound):
        await take(fail=True)
    numbers = await asyncio.gather(*(take(fail=False) for _ in range(16)))
    assert sorted(numbers) == list(range(2, 18))


async def test_a_name_is_claimed_once(store: EventStore) -> None:
    async with store.transaction(CAUSE) as tx:
        await tx.claim("user_email", "ponto/ana@example.com")
    async with store.transaction(CAUSE) as tx:
        assert not await tx.claim_once("user_email", "ponto/ana@example.com")
    with pytest.raises(AlreadyClaimed) as refusal:
        async with store.transaction(CAUSE) as tx:
            await tx.claim("user_email", "ponto/ana@example.com")
    assert refusal.value.facts == {"kind": "user_email"}
    async with store.transaction(CAUSE) as tx:
        await tx.release("user_email", "ponto/ana@example.com")
        assert await tx.claim_once("user_email", "ponto/ana@example.com")
    async with store.transaction(CAUSE) as tx:
        assert not await tx.claim_once("user_email", "ponto/ana@example.com")


async def test_an_event_larger_than_64_kib_is_refused_and_nothing_is_recorded(
    store: EventStore,
) -> None:
    with pytest.raises(EventTooLarge):
        async with store.transaction(CAUSE) as tx:
            await tx.save(
                Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="x" * 70_000)
            )
    async with store.pool.acquire() as db:
        assert await db.fetchval("select count(*) from events") == 0


class Unequal(Conflict):
    """The two counters differ."""


async def test_a_refusal_of_what_was_never_true_at_once_is_tried_on_a_fresh_state(
    store: EventStore,
) -> None:
    """Another counts both together, between the two loads of the first attempt."""
    one, other = await opened(store), await opened(store)
    seen: list[tuple[int, int]] = []

    async def compare(tx: Transaction) -> None:
        first = await tx.load(Counter, one.id)
        if not seen:
            async with store.transaction(CAUSE) as between:
                both = [await between.load(Counter, id) for id in (one.id, other.id)]
                for counter in both:
                    counter.count(step=1)
                await between.save(*both)
        second = await tx.load(Counter, other.id)
        seen.append((first.total, second.total))
        if first.total != second.total:
            raise Unequal()

    await store.run(CAUSE, compare)
    assert seen == [(0, 1), (1, 1)]


async def test_a_refusal_of_what_is_so_is_one_at_once(store: EventStore) -> None:
    one, other = await opened(store), await opened(store)
    attempts = 0

    async def refuse(tx: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        await tx.load(Counter, one.id)
        await tx.load(Counter, other.id)
        raise Unequal()

    with pytest.raises(Unequal):
        await store.run(CAUSE, refuse)
    assert attempts == 1
