"""One consumer at work: events in, each dealt with exactly once and in order.

Per source and partition: the event that continues the hash chain at the checkpoint is applied, one
of a lower position is dropped, and anything else shows a gap or a falsehood: then the source's feed
is read. What cannot be applied is parked.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import structlog

from shared.consumers.checkpoints import (
    START,
    Checkpoint,
    Checkpoints,
    LostRace,
    Run,
    checkpoint_at,
    load_checkpoints,
    move_checkpoints,
)
from shared.consumers.declarations import Consumer, Intent, Policy, Reactor, View
from shared.consumers.faults import is_transient
from shared.consumers.parking import (
    Place,
    first_due,
    frozen_key,
    frozen_keys,
    next_try,
    note_failure,
    park,
    place_of,
    retry_now_known,
    skipped,
    unpark,
)
from shared.consumers.rows import Rows
from shared.consumers.tables import Tables, describe, write
from shared.crash import crash_point
from shared.database import Connection, acquire
from shared.envelope import PARTITIONS, Envelope, Record, event_class, known_class, open_all
from shared.feed import PAGE, Feed
from shared.heartbeat import Turns, beat
from shared.ids import new_id
from shared.page import classes_of
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import CONSUMED, RETRIES, span
from shared.wakeup import Wakeup

BATCH = 1000
GAP_WITHIN_S = 1.0
"""How long a gap in what the bus brings may hold up the rest of it."""
STOPPED_AFTER_S = 30.0
LOOK_FOR_PARKED_EVERY_S = 2.0
EVERY_PARTITION = frozenset(range(PARTITIONS))

log = structlog.get_logger()

Applied = Callable[[str, Sequence[Envelope]], None]

AHEAD = "ahead of its source"
ANOTHER = "the source's history is another"
HOPELESS = (AHEAD, ANOTHER)
"""Why a consumer is behind when only a person can let it go on."""


class AnotherHistory(Exception):
    """The consumer has seen what its source does not have: the source was set back or altered."""

    def __init__(self, consumer: str, where: str) -> None:
        super().__init__(f"{consumer} {where}")
        self.consumer = consumer


class Worker:
    """Runs one declared consumer. `applied` is told of every batch after its commit."""

    def __init__(
        self,
        consumer: Consumer,
        store: EventStore,
        feeds: Mapping[str, Feed],
        *,
        applied: Applied,
    ) -> None:
        self.consumer = consumer
        self.name = consumer.name
        self.moved = Wakeup()
        self.planned = Wakeup()
        self.behind: dict[str, str] = {}
        """source -> why events of it wait for the next catch-up."""
        self.partitions = EVERY_PARTITION
        """The partitions that this process works on; see `take`."""
        self._behind_since: dict[str, float] = {}
        self._store = store
        self._feeds = feeds
        self._applied = applied
        self._lock = Turns()
        self._checkpoints: Checkpoints = {}
        self._frozen: set[str] = set()
        self._looked_for_parked_at = -LOOK_FOR_PARKED_EVERY_S
        self._skipped: set[Place] = set()
        self._tables: Tables = {}

    async def load(self) -> None:
        """Read where the consumer stands; call it before anything else and after a lost race."""
        async with acquire(self._store.pool) as db:
            self._checkpoints = await load_checkpoints(db, self.name)
            self._frozen = await frozen_keys(db, self.name, partitions=self.partitions)
            self._skipped = await skipped(db, self.name)

    async def take(self, partitions: frozenset[int]) -> None:
        """Work on these partitions from now on, and on no others.

        Returns when nothing is under way any more in those that were given up. Parked events of a
        type or version that was unknown where they were parked, and is not here, are tried again.
        """
        async with self._lock:
            gained = partitions - self.partitions
            self.partitions = partitions
            if gained:
                async with acquire(self._store.pool) as db:
                    now = self._store.clock.now()
                    await retry_now_known(db, self.name, partitions=gained, now=now)
                await self.load()

    def stopped(self) -> dict[str, str]:
        """source -> why it stands still; only for what does not mend itself within 30 s."""
        long_ago = time.monotonic() - STOPPED_AFTER_S
        return {
            source: reason
            for source, reason in self.behind.items()
            if reason in HOPELESS or self._behind_since.get(source, long_ago) <= long_ago
        }

    def position(self, source: str, partition: int) -> int:
        """The last position that the consumer has dealt with."""
        return self._standing(source, partition).position

    async def offer(self, source: str, records: Sequence[Record]) -> None:
        """Deal with records as the bus brings them: in any order, repeated, with gaps.

        Never raises for a fault of the moment: the source is then marked as behind, and the next
        `catch_up` reads from the feed what was missed.
        """
        try:
            async with self._lock:
                gaps = await self._follow(source, records)
            if gaps and source not in self.behind:
                await self._read_all(source, gaps, within_s=GAP_WITHIN_S)
        except Exception as error:
            self._note_behind(source, repr(error))
            RETRIES.note("consumer")
            log.warning("consumer behind", consumer=self.name, source=source, error=repr(error))

    async def catch_up(
        self,
        source: str,
        heads: Mapping[int, int] | None = None,
        *,
        upto: Mapping[int, int] | None = None,
    ) -> None:
        """Read the source's feed up to its heads, asked for if not given, or only `upto` there.

        Raises hindrances.
        """
        if source in self.behind:
            async with self._lock:
                await self.load()
        before = dict(self._checkpoints)
        if heads is None or self._is_ahead(source, heads, checkpoints=before):
            # While they are asked for, the bus may bring what they do not have yet.
            heads = await self._feeds[source].heads()
        if self._is_ahead(source, heads, checkpoints=before):
            self._note_behind(source, AHEAD)
            raise AnotherHistory(self.name, f"is ahead of {source}")
        try:
            await self._read_all(source, heads if upto is None else upto)
        except LostRace as error:
            self._note_behind(source, repr(error))
            raise
        self.behind.pop(source, None)
        self._behind_since.pop(source, None)

    async def retry_parked(self) -> None:
        """Try the parked events whose time has come."""
        now_s = time.monotonic()
        if not self._frozen and now_s - self._looked_for_parked_at < LOOK_FOR_PARKED_EVERY_S:
            return
        self._looked_for_parked_at = now_s
        async with self._lock, acquire(self._store.pool) as db:
            # A person may have let one go, a rebuild may have brought some, in whatever process.
            self._frozen = await frozen_keys(db, self.name, partitions=self.partitions)
        while self._frozen and await self._retry_one():
            pass

    async def _follow(self, source: str, records: Sequence[Record]) -> dict[int, int]:
        """Deal with what continues each partition; partition -> upto where there is a gap."""
        gaps: dict[int, int] = {}
        runs: list[Run] = []
        own = (record for record in records if record.partition in self.partitions)
        ordered = sorted(own, key=lambda record: (record.partition, record.position))
        for partition, group in groupby(ordered, key=lambda record: record.partition):
            run: list[Record] = []
            for record in group:
                standing = checkpoint_at(run[-1]) if run else self._standing(source, partition)
                if record.position <= standing.position:
                    continue
                # Any history could begin here, so a partition's first event comes from the feed.
                if standing is not START and standing.precedes(record):
                    run.append(record)
                else:
                    gaps[partition] = record.position
            runs.append(run)
        await self._deal_with(runs)
        return gaps

    async def _read_all(
        self, source: str, heads: Mapping[int, int], *, within_s: float | None = None
    ) -> None:
        """From the feed, every own partition up to its head, in batches of runs of several.

        A partition whose history is another stops, not the rest. While a page is on its way, what
        others bring is dealt with. `TimeoutError` when a page takes longer than `within_s`.
        """
        stopped: list[AnotherHistory] = []
        runs: list[Run] = []
        for partition in sorted(heads.keys() & self.partitions):
            upto = heads[partition]
            async for run in self._runs(source, partition, upto=upto, within_s=within_s):
                if isinstance(run, AnotherHistory):
                    stopped.append(run)
                    continue
                runs.append(run)
                if sum(map(len, runs)) >= BATCH:
                    await self._deal_with_new(runs)
                    runs = []
        await self._deal_with_new(runs)
        if stopped:
            self._note_behind(source, ANOTHER)
            raise stopped[0]

    async def _runs(
        self, source: str, partition: int, *, upto: int, within_s: float | None
    ) -> AsyncIterator[Run | AnotherHistory]:
        """What follows, a batch at a time, as far as it continues what was seen before."""
        standing = self._standing(source, partition)
        run: Run = ()
        while page := await self._page_after(
            source, partition, after=standing.position, upto=upto, within_s=within_s
        ):
            count = standing.followed_by(page)
            followed = page if count == len(page) else page[:count]
            run = [*run, *followed] if run else followed
            if count < len(page):
                yield run
                yield AnotherHistory(self.name, f"at {source}/{partition}/{page[count].position}")
                return
            standing = checkpoint_at(page[-1])
            if len(run) >= BATCH:
                yield run
                run = ()
        yield run

    async def _page_after(
        self, source: str, partition: int, *, after: int, upto: int, within_s: float | None
    ) -> Sequence[Record]:
        if after >= upto:
            return ()
        beat()
        async with asyncio.timeout(within_s):
            return await self._feeds[source].page(
                partition, after=after, limit=min(PAGE, upto - after)
            )

    async def _deal_with_new(self, runs: Sequence[Run]) -> None:
        """Deal with runs from the feed, without what came by another way in the meantime."""
        async with self._lock:
            await self._deal_with([self._new_in(run) for run in runs if run])

    def _new_in(self, run: Run) -> Run:
        source, partition = run[0].source, run[0].partition
        standing = self._standing(source, partition)
        new = run
        if run[0].position <= standing.position:
            new = [record for record in run if record.position > standing.position]
        if partition not in self.partitions or (new and not standing.precedes(new[0])):
            raise LostRace(f"{self.name} does not stand before {source}/{partition} any more")
        return new

    def _note_behind(self, source: str, reason: str) -> None:
        self.behind[source] = reason
        self._behind_since.setdefault(source, time.monotonic())

    def _is_ahead(self, source: str, heads: Mapping[int, int], *, checkpoints: Checkpoints) -> bool:
        """Whether there is a checkpoint beyond the heads, which may only be of a moment ago."""
        return any(
            known == source
            and partition in self.partitions
            and standing.position > heads.get(partition, 0)
            for (known, partition), standing in checkpoints.items()
        )

    def _standing(self, source: str, partition: int) -> Checkpoint:
        return self._checkpoints.get((source, partition), START)

    async def _deal_with(self, runs: Sequence[Run]) -> None:
        """Runs of a partition each, all in one transaction, singly if that fails."""
        for batch in self._batches([run for run in runs if run]):
            try:
                await self._apply(batch)
            except Exception as error:
                if is_transient(error):
                    raise
                await self._deal_singly(batch, error)

    def _batches(self, runs: list[Run]) -> list[list[Run]]:
        """What is dealt with in one transaction: a policy's commands each have their own.

        What does not concern the policy goes along with the next that does, or by itself.
        """
        if not isinstance(self.consumer, Policy):
            return [runs] if runs else []
        batches: list[list[Run]] = [[]]
        for run in runs:
            if not self._may_concern(run):
                batches[-1].append(run)
                continue
            start = 0
            for end, record in enumerate(run, start=1):
                if known_class(record) not in self.consumer.ignored:
                    batches[-1].append(run[start:end])
                    batches.append([])
                    start = end
            if start < len(run):
                batches[-1].append(run[start:])
        return [batch for batch in batches if batch]

    def _may_concern(self, run: Run) -> bool:
        """Whether some of it may be to handle: also what nobody here knows, which is parked."""
        return not classes_of(run) <= self.consumer.ignored

    async def _deal_singly(self, batch: list[Run], error: Exception) -> None:
        """Something in the batch cannot be applied: park that, apply the rest."""
        records = [record for run in batch for record in run]
        if len(records) == 1:
            await self._park(records[0], error)
            return
        for record in records:
            await self._deal_with([[record]])

    async def _apply(self, runs: list[Run]) -> None:
        self._lock.beat()
        concerning = [run for run in runs if self._frozen or self._may_concern(run)]
        records = [record for run in concerning for record in run]
        frozen = [r for r in records if frozen_key(r) in self._frozen] if self._frozen else []
        envelopes = await self._open([r for r in records if r not in frozen] if frozen else records)
        crash_point("consumer.before_transaction")
        async with acquire(self._store.pool) as db, db.transaction():
            # First of all, because it locks: who does not stand here writes nothing.
            await move_checkpoints(db, self.name, runs=runs, known=self._checkpoints)
            for record in frozen:
                waits = "an earlier event of the account is parked"
                await park(db, self.name, record=record, error=waits, next_try_at=None)
            written = await self._handle(envelopes, db)
            crash_point("consumer.before_commit")
        crash_point("consumer.after_commit")
        self._commit([run[-1] for run in runs], envelopes)
        for tx in written:
            self._store.announce(tx)

    async def _handle(self, envelopes: Sequence[Envelope], db: Connection) -> list[Transaction]:
        """Do what the events ask for; what is to be announced after the commit."""
        match self.consumer:
            case View() as view:
                await self._write(view, envelopes, db=db)
            case Reactor() as reactor:
                for envelope in envelopes:
                    self._lock.beat()
                    await self._store_intents(await reactor.plan(envelope), envelope, db=db)
            case Policy() as policy:
                return [await self._carry_out(policy, envelope, db=db) for envelope in envelopes]
        return []

    async def _write(self, view: View, envelopes: Sequence[Envelope], *, db: Connection) -> None:
        rows = Rows()
        for envelope in envelopes:
            view.apply(envelope, rows)
        if rows.changes:
            self._tables = self._tables or await describe(db, view.table_names)
            await write(db, rows, self._tables)

    async def _carry_out(
        self, policy: Policy, envelope: Envelope, *, db: Connection
    ) -> Transaction:
        cause = Cause(
            actor=f"policy:{policy.name}",
            causation_id=envelope.id,
            correlation_id=envelope.correlation_id,
        )
        with span(f"policy {policy.name}", traceparent=envelope.traceparent):
            async with self._store.transaction(cause, db=db) as tx:
                await policy.handle(envelope, tx)
        return tx

    async def _store_intents(
        self, intents: Sequence[Intent], envelope: Envelope, *, db: Connection
    ) -> None:
        rows: list[tuple[Any, ...]] = [
            (
                new_id(),
                self.name,
                intent.key,
                intent.kind,
                envelope.account_id,
                envelope.brand,
                msgspec.json.encode(intent.payload).decode(),
                envelope.id,
                envelope.correlation_id,
                envelope.traceparent,
            )
            for intent in intents
        ]
        await db.executemany(
            """insert into effect (id, reactor, key, kind, account_id, brand, payload, cause_id,
                                   correlation_id, traceparent)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               on conflict (reactor, key) do nothing""",
            rows,
        )

    async def _park(self, record: Record, error: Exception) -> None:
        log.error("event parked", consumer=self.name, id=str(record.id), error=repr(error))
        due = next_try(self._store.clock.now(), 1)
        async with acquire(self._store.pool) as db, db.transaction():
            # First, as in `_apply`: it may be parked already, by a commit whose answer was lost.
            await move_checkpoints(db, self.name, runs=[[record]], known=self._checkpoints)
            await park(db, self.name, record=record, error=repr(error), next_try_at=due)
        self._frozen.add(frozen_key(record))
        self._commit([record], [])

    async def _retry_one(self) -> bool:
        """Try one parked event; whether one was due."""
        async with self._lock, acquire(self._store.pool) as db, db.transaction():
            now = self._store.clock.now()
            parked = await first_due(db, self.name, partitions=self.partitions, now=now)
            if parked is None:
                return False
            try:
                async with db.transaction():
                    envelopes = await self._open([parked.record])
                    written = await self._handle(envelopes, db)
            except Exception as error:
                if is_transient(error):
                    raise
                RETRIES.note("parked")
                await note_failure(db, self.name, parked=parked, error=repr(error), now=now)
                return True
            was_last = await unpark(db, self.name, parked=parked)
        if was_last:
            self._frozen.discard(parked.frozen)
        self._commit([], envelopes)
        for tx in written:
            self._store.announce(tx)
        return True

    async def _open(self, records: Sequence[Record]) -> list[Envelope]:
        """The events that concern the consumer, readable. `UnknownEvent` for what is newer."""
        ignored = self.consumer.ignored
        wanted = records
        if self._skipped:
            wanted = [record for record in records if place_of(record) not in self._skipped]
        concerning = [record for record in wanted if event_class(record) not in ignored]
        return await open_all(concerning, self._store.keyring)

    def _commit(self, last: Sequence[Record], envelopes: Sequence[Envelope]) -> None:
        """Note what is committed: the last record of each run and what was applied."""
        for record in last:
            build = self._standing(record.source, record.partition).build
            place = (record.source, record.partition)
            self._checkpoints[place] = checkpoint_at(record, build=build)
        CONSUMED.add(len(envelopes), {"service": self._store.service, "consumer": self.name})
        self.moved.call()
        self.planned.call()
        self._applied(self.name, envelopes)
