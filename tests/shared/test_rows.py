"""A folded batch leaves what one statement per change would leave, one after the other."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.consumers import tables
from shared.consumers.rows import Change, RowExists, Rows, UnknownColumn
from shared.consumers.tables import describe, write
from shared.database import Connection
from tests.conftest import OpenDatabase, wait_until
from tests.servers import Postgres

TABLES = """
create table stock (
    shelf text,
    place integer,
    owner text,
    amount bigint not null default 7,
    labels text[] not null default '{"it is","\\"so\\""}',
    facts jsonb,
    primary key (shelf, place)
);
"""


def more(amount: int | None) -> int:
    return (amount or 0) + 3


def is_large(amount: int) -> bool:
    return amount > 8


def longer(labels: Sequence[str] | None) -> list[str]:
    return [*(labels or []), 'new "one" \\']


keys = st.sampled_from([("a", 1), ("a", 2), ("b", 1)])
plain: dict[str, st.SearchStrategy[Any]] = {
    "owner": st.sampled_from([None, "Ana", "Rui"]),
    "amount": st.integers(0, 9),
    "labels": st.sampled_from([[], ["x", 'y"\\'], [None, "NULL"]]),
    "facts": st.sampled_from([None, '{"a": 1}', "[]"]),
}
plain_columns = st.fixed_dictionaries({}, optional=plain)
columns = st.fixed_dictionaries(
    {},
    optional={
        **plain,
        "amount": st.one_of(plain["amount"], st.just(more)),
        "labels": st.one_of(plain["labels"], st.just(longer)),
    },
)
wheres = st.sampled_from(
    [
        {"owner": "Ana"},
        {"owner": "Rui", "amount": is_large},
        {"shelf": "a"},
        {"shelf": "a", "owner": None},
        {"amount": 7},
    ]
)
optional_wheres = st.one_of(st.just({}), wheres)


def with_key(key: tuple[str, int], given: Mapping[str, Any]) -> dict[str, Any]:
    return {"shelf": key[0], "place": key[1], **given}


inserted = st.builds(lambda k, c: Change("insert", (), {}, with_key(k, c)), keys, plain_columns)
keyed = st.one_of(
    inserted,
    st.builds(lambda k, c: Change("upsert", (), {}, with_key(k, c)), keys, columns),
    st.builds(lambda k, w, c: Change("update", k, w, c), keys, optional_wheres, columns),
    st.builds(lambda k, w: Change("delete", k, w, {}), keys, optional_wheres),
)
keyless = st.one_of(
    st.builds(lambda w, c: Change("update", (), w, c), wheres, columns),
    st.builds(lambda w: Change("delete", (), w, {}), wheres),
)
batches = st.one_of(
    st.lists(keyed, max_size=8), st.lists(st.one_of(keyed, keyless), min_size=1, max_size=8)
)


async def one_by_one(db: Connection, change: Change) -> None:
    """The change by plain statements, each seeing what the one before has left."""
    found = [dict(row) for row in await db.fetch("select * from stock order by shelf, place")]
    key = change.key or (change.columns.get("shelf"), change.columns.get("place"))
    known = [row for row in found if (row["shelf"], row["place"]) == key]
    if change.kind == "insert" or (change.kind == "upsert" and not known):
        start = {"amount": 7, "labels": ["it is", '"so"'], "owner": None, "facts": None}
        await _insert(db, {**start, **_values({**change.columns}, start)})
        return
    if change.kind == "upsert" or change.key:
        found = known
    for row in found:
        if all(v(row[c]) if callable(v) else row[c] == v for c, v in change.where.items()):
            await db.execute(
                "delete from stock where (shelf, place) = ($1, $2)", row["shelf"], row["place"]
            )
            if change.kind != "delete":
                await _insert(db, {**row, **_values(change.columns, row)})


def _values(given: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {c: v(row[c]) if callable(v) else v for c, v in given.items()}


async def _insert(db: Connection, row: Mapping[str, Any]) -> None:
    await db.execute(
        "insert into stock values ($1, $2, $3, $4, $5, $6)",
        *(row[c] for c in ("shelf", "place", "owner", "amount", "labels", "facts")),
    )


async def folded(db: Connection, batch: Sequence[Change]) -> None:
    rows = Rows()
    rows.changes |= {"stock": list(batch)} if batch else {}
    async with db.transaction():
        await write(db, rows, await describe(db, ["stock"]))


async def singly(db: Connection, batch: Iterable[Change]) -> None:
    async with db.transaction():
        for change in batch:
            await one_by_one(db, change)


async def outcome_of(
    db: Connection, way: Callable[..., Any], *, before: Sequence[Change], batch: Sequence[Change]
) -> Any:
    """The rows that are there in the end, or that the batch was refused."""
    await db.execute("truncate stock")
    await singly(db, before)
    try:
        await way(db, batch)
    except (asyncpg.UniqueViolationError, RowExists):
        return "refused"
    return [tuple(r) for r in await db.fetch("select * from stock order by shelf, place")]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def stock(postgres: Postgres, runner: asyncio.Runner) -> Iterator[Connection]:
    db = runner.run(asyncpg.connect(postgres.url("postgres")))
    runner.run(db.execute(TABLES.replace("create table", "create temp table")))
    yield db
    runner.run(db.close())


def unique_by_key(rows: Sequence[Change]) -> list[Change]:
    return list({(c.columns["shelf"], c.columns["place"]): c for c in rows}.values())


@pytest.mark.parametrize("copy_from", [1, 100], ids=["by COPY", "by unnest"])
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=st.lists(inserted, max_size=3), batch=batches)
def test_a_folded_batch_is_like_its_changes_one_after_the_other(
    runner: asyncio.Runner,
    stock: Connection,
    copy_from: int,
    before: list[Change],
    batch: list[Change],
) -> None:
    start = unique_by_key(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "COPY_FROM_ROWS", copy_from)
        expected = runner.run(outcome_of(stock, singly, before=start, batch=batch))
        assert runner.run(outcome_of(stock, folded, before=start, batch=batch)) == expected


async def test_a_table_or_column_that_the_ddl_does_not_have_is_named(
    database: OpenDatabase,
) -> None:
    async with (await database("kernel")).pool.acquire() as db:
        await db.execute(TABLES.replace("create table", "create temp table"))
        known = await describe(db, ["stock"])
        for table, column in (("stock", "colour"), ("shelf", "place")):
            rows = Rows()
            rows.insert(table, **{"shelf": "a", "place": 1, column: 1})
            with pytest.raises(UnknownColumn, match=rf"{table}"):
                await write(db, rows, known)
        with pytest.raises(UnknownColumn, match="no table with a primary key: shelf"):
            await describe(db, ["shelf"])


async def test_what_would_be_another_row_in_another_batch_is_refused(
    database: OpenDatabase,
) -> None:
    """Each alone or among others: what a batch makes of it must not depend on where it ends."""
    async with (await database("kernel")).pool.acquire() as db:
        await db.execute(TABLES.replace("create table", "create temp table"))
        known = await describe(db, ["stock"])
        with pytest.raises(AssertionError, match="no value before"):
            Rows().insert("stock", shelf="a", place=1, amount=more)
        moved, anywhere = Rows(), Rows()
        moved.update("stock", "a", 1, place=2)
        with pytest.raises(AssertionError, match="the key of a row stays"):
            await write(db, moved, known)
        anywhere.update("stock", where={"owner": None}, amount=1)
        with pytest.raises(AssertionError, match="at least one value"):
            await write(db, anywhere, known)
        for default in ("now()", "current_date", "gen_random_uuid()::text"):
            await db.execute(
                f"create temp table late (id int primary key, it text default {default})"
            )
            with pytest.raises(AssertionError, match="events say what is in a row"):
                await describe(db, ["late"])
            await db.execute("drop table late")


async def test_two_who_change_one_row_at_the_same_moment_lose_nothing(
    database: OpenDatabase,
) -> None:
    """Two processes of a service, each with other partitions, and a row that counts for a brand."""
    opened = await database("kernel")
    async with asyncpg.create_pool(opened.owner_url, min_size=2, max_size=3) as pool:
        async with pool.acquire() as db:
            await db.execute("create table tally (brand text primary key, count integer not null)")
            await db.execute("insert into tally values ('ponto', 0)")
            tally = await describe(db, ["tally"])

        async def count() -> None:
            rows = Rows()
            rows.update("tally", "ponto", count=lambda count: count + 1)
            async with pool.acquire() as db, db.transaction():
                await write(db, rows, tally)
                await counted.wait()

        counted = asyncio.Event()
        both = [asyncio.create_task(count()) for _ in range(2)]

        async def one_waits() -> bool:
            return bool(await opened.pool.fetchval(BLOCKED))

        await wait_until(one_waits)
        counted.set()
        await asyncio.gather(*both)
        assert await pool.fetchval("select count from tally") == 2


BLOCKED = """
select count(*) from pg_locks where not granted and locktype in ('transactionid', 'tuple')
"""
