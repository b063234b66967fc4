"""F44: a view is rebuilt while traffic runs; it equals the live one and nobody notices the swap."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.consumers import Effect, Envelope, Intent, Policy, Reactor, Rows, View
from shared.consumers.decisions import Decision, skip
from shared.consumers.declarations import Consumer, EventClasses
from shared.consumers.group import Consumers
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.database import open_pool
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.migrate import migrate_service, prepare_views
from shared.rebuild import RebuildRunning, Site, rebuild
from shared.store import EventStore, Transaction
from shared.verify import verify_log, verify_views
from shared.wakeup import run_forever
from tests.conftest import Database, OpenDatabase, wait_until
from tests.shared.kernel import CAUSE, Counter, KeysInMemory, store_on

HANDLES: EventClasses = frozenset({TicketReplied, TicketClosed})
TABLES = """
create table counter_total (
    ticket_id uuid primary key,
    owner text not null,
    total integer not null default 0
);
create table counter_last (account_id uuid primary key, ticket_id uuid not null);
create index on counter_total (owner);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case TicketReplied(ticket_id=ticket_id, author=author):
            rows.insert("counter_total", ticket_id=ticket_id, owner=author)
        case TicketClosed(ticket_id=ticket_id):
            rows.update("counter_total", ticket_id, total=lambda total: total + 1)
            rows.upsert("counter_last", account_id=envelope.account, ticket_id=ticket_id)


totals = View(
    name="totals", sources=("tickets",), tables=TABLES, apply=apply, handles=HANDLES,
    ignored=frozenset({TicketOpened}),
)  # fmt: skip


async def plan(envelope: Envelope) -> Sequence[Intent]:
    return [Intent(key=str(envelope.id), kind="mail")]


async def perform(effect: Effect) -> dict[str, Any]:
    return {}


async def command(envelope: Envelope, tx: Transaction) -> None:
    if isinstance(envelope.event, TicketReplied):
        await tx.claim("replied", str(envelope.id))


others: tuple[Consumer, ...] = (
    Reactor(
        name="mailer", sources=("tickets",), plan=plan, perform=perform, handles=HANDLES,
        ignored=frozenset({TicketOpened}),
    ),
    Policy(
        name="note", sources=("tickets",), handle=command, handles=HANDLES,
        ignored=frozenset({TicketOpened}),
    ),
)  # fmt: skip


