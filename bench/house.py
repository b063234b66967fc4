"""What the benchmarks run on: durable servers and a store with the smallest aggregate."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import asyncpg
from eventsourcing.domain import Aggregate, event

from shared.clock import SystemClock
from shared.consumers import View
from shared.contracts.event import PublicEvent
from shared.contracts.tickets import TicketClosed
from shared.database import Pool, open_pool
from shared.ids import new_id
from shared.migrate import migrate_service
from shared.store import DomainEvent, EventStore
from tests.servers import PASSWORD, Bus, Postgres, running_nats, running_postgres

NO_MIGRATIONS = Path("no-migrations")
DURABLE = ("-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB")


class Tick(Aggregate):
    """An aggregate of one event, with a payload of about 400 bytes."""

    TOPIC = "bench.tick"

    class Event(Aggregate.Event):
        TOPIC = "bench.tick.event"

    class Ticked(Aggregate.Created):
        TOPIC = "bench.tick.ticked"
        account_id: UUID
        brand: str
        payload: str

    @event(Ticked)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str, payload: str) -> None:
        self.account_id = account_id
        self.brand = brand


class Tally(Aggregate):
    """An aggregate of many events, each of about 150 bytes."""

    TOPIC = "bench.tally"

    class Event(Aggregate.Event):
        TOPIC = "bench.tally.event"

    class Opened(Aggregate.Created):
        TOPIC = "bench.tally.opened"
        account_id: UUID
        brand: str

    class Counted(Aggregate.Event):
        TOPIC = "bench.tally.counted"
        amount_minor: int
        reason: str
        payment_id: UUID

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str) -> None:
        self.account_id = account_id
        self.brand = brand
        self.total_minor = 0
        self.last: UUID | None = None

    @event(Counted)
    def count(self, amount_minor: int, reason: str, payment_id: UUID) -> None:
        self.total_minor += amount_minor
        self.last = payment_id


def tick() -> Tick:
    """A new one, of an account of its own."""
    return Tick(id=new_id(), account_id=new_id(), brand="bench", payload="x" * 300)


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent:
    """One public event for each."""
    return TicketClosed(ticket_id=aggregate.id, side="staff")


class NoKeys:
    """A keyring for aggregates without personal fields."""

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """Nobody has a key."""
        return dict.fromkeys(subjects)

    async def ensure(self, subject: UUID) -> bytes:
        """Nobody asks."""
        raise AssertionError(f"no key for {subject}")


@dataclass(frozen=True)
class House:
    """The servers of a benchmark run: fsync on, `sync_interval: always`."""

    postgres: Postgres
    bus: Bus

    async def database(
        self, migrations: Path = NO_MIGRATIONS, views: Sequence[View] = ()
    ) -> tuple[str, str]:
        """The URLs of a fresh, migrated database: its owner's, and that of a role that appends."""
        name = f"bench_{new_id().hex}"
        await self.create(name)
        admin = await asyncpg.connect(self.postgres.url("postgres"))
        role = await admin.fetchval("select 1 from pg_roles where rolname = 'bench_app'")
        if not role:
            await admin.execute(f"create role bench_app login password '{PASSWORD}'")
        await admin.close()
        owner_url = self.postgres.url(name)
        await migrate_service(migrations, views, owner_url=owner_url, role="bench_app")
        return owner_url, self.postgres.url(name, "bench_app")

    async def create(self, name: str) -> None:
        """An empty database."""
        admin = await asyncpg.connect(self.postgres.url("postgres"))
        await admin.execute(f"create database {name}")
        await admin.close()

    async def store(self, *, size: int, service: str = "tickets") -> EventStore:
        """A store on a fresh, migrated database, used by a role that may only append."""
        _, url = await self.database()
        pool: Pool = await open_pool(url, size=size)
        return EventStore(
            pool, service=service, publish=publish, keyring=NoKeys(), clock=SystemClock()
        )


@contextmanager
def running_house() -> Iterator[House]:
    """Servers for the time of the block."""
    with TemporaryDirectory(prefix="faktura-bench-") as folder:
        places = [Path(folder) / name for name in ("postgres", "nats")]
        for place in places:
            place.mkdir()
        Path(folder).chmod(0o711)
        with running_postgres(places[0], DURABLE) as postgres, running_nats(places[1]) as bus:
            yield House(postgres, bus)
