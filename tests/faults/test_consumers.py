"""F29-F31, F34, F39-F41, F45, and processes that share the partitions: consumers under faults."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from shared.consumers import Effect, Envelope, Intent, Reactor, Rows, View
from shared.consumers.decisions import Decision, list_parked, retry, skip
from shared.consumers.effects import EffectRunner
from shared.consumers.group import Consumers
from shared.consumers.worker import EVERY_PARTITION, STOPPED_AFTER_S, AnotherHistory
from shared.contracts.tickets import TicketClosed, TicketOpened
from shared.crash import CrashPoint
from shared.database import open_pool
from shared.envelope import Record, chained_hash
from shared.errors import Unavailable
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.store import Transaction
from shared.wakeup import Wakeup, end, run_forever
from tests.conftest import Database, OpenDatabase, wait_until
from tests.faults.backbone import Backbone, open_backbone
from tests.faults.conftest import Say
from tests.servers import Bus, running_nats
from tests.shared.kernel import store_on
from tests.shared.test_worker import HANDLES, TABLES, House, apply, tally

PROJECT = Path(__file__).parent.parent.parent
CRASHES: tuple[CrashPoint, ...] = (
    "consumer.before_transaction",
    "consumer.before_commit",
    "consumer.after_commit",
)
TAKEN_OVER_WITHIN_S = 10.0


@pytest.fixture
async def kernel(database: OpenDatabase) -> Database:
    opened = await database("kernel")
    owner = await asyncpg.connect(opened.owner_url)
    await owner.execute(TABLES)
    await owner.execute("grant all on tally to kernel_app")
    await owner.close()
    return opened


@pytest.fixture
def house(kernel: Database) -> House:
    return House(store_on(kernel.pool))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Bus]:
    folder = tmp_path / "bus"
    folder.mkdir()
    with running_nats(folder) as server:
        yield server


@pytest.fixture
async def backbone(database: OpenDatabase, server: Bus) -> Backbone:
    return await open_backbone(database, server)


async def tallies(house: House) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await house.rows("select * from tally order by 1")]


def broken_at(event: type[Any], *, account: UUID, is_broken: Callable[[], bool]) -> View:
    """The view `tally`, which cannot apply such events of the account while `is_broken`."""

    def sometimes(envelope: Envelope, rows: Rows) -> None:
        if is_broken() and envelope.account_id == account and isinstance(envelope.event, event):
            raise ValueError("cannot read this")
        apply(envelope, rows)

    ignored = frozenset({TicketOpened})
    return View(
        name="tally", sources=("tickets",), tables=TABLES, apply=sometimes, handles=HANDLES,
        ignored=ignored,
    )  # fmt: skip


# ------------------------------------------------------------------------------------- delivery


@pytest.mark.parametrize("seed", range(5))
async def test_f29_whatever_comes_tenfold_shuffled_or_late_gives_the_same_rows(
    house: House, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        await house.counted(chance.randrange(1, 8))
    records = await house.records()
    late = set(chance.sample(range(len(records)), len(records) // 10))
    arriving = [r for place, r in enumerate(records) if place not in late for _ in range(10)]
    chance.shuffle(arriving)
    arriving += [records[place] for place in late]
    worker = await house.worker(tally)
    while arriving:
        size = chance.randrange(1, 60)
        now, arriving = arriving[:size], arriving[size:]
        await worker.offer("tickets", now)
    await worker.catch_up("tickets")
    expected = await house.rows(
        """select (data->>'ticket_id')::uuid, 'Ana', count(*)::int - 1 from log
           group by 1 order by 1"""
    )
    assert await tallies(house) == [tuple(row) for row in expected]
    assert sorted(house.seen) == sorted(record.id for record in records)


class Withholding:
    """The house's feed, where one partition does not answer."""

    def __init__(self, feed: LocalFeed, partition: int) -> None:
        self._feed = feed
        self._partition = partition
        self.withholds = True

    async def heads(self) -> dict[int, int]:
        return await self._feed.heads()

    async def page(self, partition: int, *, after: int, limit: int = 500) -> list[Record]:
        if self.withholds and partition == self._partition:
            raise Unavailable(what="tickets")
        return await self._feed.page(partition, after=after, limit=limit)


