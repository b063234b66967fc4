"""The event store: private streams and the public log, recorded by one statement.

`EventStore.transaction()` gives a `Transaction`, with which commands load aggregates, save them,
take gapless numbers and claim names; all of it commits or none. What is saved and claimed is only
kept until the end of the block and then recorded in one round trip; a transaction of the server is
opened for those commands alone that ask for what the server must decide meanwhile.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.domain import Aggregate, CanMutateAggregate
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import get_topic

from shared.ahead import Ahead, HistoryRow
from shared.append import EventRow, KeptAnswer, LogRow, Write
from shared.clock import Clock
from shared.codec import TypedMapper, encode_bounded, has_personal_fields
from shared.contracts.event import PublicEvent
from shared.crash import crash_point
from shared.database import LOST, Connection, Pool, Reads, acquire
from shared.envelope import Record, encode_public, partition_of, sealed_bytes
from shared.errors import AlreadyClaimed, ConcurrentWrite, DomainError, NotFound, Stale, Unavailable
from shared.held import Held
from shared.ids import new_id
from shared.keyring import Keyring
from shared.lease import Leases
from shared.numbers import Numbers
from shared.personal import Cipher, personal_fields
from shared.recorder import TURNED_AWAY, NothingRecorded, Recorder, pause
from shared.snapshots import LOAD, NO_FORM, THRESHOLD, form_of, is_secret, keep, restored
from shared.telemetry import RETRIES, current_traceparent, timed_append
from shared.wakeup import Wakeup

DomainEvent = CanMutateAggregate[UUID]
Publish = Callable[[DomainEvent, Any], PublicEvent | None]


class Recorded(Protocol):
    """What every aggregate of the platform has besides the library's attributes."""

    account_id: UUID | None
    brand: str


AnyAggregate = TypeVar("AnyAggregate", bound=Aggregate)
Result = TypeVar("Result")

ATTEMPTS = 3
CHUNK = 500
"""Aggregates that `EventStore.save_many` records in one statement."""

DONE_AGAIN = (
    ConcurrentWrite,
    NothingRecorded,
    *TURNED_AWAY,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
    ConnectionError,
)
"""After these nothing is recorded, and the same work may succeed on a fresh state."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Who or what made the transaction happen; it travels with every public event."""

    actor: str
    correlation_id: UUID = field(default_factory=new_id)
    causation_id: UUID | None = None


class EventStore:
    """One service's store. `publish` says which public event, if any, a domain event becomes."""

    def __init__(
        self, pool: Pool, *, service: str, publish: Publish, keyring: Keyring, clock: Clock
    ) -> None:
        self.pool = pool
        self.service = service
        self.publish = publish
        self.keyring = keyring
        self.clock = clock
        self.recorder = Recorder(pool)
        self.committed = Wakeup()
        """Called after each commit that published: wakes the relay and the own log's consumers."""
        self.leases = Leases(pool)
        self.leases.signals.mirror("committed", self.committed)

    def transaction(self, cause: Cause, *, db: "Connection | None" = None) -> "Transaction":
        """A transaction that commits at the end of the block; after an error nothing is recorded.

        With `db` it is part of the open transaction there: its owner commits, then calls
        `announce`. Raises at the end of the block what `Recorder.record` raises.
        """
        return Transaction(self, cause, db=db)

    async def run(self, cause: Cause, work: Callable[["Transaction"], Awaitable[Result]]) -> Result:
        """What `work` returns, committed; done again on a fresh state where another was first.

        So is a refusal after which what was loaded has moved on: it may never have been true at
        once. The last of three attempts raises what hindered it, such as `ConcurrentWrite`.
        """
        for turn in range(ATTEMPTS - 1):
            tx = self.transaction(cause)
            try:
                async with tx:
                    return await work(tx)
            except DONE_AGAIN:
                pass
            except DomainError:
                if not await tx.is_torn():
                    raise
            RETRIES.note("append")
            await pause(turn)
        async with self.transaction(cause) as tx:
            return await work(tx)

    async def save_many(self, cause: Cause, aggregates: Iterable[Aggregate]) -> None:
        """Record the pending events of very many, one statement and commit for each 500 of them.

        `ConcurrentWrite` for the first chunk with a lost race; the chunks before it are recorded.
        """
        rest = iter(aggregates)
        while chunk := list(islice(rest, CHUNK)):
            async with self.transaction(cause) as tx:
                await tx.save(*chunk)

    def announce(self, tx: "Transaction") -> None:
        """Wake whoever waits for public events; call it after the commit."""
        if tx.positions:
            self.committed.call()


