"""Bulk work in one transaction: streams, numbers, claims and reads asked for at once."""

import asyncio
from typing import Any

import pytest

from shared.database import PoolReads
from shared.errors import ConcurrentWrite, NotFound
from shared.ids import new_id
from shared.numbers import Numbers, Wanted
from shared.snapshots import THRESHOLD
from shared.store import EventStore, Transaction
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    return store_on((await database("kernel")).pool)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that transactions put to the server."""
    queries: list[str] = []
    fetch = PoolReads.fetch

    async def counted(self: PoolReads, query: str, *args: Any) -> Any:
        if query not in self._known or args not in self._known[query]:
            queries.append(query)
        return await fetch(self, query, *args)

    monkeypatch.setattr(PoolReads, "fetch", counted)
    return queries


async def counters(store: EventStore, number: int, *, counts: int = 2) -> list[Counter]:
    made = [
        Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana") for _ in range(number)
    ]
    for counter in made:
        for _ in range(counts):
            counter.count(step=1)
    await store.save_many(CAUSE, made)
    return made


# ------------------------------------------------------------------------------ streams


async def test_many_aggregates_are_loaded_by_one_query(store: EventStore, asked: list[str]) -> None:
    made = await counters(store, 20)
    ids = [counter.id for counter in made]
    async with store.transaction(CAUSE) as tx:
        found = await tx.load_many(Counter, [*ids, new_id()])
        assert [(id, counter.total, counter.version) for id, counter in found.items()] == [
            (id, 2, 3) for id in ids
        ]
        again = await tx.load(Counter, ids[0])
        assert again is not found[ids[0]] and again.owner == "Ana"
    assert len(asked) == 1


async def test_many_are_loaded_as_they_are_loaded_one_by_one_with_their_snapshots(
    store: EventStore, asked: list[str]
) -> None:
    (long,) = await counters(store, 1, counts=THRESHOLD)
    (short,) = await counters(store, 1)
    async with store.transaction(CAUSE) as tx:
        await tx.load(Counter, long.id)  # keeps a snapshot
    async with store.transaction(CAUSE) as tx:
        changed = await tx.load(Counter, long.id)
        changed.count(step=5)
        await tx.save(changed)
    async with store.transaction(CAUSE) as tx:
        found = await tx.load_many(Counter, [long.id, short.id])
    assert (found[long.id].total, found[long.id].version) == (THRESHOLD + 5, THRESHOLD + 2)
    assert found[short.id].total == 2


async def test_an_id_without_events_is_known_to_have_none(
    store: EventStore, asked: list[str]
) -> None:
    nobody = new_id()
    async with store.transaction(CAUSE) as tx:
        assert await tx.load_many(Counter, [nobody]) == {}
        with pytest.raises(NotFound):
            await tx.load(Counter, nobody)
    assert len(asked) == 1


async def test_what_the_transaction_saved_is_seen_by_who_loads_it_after_that(
    store: EventStore,
) -> None:
    (made,) = await counters(store, 1)
    async with store.transaction(CAUSE) as tx:
        first = (await tx.load_many(Counter, [made.id]))[made.id]
        first.count(step=7)
        await tx.save(first)
        assert (await tx.load(Counter, made.id)).total == 9
        assert (await tx.look_at(Counter, made.id)).total == 9
        assert (await tx.load_many(Counter, [made.id]))[made.id].total == 9


async def test_a_writer_who_was_first_is_noticed_though_the_stream_was_read_ahead(
    store: EventStore,
) -> None:
    (made,) = await counters(store, 1)

    async def both() -> None:
        async with store.transaction(CAUSE) as tx:
            slow = (await tx.load_many(Counter, [made.id]))[made.id]
            async with store.transaction(CAUSE) as other:
                quick = await other.load(Counter, made.id)
                quick.count(step=1)
                await other.save(quick)
            slow.count(step=1)
            await tx.save(slow)

    with pytest.raises(ConcurrentWrite):
        await both()


async def test_what_is_only_looked_at_is_replayed_once(store: EventStore, asked: list[str]) -> None:
    (made,) = await counters(store, 1)
    async with store.transaction(CAUSE) as tx:
        first = await tx.look_at(Counter, made.id)
        assert await tx.look_at(Counter, made.id) is first
        with pytest.raises(NotFound):
            await tx.look_at(Counter, new_id())
    assert len(asked) == 2


# ------------------------------------------------------------------------------ numbers


async def last_number(store: EventStore) -> int | None:
    async with store.pool.acquire() as db:
        number: int | None = await db.fetchval("select last_number from series")
    return number


async def take(tx: Transaction, taken: dict[str, list[int]], name: str, *, count: int) -> None:
    """A work that saves an aggregate before and after each number that it takes."""
    for _ in range(count):
        await tx.save(Counter(id=new_id(), account_id=new_id(), brand="ponto", owner=name))
        number = await tx.next_number("ponto/invoice")
        taken.setdefault(name, []).append(number)
        await tx.save(Counter(id=new_id(), account_id=new_id(), brand="ponto", owner=name))


async def test_works_in_order_take_their_numbers_by_one_statement_after_all_have_come_to_it(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    draw = Numbers._take

    async def counted(self: Numbers, wants: Wanted, count: int) -> range:
        counts.append(count)
        return await draw(self, wants, count)

    monkeypatch.setattr(Numbers, "_take", counted)
    taken: dict[str, list[int]] = {}
    async with store.transaction(CAUSE) as tx:
        works = [("Ana", 1), ("Rui", 3), ("Eva", 0), ("Ida", 2)]
        await tx.numbers.lead([take(tx, taken, name, count=count) for name, count in works])
    assert taken == {"Ana": [1], "Rui": [2, 4, 6], "Ida": [3, 5]}
    assert counts == [3, 2, 1]
    assert await last_number(store) == 6
    async with store.pool.acquire() as db:
        assert await db.fetchval("select count(*) from events") == 12


async def test_works_in_order_are_one_after_the_other_whatever_each_waits_for(
    store: EventStore,
) -> None:
    steps: list[str] = []

    async def work(tx: Transaction, name: str) -> None:
        for step in ("reads", "reads again"):
            await tx.read.fetchval("select 1")
            steps.append(f"{name} {step}")
        number = await tx.next_number("ponto/invoice")
        await tx.read.fetchval("select 1")
        steps.append(f"{name} has {number}")

    async with store.transaction(CAUSE) as tx:
        await tx.numbers.lead([work(tx, "a"), work(tx, "b")])
    assert steps == [
        *("a reads", "a reads again", "b reads", "b reads again"),
        *("a has 1", "b has 2"),
    ]


async def test_where_one_of_the_works_fails_nothing_is_recorded_and_none_goes_on(
    store: EventStore,
) -> None:
    taken: dict[str, list[int]] = {}

    async def fail(tx: Transaction, at: int) -> None:
        for _ in range(at):
            await tx.next_number("ponto/invoice")
        raise NotFound

    async def together(at: int) -> None:
        async with store.transaction(CAUSE) as tx:
            works = [take(tx, taken, "Ana", count=3), fail(tx, at), take(tx, taken, "Rui", count=3)]
            await tx.numbers.lead(works)

    for at, numbers in ((0, {}), (1, {"Ana": [1]}), (2, {"Ana": [1, 4], "Rui": [3]})):
        taken.clear()
        with pytest.raises(NotFound):
            await together(at)
        assert taken == numbers
    assert await last_number(store) is None


async def test_works_that_are_cancelled_end_where_they_are(store: EventStore) -> None:
    reached = asyncio.Event()
    ended: list[str] = []

    async def wait_for_ever() -> None:
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            ended.append("the second")

    async def together() -> None:
        async with store.transaction(CAUSE) as tx:
            await tx.numbers.lead([take(tx, {}, "Ana", count=1), wait_for_ever()])

    task = asyncio.create_task(together())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["the second"]
    assert await last_number(store) is None


async def test_many_numbers_follow_those_that_were_taken_before(store: EventStore) -> None:
    async with store.transaction(CAUSE) as tx:
        numbers = [await tx.next_number("ponto/invoice") for _ in range(3)]
        numbers += await tx.numbers.take("ponto/invoice", 4)
        numbers.append(await tx.next_number("ponto/invoice"))
        numbers += await tx.numbers.take("ponto/invoice", 200)
    assert numbers == list(range(1, 209))
    assert await last_number(store) == 208


async def test_a_series_goes_on_where_the_one_stands_that_it_is_the_first_to_continue(
    store: EventStore,
) -> None:
    async def some(series: str, continues: str | None, *, count: int) -> list[int]:
        numbers: list[int] = []

        async def one(tx: Transaction) -> None:
            numbers.append(await tx.next_number(series, continues=continues))

        async with store.transaction(CAUSE) as tx:
            await tx.numbers.lead([one(tx) for _ in range(count)])
        return numbers

    assert await some("ponto/invoice", None, count=4) == [1, 2, 3, 4]
    assert await some("ponto/invoice/2026", "ponto/invoice", count=3) == [5, 6, 7]
    assert await some("ponto/invoice/2026", "ponto/invoice", count=2) == [8, 9]
    assert await some("ponto/invoice/2027", "ponto/invoice", count=2) == [1, 2]


async def test_sixteen_writers_of_many_numbers_leave_no_gap(store: EventStore) -> None:
    taken: list[list[int]] = []

    async def write(count: int) -> None:
        async with store.transaction(CAUSE) as tx:
            numbers = [await tx.next_number("ponto/invoice") for _ in range(count)]
            counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
            await tx.save(counter)
        taken.append(numbers)

    await asyncio.gather(*(write(count) for count in range(1, 17)))
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 137))
    assert all(numbers == list(range(numbers[0], numbers[-1] + 1)) for numbers in taken)


# ------------------------------------------------------------------------------ claims


async def claimed_of(tx: Transaction, kind: str, keys: list[str]) -> set[str]:
    """Those of the names that nobody had, asked about at once."""
    await tx.ahead.claims(kind, keys)
    return {key for key in keys if await tx.claim_once(kind, key)}


async def test_of_many_names_those_that_nobody_has_are_taken(
    store: EventStore, asked: list[str]
) -> None:
    keys = [f"service/{number}" for number in range(10)]
    async with store.transaction(CAUSE) as tx:
        await tx.claim("renewal", keys[3])
    async with store.transaction(CAUSE) as tx:
        assert await claimed_of(tx, "renewal", keys) == set(keys) - {keys[3]}
        assert await claimed_of(tx, "renewal", keys[:2]) == set()
        assert not await tx.claim_once("renewal", keys[3])
    assert len(asked) == 1
    async with store.transaction(CAUSE) as tx:
        assert await claimed_of(tx, "renewal", [*keys, "service/10"]) == {"service/10"}


async def test_of_two_who_claim_many_at_the_same_moment_the_later_is_told(
    store: EventStore,
) -> None:
    async def claim_behind_ones_back() -> None:
        async with store.transaction(CAUSE) as tx:
            assert await claimed_of(tx, "renewal", ["a", "b"]) == {"a", "b"}
            async with store.transaction(CAUSE) as other:
                assert await claimed_of(other, "renewal", ["b", "c"]) == {"b", "c"}

    with pytest.raises(ConcurrentWrite):
        await claim_behind_ones_back()
    async with store.transaction(CAUSE) as tx:
        assert await claimed_of(tx, "renewal", ["a", "b", "c"]) == {"a"}


# ------------------------------------------------------------------------------ reads


async def test_an_answer_that_is_foreseen_is_not_asked_for(
    store: EventStore, asked: list[str]
) -> None:
    query = "select name from series where name = $1"
    async with store.transaction(CAUSE) as tx:
        tx.ahead.foresee(query, {("a",): [("foreseen",)], ("b",): []})
        assert await tx.read.fetchval(query, "a") == "foreseen"
        assert await tx.read.fetchrow(query, "b") is None
        assert asked == []
        assert await tx.read.fetchval(query, "c") is None
    assert asked == [query]
