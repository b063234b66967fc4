"""What one process of a service has to itself: named leases, and its share of the partitions.

The database holds who lives and who holds what; a row of `lease` is the right itself. A process
renews its row every second over one connection. Whoever finds another's connection gone (it was
killed) or its row not renewed for six seconds (it hangs) removes it and thereby its leases. All
work that counts is done in this same database under a checkpoint that moves by condition, so a
process that wakes up late can do no harm; it learns at its next beat that it holds nothing.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID

import structlog

from shared.database import LOST, Connection, Pool, acquire
from shared.envelope import PARTITIONS
from shared.errors import Unavailable
from shared.ids import new_id
from shared.signals import Signals
from shared.wakeup import Wakeup, run_forever, together

BEAT_S = 1.0
LIVES_FOR_S = 6.0
LOOKS_UNBROKEN_S = 3.0
"""Who has not seen the database for longer judges nobody: all may have been cut off from it."""
_PARTITION = "partition/"

log = structlog.get_logger()

_JOIN = """
insert into process (id, seat, backend_pid, backend_start, application_name, alive_until)
select $1, (select min(seat) from generate_series(0, 63) as free (seat)
            where seat not in (select seat from process)),
    a.pid, a.backend_start, a.application_name, clock_timestamp() + make_interval(secs => $2)
from pg_stat_activity a where a.pid = pg_backend_pid()
returning seat
"""
_RENEW = """
update process set alive_until = clock_timestamp() + make_interval(secs => $2),
    takes_partitions = $3
where id = $1 returning true
"""
# What a process that hangs has left open would hold its locks for longer than it may hold leases.
_CUT_OFF = """
select distinct p.seat, pg_terminate_backend(a.pid)
from process p join pg_stat_activity a using (application_name)
where p.alive_until < clock_timestamp() and p.application_name <> ''
"""
_REMOVE_DEAD = """
delete from process p
where ($1 and p.alive_until < clock_timestamp()) or not exists (
    select from pg_stat_activity a
    where a.pid = p.backend_pid and a.backend_start = p.backend_start)
returning p.seat
"""
_CLAIM = """
insert into lease (name, holder) select name, $1 from unnest($2::text[]) as wanted (name)
on conflict do nothing
"""
_CLAIM_PARTITIONS = """
insert into lease (name, holder)
select name, $1 from (select 'partition/' || n as name from generate_series(0, 63) as each (n)) p
where not exists (select from lease l where l.name = p.name)
order by random()
limit greatest($2 - (select count(*) from lease where holder = $1 and name like 'partition/%'), 0)
on conflict do nothing
"""
_HELD = "select name from lease where holder = $1"
_PROCESSES = "select count(*), count(*) filter (where takes_partitions) from process"
_GIVE_BACK = "delete from lease where holder = $1 and name = any($2::text[])"


class Lease:
    """A lease that was taken; it ends when the process is thought dead."""

    def __init__(self, leases: "Leases", name: str) -> None:
        self._leases = leases
        self._name = name

    def check(self) -> None:
        """`Unavailable` when the lease may be another's by now: call it before what counts."""
        if not self._leases.holds(self._name):
            raise Unavailable(what="lease")


