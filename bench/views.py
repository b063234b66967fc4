"""A view at work, live and in a rebuild, against the bare steps that no design can avoid.

Live: events fetched from JetStream, applied with rows and checkpoint in one transaction, and
acknowledged; against fetching and acknowledging the same messages with the client library as it is
(over a connection of its own, because ours reads headers in its own way). Rebuild: from the log to
the swap; against a bare COPY of the rows that it leaves, into a table with the same index.
"""

import time
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import nats
from nats.aio.client import Client

from bench.house import House, NoKeys, tick
from bench.results import Result
from shared import bus
from shared.cable import Cable
from shared.consumers import Envelope, Rows, View
from shared.consumers.group import FETCH, Consumers
from shared.consumers.worker import EVERY_PARTITION
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.database import open_pool
from shared.envelope import PARTITIONS
from shared.feed import LocalFeed
from shared.migrate import migrate_service
from shared.rebuild import Site, rebuild
from shared.relay import Relay
from shared.store import Cause, EventStore
from tests.shared.test_bus import settings_for

ROUNDS = 5
LIVE_EVENTS = 5_000
REBUILT_EVENTS = 100_000
CAUSE = Cause(actor="bench")
TABLES = """
create table closing (
    ticket_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    side text not null,
    closed_at timestamptz not null
);
"""
COLUMNS = ("ticket_id", "account_id", "brand", "side", "closed_at")


def apply(envelope: Envelope, rows: Rows) -> None:
    """One row for each event, so that the rows are as many as a bare COPY has to write."""
    match envelope.event:
        case TicketClosed(ticket_id=ticket_id, side=side):
            rows.insert(
                "closing",
                ticket_id=ticket_id,
                account_id=envelope.account,
                brand=envelope.brand,
                side=side,
                closed_at=envelope.occurred_at,
            )


