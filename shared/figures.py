"""A service's figures of itself: its status for other programs, its gauges for Prometheus.

Gauges are brought up to date every few seconds by a loop, so that asking for them costs nothing and
waits for nobody. Several processes of one service tell the same of what they share.
"""

import asyncio
import shutil
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared.clock import unix_now
from shared.consumers.group import Consumers
from shared.consumers.lag import LagClock
from shared.contracts import SOURCES
from shared.database import Pool, acquire
from shared.errors import Unavailable
from shared.heartbeat import HEARTBEATS, beat
from shared.published import backlog
from shared.settings import Settings
from shared.store import EventStore
from shared.telemetry import APPEND_TIMES, GAUGES, RETRIES
from shared.verify import Finding

MEASURE_EVERY_S = 5.0
RATE_OVER_S = 60.0

_PUBLISHED = """
select (select coalesce(sum(position), 0)::bigint from relay_checkpoint) as events,
       (select coalesce(max(epoch), 0) from relay_stream) as epoch
"""
_EFFECTS = """
select reactor, count(*) filter (where state = 'parked') as parked,
       extract(epoch from $1 - min(created_at) filter (where state <> 'parked'))::float8 as oldest_s
from effect where state in ('pending', 'performed', 'parked') group by 1
"""

Heads = dict[tuple[str, int], int]


