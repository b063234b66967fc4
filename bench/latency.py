"""From the accepted command to its row in another service's view, against the bare steps.

The baseline is what no design can avoid here: a durable insert, an acknowledged publication, a
fetch and a second durable insert, one after the other by the same drivers.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Any
from uuid import UUID

import asyncpg
from nats.aio.client import Client

from bench.house import House, tick
from bench.results import Result
from shared import bus
from shared.consumers.declarations import View
from shared.consumers.group import Consumers
from shared.consumers.rows import Rows
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.envelope import Envelope
from shared.feed import Feed, LocalFeed
from shared.relay import Relay
from shared.store import Cause, EventStore
from shared.wakeup import run_forever
from tests.shared.test_bus import settings_for

PER_SECOND = 200
SECONDS = 60
COMMANDS = PER_SECOND * SECONDS
BARE_STEPS = 500
BOUNDS = ((50, 10, 5), (99, 50, 10))
"""Percentile, milliseconds at most, times the bare steps at most."""
CAUSE = Cause(actor="bench")


def _apply(envelope: Envelope, rows: Rows) -> None:
    rows.insert("seen", id=envelope.event.ticket_id)  # type: ignore[attr-defined]


SEEN = View(
    name="seen",
    sources=("tickets",),
    tables="create table seen (id uuid primary key);",
    apply=_apply,
    handles=frozenset({TicketClosed}),
    ignored=frozenset({TicketOpened, TicketReplied}),
)


async def measure(house: House) -> list[Result]:
    """p50 and p99 in milliseconds at 200 commands a second for a minute.

    Commands, relay and consumer share one process here, and so one core.
    """
    source, reader = await house.store(size=8), await house.store(size=8, service="portal")
    await _make_table(house, reader)
    applied_at: dict[UUID, float] = {}

    def applied(_: str, envelopes: Sequence[Envelope]) -> None:
        applied_at.update({e.event.ticket_id: time.perf_counter() for e in envelopes})  # type: ignore[attr-defined]

    sender = await bus.connect(settings_for("tickets", house.bus))
    receiver = await bus.connect(settings_for("portal", house.bus))
    relay = Relay(source, sender)
    await relay.check_stream()
    bare = await _bare(house, sender, receiver=receiver)
    loops: dict[str, Any] = {"relay": relay.run}
    loops |= (await _consumers(source, reader, applied=applied)).loops(receiver)
    tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
    accepted_at = await _command(source, applied_at)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in (sender, receiver):
        await bus.close(client)
    for store in (source, reader):
        await store.pool.close()
    ours = [applied_at[id] - accepted for id, accepted in accepted_at.items()]
    name = "command accepted -> visible in another service's view"
    return [
        Result(
            name=f"{name}, p{percent}",
            value=_percentile(ours, percent) * 1000,
            unit="ms",
            baseline=_percentile(bare, percent) * 1000,
            target=target,
            limit=limit_ms,
        )
        for percent, limit_ms, target in BOUNDS
    ]


async def _command(source: EventStore, applied_at: Mapping[UUID, float]) -> dict[UUID, float]:
    accepted_at: dict[UUID, float] = {}

    async def command() -> None:
        one = tick()
        async with source.transaction(CAUSE) as tx:
            await tx.save(one)
        accepted_at[one.id] = time.perf_counter()

    begun = time.perf_counter()
    async with asyncio.timeout(2 * SECONDS), asyncio.TaskGroup() as group:
        for number in range(COMMANDS):
            group.create_task(command())
            # By the clock, not by pauses: what is late is made up for.
            await asyncio.sleep(begun + (number + 1) / PER_SECOND - time.perf_counter())
    async with asyncio.timeout(60):
        while len(applied_at) < COMMANDS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return accepted_at


async def _consumers(source: EventStore, reader: EventStore, *, applied: Any) -> Consumers:
    consumers = Consumers([SEEN], reader, None, applied=applied)  # type: ignore[arg-type]
    feeds: dict[str, Feed] = {"tickets": LocalFeed(source.pool, "tickets")}
    consumers.feeds = feeds
    for worker in consumers.workers:
        worker._feeds = feeds
    await consumers.load()
    return consumers


async def _make_table(house: House, reader: EventStore) -> None:
    async with reader.pool.acquire() as db:
        name = await db.fetchval("select current_database()")
    owner = await asyncpg.connect(house.postgres.url(name))
    await owner.execute(f"{SEEN.tables} grant all on seen to bench_app;")
    await owner.close()


async def _bare(house: House, sender: Client, *, receiver: Client) -> list[float]:
    admin = await asyncpg.connect(house.postgres.url("postgres"))
    await admin.execute("create table if not exists bare (id serial primary key, data text)")
    await bus.assert_durable(receiver.jetstream(), "tickets", service="portal")
    js, pull = (
        sender.jetstream(),
        await receiver.jetstream().pull_subscribe_bind(
            durable="portal", stream="TICKETS", inbox_prefix=b"_INBOX_portal."
        ),
    )
    took = []
    for _ in range(BARE_STEPS):
        begun = time.perf_counter()
        await admin.execute("insert into bare (data) values ($1)", "x" * 300)
        await js.publish("tickets.Bare.0", b"x" * 60)
        for message in await pull.fetch(1, timeout=5):
            await message.ack()
        await admin.execute("insert into bare (data) values ($1)", "x")
        took.append(time.perf_counter() - begun)
    await admin.close()
    return took


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100)[percent - 1]