CLOSINGS = View(
    name="closings",
    sources=("tickets",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({TicketClosed}),
    ignored=frozenset({TicketOpened, TicketReplied}),
)


async def measure(house: House) -> list[Result]:
    """Medians of interleaved rounds."""
    return [*await _live(house), *await _rebuilt(house)]


# ------------------------------------------------------------------------------------------- live


async def _live(house: House) -> list[Result]:
    source = await house.store(size=8)
    reader, _ = await viewing_store(house, service="portal")
    sender = await bus.connect(settings_for("tickets", house.bus))
    receiver = await bus.connect(settings_for("portal", house.bus))
    relay = Relay(source, sender)
    await relay.check_stream()
    consumers = await _consumers(source, reader)
    cable = Cable(receiver, "tickets", name="portal-1")
    await cable.lay(EVERY_PARTITION)
    plain = await _plain_client(house)
    bare = await _bare_pull(receiver, plain)
    ours, theirs = [], []
    for number in range(ROUNDS + 1):
        await fill(source, LIVE_EVENTS)
        assert await relay.publish_waiting() == LIVE_EVENTS
        begun = time.perf_counter()
        await _apply_all(consumers, cable)
        between = time.perf_counter()
        await _take_all(bare)
        if number:  # in the first round partitions begin, from the feed
            ours.append(LIVE_EVENTS / (between - begun))
            theirs.append(LIVE_EVENTS / (time.perf_counter() - between))
    for client in (sender, receiver):
        await bus.close(client)
    await plain.close()
    for store in (source, reader):
        await store.pool.close()
    return [
        Result(
            name="one view, live / bare fetch and acknowledgement",
            value=median(ours),
            unit="events/s",
            baseline=median(theirs),
            target=0.6,
        )
    ]


async def _consumers(source: EventStore, reader: EventStore) -> Consumers:
    consumers = Consumers([CLOSINGS], reader, None)  # type: ignore[arg-type]
    for worker in consumers.workers:
        worker._feeds = {"tickets": LocalFeed(source.pool, "tickets")}
    await consumers.load()
    return consumers


async def _plain_client(house: House) -> Client:
    """The library's, with the portal's credentials."""
    settings = settings_for("portal", house.bus)
    return await nats.connect(
        settings.nats_url,
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        inbox_prefix="_INBOX_portal",
    )


async def _bare_pull(owner: Client, plain: Client) -> Any:
    await bus.assert_durable(owner.jetstream(), "tickets", service="portal")
    return await plain.jetstream().pull_subscribe_bind("portal", stream="TICKETS")


async def _apply_all(consumers: Consumers, cable: Cable) -> None:
    taken = 0
    while taken < LIVE_EVENTS:
        taken += await consumers.take_from(cable)
    assert not consumers.workers[0].behind, consumers.workers[0].behind


async def _take_all(pull: Any) -> None:
    taken = 0
    while taken < LIVE_EVENTS:
        messages = await pull.fetch(FETCH, timeout=bus.FETCH_TIMEOUT_S)
        for message in messages:
            await message.ack()
        taken += len(messages)


# ---------------------------------------------------------------------------------------- rebuild


async def _rebuilt(house: House) -> list[Result]:
    store, site = await viewing_store(house, service="tickets")
    await fill(store, REBUILT_EVENTS)
    await rebuild(CLOSINGS, site, progress=unwatched)
    owner = await asyncpg.connect(site.owner_url)
    rows = [tuple(row) for row in await owner.fetch("select * from view_closings.closing")]
    assert len(rows) == REBUILT_EVENTS
    ours, theirs, per_core = [], [], []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        await rebuild(CLOSINGS, site, progress=unwatched)
        ours.append(REBUILT_EVENTS / (time.perf_counter() - begun))
        per_core.append(REBUILT_EVENTS / (time.process_time() - used))
        theirs.append(await _bare_copy(owner, rows))
    await owner.close()
    await store.pool.close()
    value, baseline = median(ours), median(theirs)
    return [
        Result(
            name="rebuild of a view / bare COPY of the final rows",
            value=value,
            unit="events/s",
            baseline=baseline,
            target=0.4,
        ),
        Result(
            name="rebuild of a view, events per second of the rebuilding process's time",
            value=median(per_core),
            unit="events/s",
            baseline=baseline,
            limit=30_000,
        ),
    ]


async def _bare_copy(owner: asyncpg.Connection, rows: list[tuple[Any, ...]]) -> float:
    await owner.execute("drop schema if exists bare cascade; create schema bare")
    await owner.execute(f"set search_path = bare; {TABLES}; set search_path = public")
    begun = time.perf_counter()
    await owner.copy_records_to_table("closing", records=rows, columns=COLUMNS, schema_name="bare")
    return len(rows) / (time.perf_counter() - begun)


def unwatched(done: int, total: int) -> None:
    """Nobody looks at the progress."""


async def viewing_store(house: House, *, service: str) -> tuple[EventStore, Site]:
    """A store with the view's tables, and where to rebuild them."""
    store = await house.store(size=8, service=service)
    async with store.pool.acquire() as db:
        name = await db.fetchval("select current_database()")
    await store.pool.close()
    owner_url = house.postgres.url(name)
    await migrate_service(Path("no-migrations"), [CLOSINGS], owner_url=owner_url, role="bench_app")
    pool = await open_pool(house.postgres.url(name, "bench_app"), size=8, schemas=[CLOSINGS.schema])
    store = EventStore(
        pool, service=service, publish=store.publish, keyring=store.keyring, clock=store.clock
    )
    site = Site(
        service=service,
        owner_url=owner_url,
        role="bench_app",
        feeds={"tickets": LocalFeed(pool, "tickets")},
        keyring=NoKeys(),
    )
    return store, site


async def fill(store: EventStore, events: int) -> None:
    """So many events of as many accounts, so in all partitions."""
    assert events > PARTITIONS
    await store.save_many(CAUSE, (tick() for _ in range(events)))
