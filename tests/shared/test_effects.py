"""Effects where something fails meanwhile: each is done once, its outcome recorded once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from shared import figures
from shared.consumers import Effect, Envelope, Intent, Reactor
from shared.consumers.decisions import list_parked
from shared.consumers.declarations import record_nothing
from shared.consumers.effects import _DUE, EffectRunner
from shared.consumers.worker import Worker
from shared.contracts.tickets import TicketClosed, TicketReplied
from shared.errors import ConcurrentWrite, Unavailable
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.lease import Lease
from shared.store import EventStore, Transaction
from shared.verify import verify_parked
from shared.wakeup import Wakeup
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on

Perform = Callable[[Effect], Awaitable[dict[str, Any]]]
Record = Callable[[Effect, dict[str, Any], Transaction], Awaitable[None]]


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    return store_on((await database("kernel")).pool)


async def plan(envelope: Envelope) -> Sequence[Intent]:
    return [Intent(key=str(envelope.account_id), kind="greet")]


async def runner_of(
    store: EventStore, perform: Perform, record: Record, *, accounts: int = 1
) -> EffectRunner:
    """The runner of a reactor that has planned an effect for each account."""
    reactor = Reactor(
        name="greeter",
        sources=("tickets",),
        plan=plan,
        perform=perform,
        record=record,
        handles=frozenset({TicketReplied, TicketClosed}),
    )
    async with store.transaction(CAUSE) as tx:
        await tx.save(*(_counter() for _ in range(accounts)))
    feeds = {"tickets": LocalFeed(store.pool, "tickets")}
    worker = Worker(reactor, store, feeds, applied=lambda name, envelopes: None)
    await worker.catch_up("tickets")
    return EffectRunner(reactor, store, Wakeup())


def _counter() -> Counter:
    return Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")


async def states(store: EventStore) -> list[str]:
    async with store.pool.acquire() as db:
        return [row["state"] for row in await db.fetch("select state from effect order by 1")]


async def end_elsewhere(store: EventStore) -> None:
    """What another process does that has the lease meanwhile."""
    async with store.pool.acquire() as db:
        await db.execute("update effect set state = 'done'")


class Ending(Lease):
    """A lease that ends when the second effect is to be begun."""

    checks = 0

    def check(self) -> None:
        self.checks += 1
        if self.checks == 2:
            raise Unavailable(what="lease")


async def test_what_hinders_one_effect_is_raised_when_the_others_have_ended(
    store: EventStore,
) -> None:
    sent = asyncio.Event()

    async def perform(effect: Effect) -> dict[str, Any]:
        await sent.wait()
        return {}

    runner = await runner_of(store, perform, record_nothing, accounts=2)
    lease = Ending(store.leases, "effects/greeter")
    carrying_out = asyncio.create_task(runner.carry_out_due(lease))
    await asyncio.wait([carrying_out], timeout=0.5)
    assert not carrying_out.done()
    sent.set()
    with pytest.raises(Unavailable):
        await carrying_out
    assert await states(store) == ["done", "pending"]


async def test_an_outcome_is_whole_when_its_recording_has_to_be_done_again(
    store: EventStore,
) -> None:
    seen: list[str] = []

    async def perform(effect: Effect) -> dict[str, Any]:
        return {"recipient": "ana@example.com"}

    async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
        seen.append(outcome.pop("recipient"))
        if len(seen) == 1:
            raise ConcurrentWrite()

    runner = await runner_of(store, perform, record)
    assert await runner.carry_out_due() == 1
    assert seen == ["ana@example.com"] * 2
    assert await states(store) == ["done"]


@pytest.mark.parametrize("error", [None, OSError("the line is dead")], ids=["done", "failed"])
async def test_an_effect_that_has_ended_elsewhere_is_neither_recorded_nor_begun_again(
    store: EventStore, error: OSError | None
) -> None:
    async def perform(effect: Effect) -> dict[str, Any]:
        await end_elsewhere(store)
        if error:
            raise error
        return {}

    async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
        await tx.save(_counter())

    runner = await runner_of(store, perform, record)
    assert await runner.carry_out_due() == 1
    assert await states(store) == ["done"]
    async with store.pool.acquire() as db:
        assert await db.fetchval("select count(*) from events") == 1


async def test_no_effect_is_begun_under_a_lease_that_may_be_anothers(store: EventStore) -> None:
    begun: list[Effect] = []

    async def perform(effect: Effect) -> dict[str, Any]:
        begun.append(effect)
        return {}

    runner = await runner_of(store, perform, record_nothing)
    with pytest.raises(Unavailable):
        await runner.carry_out_due(Lease(store.leases, "effects/greeter"))
    assert begun == []


async def test_nobody_reads_all_effects_that_ever_were_to_find_the_open_ones(
    database: OpenDatabase,
) -> None:
    opened = await database("kernel")
    owner = await asyncpg.connect(opened.owner_url)
    await owner.execute(MANY_ENDED)
    await owner.execute("analyze effect")
    async with owner.transaction():
        assert len(await owner.fetch(_DUE, "mailer", datetime.now(UTC), 32)) == 2  # noqa: TID251
        [figure] = await owner.fetch(figures._EFFECTS, datetime.now(UTC))  # noqa: TID251
        assert figure["parked"] == len(await list_parked(owner, limit=9)) == 1
        assert len(await verify_parked(owner)) == 1
        [scans] = await owner.fetch(SCANS)
        assert tuple(scans) == (0, 4)
    await owner.close()


SCANS = "select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'effect'"
MANY_ENDED = """
insert into effect (id, reactor, key, kind, brand, payload, cause_id, correlation_id, traceparent,
                    state)
select gen_random_uuid(), 'mailer', n::text, 'email', 'ponto', '{}', gen_random_uuid(),
       gen_random_uuid(), '', (array['pending', 'performed', 'parked', 'done'])[least(n, 4)]
from generate_series(1, 5000) as n
"""
