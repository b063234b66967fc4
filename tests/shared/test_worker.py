"""A consumer at work on real PostgreSQL: order, repetition, gaps, poison."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from shared import heartbeat
from shared.consumers import Effect, Envelope, Intent, Policy, Reactor, Refused, Rows, View
from shared.consumers.checkpoints import LostRace
from shared.consumers.decisions import list_parked
from shared.consumers.declarations import Consumer, EventClasses
from shared.consumers.effects import EffectRunner
from shared.consumers.worker import AnotherHistory, Worker
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.database import Connection
from shared.envelope import Record, chained_hash
from shared.errors import Unavailable
from shared.feed import PAGE, LocalFeed
from shared.heartbeat import HEARTBEATS, SILENT_FOR_S, heart_of
from shared.ids import new_id
from shared.store import EventStore, Transaction
from shared.wakeup import Wakeup
from tests.conftest import Database, OpenDatabase, wait_until
from tests.shared.kernel import CAUSE, Counter, store_on

HANDLES: EventClasses = frozenset({TicketReplied, TicketClosed})
TABLES = """create table tally (ticket_id uuid primary key, owner text not null,
                                closed integer not null default 0);"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case TicketReplied() as opened:
            rows.insert("tally", ticket_id=opened.ticket_id, owner=opened.author)
        case TicketClosed() as counted:
            rows.update("tally", counted.ticket_id, closed=lambda closed: closed + 1)


tally = View(
    name="tally", sources=("tickets",), tables=TABLES, apply=apply, handles=HANDLES,
    ignored=frozenset({TicketOpened}),
)  # fmt: skip


