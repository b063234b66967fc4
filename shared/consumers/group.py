"""All consumers of one service, fed from its own log and, over the bus, from the others'."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import bus
from shared.consumers.checkpoints import rebuilds
from shared.consumers.declarations import Consumer, Reactor, View
from shared.consumers.effects import EffectRunner
from shared.consumers.worker import AnotherHistory, Applied, Worker
from shared.contracts import events_of
from shared.database import Connection, acquire
from shared.envelope import Record, from_message
from shared.errors import Unavailable
from shared.feed import Feed, LocalFeed, RecentPages, RemoteFeed
from shared.heartbeat import beat
from shared.peers import Peers
from shared.store import EventStore
from shared.telemetry import GAUGES
from shared.wakeup import run_forever

FETCH = 500
COMPARE_EVERY_S = 5.0
BEHIND_PAUSE_S = 0.2
OWN_POLL_S = 0.5

log = structlog.get_logger()


def ignore_applied(consumer: str, envelopes: Sequence[Any]) -> None:
    """The default of `Consumers`: nobody wants to know what was applied."""


def check_declared(consumer: Consumer) -> None:
    """Every event of the consumer's sources is handled or ignored by name, none is both."""
    known = frozenset[type]().union(*(events_of(source) for source in consumer.sources))
    forgotten = known - consumer.handles - consumer.ignored
    assert not forgotten, f"{consumer.name} neither handles nor ignores {forgotten}"
    assert not consumer.handles & consumer.ignored, f"{consumer.name} ignores what it handles"


