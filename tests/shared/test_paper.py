"""Work on paper: it sees what it did itself, and nobody else ever sees it."""

from datetime import UTC, datetime

import asyncpg
import pytest

from shared.consumers import Envelope, Rows, View
from shared.contracts.tickets import TicketClosed, TicketReplied
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.paper import BRAND, PaperTransaction, Shadows, shadows_of
from shared.store import Cause, EventStore
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES = """
create table opened (counter_id uuid primary key, account_id uuid not null, times integer not null);
create table opened_part (counter_id uuid, part integer, primary key (counter_id, part));
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case TicketReplied(ticket_id=id):
            rows.insert("opened", counter_id=id, account_id=envelope.account, times=0)
            rows.insert("opened_part", counter_id=id, part=1)
        case TicketClosed(ticket_id=id):
            rows.update("opened", id, times=lambda times: times + 1)


OPENED = View(
    name="opened",
    sources=("tickets",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({TicketReplied, TicketClosed}),
)


class Refused(Conflict):
    """It is not to be."""


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    opened = await database("kernel")
    owner = await asyncpg.connect(opened.owner_url)
    await owner.execute(TABLES + "grant all on opened, opened_part to kernel_app")
    await owner.close()
    return store_on(opened.pool)


def counter() -> Counter:
    return Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")


async def test_what_is_done_on_paper_is_seen_there_and_nowhere_else(store: EventStore) -> None:
    made = counter()
    async with PaperTransaction(store, CAUSE) as tx:
        await tx.save(made)
        again = await tx.load(Counter, made.id)
        again.count(step=2)
        await tx.save(again)
        assert (await tx.load(Counter, made.id)).total == 2
        told = tx.take_told()
        assert [each.type for each in told] == ["TicketReplied", "TicketClosed"]
        assert told[0].account_id == made.account_id
        assert tx.take_told() == []
    async with store.transaction(CAUSE) as real:
        with pytest.raises(NotFound):
            await real.load(Counter, made.id)
        for table in ("events", "log"):
            assert await real.read.fetchval(f"select count(*) from {table}") == 0


async def test_a_refused_attempt_leaves_nothing_of_itself(store: EventStore) -> None:
    first, second = counter(), counter()
    async with PaperTransaction(store, CAUSE) as tx:
        await tx.save(first)

        async def half() -> None:
            await tx.save(second)
            await tx.claim("name", "taken")
            changed = await tx.load(Counter, first.id)
            changed.count(step=5)
            await tx.save(changed)
            raise Refused

        assert isinstance(await tx.attempt(half), Refused)
        with pytest.raises(NotFound):
            await tx.load(Counter, second.id)
        assert (await tx.load(Counter, first.id)).total == 0
        assert [each.type for each in tx.take_told()] == ["TicketReplied"]
        await tx.claim("name", "taken")


async def test_a_name_is_given_back_on_paper_alone(store: EventStore) -> None:
    async with store.transaction(CAUSE) as real:
        await real.claim("name", "taken")
    async with PaperTransaction(store, CAUSE) as tx:
        assert not await tx.claim_once("name", "taken")
        await tx.release("name", "taken")
        tx.turn_to(CAUSE, now=NOON)
        assert await tx.claim_once("name", "taken")
        assert not await tx.claim_once("name", "taken")
    async with store.transaction(CAUSE) as real:
        assert not await real.claim_once("name", "taken")


async def test_what_follows_is_caused_by_what_was_turned_to(store: EventStore) -> None:
    cause = Cause(actor="automation:test", causation_id=new_id())
    async with PaperTransaction(store, CAUSE) as tx:
        tx.turn_to(cause, now=NOON)
        await tx.save(counter())
        (told,) = tx.take_told()
    assert (told.actor, told.causation_id) == (cause.actor, cause.causation_id)
    assert told.occurred_at == NOON


async def test_numbers_of_a_shadowed_series_are_drawn_by_nobody_else(store: EventStore) -> None:
    async with store.transaction(CAUSE) as real:
        assert await real.next_number("ponto/invoice") == 1
    async with store.pool.acquire() as db:
        shadows = await shadows_of([], db, others={"series": f"starts_with(t.name, {BRAND})"})
    async with PaperTransaction(store, CAUSE) as tx:
        await shadows.cast(await tx.begin(), account_id=new_id(), brand="ponto")
        assert await tx.next_number("ponto/invoice") == 2
        async with store.transaction(CAUSE) as real:  # it waits for nobody
            assert await real.next_number("ponto/invoice") == 2
    async with store.transaction(CAUSE) as real:
        assert await real.next_number("ponto/invoice") == 3


async def test_a_shadow_is_not_taken_for_the_table_after_it_has_gone(store: EventStore) -> None:
    """The server plans a prepared statement anew when the table of its name is another."""
    query = "select last_number from series where name = $1"
    async with store.pool.acquire() as db:
        shadows: Shadows = await shadows_of([], db, others={"series": "true"})
    async with store.transaction(CAUSE) as real:
        await real.next_number("ponto/invoice")
    for _ in range(3):
        async with PaperTransaction(store, CAUSE) as tx:
            paper = await tx.begin()
            assert await paper.fetchval(query, "ponto/invoice") == 1
            await shadows.cast(paper, account_id=new_id(), brand="ponto")
            await tx.next_number("ponto/invoice")
            assert await paper.fetchval(query, "ponto/invoice") == 2
        async with store.pool.acquire() as db:
            assert await db.fetchval(query, "ponto/invoice") == 1


async def test_views_show_what_was_told_on_paper_to_who_asks_on_paper(store: EventStore) -> None:
    mine, other = counter(), counter()
    async with store.pool.acquire() as db:
        for each in (mine, other):
            query = "insert into opened (counter_id, account_id, times) values ($1, $2, 7)"
            await db.execute(query, each.id, each.account_id)
            await db.execute("insert into opened_part values ($1, 1)", each.id)
        shadows = await shadows_of([OPENED], db, others={})
    count = "select coalesce(sum(times), 0) from opened"
    async with PaperTransaction(store, CAUSE) as tx:
        paper = await tx.begin()
        await shadows.cast(paper, account_id=mine.account_id, brand="ponto")
        assert await tx.read.fetchval(count) == 7
        assert await tx.read.fetchval("select count(*) from opened_part") == 1
        closed = TicketClosed(ticket_id=mine.id, side="staff")
        told = tx.envelope_of(closed, account_id=mine.account_id, brand="ponto")
        await shadows.show(paper, [told, told])
        assert await tx.read.fetchval(count) == 9
        async with store.pool.acquire() as elsewhere:
            assert await elsewhere.fetchval(count) == 14
            await elsewhere.execute("update opened set times = times")  # nothing is locked
    async with store.pool.acquire() as db:
        assert await db.fetchval(count) == 14
