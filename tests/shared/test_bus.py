"""From the log over real NATS to a view of another service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from pydantic import SecretStr

from shared import bus
from shared.bus import QuickClient
from shared.consumers.group import Consumers
from shared.feed import Feed, LocalFeed
from shared.ids import new_id
from shared.relay import Relay
from shared.settings import Settings
from shared.store import EventStore
from shared.wakeup import end, run_forever
from tests.cluster import BusCluster
from tests.conftest import OpenDatabase, wait_until
from tests.servers import PASSWORD, Bus
from tests.shared.kernel import CAUSE, Counter, store_on
from tests.shared.test_worker import TABLES, tally


def settings_for(service: str, server: Bus | BusCluster) -> Settings:
    return settings_at(service, server.url)


def settings_at(service: str, nats_url: str) -> Settings:
    return Settings(
        service=service,
        port=1,
        database_url=SecretStr("postgres://nowhere"),
        nats_url=nats_url,
        nats_user=service,
        nats_password=SecretStr(PASSWORD),
        signing_key={},
        operator_jwk={},
        peers={},
        portal_url="http://{brand}.localhost",
    )


class Pair:
    """The tickets service with its relay, and the portal with one view fed over the bus."""

    def __init__(self, source: EventStore, reader: EventStore, server: Bus) -> None:
        self.source = source
        self.reader = reader
        self.server = server

    async def count(self, counters: int, *, times: int = 2) -> None:
        for _ in range(counters):
            counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
            for _ in range(times):
                counter.count(step=1)
            async with self.source.transaction(CAUSE) as tx:
                await tx.save(counter)

    async def tallied(self) -> list[int]:
        async with self.reader.pool.acquire() as db:
            return [row["closed"] for row in await db.fetch("select closed from tally")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        sender = await bus.connect(settings_for("tickets", self.server))
        receiver = await bus.connect(settings_for("portal", self.server))
        relay = Relay(self.source, sender)
        loops = {"relay": relay.run, **(await self._consumers()).loops(receiver)}
        tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
        try:
            yield
        finally:
            await end(tasks)
            await _close(sender, receiver)

    async def _consumers(self) -> Consumers:
        consumers = Consumers([tally], self.reader, None)  # type: ignore[arg-type]
        feeds: Mapping[str, Feed] = {"tickets": LocalFeed(self.source.pool, "tickets")}
        consumers.feeds = feeds
        for worker in consumers.workers:
            worker._feeds = feeds
        await consumers.load()
        return consumers


async def _close(*clients: Client) -> None:
    for client in clients:
        await bus.close(client)


async def until(check: Callable[[], Awaitable[Any]], expected: Any) -> None:
    async def holds() -> bool:
        return bool(await check() == expected)

    try:
        await wait_until(holds, within_s=30)
    except TimeoutError:
        raise AssertionError(f"{await check()} did not become {expected}") from None


@pytest.fixture
async def pair(database: OpenDatabase, nats_server: Bus) -> Pair:
    source, reader = await database("kernel"), await database("kernel")
    owner = await asyncpg.connect(reader.owner_url)
    await owner.execute(TABLES)
    await owner.execute("grant all on tally to kernel_app")
    await owner.close()
    reading = store_on(reader.pool)
    reading.service = "portal"
    return Pair(store_on(source.pool), reading, nats_server)


async def test_an_event_reaches_another_services_view(pair: Pair) -> None:
    async with pair.running():
        await pair.count(20)
        await until(pair.tallied, [2] * 20)


async def test_events_of_the_time_when_the_bus_was_down_arrive_when_it_is_back(pair: Pair) -> None:
    async with pair.running():
        await pair.count(3)
        await until(pair.tallied, [2] * 3)
        pair.server.kill()
        await pair.count(3)
        await asyncio.to_thread(pair.server.start)
        await pair.count(3)
        await until(pair.tallied, [2] * 9)


async def test_a_stream_that_was_deleted_is_made_and_filled_again_under_a_new_epoch(
    pair: Pair,
) -> None:
    async def remembered() -> int:
        async with pair.source.pool.acquire() as db:
            return int(await db.fetchval("select sum(position) from relay_checkpoint"))

    async with pair.running():
        await pair.count(5)
        await until(pair.tallied, [2] * 5)
        await until(remembered, 15)
    admin = await bus.connect(settings_for("tickets", pair.server))
    js = admin.jetstream()
    before = (await js.stream_info("TICKETS")).state.last_seq
    relay = Relay(pair.source, admin)
    async with pair.source.pool.acquire() as db:
        await db.execute("update relay_stream set created_at = created_at - interval '1 day'")
    await relay.check_stream()
    while await relay.publish_waiting():
        pass
    info = await js.stream_info("TICKETS")
    assert info.state.last_seq - before == 15
    async with pair.source.pool.acquire() as db:
        assert await db.fetchval("select epoch from relay_stream") == 1
    await _close(admin)


@given(
    lines=st.lists(
        st.tuples(st.text("abc-Z ñ\t", max_size=6), st.text(" :aé\t\x85\xa0ñ", max_size=6))
    )
)
def test_headers_are_read_as_the_library_reads_them(lines: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in lines).encode() + b"\r\n"
    assert QuickClient._parse_header_lines(raw) == Client._parse_header_lines(raw)


@pytest.mark.parametrize("raw", [b"a: 1\r\nb:2\r\n\r\n", b"a: \xff\r\n\r\n", b"a: 1\r\n", b"\r\n"])
def test_unusual_headers_are_read_as_the_library_reads_them(raw: bytes) -> None:
    assert QuickClient._parse_header_lines(raw) == Client._parse_header_lines(raw)


async def test_what_the_bus_brings_is_read_in_the_quick_way(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, slow = QuickClient._parse_header_lines, Client._parse_header_lines
    quickly: list[bytes] = []
    slowly: list[bytes] = []

    def read_quickly(raw: bytes) -> dict[str, str]:
        quickly.append(raw)
        return quick(raw)

    def read_slowly(raw: bytes) -> dict[str, str]:
        slowly.append(raw)
        return slow(raw)

    async def have_come() -> bool:
        await pair.count(1)  # what comes before the cable is laid is read from the feed
        return any(b"ce-id" in raw for raw in quickly)

    monkeypatch.setattr(QuickClient, "_parse_header_lines", staticmethod(read_quickly))
    monkeypatch.setattr(Client, "_parse_header_lines", staticmethod(read_slowly))
    async with pair.running():
        await wait_until(have_come, within_s=20)
    assert not any(b"ce-id" in raw for raw in slowly)
