"""A view built anew beside the live one, from the feeds, and put in its place in one transaction.

The building is done by workers of a view of the name `<view>/next` in the schema
`view_<view>_next`: what follows events holds for both. Only views are built, so nothing outside is
done, no command is given. A rebuild that is cut off leaves the live view as it is; the next begins
afresh.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import structlog

from shared.clock import SystemClock
from shared.consumers.checkpoints import LostRace
from shared.consumers.declarations import View
from shared.consumers.group import ignore_applied
from shared.consumers.worker import Worker
from shared.contracts.event import PublicEvent
from shared.database import LOST, open_pool
from shared.envelope import FIRST_HASH, PARTITIONS
from shared.errors import Conflict, Unavailable
from shared.feed import Feed
from shared.garbage import seldom_collected
from shared.keyring import Keyring
from shared.migrate import Owner, grant, make_schema, remember_definition
from shared.store import DomainEvent, EventStore

LANES = 4
NEAR = 1000
"""So few events may be left when the live view is halted for the last of them."""
SWAP_WITHIN_S = 3.0
"""So long at most is the live view halted; then it goes on, and another attempt is made."""
ATTEMPTS = 20
PAUSE_S = 0.2

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Is told how many events are dealt with, of how many."""


class RebuildRunning(Conflict):
    """This view is being rebuilt already."""


class OtherHistory(Conflict):
    """The feeds tell another history than the live view has seen: nothing was swapped."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where views are rebuilt: the service's database as its tables' owner, and what it reads."""

    service: str
    owner_url: str
    role: str
    """The application's role, which may use the new tables."""
    feeds: Mapping[str, Feed]
    keyring: Keyring


async def rebuild(view: View, site: Site, *, progress: Progress) -> int:
    """Build the view anew and swap it in; how many events that took.

    The live view goes on until the last moment and then for as long as the swap's commit takes.
    Repeating it is safe. Raises `RebuildRunning`, `OtherHistory`, or what hinders the feeds.
    """
    feeds = {source: site.feeds[source] for source in view.sources}
    db = await asyncpg.connect(site.owner_url)
    try:
        async with _alone(db, view):
            return await _rebuild(db, view, replace(site, feeds=feeds), progress=progress)
    finally:
        await db.close()


async def _rebuild(db: Owner, view: View, site: Site, *, progress: Progress) -> int:
    await _begin(db, view, site)
    try:
        with seldom_collected():
            return await _build(db, view, site, progress=progress)
    finally:
        if not db.is_closed():
            await _end(db, view, outcome="failed")  # what has ended before stays as it ended


def next_of(view: View) -> View:
    """The view as it is built: another consumer, in another schema."""
    return replace(view, name=f"{view.name}/next")


def next_schema(view: View) -> str:
    """Where it is built."""
    return f"{view.schema}_next"


@asynccontextmanager
async def _alone(db: Owner, view: View) -> AsyncIterator[None]:
    lock = f"rebuild/{view.name}"
    if not await db.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", lock):
        raise RebuildRunning(view=view.name)
    yield


async def _begin(db: Owner, view: View, site: Site) -> None:
    """Empty tables beside the live ones; what an interrupted rebuild left is thrown away."""
    total = sum([sum((await site.feeds[source].heads()).values()) for source in view.sources])
    async with db.transaction():
        await make_schema(db, next_schema(view), tables=view.tables)
        await grant(db, site.role, schemas=[next_schema(view)])
        for table in ("checkpoint", "parked"):
            query = f"delete from {table} where consumer = $1"  # noqa: S608 (a constant)
            await db.execute(query, next_of(view).name)
        await db.execute(
            """insert into rebuild (view, consumer, total, started_at) values ($1, $2, $3, now())
               on conflict (view) do update set total = excluded.total, outcome = null,
                   started_at = excluded.started_at, ended_at = null""",
            view.name,
            next_of(view).name,
            total,
        )


async def _end(db: Owner, view: View, *, outcome: str) -> None:
    await db.execute(
        """update rebuild set ended_at = now(), outcome = $2
           where view = $1 and ended_at is null""",
        view.name,
        outcome,
    )


async def _build(db: Owner, view: View, site: Site, *, progress: Progress) -> int:
    # What a crash may take of these commits was built for nothing anyhow: a rebuild begins afresh.
    # The swap's own commit waits for the disk, and with it for everything that came before it.
    settings = {"synchronous_commit": "off"}
    pool = await open_pool(
        site.owner_url, size=LANES + 1, schemas=[next_schema(view)], settings=settings
    )
    store = EventStore(
        pool,
        service=site.service,
        publish=_publish_nothing,
        keyring=site.keyring,
        clock=SystemClock(),
    )
    lanes = [_Lane(next_of(view), store, site.feeds, number=number) for number in range(LANES)]
    try:
        while await _catch_up(lanes, site, progress=progress) > NEAR:
            pass
        await _swap_when_possible(db, view, site, lanes=lanes)
        return sum(lane.dealt_with for lane in lanes)
    finally:
        await pool.close()