async def test_f30_at_a_gap_one_partition_waits_and_alarms_and_the_others_go_on(
    house: House,
) -> None:
    worker = await house.worker(tally)
    for _ in range(8):
        await house.counted(1)
    await worker.catch_up("tickets")
    lost = (await house.records())[0]
    await house.counted(3, account=lost.account_id)
    for _ in range(8):
        await house.counted(1)
    records = await house.records()
    feed = Withholding(house.feed, lost.partition)
    worker._feeds = {"tickets": feed}
    before = worker.position("tickets", lost.partition)
    gap = (lost.partition, before + 1)
    await worker.offer("tickets", [r for r in records if (r.partition, r.position) != gap])
    await worker.offer("tickets", records[-1:])
    assert worker.position("tickets", lost.partition) == before
    assert "tickets" in worker.behind
    assert worker.stopped() == {}
    worker._behind_since["tickets"] -= STOPPED_AFTER_S
    assert worker.stopped() == worker.behind
    others = {r.partition: r.position for r in records if r.partition != lost.partition}
    known = {part: worker.position("tickets", part) for part in others}
    assert {part for part in others if known[part] in (0, others[part])} == {*others}
    with pytest.raises(Unavailable):
        await worker.catch_up("tickets")
    feed.withholds = False
    await worker.catch_up("tickets")
    assert (worker.behind, worker.stopped()) == ({}, {})
    assert len(house.seen) == len(set(house.seen)) == len(records)


async def test_f30_a_partition_of_another_history_stops_alone(house: House) -> None:
    worker = await house.worker(tally)
    await house.counted(1)
    await worker.catch_up("tickets")
    (altered,) = {record.partition for record in await house.records()}
    for _ in range(20):
        await house.counted(1)
    worker._checkpoints["tickets", altered] = worker._checkpoints["tickets", altered]._replace(
        hash=b"another"
    )
    first = await house.rows(f"select account_id from log where partition = {altered} limit 1")
    await house.counted(1, account=first[0]["account_id"])
    with pytest.raises(AnotherHistory):
        await worker.catch_up("tickets")
    heads = await house.feed.heads()
    behind = {p for p, head in heads.items() if worker.position("tickets", p) < head}
    assert behind == {altered}
    assert "tickets" in worker.stopped()


# ------------------------------------------------------------------------------ poison, unknown


async def test_f40_poison_is_parked_the_others_go_on_and_a_person_may_try_it_again(
    house: House,
) -> None:
    sick, broken = new_id(), True
    worker = await house.worker(broken_at(TicketClosed, account=sick, is_broken=lambda: broken))
    await house.counted(2, account=sick)
    await house.counted(2)
    await worker.catch_up("tickets")
    for _ in range(8):
        await house.rows("update parked set next_try_at = now() where next_try_at is not null")
        await worker.retry_parked()
    async with house.store.pool.acquire() as db:
        (parked,) = await list_parked(db, limit=10)
        assert (parked["tries"], parked["waiting"], parked["next_try_at"]) == (5, 1, None)
        assert "cannot read this" in parked["error"]
        broken = False
        async with db.transaction():
            await retry(db, decided(parked, reason=None, house=house))
    await worker.retry_parked()
    assert [row[2] for row in await tallies(house)] == [2, 2]
    decisions = await house.rows("select decision, who, subject_id from parked_decision")
    assert [tuple(row) for row in decisions] == [("retry", "ana", parked["id"])]


