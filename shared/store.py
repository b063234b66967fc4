"""The event store: private streams and the public log, recorded by one statement.

`EventStore.transaction()` gives a `Transaction`, with which commands load aggregates, save them,
take gapless numbers and claim names; all of it commits or none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.domain import Aggregate, CanMutateAggregate
from eventsourcing.persistence import StoredEvent

from shared.append import LogRow, Write, append
from shared.clock import Clock
from shared.codec import TypedMapper, encode_bounded, has_personal_fields
from shared.contracts.event import PublicEvent
from shared.database import Connection, Pool, acquire
from shared.envelope import Record, encode_public, partition_of, sealed_bytes
from shared.errors import AlreadyClaimed, ConcurrentWrite, NotFound, Stale
from shared.ids import new_id
from shared.keyring import Keyring
from shared.lease import Leases
from shared.personal import personal_fields
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
        self.committed = Wakeup()
        """Called after each commit that published: wakes the relay and the own log's consumers."""
        self.leases = Leases(pool)
        self.leases.signals.mirror("committed", self.committed)

    @asynccontextmanager
    async def transaction(self, cause: Cause) -> AsyncIterator["Transaction"]:
        """A transaction on a connection of the pool; commits at the end, rolls back on an error."""
        async with acquire(self.pool) as db:
            async with db.transaction():
                tx = Transaction(self, db, cause)
                yield tx
            self.announce(tx)

    async def run(self, cause: Cause, work: Callable[["Transaction"], Awaitable[Result]]) -> Result:
        """What `work` returns, committed; done again on a fresh state where another was first.

        `ConcurrentWrite` after three attempts.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                async with self.transaction(cause) as tx:
                    return await work(tx)
            except ConcurrentWrite:
                RETRIES.note("append")
        async with self.transaction(cause) as tx:
            return await work(tx)

    def announce(self, tx: "Transaction") -> None:
        """Wake whoever waits for public events; call it after the commit."""
        if tx.positions:
            self.committed.call()


class Transaction:
    """Work on one service's store that commits as a whole."""

    def __init__(self, store: EventStore, db: Connection, cause: Cause) -> None:
        self.store = store
        self.db = db
        self.cause = cause
        self.now: datetime = store.clock.now()
        self.positions: dict[int, int] = {}
        """partition -> position of the last public event that this transaction wrote there."""

    async def load(
        self, cls: type[AnyAggregate], id: UUID, *, expected_version: int | None = None
    ) -> AnyAggregate:
        """The aggregate as of now. `NotFound` if there is none, `Stale` if it has moved on."""
        rows = await self.db.fetch(
            "select version, topic, account_id, data from events where stream_id = $1 order by 1",
            id,
        )
        if not rows:
            raise NotFound()
        mapper = TypedMapper(key=await self._key_to_read(id, rows))
        loaded: Any = None
        for row in rows:
            stored = StoredEvent(id, row["version"], row["topic"], row["data"].encode())
            loaded = mapper.to_domain_event(stored).mutate(loaded)  # type: ignore[attr-defined]
        if not isinstance(loaded, cls):
            raise NotFound()
        if expected_version is not None and loaded.version != expected_version:
            raise Stale(version=loaded.version)
        return loaded

    async def save(self, *aggregates: Aggregate) -> None:
        """Record the pending events of all and publish them, in one statement.

        `ConcurrentWrite` if another writer was first on one of them; nothing is recorded then.
        """
        write = Write()
        for aggregate in aggregates:
            await self._prepare(aggregate, write)
        if not write.events:
            return
        try:
            with timed_append():
                await append(self.db, [write])
        except asyncpg.UniqueViolationError as error:
            raise ConcurrentWrite() from error
        self.positions.update(write.positions)

    async def next_number(self, series: str) -> int:
        """The next number of `series`: 1, 2, 3 ... without gaps; others wait until the commit."""
        number: int = await self.db.fetchval(
            """insert into series as s (name, last_number) values ($1, 1)
               on conflict (name) do update set last_number = s.last_number + 1
               returning last_number""",
            series,
        )
        return number

    async def claim(self, kind: str, key: str) -> None:
        """Take a name for ever (until `release`); `AlreadyClaimed` if somebody has it."""
        if not await self.claim_once(kind, key):
            raise AlreadyClaimed(kind=kind)

    async def claim_once(self, kind: str, key: str) -> bool:
        """Take a name: True the first time, False ever after. Waits for a rival transaction."""
        taken = await self.db.fetchval(
            """insert into claim (kind, key) values ($1, $2)
               on conflict do nothing returning true""",
            kind,
            key,
        )
        return bool(taken)

    async def release(self, kind: str, key: str) -> None:
        """Give a name back; nothing happens if nobody has it."""
        await self.db.execute("delete from claim where kind = $1 and key = $2", kind, key)

    async def _key_to_read(self, id: UUID, rows: Sequence[asyncpg.Record]) -> bytes | None:
        if not any('"~1.' in row["data"] for row in rows):
            return None
        subject = rows[0]["account_id"] or id
        return (await self.store.keyring.keys([subject]))[subject]

    async def _prepare(self, aggregate: Aggregate, write: Write) -> None:
        account_id, brand = aggregate.account_id, aggregate.brand  # type: ignore[attr-defined]
        pending = list(aggregate.collect_events())
        public = [self.store.publish(event, aggregate) for event in pending]
        secret = any(has_personal_fields(event) for event in pending) or any(
            personal_fields(type(event)) for event in public if event
        )
        key = await self.store.keyring.ensure(account_id or aggregate.id) if secret else None
        mapper = TypedMapper(key=key, recorded_at=self.now)
        for event in pending:
            stored = mapper.to_stored_event(event)
            write.events.append(
                (
                    aggregate.id,
                    stored.originator_version,
                    stored.topic,
                    account_id,
                    brand,
                    stored.state.decode(),
                    self.now,
                    write.id,
                )
            )
        write.log += [
            self._log_row(event, key=key, account_id=account_id, brand=brand)
            for event in public
            if event
        ]

    def _log_row(
        self, event: PublicEvent, *, key: bytes | None, account_id: UUID | None, brand: str
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
            data=encode_bounded(encode_public(event, key)).decode(),
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
