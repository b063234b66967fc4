"""All consumers of one service, fed from its own log and, over the bus, from the others'."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any
from uuid import UUID

import structlog
from nats.aio.client import Client

from shared.cable import Cable
from shared.consumers.checkpoints import lags, rebuilds
from shared.consumers.declarations import Consumer, Reactor, View
from shared.consumers.effects import EffectRunner
from shared.consumers.worker import EVERY_PARTITION, AnotherHistory, Applied, Worker
from shared.contracts import events_of
from shared.database import Connection, acquire
from shared.envelope import Envelope
from shared.errors import Unavailable
from shared.feed import Feed, LocalFeed, RecentPages, RemoteFeed
from shared.heartbeat import beat
from shared.peers import Peers
from shared.store import EventStore
from shared.wakeup import Wakeup, together

FETCH = 500
STAGE = 1000
"""So many events all consumers of a source deal with before any goes on."""
ABREAST = 2
"""While the server writes the rows of one view, the other's are prepared."""
COMPARE_EVERY_S = 5.0
BEHIND_PAUSE_S = 0.2
OWN_POLL_S = 0.5
OTHERS_POLL_S = 0.1
ASSERT_EVERY_S = 60.0
MOVED = "moved"
TOUCHED = "touched"

log = structlog.get_logger()


Touched = tuple[str, UUID | None]
"""Brand and account of something that has changed."""
Heard = Callable[[Collection[Touched]], None]


def ignore_applied(consumer: str, envelopes: Sequence[Any]) -> None:
    """The default of `Consumers`: nobody wants to know what was applied."""


def check_declared(consumer: Consumer) -> None:
    """Every event of the consumer's sources is handled or ignored by name, none is both."""
    known = frozenset[type]().union(*(events_of(source) for source in consumer.sources))
    forgotten = known - consumer.handles - consumer.ignored
    assert not forgotten, f"{consumer.name} neither handles nor ignores {forgotten}"
    assert not consumer.handles & consumer.ignored, f"{consumer.name} ignores what it handles"