class Leases:
    """The leases of this process, all over one connection that is open while any is wanted."""

    def __init__(self, pool: Pool) -> None:
        self.signals = Signals()
        self.changed = Wakeup()
        """Called when the process holds something more or something less."""
        self.seat: int | None = None
        """The number that no other living process of the service has; None when not connected."""
        self._pool = pool
        self._id: UUID = new_id()
        self._held: frozenset[str] = frozenset()
        self._surplus: frozenset[str] = frozenset()
        self._sure_until = 0.0
        self._wanted: set[str] = set()
        self._takes_partitions = False
        self._one_here: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._db: Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._beat_now = Wakeup()
        self._users = 0
        self._heart: asyncio.Task[None] | None = None

    def holds(self, name: str) -> bool:
        """Whether the lease is surely this process's now."""
        return name in self._held and time.monotonic() < self._sure_until

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that are this process's to work on now."""
        if time.monotonic() >= self._sure_until:
            return frozenset()
        kept = self._held - self._surplus
        return frozenset(int(n.removeprefix(_PARTITION)) for n in kept if n.startswith(_PARTITION))

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[Lease]:
        """Waits until nobody else of this database holds the lease `name`, then holds it."""
        async with self._beating(), self._one_here[name]:
            try:
                await self._take(name)
                yield Lease(self, name)
            finally:
                self._wanted.discard(name)
                await self._give_back([name])

    @asynccontextmanager
    async def sharing(self) -> AsyncIterator[None]:
        """Takes part in sharing the partitions for the time of the block; see `partitions`."""
        async with self._beating():
            self._takes_partitions = True
            self._beat_now.call()
            try:
                yield
            finally:
                self._takes_partitions = False
                await self._give_back([n for n in self._held if n.startswith(_PARTITION)])

    async def give_back_surplus(self) -> None:
        """Let others have what is more than a fair share; nobody here works on it any more."""
        await self._give_back(list(self._surplus))

    async def _take(self, name: str) -> None:
        while True:
            seen = self.changed.count
            if name not in self._wanted:  # or not any more: it ends with a life that had it
                self._wanted.add(name)
                self._beat_now.call()
            if self.holds(name):
                return
            await self.changed.wait_after(seen, timeout_s=BEAT_S)

    @asynccontextmanager
    async def _beating(self) -> AsyncIterator[None]:
        self._users += 1
        if self._heart is None:
            self._heart = asyncio.create_task(run_forever("leases", self._live))
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and self._heart is not None:
                heart, self._heart = self._heart, None
                heart.cancel()
                await asyncio.gather(heart, return_exceptions=True)

    async def _live(self) -> None:
        """One life: from joining to the loss of the connection, or until cancelled."""
        async with AsyncExitStack() as stack:
            db = await stack.enter_async_context(acquire(self._pool))
            stack.push_async_callback(self._die, db)
            await self._join(db)
            await together(self._beat_for_ever(db), self._send_for_ever(db))

    async def _join(self, db: Connection) -> None:
        self._id = new_id()
        db.add_termination_listener(self._cut_off)
        await self.signals.attach(db)
        await db.execute("delete from process where backend_pid = pg_backend_pid()")
        await self._remove_dead(db, judges=False)
        self.seat = await db.fetchval(_JOIN, self._id, LIVES_FOR_S)
        self._db = db

    async def _die(self, db: Connection) -> None:
        """Hold nothing, and say so if the database still listens."""
        self._db, self.seat, self._sure_until = None, None, 0.0
        self._wanted -= self._held  # a lease ends with the life: who wants it on asks for it anew
        self._note(held=frozenset(), surplus=frozenset())
        self.signals.is_alone = True
        with suppress(*LOST):  # a connection that is gone has nothing to be told
            try:
                async with asyncio.timeout(BEAT_S):
                    await db.execute("delete from process where id = $1", self._id)
                    await self.signals.detach(db)
                    db.remove_termination_listener(self._cut_off)
            except LOST:
                db.terminate()

    def _cut_off(self, _: object) -> None:
        """The connection is gone, and others may already hold what this process held."""
        self._sure_until = 0.0
        self.changed.call()
        self._beat_now.call()

    async def _beat_for_ever(self, db: Connection) -> None:
        last = -LOOKS_UNBROKEN_S
        while True:
            seen = self._beat_now.count
            begun = time.monotonic()
            async with self._one_at_a_time:
                await self._beat(db, judges=begun - last < LOOKS_UNBROKEN_S)
            last = time.monotonic()
            await self._beat_now.wait_after(seen, timeout_s=BEAT_S)

    async def _send_for_ever(self, db: Connection) -> None:
        while True:
            seen = self.signals.waiting.count
            async with self._one_at_a_time:
                await self.signals.send(db)
            await self.signals.waiting.wait_after(seen, timeout_s=BEAT_S)

    async def _beat(self, db: Connection, *, judges: bool) -> None:
        """Live on, bury the dead, take what is free and wanted, and learn what is held."""
        begun = time.monotonic()
        if not await db.fetchval(_RENEW, self._id, LIVES_FOR_S, self._takes_partitions):
            raise Unavailable(what="lease")
        await self._remove_dead(db, judges=judges)
        processes, takers = await _count(db)
        share = -(-PARTITIONS // takers) if self._takes_partitions else 0
        await db.execute(_CLAIM, self._id, list(self._wanted))
        await db.execute(_CLAIM_PARTITIONS, self._id, share)
        held = frozenset(row["name"] for row in await db.fetch(_HELD, self._id))
        unwanted = [name for name in held if not self._wants(name)]
        if unwanted:
            await db.execute(_GIVE_BACK, self._id, unwanted)
        self._sure_until = begun + LIVES_FOR_S
        self.signals.is_alone = processes == 1
        held = held.difference(unwanted)
        self._note(held=held, surplus=_surplus(held, share=share))

    def _wants(self, name: str) -> bool:
        return self._takes_partitions if name.startswith(_PARTITION) else name in self._wanted

    async def _remove_dead(self, db: Connection, *, judges: bool) -> None:
        hanging = {row["seat"] for row in await db.fetch(_CUT_OFF)} if judges else set()
        for row in await db.fetch(_REMOVE_DEAD, judges):
            seat = row["seat"]
            log.warning("process thought dead", seat=seat, hangs=seat in hanging)

    def _note(self, *, held: frozenset[str], surplus: frozenset[str]) -> None:
        is_news = (held, surplus) != (self._held, self._surplus)
        self._held, self._surplus = held, surplus
        if is_news:
            self.changed.call()

    async def _give_back(self, names: list[str]) -> None:
        if self._db is None or not names:
            return
        with suppress(*LOST):
            async with asyncio.timeout(BEAT_S), self._one_at_a_time:
                await self._db.execute(_GIVE_BACK, self._id, names)
        self._note(held=self._held.difference(names), surplus=self._surplus.difference(names))


async def _count(db: Connection) -> tuple[int, int]:
    """How many processes there are, and how many of them take partitions."""
    row = await db.fetchrow(_PROCESSES)
    assert row is not None, "a count is a row"
    return row[0], row[1]


def _surplus(held: frozenset[str], *, share: int) -> frozenset[str]:
    """The partitions beyond a fair share: the same ones until they are given back."""
    partitions = sorted(name for name in held if name.startswith(_PARTITION))
    return frozenset(partitions[share:])