class Figures:
    """What one process of a service can tell of itself and of what it shares with the others."""

    def __init__(
        self,
        settings: Settings,
        store: EventStore,
        consumers: Consumers,
        *,
        report: Callable[[], Awaitable[dict[str, Any]]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._consumers = consumers
        self._report = report
        self._lags: dict[str, LagClock] = defaultdict(LagClock)
        self._published: deque[tuple[float, int]] = deque()
        self._reactors: set[str] = set()
        self._lag_s: dict[str, float] = {}

    async def status(self) -> dict[str, Any]:
        """What is unpublished, how far consumers are, what waits; and how this process is."""
        relay = await self._relay()
        status = await self._consumers.status()
        for consumer in status["consumers"]:
            consumer["lag_s"] = round(self._lag_s.get(consumer["name"], 0.0), 1)
        return {
            "service": self._settings.service,
            **relay,
            **status,
            "process": self._process(),
            "business": await self._report(),
        }

    async def run(self) -> None:
        """Keep the gauges up to date for as long as the service runs."""
        while True:
            beat()
            self._measure_process()
            await self._measure_service()
            await asyncio.sleep(MEASURE_EVERY_S)

    async def _relay(self) -> dict[str, Any]:
        if self._settings.service not in SOURCES:
            return {"unpublished": 0, "oldest_unpublished_s": 0.0, "relayed_per_s": 0.0}
        async with acquire(self._store.pool) as db:
            waiting = await backlog(db)
            published = await db.fetchrow(_PUBLISHED)
        assert published is not None, "a sum has one row"
        GAUGES.set("faktura_relay_epoch", published["epoch"], **self._labels())
        waited = self._store.clock.now() - (waiting["since"] or self._store.clock.now())
        return {
            "unpublished": waiting["events"],
            "oldest_unpublished_s": max(waited.total_seconds(), 0.0),
            "relayed_per_s": round(self._rate(published["events"]), 1),
        }

    def _rate(self, published: int) -> float:
        """Events a second over the last minute, from how many were published when."""
        now = time.monotonic()
        self._published.append((now, published))
        while now - self._published[0][0] > RATE_OVER_S:
            self._published.popleft()
        begun, before = self._published[0]
        # A relay that begins a new epoch publishes old events again: its count falls first.
        return max(published - before, 0) / (now - begun) if now > begun else 0.0

    def _process(self) -> dict[str, Any]:
        p99_s = APPEND_TIMES.percentile(99)
        ages = HEARTBEATS.ages()
        return {
            "instance": self._settings.instance,
            "append_p99_ms": round(p99_s * 1000, 1) if p99_s is not None else None,
            "retries": sum(RETRIES.counts.values()),
            "loops": len(ages),
            "oldest_heartbeat_s": round(max(ages.values(), default=0.0), 1),
            "pool": pool_use(self._store.pool),
        }

    def _measure_process(self) -> None:
        labels = self._labels()
        for state, connections in pool_use(self._store.pool).items():
            GAUGES.set("faktura_pool_connections", connections, state=state, **labels)
        for loop, age_s in HEARTBEATS.ages().items():
            GAUGES.set("faktura_heartbeat_age_seconds", age_s, loop=loop, **labels)
        disk = shutil.disk_usage(self._settings.data_folder)
        GAUGES.set("faktura_disk_used_ratio", 1 - disk.free / disk.total, **labels)

    async def _measure_service(self) -> None:
        relay, labels = await self._relay(), self._labels()
        GAUGES.set("faktura_unpublished", relay["unpublished"], **labels)
        GAUGES.set("faktura_oldest_unpublished_seconds", relay["oldest_unpublished_s"], **labels)
        await self._measure_lags()
        await self._measure_effects()
        status = await self._consumers.status()
        GAUGES.set("faktura_effects_pending", status["effects"]["pending"], **labels)
        for figure, value in (await self._report()).items():
            GAUGES.set("faktura_business", float(value), figure=figure, **labels)
        for consumer in status["consumers"]:
            named = {**labels, "consumer": consumer["name"]}
            GAUGES.set("faktura_parked", consumer["parked"], **named)
            GAUGES.set("faktura_consumer_stopped", len(consumer["stopped"]), **named)
            if consumer["lag"] is not None:
                GAUGES.set("faktura_consumer_lag", consumer["lag"], **named)

    async def _measure_lags(self) -> None:
        """From the stored checkpoints, because other processes may work on other partitions."""
        heads = await self._heads()
        positions = await self._positions()
        for worker in self._consumers.workers:
            own = {at: head for at, head in heads.items() if at[0] in worker.consumer.sources}
            reached = positions[worker.name]
            lag_s = self._lags[worker.name].lag_s(own, lambda at, known=reached: known.get(at, 0))  # type: ignore[misc]
            self._lag_s[worker.name] = lag_s
            named = {**self._labels(), "consumer": worker.name}
            GAUGES.set("faktura_consumer_lag_seconds", lag_s, **named)

    async def _heads(self) -> Heads:
        """Without the sources that do not answer: what they have is not known now."""
        found: Heads = {}
        for source in self._consumers.sources:
            try:
                heads = await self._consumers.feeds[source].heads()
            except Unavailable:
                continue
            found |= {(source, partition): position for partition, position in heads.items()}
        return found

    async def _positions(self) -> Mapping[str, Heads]:
        found: dict[str, Heads] = defaultdict(dict)
        async with acquire(self._store.pool) as db:
            rows = await db.fetch("select consumer, source, partition, position from checkpoint")
        for row in rows:
            found[row["consumer"]][row["source"], row["partition"]] = row["position"]
        return found

    async def _measure_effects(self) -> None:
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_EFFECTS, self._store.clock.now())
        found = {row["reactor"]: (row["parked"], row["oldest_s"] or 0.0) for row in rows}
        self._reactors |= found.keys()
        for reactor in self._reactors:
            parked, oldest_s = found.get(reactor, (0, 0.0))
            named = {**self._labels(), "reactor": reactor}
            GAUGES.set("faktura_effects_parked", parked, **named)
            GAUGES.set("faktura_oldest_effect_seconds", max(oldest_s, 0.0), **named)

    def _labels(self) -> dict[str, str]:
        return {"service": self._settings.service}


def note_verification(service: str, findings: list[Finding]) -> None:
    """Tell Prometheus when the service was verified last, and what was found."""
    broken = sum(finding["check"] in CHAIN_CHECKS for finding in findings)
    GAUGES.set("faktura_chain_breaks", broken, service=service)
    GAUGES.set("faktura_verification_findings", len(findings), service=service)
    GAUGES.set("faktura_verified_timestamp_seconds", unix_now(), service=service)


CHAIN_CHECKS = frozenset({"hash_chain", "contiguous_positions", "partition_head"})


def pool_use(pool: Pool) -> dict[str, int]:
    """How many connections are in use, idle, and allowed."""
    idle = pool.get_idle_size()
    return {"used": pool.get_size() - idle, "idle": idle, "limit": pool.get_max_size()}