class House:
    """A store with one worker on its own log."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.feed = LocalFeed(store.pool, "tickets")
        self.seen: list[UUID] = []

    async def worker(self, consumer: Consumer) -> Worker:
        def applied(name: str, envelopes: Sequence[Envelope]) -> None:
            self.seen += [envelope.id for envelope in envelopes]

        made = Worker(consumer, self.store, {"tickets": self.feed}, applied=applied)
        await made.load()
        return made

    async def counted(self, times: int, *, account: UUID | None = None) -> Counter:
        counter = Counter(id=new_id(), account_id=account or new_id(), brand="ponto", owner="Ana")
        for _ in range(times):
            counter.count(step=1)
        async with self.store.transaction(CAUSE) as tx:
            await tx.save(counter)
        return counter

    async def records(self) -> list[Record]:
        heads = await self.feed.heads()
        return [r for part in heads for r in await self.feed.page(part, after=0)]

    async def rows(self, query: str) -> list[asyncpg.Record]:
        async with self.store.pool.acquire() as db:
            return await db.fetch(query)


@pytest.fixture
async def kernel(database: OpenDatabase) -> Database:
    return await database("kernel")


@pytest.fixture
async def owner(kernel: Database) -> AsyncIterator[Connection]:
    db = await asyncpg.connect(kernel.owner_url)
    yield db
    await db.close()


@pytest.fixture
async def house(kernel: Database, owner: Connection) -> House:
    await owner.execute(TABLES)
    await owner.execute("grant all on tally to kernel_app")
    return House(store_on(kernel.pool))


Mangle = Callable[[list[Record]], list[Record]]


@pytest.mark.parametrize(
    "mangle",
    [
        lambda records: records,
        lambda records: records * 3,
        lambda records: records[::-1],
        lambda records: records[3:] + records[:2],
        lambda records: records[4:5],
    ],
    ids=["in order", "three times", "backwards", "with a gap", "only the last but one"],
)
async def test_whatever_the_bus_does_a_view_sees_each_event_once_and_in_order(
    house: House, mangle: Mangle
) -> None:
    await house.counted(5)
    worker = await house.worker(tally)
    await worker.offer("tickets", mangle(await house.records()))
    await worker.catch_up("tickets")
    assert [dict(r) for r in await house.rows("select owner, closed from tally")] == [
        {"owner": "Ana", "closed": 5}
    ]
    assert len(house.seen) == len(set(house.seen)) == 6


async def test_a_worker_that_starts_again_goes_on_where_the_last_one_stopped(house: House) -> None:
    first = await house.worker(tally)
    await house.counted(2)
    await first.catch_up("tickets")
    await house.counted(1)
    await (await house.worker(tally)).catch_up("tickets")
    assert [r["closed"] for r in await house.rows("select closed from tally order by 1")] == [1, 2]


async def test_a_second_worker_at_the_same_place_changes_nothing_and_catches_up(
    house: House,
) -> None:
    first, second = await house.worker(tally), await house.worker(tally)
    await house.counted(3)
    records = await house.records()
    await first.offer("tickets", records)
    await second.offer("tickets", records)
    assert "tickets" in second.behind
    await second.catch_up("tickets")
    assert second.behind == {}
    assert [r["closed"] for r in await house.rows("select closed from tally")] == [3]


async def test_poison_freezes_only_its_own_account_and_is_applied_when_it_can_be(
    house: House,
) -> None:
    broken = True

    def sometimes(envelope: Envelope, rows: Rows) -> None:
        if broken and envelope.account_id == sick and isinstance(envelope.event, TicketClosed):
            raise ValueError("cannot read this")
        apply(envelope, rows)

    sick = new_id()
    worker = await house.worker(
        View(name="tally", sources=("tickets",), tables=TABLES, apply=sometimes, handles=HANDLES)
    )
    await house.counted(2, account=sick)
    await house.counted(2)
    await worker.catch_up("tickets")
    assert [r["closed"] for r in await house.rows("select closed from tally order by 1")] == [0, 2]
    parked = await house.rows("select tries, error from parked order by position")
    assert [row["tries"] for row in parked] == [1, 0]
    assert "cannot read this" in parked[0]["error"]

    broken = False
    async with house.store.pool.acquire() as db:
        await db.execute("update parked set next_try_at = now() where tries = 1")
    await worker.retry_parked()
    assert await house.rows("select * from parked") == []
    assert [r["closed"] for r in await house.rows("select closed from tally")] == [2, 2]
    await house.counted(1, account=sick)
    await worker.catch_up("tickets")
    assert [r["closed"] for r in await house.rows("select closed from tally order by 1")] == [
        1,
        2,
        2,
    ]


async def test_parked_events_keep_their_order_when_the_clock_is_set_back(
    house: House, owner: Connection
) -> None:
    broken = True

    def sometimes(envelope: Envelope, rows: Rows) -> None:
        if broken:
            raise ValueError("not yet")
        apply(envelope, rows)

    worker = await house.worker(
        View(name="tally", sources=("tickets",), tables=TABLES, apply=sometimes, handles=HANDLES)
    )
    await house.counted(3)
    await worker.catch_up("tickets")
    await owner.execute("update parked set parked_at = now() - position * interval '1 hour'")
    listed = [(row["position"], row["waiting"]) for row in await list_parked(owner, limit=9)]
    assert listed == [(1, 3)]
    await owner.execute("update parked set next_try_at = now() where tries = 1")
    broken = False
    await worker.retry_parked()
    assert [r["closed"] for r in await house.rows("select closed from tally")] == [3]
    assert await house.rows("select from parked") == []


async def test_what_is_parked_already_shows_whoever_does_not_know_where_the_consumer_stands(
    house: House,
) -> None:
    def never(envelope: Envelope, rows: Rows) -> None:
        raise ValueError("never")

    view = View(name="tally", sources=("tickets",), tables=TABLES, apply=never, handles=HANDLES)
    first, late = await house.worker(view), await house.worker(view)
    await house.counted(1)
    await first.catch_up("tickets")
    with pytest.raises(LostRace):
        await late.catch_up("tickets")
    await late.catch_up("tickets")
    assert late.behind == {}
    assert len(await house.rows("select * from parked")) == 2


async def test_poison_is_tried_five_times_and_then_waits_for_a_person(house: House) -> None:
    def never(envelope: Envelope, rows: Rows) -> None:
        raise ValueError("never")

    worker = await house.worker(
        View(name="tally", sources=("tickets",), tables=TABLES, apply=never, handles=HANDLES)
    )
    await house.counted(0)
    await worker.catch_up("tickets")
    for _ in range(10):
        async with house.store.pool.acquire() as db:
            await db.execute("update parked set next_try_at = now() where next_try_at is not null")
        await worker.retry_parked()
    rows = await house.rows("select tries, next_try_at from parked")
    assert [dict(row) for row in rows] == [{"tries": 5, "next_try_at": None}]


async def test_an_event_of_a_newer_version_is_parked_not_skipped(house: House) -> None:
    await house.counted(1)
    first, second = await house.records()
    worker = await house.worker(tally)
    await worker.offer("tickets", [first])
    newer = msgspec.structs.replace(second, version=99)
    before = bytes.fromhex(first.hash)
    chained = msgspec.structs.replace(newer, hash=chained_hash(before, newer).hex())
    await worker.offer("tickets", [chained])
    (row,) = await house.rows("select error from parked")
    assert "version 99" in row["error"]


async def test_a_consumer_ahead_of_its_source_stops(house: House) -> None:
    await house.counted(1)
    worker = await house.worker(tally)
    await worker.catch_up("tickets")
    owner_rows = await house.rows("select partition, position from checkpoint")
    async with house.store.pool.acquire() as db:
        await db.execute("update checkpoint set position = position + 5")
    await worker.load()
    with pytest.raises(AnotherHistory):
        await worker.catch_up("tickets")
    assert worker.behind == {"tickets": "ahead of its source"}
    assert len(owner_rows) == 1


async def test_a69_an_altered_or_forged_message_is_not_believed(house: House) -> None:
    await house.counted(2)
    worker = await house.worker(tally)
    first, second, third = await house.records()
    forged = msgspec.structs.replace(second, data=second.data.replace("staff", "stuff"))
    stranger = msgspec.structs.replace(first, position=4)
    await worker.offer("tickets", [first, forged, third, stranger])
    assert [r["closed"] for r in await house.rows("select closed from tally")] == [2]
    assert worker.behind == {}
    assert house.seen == [first.id, second.id, third.id]


async def test_the_first_event_of_another_history_is_not_believed(house: House) -> None:
    account = new_id()
    await house.counted(1, account=account)
    (first, second) = await house.records()
    other = msgspec.structs.replace(first, id=new_id(), data=first.data.replace("client", "staff"))
    foreign = msgspec.structs.replace(other, hash=chained_hash(bytes(32), other).hex())
    worker = await house.worker(tally)
    await worker.offer("tickets", [foreign])
    await worker.offer("tickets", [second])
    assert house.seen == [first.id, second.id]
    assert worker.behind == {}


async def test_a_fault_of_the_moment_parks_nothing(house: House) -> None:
    def unavailable(envelope: Envelope, rows: Rows) -> None:
        raise Unavailable(what="keyring")

    worker = await house.worker(
        View(name="tally", sources=("tickets",), tables=TABLES, apply=unavailable, handles=HANDLES)
    )
    await house.counted(1)
    await worker.offer("tickets", await house.records())
    assert "tickets" in worker.behind
    assert await house.rows("select * from parked") == []
    assert await house.rows("select * from checkpoint") == []


async def test_a_policys_command_and_its_checkpoint_commit_together(house: House) -> None:
    fail = True

    async def count_once_more(envelope: Envelope, tx: Transaction) -> None:
        if isinstance(envelope.event, TicketReplied):
            counter = await tx.load(Counter, envelope.event.ticket_id)
            counter.count(step=1)
            await tx.save(counter)
            if fail:
                raise Unavailable(what="something")

    worker = await house.worker(
        Policy(name="again", sources=("tickets",), handle=count_once_more, handles=HANDLES)
    )
    counter = await house.counted(0)
    await worker.offer("tickets", await house.records())
    fail = False
    await worker.catch_up("tickets")
    await worker.catch_up("tickets")
    async with house.store.transaction(CAUSE) as tx:
        assert (await tx.load(Counter, counter.id)).total == 1
        row = await tx.read.fetchrow(
            "select actor, causation_id from log where type='TicketClosed'"
        )
        first = await tx.read.fetchval("select id from log where type = 'TicketReplied'")
    assert row is not None
    assert (row["actor"], row["causation_id"]) == ("policy:again", first)


async def test_a_reactor_does_each_key_once_and_retries_until_it_is_done(house: House) -> None:
    done: list[UUID] = []
    tries = 0

    async def plan(envelope: Envelope) -> list[Intent]:
        return [Intent(key=str(envelope.account_id), kind="greet")]

    async def perform(effect: Effect) -> dict[str, Any]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("the line is dead")
        done.append(effect.id)
        return {"greeted": True}

    reactor = Reactor(
        name="greeter", sources=("tickets",), plan=plan, perform=perform, handles=HANDLES
    )
    worker = await house.worker(reactor)
    await house.counted(3)
    await worker.catch_up("tickets")
    runner = EffectRunner(reactor, house.store, Wakeup())
    while not done:
        await runner.carry_out_due()
        async with house.store.pool.acquire() as db:
            await db.execute("update effect set next_try_at = now() where state = 'pending'")
    assert await runner.carry_out_due() == 0
    rows = await house.rows("select state, tries, outcome::text from effect")
    assert [tuple(row.values()) for row in rows] == [("done", 2, '{"greeted": true}')]


async def test_an_effect_that_is_refused_for_good_is_recorded_and_not_tried_again(
    house: House,
) -> None:
    async def plan(envelope: Envelope) -> list[Intent]:
        return [Intent(key="only", kind="greet")]

    async def perform(effect: Effect) -> dict[str, Any]:
        raise Refused("no_such_address")

    reactor = Reactor(
        name="greeter", sources=("tickets",), plan=plan, perform=perform, handles=HANDLES
    )
    await house.counted(0)
    await (await house.worker(reactor)).catch_up("tickets")
    runner = EffectRunner(reactor, house.store, Wakeup())
    assert await runner.carry_out_due() == 1
    assert await runner.carry_out_due() == 0
    rows = await house.rows("select state, outcome::text from effect")
    assert [tuple(row.values()) for row in rows] == [("refused", '{"reason": "no_such_address"}')]


class HeadsOfBefore(LocalFeed):
    """A feed whose heads arrive when the bus has brought the event that came after them."""

    def __init__(self, house: House, counter: Counter) -> None:
        super().__init__(house.store.pool, "tickets")
        self.worker: Worker | None = None
        self._house = house
        self._counter = counter

    async def heads(self) -> dict[int, int]:
        heads = await super().heads()
        if self.worker:
            self._counter.count(step=1)
            async with self._house.store.transaction(CAUSE) as tx:
                await tx.save(self._counter)
            await self.worker.offer("tickets", await self._house.records())
        return heads


async def test_what_the_bus_brings_while_heads_are_asked_for_is_not_ahead_of_them(
    house: House,
) -> None:
    feed = HeadsOfBefore(house, await house.counted(1))
    worker = Worker(tally, house.store, {"tickets": feed}, applied=lambda name, envelopes: None)
    await worker.catch_up("tickets")
    feed.worker = worker
    await worker.catch_up("tickets", {})
    assert worker.stopped() == {}
    assert [row["closed"] for row in await house.rows("select closed from tally")] == [2]


async def test_an_account_stays_frozen_when_the_commit_that_freed_it_fails(
    house: House, owner: Connection
) -> None:
    await house.counted(0)
    await owner.execute("alter table tally rename to hidden")
    worker = await house.worker(tally)
    await worker.catch_up("tickets")
    await owner.execute("alter table hidden rename to tally; update parked set next_try_at = now()")
    await owner.execute(
        """create function refuse() returns trigger language plpgsql as
           $$ begin raise disk_full; end $$;
           create constraint trigger refuse after delete on parked
           initially deferred for each row execute function refuse()"""
    )
    with pytest.raises(asyncpg.DiskFullError):
        await worker.retry_parked()
    await owner.execute("drop trigger refuse on parked")
    await worker.retry_parked()
    assert [row["owner"] for row in await house.rows("select owner from tally")] == ["Ana"]
    assert await house.rows("select from parked") == []


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Lets so many seconds pass for heartbeats, and sees that no loop of the test is silent."""
    now, silences = 0.0, []
    monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=lambda: now))

    def let_pass(seconds: float) -> None:
        nonlocal now
        now += seconds
        silences.append(max(HEARTBEATS.ages().values()))

    yield let_pass
    assert now > SILENT_FOR_S > max(silences)