class Transaction:
    """Work on one service's store that commits as a whole, at the end of its `async with`."""

    def __init__(self, store: EventStore, cause: Cause, *, db: "Connection | None") -> None:
        self.store = store
        self.cause = cause
        self.now: datetime = store.clock.now()
        self._held = Held(store.pool, db)
        self._write = Write()
        self._own: dict[UUID, list[EventRow]] = {}
        self._seen: dict[UUID, Any] = {}
        self.numbers = Numbers(self._held.begin)
        """For who leads many works in this transaction, each of which wants a number."""
        self.ahead = Ahead(self._held.reads)
        """What was read at once for many; commands find it by themselves."""
        self._reached: dict[UUID, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            await self._held.__aexit__(kind, error, trace)
            return
        async with self._held:
            await self._finish()
        if not self._held.is_lent:
            self.store.announce(self)

    @property
    def positions(self) -> dict[int, int]:
        """partition -> position of the last public event written there; empty until the commit."""
        return self._write.positions

    @property
    def published(self) -> list[tuple[str, str]]:
        """Name and data (JSON, what is personal encrypted) of what this will have published."""
        return [(row[2], row[11]) for row in self._write.log]

    @property
    def read(self) -> Reads:
        """For reading tables: autocommitted, or in the server's transaction once there is one."""
        return self.ahead.read

    async def begin(self) -> Connection:
        """A connection with an open transaction, for own writes and locks: one for the block.

        It commits with everything else at the end of the block. Locks are held from here on, so
        what can be read before should be.
        """
        return await self._held.begin()

    async def load(
        self, cls: type[AnyAggregate], id: UUID, *, expected_version: int | None = None
    ) -> AnyAggregate:
        """The aggregate as of now, with what this transaction has saved of it.

        `NotFound` if there is none, `Stale` if it has moved on.
        """
        loaded = await self.find(cls, id)
        if loaded is None:
            raise NotFound()
        if expected_version is not None and loaded.version != expected_version:
            raise Stale(version=loaded.version)
        return loaded

    async def find(self, cls: type[AnyAggregate], id: UUID) -> AnyAggregate | None:
        """As `load`; None if there is none."""
        loaded, reached = await self._replay(cls, id)
        self._reached.setdefault(id, reached)
        own = self._own.get(id, [])
        if own and reached >= own[0][1]:
            raise ConcurrentWrite()
        if own:
            history = [(row[1], row[2], row[3], row[5]) for row in own]
            key = await self._key_to_read(id, history)
            loaded = _played(id, history, loaded=loaded, key=key)
        return loaded if isinstance(loaded, cls) else None

    async def load_many(
        self, cls: type[AnyAggregate], ids: Collection[UUID]
    ) -> dict[UUID, AnyAggregate]:
        """Those that exist, by id, as `load` gives them; read in one statement.

        Loading one of them later in this transaction, alone or with others, asks nothing more.
        """
        await self.ahead.streams(ids, form=form_of(cls))
        found: dict[UUID, AnyAggregate] = {}
        for id in dict.fromkeys(ids):
            if loaded := await self.find(cls, id):
                found[id] = loaded
        return found

    async def look_at(self, cls: type[AnyAggregate], id: UUID) -> AnyAggregate:
        """As `load`, for who only reads of it: however many ask, it is replayed once."""
        if id in self._own:
            return await self.load(cls, id)
        if id not in self._seen:
            self._seen[id] = await self.load(cls, id)
        known = self._seen[id]
        assert isinstance(known, cls), f"{id} is no {cls.__name__}"
        return known

    async def is_torn(self) -> bool:
        """Whether several aggregates were loaded of which one has moved on: see `EventStore.run`.

        They are loaded one after the other, so that another's commit may lie between them.
        """
        if len(self._reached) < 2:
            return False
        async with acquire(self.store.pool) as db:
            moved_on: bool = await db.fetchval(
                """select exists (select from unnest($1::uuid[], $2::int[]) as seen (id, version)
                   join events e on e.stream_id = seen.id and e.version > seen.version)""",
                list(self._reached),
                list(self._reached.values()),
            )
        return moved_on

    async def save(self, *aggregates: Aggregate) -> None:
        """Record the pending events of all at the end of the block, and publish them.

        `EventTooLarge` at once; `ConcurrentWrite` at the end of the block if another writer was
        first on one of them.
        """
        for aggregate in aggregates:
            await self._prepare(aggregate)

    async def next_number(self, series: str, *, continues: str | None = None) -> int:
        """The next number of `series`: 1, 2, 3 ... without gaps; others wait until the commit.

        A series that `continues` another begins where that one stands, unless one of the same kind,
        whose name begins with that one's and a slash, has done so before.
        """
        return await self.numbers.next(series, continues=continues)

    async def claim(self, kind: str, key: str) -> None:
        """Take a name for ever (until `release`); `AlreadyClaimed` if somebody has it.

        Said at the latest at the end of the block.
        """
        if (kind, key) in self._write.claims:
            raise AlreadyClaimed(kind=kind)
        self._write.claims[kind, key] = True

    async def claim_once(self, kind: str, key: str) -> bool:
        """Take a name: True the first time, False ever after.

        Of two at the same moment, the later has a `ConcurrentWrite` at the end of its block; done
        again, as `EventStore.run` does, it gets False.
        """
        if (kind, key) in self._write.claims:
            return False
        taken = self.ahead.is_claimed(kind, key)
        if taken is None:
            taken = await self.read.fetchval(
                "select true from claim where kind = $1 and key = $2", kind, key
            )
        if not taken:
            self._write.claims[kind, key] = False
        return not taken

    async def release(self, kind: str, key: str) -> None:
        """Give a name back; nothing happens if nobody has it."""
        self._write.claims.pop((kind, key), None)
        db = await self.begin()
        await db.execute("delete from claim where kind = $1 and key = $2", kind, key)

    def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer to a request with everything else. Its key taken: `ConcurrentWrite`."""
        self._write.answer = answer

    async def _finish(self) -> None:
        """Record all that is kept."""
        recorder = self.store.recorder
        db = self._held.db
        if db and self._held.is_lent:
            if not self._write.is_empty:
                await recorder.join(db, self._write)
            return
        if db is None and self._write.is_empty:
            return
        crash_point("command.before_commit")
        with timed_append():
            if db:
                await recorder.commit(db, self._write)
            else:
                await recorder.record(self._write)
        crash_point("command.after_commit")

    async def _replay(self, cls: type[AnyAggregate], id: UUID) -> tuple[Any, int]:
        """What is recorded of the stream: the aggregate (None without events) and its version."""
        rows = await self._history(id, form_of(cls))
        if not rows:
            return None, 0
        state, reached, _, account_id, _ = rows[0]
        history = [row[1:] for row in (rows[1:] if state else rows)]
        key, start = None, None
        if state:
            key = await self._key_to_read(id, [(0, "", account_id, state)])
            start = restored(cls, state, key=key)
            if start is None:
                history = [row[1:] for row in await self._history(id, NO_FORM)]
        key = key or await self._key_to_read(id, history)
        loaded = _played(id, history, loaded=start, key=key)
        is_long = len(history) >= THRESHOLD and isinstance(loaded, cls) and not self._held.db
        if is_long and (key or not _is_secret(history)):
            with suppress(*LOST, Unavailable):  # the next load will keep it as well
                async with acquire(self.store.pool) as db:
                    await keep(db, loaded, key=key)
        return loaded, history[-1][0] if history else reached

    async def _history(self, id: UUID, form: str) -> list[HistoryRow]:
        known = self.ahead.history(id, form=form)
        if known is not None:
            return known
        return [tuple(row) for row in await self.read.fetch(LOAD, id, form)]

    async def _key_to_read(self, id: UUID, history: Sequence[tuple[Any, ...]]) -> bytes | None:
        if not _is_secret(history):
            return None
        subject = history[0][2] or id
        return (await self.store.keyring.keys([subject]))[subject]

    async def _prepare(self, aggregate: Aggregate) -> None:
        write = self._write
        account_id, brand = aggregate.account_id, aggregate.brand  # type: ignore[attr-defined]
        pending = list(aggregate.collect_events())
        public = [self.store.publish(event, aggregate) for event in pending]
        is_secret = any(has_personal_fields(event) for event in pending) or any(
            personal_fields(type(event)) for event in public if event
        )
        key = await self.store.keyring.ensure(account_id or aggregate.id) if is_secret else None
        cipher = Cipher(key) if key else None
        mapper = TypedMapper(key=key, cipher=cipher, recorded_at=self.now)
        rows: list[EventRow] = [
            (
                aggregate.id,
                event.originator_version,
                get_topic(type(event)),
                account_id,
                brand,
                mapper.to_state(event).decode(),
                self.now,
                write.id,
            )
            for event in pending
        ]
        write.events += rows
        self._own.setdefault(aggregate.id, []).extend(rows)
        write.log += [
            self._log_row(event, cipher=cipher, account_id=account_id, brand=brand)
            for event in public
            if event
        ]

    def _log_row(
        self, event: PublicEvent, *, cipher: Cipher | None, account_id: UUID | None, brand: str
    ) -> LogRow:
        assert account_id or not personal_fields(type(event)), "no key that others can ask for"
        record = Record(
            source=self.store.service,
            partition=partition_of(account_id, brand),
            position=0,
            id=new_id(),
            type=type(event).__name__,
            version=event.VERSION,
            account_id=account_id,
            brand=brand,
            occurred_at=self.now,
            actor=self.cause.actor,
            causation_id=self.cause.causation_id,
            correlation_id=self.cause.correlation_id,
            traceparent=current_traceparent(),
            data=encode_bounded(encode_public(event, cipher)).decode(),
            hash="",
        )
        return (
            record.partition,
            record.id,
            record.type,
            record.version,
            account_id,
            brand,
            record.occurred_at,
            record.actor,
            record.causation_id,
            record.correlation_id,
            record.traceparent,
            record.data,
            sealed_bytes(record),
        )


_PLAIN = TypedMapper()
"""For what no key is needed to read."""


def _is_secret(history: Sequence[tuple[Any, ...]]) -> bool:
    """Whether reading it (version, topic, account, text) takes the account's key."""
    # Quotes are frequent and tildes rare: the second search is for a handful of texts.
    for row in history:
        text = row[3]
        if "~1." in text and ('"~1.' in text or is_secret(text)):
            return True
    return False


def _played(id: UUID, history: Sequence[tuple[Any, ...]], *, loaded: Any, key: bytes | None) -> Any:
    mapper = TypedMapper(key=key) if key else _PLAIN
    for version, topic, _, data in history:
        stored = StoredEvent(id, version, topic, data.encode())
        loaded = mapper.to_domain_event(stored).mutate(loaded)  # type: ignore[attr-defined]
    return loaded