async def test_f40_what_a_person_skips_is_kept_with_the_reason_and_the_account_goes_on(
    house: House,
) -> None:
    sick = new_id()
    times = 0

    def is_broken() -> bool:
        nonlocal times
        times += 1
        return times == 1

    worker = await house.worker(broken_at(TicketClosed, account=sick, is_broken=lambda: True))
    await house.counted(1, account=sick)
    await worker.catch_up("tickets")
    healthy = await house.worker(broken_at(TicketClosed, account=sick, is_broken=is_broken))
    times = 1
    async with house.store.pool.acquire() as db, db.transaction():
        (parked,) = await list_parked(db, limit=10)
        await skip(db, decided(parked, reason="counted twice by hand", house=house))
    await healthy.retry_parked()
    await house.counted(2, account=sick)
    await healthy.catch_up("tickets")
    assert sorted(row[2] for row in await tallies(house)) == [0, 2]
    rows = await house.rows("select decision, reason, error, decided_at from parked_decision")
    assert rows[0]["reason"] == "counted twice by hand"
    assert "cannot read this" in rows[0]["error"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.rows("delete from parked_decision")


def decided(parked: dict[str, Any], *, reason: str | None, house: House) -> Decision:
    return Decision(
        kind=parked["kind"],
        consumer=parked["consumer"],
        id=parked["id"],
        who="ana",
        reason=reason,
        decided_at=house.store.clock.now(),
    )


async def test_f41_what_is_newer_than_the_program_is_parked_and_read_after_an_upgrade(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.counted(1)
    first, second = await house.records()
    worker = await house.worker(tally)
    await worker.offer("tickets", [first])
    newer = msgspec.structs.replace(second, version=99)
    chained = msgspec.structs.replace(
        newer, hash=chained_hash(bytes.fromhex(first.hash), newer).hex()
    )
    await worker.offer("tickets", [first, chained])
    (parked,) = await house.rows("select error, tries from parked")
    assert "version 99" in parked["error"]
    await house.rows("update parked set tries = 5, next_try_at = null")
    same = await house.worker(tally)
    same.partitions = frozenset()
    await same.take(EVERY_PARTITION)
    await same.retry_parked()
    assert [row["tries"] for row in await house.rows("select tries from parked")] == [5]

    monkeypatch.setattr(TicketClosed, "VERSION", 99)
    upgraded = await house.worker(tally)
    upgraded.partitions = frozenset()
    await upgraded.take(EVERY_PARTITION)
    await upgraded.retry_parked()
    assert await house.rows("select * from parked") == []
    assert [row[2] for row in await tallies(house)] == [1]


# -------------------------------------------------------------------------------------- effects


async def test_an_effect_whose_recording_fails_is_recorded_again_and_not_performed_again(
    house: House,
) -> None:
    performed: list[UUID] = []
    recorded: list[dict[str, Any]] = []

    async def perform(effect: Effect) -> dict[str, Any]:
        performed.append(effect.id)
        return {"to": "ana@cliente.example"}

    async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
        recorded.append(dict(outcome))
        outcome.pop("to")
        if len(recorded) < 3:
            raise ValueError("cannot be recorded")

    reactor = greeter(perform, record=record, is_personal=True)
    await house.counted(0)
    await (await house.worker(reactor)).catch_up("tickets")
    runner = EffectRunner(reactor, house.store, Wakeup())
    for _ in range(3):
        await runner.carry_out_due()
        kept = await house.rows("select coalesce(performed, '') || coalesce(error, '') from effect")
        assert "cliente" not in kept[0][0]
        await house.rows("update effect set next_try_at = now()")
    assert len(performed) == 1
    assert recorded == [{"to": "ana@cliente.example"}] * 3
    rows = await house.rows("select state, outcome::text, performed from effect")
    assert [tuple(row) for row in rows] == [("done", "{}", None)]


def greeter(perform: Any, *, is_personal: bool = False, **options: Any) -> Reactor:
    async def plan(envelope: Envelope) -> Sequence[Intent]:
        return [Intent(key=str(envelope.id), kind="greet")]

    return Reactor(
        name="greeter", sources=("tickets",), plan=plan, perform=perform, handles=HANDLES,
        ignored=frozenset({TicketOpened}), is_personal=is_personal, **options,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ processes


@asynccontextmanager
async def processes(kernel: Database, *consumers: Any, count: int) -> AsyncIterator[list[Any]]:
    """So many processes of a service, as far as the database can tell, in this one."""
    async with AsyncExitStack() as stack:
        groups = []
        for _ in range(count):
            pool = await open_pool(kernel.url, size=3)
            stack.push_async_callback(pool.close)
            group = Consumers(consumers, store_on(pool), None)  # type: ignore[arg-type]
            await group.load()
            loops = group.loops(None)  # type: ignore[arg-type]
            tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
            stack.push_async_callback(end, tasks)
            groups.append(group)

        async def are_settled() -> bool:
            held = sorted(p for g in groups for p in g.partitions)
            largest = max(len(g.partitions) for g in groups)
            return held == list(range(64)) and largest <= -(-64 // count)

        await wait_until(are_settled, within_s=60)
        yield groups


@pytest.mark.parametrize("count", [2, pytest.param(16, marks=pytest.mark.long)])
async def test_f31_however_many_processes_run_each_effect_is_done_once(
    kernel: Database, count: int
) -> None:
    performed: list[UUID] = []

    async def perform(effect: Effect) -> dict[str, Any]:
        performed.append(effect.id)
        return {}

    house = House(store_on(kernel.pool))
    async with processes(kernel, tally, greeter(perform), count=count):
        for _ in range(30):
            await house.counted(2)

        async def are_done() -> bool:
            rows = await house.rows("select count(*) from effect where state = 'done'")
            return bool(rows[0][0] == 90)

        await wait_until(are_done, within_s=60)
    assert len(performed) == len(set(performed)) == 90
    assert {row[2] for row in await tallies(house)} == {2}


async def test_f34_a_slow_consumer_lags_alone_and_says_so(kernel: Database) -> None:
    held = asyncio.Event()

    async def slowly(envelope: Envelope) -> Sequence[Intent]:
        await held.wait()
        return []

    async def perform(effect: Effect) -> dict[str, Any]:
        return {}

    slow = Reactor(
        name="slow", sources=("tickets",), plan=slowly, perform=perform, handles=HANDLES,
        ignored=frozenset({TicketOpened}),
    )  # fmt: skip
    house = House(store_on(kernel.pool))
    async with processes(kernel, tally, slow, count=1) as (group,):
        await house.counted(99)
        lag = await lag_of(group, "tally", until=0)
        assert lag["slow"] == 100
        held.set()
        assert (await lag_of(group, "slow", until=0))["tally"] == 0


async def lag_of(group: Consumers, name: str, *, until: int) -> dict[str, int]:
    found: dict[str, int] = {}

    async def is_so() -> bool:
        status = await group.status()
        found.update({each["name"]: each["lag"] for each in status["consumers"]})
        return found[name] == until

    await wait_until(is_so)
    return found


async def test_f45_who_wrote_waits_for_the_view_wherever_it_is_and_no_longer_than_allowed(
    kernel: Database,
) -> None:
    house = House(store_on(kernel.pool))
    async with processes(kernel, tally, count=2) as groups:
        for _ in range(10):
            await house.counted(1)
            heads = await house.feed.heads()
            reached = [group.wait_until("tickets", heads, timeout_s=2) for group in groups]
            assert await asyncio.gather(*reached) == [True, True]
        beyond = {part: head + 1 for part, head in (await house.feed.heads()).items()}
        begun = time.monotonic()
        assert not await groups[0].wait_until("tickets", beyond, timeout_s=0.5)
        assert time.monotonic() - begun < 2


@contextmanager
def child_reader(backbone: Backbone, **told: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The consumers of the reader as a process, told more by its environment."""
    told = {
        "READER_DATABASE": backbone.reader_url,
        "READER_SOURCE": backbone.source_url,
        "READER_BUS": backbone.server.url,
    } | told
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.reader_child"],
        env=os.environ | told,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


@pytest.mark.parametrize("point", CRASHES)
async def test_f39_a_consumer_killed_around_its_transaction_applies_each_event_once(
    backbone: Backbone, point: CrashPoint
) -> None:
    async with backbone.relaying():
        await backbone.write(20)
        with child_reader(backbone, CRASH_AT=point) as process:
            assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
        await backbone.write(20)
        async with backbone.consuming():
            await backbone.assert_applied_once()


async def shares(backbone: Backbone) -> dict[int, int]:
    """seat -> how many partitions it holds."""
    async with backbone.reader.pool.acquire() as db:
        rows = await db.fetch(
            """select p.seat, count(*) from process p join lease l on l.holder = p.id
               where l.name like 'partition/%' group by 1"""
        )
    return {row[0]: row[1] for row in rows}


async def until_shared(backbone: Backbone, *, by: int, gone: int | None = None) -> float:
    """Until `by` processes hold all partitions fairly, none of them in the seat `gone`; seconds."""
    begun = time.monotonic()

    async def is_so() -> bool:
        held = await shares(backbone)
        is_fair = all(count <= -(-64 // by) for count in held.values())
        return len(held) == by and sum(held.values()) == 64 and is_fair and gone not in held

    await wait_until(is_so, within_s=60)
    return time.monotonic() - begun


async def seat_of(backbone: Backbone, known: set[int]) -> int:
    """The seat that is new."""
    (seat,) = (await shares(backbone)).keys() - known
    return seat


async def test_what_a_killed_and_a_stopped_process_worked_on_is_taken_over_in_ten_seconds(
    backbone: Backbone, say: Say
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(backbone.relaying())
        children, seats = [], set[int]()
        for number in range(1, 4):
            children.append(stack.enter_context(child_reader(backbone)))
            await until_shared(backbone, by=number)
            seats.add(await seat_of(backbone, seats))
        order = list(seats)
        async with backbone.writing():
            children[0].kill()
            killed_s = await until_shared(backbone, by=2, gone=order[0])
            children[1].send_signal(signal.SIGSTOP)
            stopped_s = await until_shared(backbone, by=1, gone=order[1])
            caught_up_s = await until_caught_up(backbone)
            children[1].send_signal(signal.SIGCONT)
            await until_shared(backbone, by=2)
        await backbone.assert_applied_once()
    say(f"taken over: killed {killed_s:.1f} s, stopped {stopped_s:.1f} s, seen {caught_up_s:.1f} s")
    assert killed_s < TAKEN_OVER_WITHIN_S
    assert stopped_s + caught_up_s < TAKEN_OVER_WITHIN_S + 2


async def until_caught_up(backbone: Backbone) -> float:
    """Until everything that is in the log now is in the view; seconds."""
    begun = time.monotonic()
    heads = await LocalFeed(backbone.source.pool, "tickets").heads()

    async def is_so() -> bool:
        async with backbone.reader.pool.acquire() as db:
            rows = await db.fetch("select partition, position from checkpoint")
        reached = {row["partition"]: row["position"] for row in rows}
        return all(reached.get(partition, 0) >= head for partition, head in heads.items())

    await wait_until(is_so, within_s=30)
    return time.monotonic() - begun