class Town:
    """A service with the view, a reactor and a policy on its own log, and people who use it."""

    def __init__(self, store: EventStore, database: Database) -> None:
        self.store = store
        self.feeds = {"tickets": LocalFeed(store.pool, "tickets")}
        self.consumers = Consumers([totals, *others], store, None)  # type: ignore[arg-type]
        self.site = Site(
            service="tickets",
            owner_url=database.owner_url,
            role="kernel_app",
            feeds=self.feeds,
            keyring=KeysInMemory(),
        )
        self.seen = [0, 0]

    async def count(self, counters: int) -> None:
        for _ in range(counters):
            counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
            for _ in range(3):
                counter.count(step=1)
            async with self.store.transaction(CAUSE) as tx:
                await tx.save(counter)

    async def read(self) -> None:
        """What readers see never fails and never goes back."""
        rows = await self.rows("select count(*), coalesce(sum(total), 0) from counter_total")
        seen = [int(figure) for figure in rows[0]]
        assert seen >= self.seen, "a reader sees what it has seen before"
        self.seen = seen

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.store.pool.acquire() as db:
            return await db.fetch(query, *arguments)

    async def held(self) -> list[tuple[Any, ...]]:
        """All rows of the view."""
        found = await self.rows("select * from counter_total order by ticket_id")
        return [
            tuple(r)
            for r in (*found, *await self.rows("select * from counter_last order by account_id"))
        ]

    async def arrived(self) -> None:
        """Every consumer has seen all."""
        heads = await self.feeds["tickets"].heads()

        async def have_seen_all() -> bool:
            workers = self.consumers.workers
            return all(w.position("tickets", p) >= at for w in workers for p, at in heads.items())

        await wait_until(have_seen_all, within_s=90)

    @asynccontextmanager
    async def running(self, *work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """The consumers, and what is done over and over meanwhile; its errors are the test's."""
        await self.consumers.load()
        loops = [partial_loop(name, loop) for name, loop in _own(self.consumers).items()]
        tasks = [asyncio.create_task(loop) for loop in loops]
        over = asyncio.Event()

        async def again(do: Callable[[], Awaitable[None]]) -> None:
            while not over.is_set():
                await do()

        try:
            async with asyncio.TaskGroup() as group:
                for do in work:
                    group.create_task(again(do))
                yield
                over.set()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _own(consumers: Consumers) -> dict[str, Callable[[], Awaitable[None]]]:
    return consumers.loops(None)  # type: ignore[arg-type]


async def partial_loop(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    await run_forever(name, loop)


@pytest.fixture
async def town(database: OpenDatabase) -> AsyncIterator[Town]:
    opened = await database("kernel")
    await migrate_service(
        Path("no-migrations"), [totals], owner_url=opened.owner_url, role="kernel_app"
    )
    pool = await open_pool(opened.url, size=8, schemas=[totals.schema])
    yield Town(store_on(pool), opened)
    await pool.close()


def unwatched(done: int, total: int) -> None:
    """Nobody looks at the progress."""


async def test_f44_a_rebuild_under_traffic_equals_the_live_view_and_no_read_fails(
    town: Town,
) -> None:
    await town.count(100)
    told: list[tuple[int, int]] = []
    async with town.running(lambda: town.count(1), town.read):
        for _ in range(2):
            assert await rebuild(totals, town.site, progress=lambda *at: told.append(at)) >= 400
        await town.count(5)
    async with town.running():
        await town.arrived()
        live = await town.held()
        assert len(live) > 2 * 105
        assert await verify_views(town.consumers, town.store.pool, keyring=KeysInMemory()) == []
        await rebuild(totals, town.site, progress=unwatched)
        assert await town.held() == live
    assert told[-1][0] <= told[-1][1]
    assert await town.rows("select 1 from parked") == []
    assert await verify_log(town.store.pool, "tickets") == []
    schemas = await town.rows("select nspname from pg_namespace where nspname like 'view_totals%'")
    assert [row["nspname"] for row in schemas] == ["view_totals"]


async def test_a_rebuild_does_nothing_outside_and_gives_no_command(town: Town) -> None:
    await town.count(20)
    async with town.running():
        await town.arrived()
    counts = """select (select count(*) from effect), (select count(*) from events),
                       (select count(*) from log), (select count(*) from claim),
                       (select sum(position) from checkpoint where consumer in ('mailer', 'note'))
             """
    before = await town.rows(counts)
    assert before[0][0] == 80
    assert await rebuild(totals, town.site, progress=unwatched) == 80
    assert await town.rows(counts) == before


async def test_a_rebuild_that_is_cut_off_leaves_the_live_view_and_can_be_repeated(
    town: Town,
) -> None:
    await town.count(10)
    async with town.running():
        await town.arrived()
        live = await town.held()

        with pytest.raises(ExceptionGroup) as cut_off:
            await rebuild(totals, town.site, progress=_fail)
        assert cut_off.group_contains(ZeroDivisionError)
        assert await town.held() == live
        status = (await town.consumers.status())["rebuilds"]
        assert [(r["view"], r["outcome"]) for r in status] == [("totals", "failed")]
        await rebuild(totals, town.site, progress=unwatched)
        assert await town.held() == live
        [report] = (await town.consumers.status())["rebuilds"]
        assert (report["outcome"], report["events"], report["total"]) == ("swapped", 40, 40)


def _fail(done: int, total: int) -> None:
    raise ZeroDivisionError


class WatchedFeed(LocalFeed):
    """A feed; whenever its heads have been asked for, something happens before they are told."""

    def __init__(self, town: Town, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(town.store.pool, "tickets")
        self._meanwhile = meanwhile

    async def heads(self) -> dict[int, int]:
        heads = await super().heads()
        await self._meanwhile()
        return heads


async def test_the_live_view_is_halted_where_it_would_leave_the_built_one_behind(
    town: Town,
) -> None:
    live = town.consumers.workers[0]
    tries: list[asyncio.Task[None]] = []
    waited: list[bool] = []
    await town.count(3)

    async def live_goes_on() -> None:
        await town.count(1)
        tries.append(asyncio.create_task(live.catch_up("tickets")))

        async def is_done_or_waits() -> bool:
            return tries[-1].done() or bool(await town.rows(WAITS))

        await wait_until(is_done_or_waits)
        waited.append(not tries[-1].done())

    site = replace(town.site, feeds={"tickets": WatchedFeed(town, live_goes_on)})
    await rebuild(totals, site, progress=unwatched)
    assert waited == [False, False, True]
    await asyncio.gather(*tries, return_exceptions=True)
    await live.catch_up("tickets")
    [found] = await town.rows("select count(*), sum(total) from counter_total")
    assert tuple(found) == (3 + len(tries), 3 * (3 + len(tries)))


async def test_a_swap_that_takes_long_lets_the_live_view_go_on_and_is_tried_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.rebuild.SWAP_WITHIN_S", 0.5)
    live = town.consumers.workers[0]
    await town.count(3)
    await live.catch_up("tickets")
    hung: list[None] = []

    async def hang_once_in_the_swap() -> None:
        if not hung and not await town.rows(FREE):
            hung.append(None)
            await asyncio.Event().wait()
        elif hung and not hung[1:]:
            hung.append(None)
            await town.count(1)
            await live.catch_up("tickets")

    site = replace(town.site, feeds={"tickets": WatchedFeed(town, hang_once_in_the_swap)})
    assert await rebuild(totals, site, progress=unwatched) == 16
    assert len(hung) == 2
    await live.catch_up("tickets")
    [found] = await town.rows("select count(*), sum(total) from counter_total")
    assert tuple(found) == (4, 12)


WAITS = "select from pg_locks where not granted"
FREE = "select from checkpoint where consumer = 'totals' for update skip locked"


async def test_two_rebuilds_of_one_view_do_not_mix(town: Town) -> None:
    await town.count(1)
    ways = [rebuild(totals, town.site, progress=unwatched) for _ in range(2)]
    done = await asyncio.gather(*ways, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["RebuildRunning", "int"]
    assert any(isinstance(each, RebuildRunning) for each in done)


async def test_a_rebuild_with_changed_tables_is_the_views_migration(town: Town) -> None:
    await town.count(3)

    def apply_shouting(envelope: Envelope, rows: Rows) -> None:
        apply(envelope, rows)
        if isinstance(envelope.event, TicketReplied):
            name = envelope.event.author.upper()
            rows.update("counter_total", envelope.event.ticket_id, shouted=name)

    tables = TABLES.replace("owner text not null,", "owner text not null, shouted text,")
    changed = replace(totals, tables=tables, apply=apply_shouting)
    await rebuild(changed, town.site, progress=unwatched)
    owner = await asyncpg.connect(town.site.owner_url)
    await prepare_views(owner, [changed])
    await owner.close()
    found = await town.rows("select shouted, total from counter_total")
    assert [tuple(row) for row in found] == [("ANA", 3)] * 3


async def test_what_was_parked_is_settled_by_a_rebuild_with_mended_code(town: Town) -> None:
    def broken(envelope: Envelope, rows: Rows) -> None:
        if isinstance(envelope.event, TicketClosed):
            raise ValueError("not yet")
        apply(envelope, rows)

    town.consumers.workers[0].consumer = replace(totals, apply=broken)
    await town.count(2)
    async with town.running():
        await town.arrived()
        assert len(await town.rows("select 1 from parked")) == 6
        town.consumers.workers[0].consumer = totals
        await rebuild(totals, town.site, progress=unwatched)
        assert await town.rows("select 1 from parked") == []
        accounts = await town.rows("select account_id from counter_last")
        again = Counter(id=new_id(), account_id=accounts[0][0], brand="ponto", owner="Ana")
        again.count(step=1)
        async with town.store.transaction(CAUSE) as tx:
            await tx.save(again)
        await town.arrived()
        assert await town.rows("select 1 from parked") == []
        totals_now = await town.rows("select total from counter_total order by 1")
        assert [row["total"] for row in totals_now] == [1, 3, 3]


@pytest.mark.parametrize("is_skipped_meanwhile", [False, True], ids=["before", "meanwhile"])
async def test_a_skip_holds_after_a_rebuild_and_the_account_goes_on(
    town: Town, is_skipped_meanwhile: bool
) -> None:
    poison: set[Any] = set()

    def broken(envelope: Envelope, rows: Rows) -> None:
        if envelope.id in poison:
            raise ValueError("never")
        apply(envelope, rows)

    view = replace(totals, apply=broken)
    town.consumers.workers[0].consumer = view
    await town.count(1)
    poison |= {row["id"] for row in await town.rows(FIRST_CLOSED)}
    async with town.running():
        await town.arrived()
        assert len(await town.rows("select 1 from parked where tries > 0")) == 1
    owner = await asyncpg.connect(town.site.owner_url)
    done: list[asyncio.Task[None]] = []

    async def decide() -> None:
        await skip(owner, Decision(kind="event", consumer="totals", id=next(iter(poison)),
                                   who="Rui", reason="told so", decided_at=WHEN))  # fmt: skip

    if not is_skipped_meanwhile:
        await decide()

    def meanwhile(done_with: int, total: int) -> None:
        if is_skipped_meanwhile and not done and done_with == total:
            done.append(asyncio.create_task(decide()))

    await rebuild(view, town.site, progress=meanwhile)
    await asyncio.gather(*done)
    await owner.close()
    async with town.running():

        async def nothing_is_parked() -> bool:
            return not await town.rows("select 1 from parked")

        await wait_until(nothing_is_parked, within_s=10)
    assert [row["total"] for row in await town.rows("select total from counter_total")] == [2]
    assert await verify_views(town.consumers, town.store.pool, keyring=KeysInMemory()) == []


FIRST_CLOSED = "select id from log where type = 'TicketClosed' order by partition, position limit 1"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