class Consumers:
    """Runs a service's views, policies and reactors, shared among the service's processes.

    Each partition is worked on by one process at a time. `applied` is told what this process has
    applied, `heard` what others have.
    """

    def __init__(
        self,
        declared: Sequence[Consumer],
        store: EventStore,
        peers: Peers,
        *,
        applied: Applied = ignore_applied,
        heard: Heard | None = None,
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
            Worker(consumer, store, self.feeds, applied=self._note_applied) for consumer in declared
        ]
        self.partitions = EVERY_PARTITION
        """The partitions that are this process's: all, until it shares them with others."""
        self._applied = applied
        self._taken = Wakeup()
        self._moved = Wakeup()
        self._missed: dict[str, Wakeup] = {source: Wakeup() for source in self.sources}
        store.leases.signals.listen(MOVED, lambda _: self._moved.wake())
        self._tells = heard is not None
        if heard:
            store.leases.signals.listen(TOUCHED, lambda items: heard(_touched_in(items)))

    def loops(self, client: Client) -> dict[str, Callable[[], Awaitable[None]]]:
        """What has to run for as long as the service runs, by name."""
        self._hold(frozenset())
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "sharing": self._share,
            "parked": self._retry_parked,
        }
        for source in self.sources:
            if source == self._store.service:
                loops[f"own/{source}"] = partial(self._follow_own, source)
            else:
                loops[f"bus/{source}"] = partial(self._follow_bus, client, source)
                loops[f"compare/{source}"] = partial(self._compare, source)
        for worker in self.workers:
            if isinstance(worker.consumer, Reactor):
                self._store.leases.signals.mirror(f"planned/{worker.name}", worker.planned)
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
        while True:
            seen = self._moved.count
            if await self._have_reached(source, positions):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            are_ours = positions.keys() <= self.partitions
            await self._moved.wait_after(seen, timeout_s=left if are_ours else OTHERS_POLL_S)

    async def reach_end(self, source: str) -> None:
        """Returns when all consumers have dealt with all of the source, and what policies add.

        In whatever process they are. Raises what hinders this one.
        """
        while await self._lag_of(source):
            seen = self._moved.count
            heads = await self.feeds[source].heads()
            for workers, upto in self._steps(source, heads):
                for failure in await self._step(workers, source, heads=heads, upto=upto):
                    raise failure
            if await self._lag_of(source):
                await self._moved.wait_after(seen, timeout_s=OTHERS_POLL_S)

    async def status(self) -> dict[str, Any]:
        """How far each consumer is behind, what is parked and what effects wait."""
        lag = await self._lags()
        async with acquire(self._store.pool) as db:
            parked = await _counts(db, "select consumer, count(*) from parked group by 1")
            effects = await _counts(
                db,
                """select case state when 'parked' then state else 'pending' end, count(*)
                   from effect where state in ('pending', 'performed', 'parked') group by 1""",
            )
            rebuilt = await rebuilds(db)
        consumers = [
            {
                "name": worker.name,
                "kind": type(worker.consumer).__name__.lower(),
                "lag": lag[worker.name],
                "parked": parked.get(worker.name, 0),
                "behind": dict(worker.behind),
                "stopped": worker.stopped(),
            }
            for worker in self.workers
        ]
        pending = {"pending": effects.get("pending", 0), "parked": effects.get("parked", 0)}
        return {"consumers": consumers, "effects": pending, "rebuilds": rebuilt}

    def _of(self, source: str) -> list[Worker]:
        return [worker for worker in self.workers if source in worker.consumer.sources]

    async def _lags(self) -> dict[str, int | None]:
        """By consumer, from the stored checkpoints; None where a source does not answer."""
        heads = {source: await self._heads(source) for source in self.sources}
        known = {source: at for source, at in heads.items() if at is not None}
        sources = {worker.name: worker.consumer.sources for worker in self.workers}
        async with acquire(self._store.pool) as db:
            found = await lags(db, sources, known)
        return {
            name: None if any(source not in known for source in its) else found.get(name, 0)
            for name, its in sources.items()
        }

    async def _lag_of(self, source: str) -> int:
        heads = {source: await self.feeds[source].heads()}
        async with acquire(self._store.pool) as db:
            found = await lags(db, {worker.name: [source] for worker in self._of(source)}, heads)
        return sum(found.values())

    async def _have_reached(self, source: str, positions: Mapping[int, int]) -> bool:
        views = [w for w in self._of(source) if isinstance(w.consumer, View)]
        ours = {part: at for part, at in positions.items() if part in self.partitions}
        if any(w.position(source, part) < at for w in views for part, at in ours.items()):
            return False
        others = {part: at for part, at in positions.items() if part not in ours}
        if not others:
            return True
        async with acquire(self._store.pool) as db:
            return not await lags(db, {w.name: [source] for w in views}, {source: others})

    async def _heads(self, source: str) -> Mapping[int, int] | None:
        try:
            return await self.feeds[source].heads()
        except Unavailable:
            return None

    async def _share(self) -> None:
        """Work on this process's share of the partitions, as it changes."""
        leases = self._store.leases
        try:
            async with leases.sharing():
                while True:
                    seen = leases.changed.count
                    await self._take(leases.partitions)
                    await leases.give_back_surplus()
                    await leases.changed.wait_after(seen, timeout_s=OWN_POLL_S)
        finally:
            self._hold(frozenset())

    async def _take(self, partitions: frozenset[int]) -> None:
        if partitions == self.partitions:
            return
        # All have ended before one's failure is raised: none takes up partitions afterwards.
        ways = (worker.take(partitions) for worker in self.workers)
        for failure in await asyncio.gather(*ways, return_exceptions=True):
            if failure is not None:
                raise failure
        log.info("partitions taken", service=self._store.service, count=len(partitions))
        self._hold(partitions)
        self._store.committed.wake()
        for missed in self._missed.values():
            missed.call()

    def _hold(self, partitions: frozenset[int]) -> None:
        self.partitions = partitions
        for worker in self.workers:
            worker.partitions = partitions
        self._taken.call()

    async def _follow_own(self, source: str) -> None:
        while True:
            seen = self._store.committed.count
            await self._catch_up(source)
            await self._store.committed.wait_after(seen, timeout_s=OWN_POLL_S)

    async def _follow_bus(self, client: Client, source: str) -> None:
        """Deal with what the bus brings of this process's partitions, for one seat at the table."""
        while not self.partitions:
            seen = self._taken.count
            await self._taken.wait_after(seen, timeout_s=OWN_POLL_S)
        cable = Cable(client, source, name=f"{self._store.service}-{self._store.leases.seat}")
        await cable.lay(self.partitions)
        await together(self._keep_laid(cable, seat=self._store.leases.seat), self._take_in(cable))

    async def _keep_laid(self, cable: Cable, *, seat: int | None) -> None:
        while True:
            seen = self._taken.count
            if self._store.leases.seat != seat:
                raise Unavailable(what="seat")
            await cable.bring(self.partitions)
            self._missed[cable.source].call()
            await self._taken.wait_after(seen, timeout_s=ASSERT_EVERY_S)

    async def _take_in(self, cable: Cable) -> None:
        while True:
            beat()
            await self.take_from(cable)
            if any(cable.source in worker.behind for worker in self._of(cable.source)):
                self._missed[cable.source].call()

    async def take_from(self, cable: Cable) -> int:
        """Offer every consumer what the cable brings next; how many records that was."""
        records = await cable.fetch(FETCH)
        await asyncio.gather(*(w.offer(cable.source, records) for w in self._of(cable.source)))
        return len(records)

    async def _compare(self, source: str) -> None:
        """Read from the feed what the bus did not bring: at start, when behind, every 5 seconds."""
        while True:
            beat()
            seen = self._missed[source].count
            await self._catch_up(source)
            hindered = [w for w in self._of(source) if source in w.behind]
            mends = any(source not in worker.stopped() for worker in hindered)
            pause_s = BEHIND_PAUSE_S if mends else COMPARE_EVERY_S
            await self._missed[source].wait_after(seen, timeout_s=pause_s)

    async def _catch_up(self, source: str) -> None:
        if not self.partitions:
            return
        heads = await self.feeds[source].heads()
        for workers, upto in self._steps(source, heads):
            known = {worker.name for worker in workers if source in worker.stopped()}
            for failure in await self._step(workers, source, heads=heads, upto=upto):
                if not isinstance(failure, AnotherHistory):
                    raise failure
                if failure.consumer not in known:
                    log.error("consumer stopped", error=str(failure))

    async def _step(
        self,
        workers: Sequence[Worker],
        source: str,
        *,
        heads: Mapping[int, int],
        upto: Mapping[int, int],
    ) -> list[BaseException]:
        """Why some could not go as far; all have ended before one's failure is looked at."""
        ways = (worker.catch_up(source, heads, upto=upto) for worker in workers)
        outcomes = await asyncio.gather(*ways, return_exceptions=True)
        return [outcome for outcome in outcomes if outcome is not None]

    def _steps(
        self, source: str, heads: Mapping[int, int]
    ) -> Iterator[tuple[Sequence[Worker], Mapping[int, int]]]:
        """Which consumers go how far, some views abreast: all go the way to the heads together.

        A stage is so short that what one has read of it is still remembered for all of them
        (`RecentPages`), however long the backlog is. Who is hindered goes the whole way at the end.
        """
        workers = self._of(source)
        able = [worker for worker in workers if source not in worker.behind]
        for stage in self._stages(source, heads, workers=able):
            going = [worker for worker in workers if source not in worker.behind]
            yield from ((ranks, stage) for ranks in _ranks(going))
        yield from ((ranks, heads) for ranks in _ranks(workers))

    def _stages(
        self, source: str, heads: Mapping[int, int], *, workers: Sequence[Worker]
    ) -> list[Mapping[int, int]]:
        """Where the workers come by, at most `STAGE` events after the place before."""
        stages: list[Mapping[int, int]] = []
        stage: dict[int, int] = {}
        count = 0
        for partition in sorted(heads.keys() & self.partitions):
            at = min((w.position(source, partition) for w in workers), default=heads[partition])
            while at < heads[partition]:
                step = min(heads[partition] - at, STAGE - count)
                at, count = at + step, count + step
                stage[partition] = at
                if count == STAGE:
                    stages.append(stage)
                    stage, count = {}, 0
        return stages

    def _note_applied(self, consumer: str, envelopes: Sequence[Envelope]) -> None:
        """Tell who waits, here and in the other processes."""
        self._applied(consumer, envelopes)
        self._moved.wake()
        if self._tells:
            signals = self._store.leases.signals
            signals.tell(TOUCHED, (f"{e.brand}/{e.account_id or ''}" for e in envelopes))
            signals.tell(MOVED, [""])

    async def _retry_parked(self) -> None:
        while True:
            beat()
            for worker in self.workers:
                await worker.retry_parked()
            seen = self._taken.count
            await self._taken.wait_after(seen, timeout_s=OWN_POLL_S)


def _ranks(workers: Sequence[Worker]) -> Iterator[Sequence[Worker]]:
    """Views abreast, as none of them knows another; whoever decides something goes alone."""
    for are_views, group in groupby(workers, key=lambda worker: isinstance(worker.consumer, View)):
        rest = iter(group)
        while rank := list(islice(rest, ABREAST if are_views else 1)):
            yield rank


async def _counts(db: Connection, query: str) -> dict[str, int]:
    return {row[0]: row[1] for row in await db.fetch(query)}


def _touched_in(items: Collection[str]) -> list[Touched]:
    """What another process told, as `_note_applied` has written it."""
    parted = (item.partition("/") for item in items)
    return [(brand, UUID(account) if account else None) for brand, _, account in parted]
