"""The way from a command to another service's view, and what must be true of it after a fault.

A store that writes, its relay, a real bus, and the consumers of another service. The checks look
from outside: at the log's rows, at the messages that the bus holds, at the rows of the view.
"""

import asyncio
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import nats
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import RawStreamMsg

from shared import bus
from shared.consumers.group import Consumers
from shared.feed import Feed, LocalFeed
from shared.ids import new_id
from shared.relay import Relay
from shared.store import EventStore
from shared.verify import verify_log
from shared.wakeup import end, run_forever
from tests.cluster import BusCluster
from tests.conftest import OpenDatabase, wait_until
from tests.servers import PASSWORD, Bus
from tests.shared.kernel import CAUSE, Counter, store_on
from tests.shared.test_bus import settings_for
from tests.shared.test_worker import TABLES, tally

STREAM = "TICKETS"
QUIET_WITHIN_S = 60.0
READ_AT_ONCE = 100

Event = tuple[int, int, str]
"""Partition, position, event id."""


class Backbone:
    """The tickets service with its relay, and the portal with one view fed over the bus."""

    def __init__(
        self, source: EventStore, reader: EventStore, server: Bus | BusCluster, *, url: str
    ) -> None:
        self.source = source
        self.source_url = url
        self.reader_url = ""
        self.relay: Relay | None = None
        self.reader = reader
        self.server = server
        self.replicas = len(server.nodes) if isinstance(server, BusCluster) else 1
        self.acknowledged = 0

    @property
    def bus(self) -> Bus:
        """The bus, where it is a single server."""
        assert isinstance(self.server, Bus), "this test breaks a single server"
        return self.server

    async def write(self, counters: int, *, times: int = 4) -> None:
        """So many commands, each with an account of its own and 1 + `times` events."""
        for _ in range(counters):
            counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
            for _ in range(times):
                counter.count(step=1)
            async with self.source.transaction(CAUSE) as tx:
                await tx.save(counter)
            self.acknowledged += 1 + times

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Commands without a pause, for the time of the block; each of them must succeed."""
        is_over = asyncio.Event()

        async def work() -> None:
            while not is_over.is_set():
                await self.write(1)
                await asyncio.sleep(0)

        writer = asyncio.create_task(work())
        try:
            yield
        finally:
            is_over.set()
            await writer

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """The relay of the source, for the time of the block."""
        client = await bus.connect(settings_for("tickets", self.server))
        self.relay = relay = Relay(self.source, client)
        async with _running(relay=lambda: relay.run(replicas=self.replicas)):
            yield
        await bus.close(client)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """The consumers of the reader, for the time of the block."""
        client = await bus.connect(settings_for("portal", self.server))
        consumers = Consumers([tally], self.reader, None)  # type: ignore[arg-type]
        feeds: Mapping[str, Feed] = {"tickets": LocalFeed(self.source.pool, "tickets")}
        consumers.feeds = feeds
        for worker in consumers.workers:
            worker._feeds = feeds
        await consumers.load()
        async with _running(**consumers.loops(client)):
            yield
        await bus.close(client)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Both."""
        async with self.relaying(), self.consuming():
            yield

    async def unpublished(self) -> int:
        """How many events the relay has not yet noted as published."""
        async with self.source.pool.acquire() as db:
            waiting: int = await db.fetchval(
                """select sum(h.position - c.position)::bigint
                   from partition_head h join relay_checkpoint c using (partition)"""
            )
        return waiting

    async def published(self) -> int:
        """How many events the relay has noted as published."""
        async with self.source.pool.acquire() as db:
            return int(await db.fetchval("select sum(position)::bigint from relay_checkpoint"))

    async def epoch(self) -> int:
        """How often the relay filled the stream again."""
        async with self.source.pool.acquire() as db:
            return int(await db.fetchval("select epoch from relay_stream") or 0)

    async def until_published(self, *, within_s: float = QUIET_WITHIN_S) -> float:
        """Wait until nothing waits for the bus; how many seconds that took."""
        begun = time.monotonic()

        async def is_done() -> bool:
            return await self.unpublished() == 0

        await wait_until(is_done, within_s=within_s)
        return time.monotonic() - begun

    async def assert_whole(self, *, doubles: bool = False, from_bus: bool = True) -> None:
        """Everything is published and applied: the log's chain, I6 on the bus, once in the view."""
        await self.until_published()
        logged = await self.logged()
        assert len(logged) >= self.acknowledged, "the log has what was acknowledged"
        assert await verify_log(self.source.pool, "tickets") == []
        if from_bus:
            await self.assert_on_the_bus(logged, doubles=doubles)
        await self.assert_applied_once()

    async def assert_on_the_bus(self, logged: list[Event], *, doubles: bool) -> None:
        """I6: every event of the log, by its id, in the order of its partition."""
        held = await self.held()
        assert doubles or len(held) == len(set(held)), "no event twice"
        assert set(held) == set(logged)
        # Of an event that was stored again, what counts is where the last filling put it.
        last = [*dict.fromkeys(reversed(held))][::-1]
        reached: dict[int, int] = {}
        for partition, position, _ in last:
            assert position == reached.get(partition, 0) + 1, "the order of the partition"
            reached[partition] = position

    async def assert_applied_once(self) -> None:
        """The view's rows are those of exactly one application of each event of the log."""
        expected = await self._tallies_of_the_log()

        async def is_equal() -> bool:
            return await self.tallies() == expected

        with suppress(TimeoutError):
            await wait_until(is_equal, within_s=QUIET_WITHIN_S)
        assert await self.tallies() == expected

    async def logged(self) -> list[Event]:
        """Every event of the log."""
        async with self.source.pool.acquire() as db:
            rows = await db.fetch("select partition, position, id from log order by 1, 2")
        return [(row["partition"], row["position"], str(row["id"])) for row in rows]

    async def held(self) -> list[Event]:
        """Every event that the stream holds, in its order, asked of the server."""
        async with self.asking() as client:
            js = client.jetstream(timeout=5)
            state = (await js.stream_info(STREAM)).state
            found: list[RawStreamMsg | None] = []
            for first in range(state.first_seq, state.last_seq + 1, READ_AT_ONCE):
                numbers = range(first, min(first + READ_AT_ONCE, state.last_seq + 1))
                found += await asyncio.gather(*(_message(js, number) for number in numbers))
        headers = [message.headers or {} for message in found if message]
        return [
            (int(h["faktura-partition"]), int(h["faktura-position"]), h["ce-id"]) for h in headers
        ]

    async def tallies(self) -> dict[str, int]:
        """The view: how often each ticket was closed."""
        async with self.reader.pool.acquire() as db:
            rows = await db.fetch("select ticket_id, closed from tally")
        return {str(row["ticket_id"]): row["closed"] for row in rows}

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Client]:
        """A connection of the test's own."""
        client = await nats.connect(
            self.server.url.split(","),
            user="tickets",
            password=PASSWORD,
            inbox_prefix=b"_INBOX_tickets",
        )
        try:
            yield client
        finally:
            await client.close()

    async def _tallies_of_the_log(self) -> dict[str, int]:
        async with self.source.pool.acquire() as db:
            rows = await db.fetch("select type, data->>'ticket_id' as ticket from log")
        closed = Tally({row["ticket"]: 0 for row in rows})
        closed.update(row["ticket"] for row in rows if row["type"] == "TicketClosed")
        return dict(closed)


async def open_backbone(database: OpenDatabase, server: Bus | BusCluster) -> Backbone:
    """On fresh databases; the streams of `server` should be, too."""
    source, reader = await database("kernel"), await database("kernel")
    owner = await asyncpg.connect(reader.owner_url)
    await owner.execute(TABLES)
    await owner.execute("grant all on tally to kernel_app")
    await owner.close()
    reading = store_on(reader.pool)
    reading.service = "portal"
    backbone = Backbone(store_on(source.pool), reading, server, url=source.url)
    backbone.reader_url = reader.url
    return backbone


@asynccontextmanager
async def _running(**loops: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
    try:
        yield
    finally:
        await end(tasks)


async def _message(js: Any, number: int) -> RawStreamMsg | None:
    try:
        found: RawStreamMsg = await js.get_msg(STREAM, seq=number)
    except nats.js.errors.NotFoundError:
        return None
    return found