class Consumers:
    """Runs a service's views, policies and reactors."""

    def __init__(
        self,
        declared: Sequence[Consumer],
        store: EventStore,
        peers: Peers,
        *,
        applied: Applied = ignore_applied,
    ) -> None:
        for consumer in declared:
            check_declared(consumer)
        self._store = store
        self.sources = sorted({source for consumer in declared for source in consumer.sources})
        self.feeds: Mapping[str, Feed] = {
            source: RecentPages(
                LocalFeed(store.pool, source)
                if source == store.service
                else RemoteFeed(peers, source)
            )
            for source in self.sources
        }
        self.workers = [
            Worker(consumer, store, self.feeds, applied=applied) for consumer in declared
        ]

    def loops(self, client: Client) -> dict[str, Callable[[], Awaitable[None]]]:
        """What has to run for as long as the service runs, by name."""
        loops: dict[str, Callable[[], Awaitable[None]]] = {"parked": self._retry_parked}
        for source in self.sources:
            if source == self._store.service:
                loops[f"own/{source}"] = partial(self._follow_own, source)
            else:
                loops[f"bus/{source}"] = partial(self._follow_bus, client, source)
        for worker in self.workers:
            if isinstance(worker.consumer, Reactor):
                runner = EffectRunner(worker.consumer, self._store, worker.planned)
                loops[f"effects/{worker.name}"] = runner.run
        return loops

    async def load(self) -> None:
        """Read every worker's checkpoints."""
        for worker in self.workers:
            await worker.load()

    async def wait_until(
        self, source: str, positions: Mapping[int, int], *, timeout_s: float
    ) -> bool:
        """Whether every view of `source` has reached the positions (by partition) in time."""
        deadline = time.monotonic() + timeout_s
        views = [w for w in self._of(source) if isinstance(w.consumer, View)]
        for worker in views:
            while any(worker.position(source, part) < at for part, at in positions.items()):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                seen = worker.moved.count
                if any(worker.position(source, part) < at for part, at in positions.items()):
                    await worker.moved.wait_after(seen, timeout_s=left)
        return True

    async def status(self) -> dict[str, Any]:
        """How far each consumer is behind, what is parked and what effects wait."""
        heads = {source: await self._heads(source) for source in self.sources}
        async with acquire(self._store.pool) as db:
            parked = await _counts(db, "select consumer, count(*) from parked group by 1")
            effects = await _counts(
                db,
                """select state, count(*) from effect
                   where state in ('pending', 'parked') group by 1""",
            )
            rebuilt = await rebuilds(db)
        consumers = [
            {
                "name": worker.name,
                "kind": type(worker.consumer).__name__.lower(),
                "lag": self._lag(worker, heads),
                "parked": parked.get(worker.name, 0),
                "behind": dict(worker.behind),
            }
            for worker in self.workers
        ]
        pending = {"pending": effects.get("pending", 0), "parked": effects.get("parked", 0)}
        return {"consumers": consumers, "effects": pending, "rebuilds": rebuilt}

    def _of(self, source: str) -> list[Worker]:
        return [worker for worker in self.workers if source in worker.consumer.sources]

    def _lag(self, worker: Worker, heads: Mapping[str, Mapping[int, int] | None]) -> int | None:
        lag = 0
        for source in worker.consumer.sources:
            known = heads[source]
            if known is None:
                return None
            lag += sum(max(at - worker.position(source, part), 0) for part, at in known.items())
        GAUGES.set("faktura_consumer_lag", lag, service=self._store.service, consumer=worker.name)
        return lag

    async def _heads(self, source: str) -> Mapping[int, int] | None:
        try:
            return await self.feeds[source].heads()
        except Unavailable:
            return None

    async def _follow_own(self, source: str) -> None:
        while True:
            seen = self._store.committed.count
            await self._catch_up(source)
            await self._store.committed.wait_after(seen, timeout_s=OWN_POLL_S)

    async def _follow_bus(self, client: Client, source: str) -> None:
        js = client.jetstream(timeout=bus.PUBLISH_TIMEOUT_S)
        follow_up = asyncio.create_task(
            run_forever(f"compare/{source}", lambda: self._compare(source))
        )
        try:
            await bus.assert_durable(js, source, service=self._store.service)
            pull = await js.pull_subscribe_bind(
                durable=self._store.service,
                stream=bus.stream_of(source),
                inbox_prefix=f"_INBOX_{self._store.service}.".encode(),
            )
            while True:
                messages = await _fetch(pull)
                records = [record for m in messages if (record := _record(source, m))]
                await asyncio.gather(*(w.offer(source, records) for w in self._of(source)))
                for message in messages:
                    await message.ack()
        finally:
            follow_up.cancel()

    async def _compare(self, source: str) -> None:
        """Read from the feed what the bus did not bring: at start, when behind, every 5 seconds."""
        while True:
            beat()
            await self._catch_up(source)
            until = time.monotonic() + COMPARE_EVERY_S
            while time.monotonic() < until:
                await asyncio.sleep(BEHIND_PAUSE_S)
                if any(source in worker.behind for worker in self._of(source)):
                    break

    async def _catch_up(self, source: str) -> None:
        heads = await self.feeds[source].heads()
        for worker in self._of(source):
            try:
                await worker.catch_up(source, heads)
            except AnotherHistory as error:
                log.error("consumer stopped", error=str(error))

    async def _retry_parked(self) -> None:
        while True:
            beat()
            for worker in self.workers:
                await worker.retry_parked()
            await asyncio.sleep(OWN_POLL_S)


async def _counts(db: Connection, query: str) -> dict[str, int]:
    return {row[0]: row[1] for row in await db.fetch(query)}


async def _fetch(pull: Any) -> list[Msg]:
    beat()
    try:
        messages: list[Msg] = await pull.fetch(FETCH, timeout=bus.FETCH_TIMEOUT_S)
    except TimeoutError:  # the client library raises asyncio's and one of its own
        return []
    return messages


def _record(source: str, message: Msg) -> Record | None:
    """The message's record; what is none is left to the feed, which has all that is true."""
    try:
        return from_message(source, message.headers or {}, body=message.data)
    except (KeyError, ValueError):
        log.error("not an event", subject=message.subject)
        return None