async def test_who_waits_while_a_worker_gets_on_is_not_taken_for_hanging(
    house: House, passed: Callable[[float], None]
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(envelope: Envelope, tx: Transaction) -> None:
        begun.set()
        await go_on.wait()
        passed(SILENT_FOR_S / 2)

    worker = await house.worker(
        Policy(name="slow", sources=("tickets",), handle=slowly, handles=HANDLES)
    )
    await house.counted(7)
    async with asyncio.TaskGroup() as group:
        group.create_task(_as_loop("own", worker.catch_up("tickets")))
        await begun.wait()
        group.create_task(_as_loop("sharing", worker.take(frozenset())))
        await wait_until(_is_a_loop("sharing"))
        go_on.set()


async def test_who_reads_slowly_partition_by_partition_is_not_taken_for_hanging(
    house: House, passed: Callable[[float], None]
) -> None:
    class SlowFeed(LocalFeed):
        async def page(self, partition: int, *, after: int, limit: int = PAGE) -> list[Record]:
            passed(SILENT_FOR_S / 3)
            return [r for r in known if r.partition == partition]

    for _ in range(8):
        await house.counted(0)
    known = await house.records()
    assert len({record.partition for record in known}) > 3
    house.feed = SlowFeed(house.store.pool, "tickets")
    await _as_loop("compare", (await house.worker(tally)).catch_up("tickets"))


async def _as_loop(name: str, work: Awaitable[None]) -> None:
    with heart_of(name):
        await work


def _is_a_loop(name: str) -> Callable[[], Awaitable[bool]]:
    async def is_one() -> bool:
        return name in HEARTBEATS.ages()

    return is_one