def _publish_nothing(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    raise AssertionError("a rebuild records nothing")


class _Lane:
    """Builds the partitions of one remainder: accounts of one partition stay in one lane."""

    def __init__(
        self, view: View, store: EventStore, feeds: Mapping[str, Feed], *, number: int
    ) -> None:
        self._worker = Worker(view, store, feeds, applied=ignore_applied)
        self._sources = view.sources
        self._partitions = [p for p in range(PARTITIONS) if p % LANES == number]

    async def catch_up(self, heads: Mapping[str, Mapping[int, int]]) -> None:
        for source in self._sources:
            mine = {p: heads[source][p] for p in self._partitions if p in heads[source]}
            await self._worker.catch_up(source, mine)

    @property
    def dealt_with(self) -> int:
        return sum(
            self._worker.position(source, partition)
            for source in self._sources
            for partition in self._partitions
        )


async def _catch_up(lanes: list[_Lane], site: Site, *, progress: Progress) -> int:
    """Up to the heads as of now; how many events that was."""
    before = sum(lane.dealt_with for lane in lanes)
    heads = {source: await feed.heads() for source, feed in site.feeds.items()}
    total = sum(sum(of_source.values()) for of_source in heads.values())
    async with asyncio.TaskGroup() as group:
        work = [group.create_task(_persist(lane, heads)) for lane in lanes]
        while not all(task.done() for task in work):
            await asyncio.wait(work, timeout=PAUSE_S)
            progress(sum(lane.dealt_with for lane in lanes), total)
    return sum(lane.dealt_with for lane in lanes) - before


async def _persist(lane: _Lane, heads: Mapping[str, Mapping[int, int]]) -> None:
    """Go on after a fault of the moment, such as a service that is started again."""
    for _ in range(ATTEMPTS):
        try:
            await lane.catch_up(heads)
            return
        except (*LOST, Unavailable, LostRace) as error:
            log.warning("rebuild hindered", error=repr(error))
            await asyncio.sleep(PAUSE_S)
    await lane.catch_up(heads)


async def _swap_when_possible(db: Owner, view: View, site: Site, *, lanes: list[_Lane]) -> None:
    """Swap; again a moment later when it takes long or others hold what has to be locked."""
    for _ in range(ATTEMPTS):
        try:
            await _swap(db, view, site, lanes=lanes)
            break
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, TimeoutError):
            await asyncio.sleep(PAUSE_S)
            await _catch_up(lanes, site, progress=lambda done, total: None)
    else:
        await _swap(db, view, site, lanes=lanes)
    await _drop_old(db, view)


async def _swap(db: Owner, view: View, site: Site, *, lanes: list[_Lane]) -> None:
    async with db.transaction(), asyncio.timeout(SWAP_WITHIN_S):  # the commit is not cut off
        await db.execute("set local lock_timeout = '2s'")
        await _halt_live(db, view)
        await _catch_up(lanes, site, progress=lambda done, total: None)
        await _check_same_history(db, view)
        old = f"{view.schema}_old"
        await db.execute(f"drop schema if exists {old} cascade")
        await db.execute(f"create schema if not exists {view.schema}")
        await db.execute(f"alter schema {view.schema} rename to {old}")
        await db.execute(f"alter schema {next_schema(view)} rename to {view.schema}")
        await _take_over(db, view)
        await remember_definition(db, view)
        await _end(db, view, outcome="swapped")


async def _halt_live(db: Owner, view: View) -> None:
    """Lock every place where the live view could go on, also where it has not begun."""
    await db.execute(
        """insert into checkpoint (consumer, source, partition, position, hash)
           select $1, source, partition, 0, $3
           from unnest($2::text[]) as source, generate_series(0, $4) as partition
           order by source, partition on conflict do nothing""",
        view.name,
        list(view.sources),
        FIRST_HASH,
        PARTITIONS - 1,
    )
    await db.execute(
        """select 1 from checkpoint where consumer = $1 order by source, partition for update""",
        view.name,
    )


async def _check_same_history(db: Owner, view: View) -> None:
    other = await db.fetch(
        """select l.source, l.partition from checkpoint l
           left join checkpoint n on (n.consumer, n.source, n.partition)
                                   = ($2, l.source, l.partition)
           where l.consumer = $1 and l.position > 0 and (n.position is null
               or n.position < l.position or (n.position = l.position and n.hash <> l.hash))""",
        view.name,
        next_of(view).name,
    )
    if other:
        raise OtherHistory(view=view.name, at=[f"{source}/{part}" for source, part in other])


async def _take_over(db: Owner, view: View) -> None:
    """The built one's checkpoints and parked events become the live ones, under a new build."""
    build = await db.fetchval(
        "select max(build) + 1 from checkpoint where consumer = $1", view.name
    )
    for table in ("checkpoint", "parked"):
        query = f"delete from {table} where consumer = $1"  # noqa: S608 (a constant)
        await db.execute(query, view.name)
    await db.execute(
        "update checkpoint set consumer = $1, build = $3 where consumer = $2",
        view.name,
        next_of(view).name,
        build,
    )
    # What a person skipped meanwhile was parked anew by the rebuild.
    await db.execute(
        """delete from parked p using parked_decision d
           where p.consumer = $2 and (d.consumer, d.decision, d.kind) = ($1, 'skip', 'event')
             and (d.source, d.partition, d.position) = (p.source, p.partition, p.position)""",
        view.name,
        next_of(view).name,
    )
    await db.execute(
        "update parked set consumer = $1 where consumer = $2", view.name, next_of(view).name
    )


async def _drop_old(db: Owner, view: View) -> None:
    """Once nobody reads the old tables; if somebody always does, the next rebuild does it."""
    for _ in range(ATTEMPTS):
        try:
            async with db.transaction():
                await db.execute("set local lock_timeout = '500ms'")
                await db.execute(f"drop schema if exists {view.schema}_old cascade")
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(PAUSE_S)
    log.warning("old tables are kept", view=view.name)
