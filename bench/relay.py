"""The relay's events a second against bare atomic batches of the same messages."""

import time
from statistics import median

from nats.aio.client import Client

from bench.house import House, tick
from bench.results import Result
from shared import bus
from shared.envelope import to_headers
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.relay import Relay
from shared.store import Cause, EventStore
from tests.shared.test_bus import settings_for

ROUNDS = 5
EVENTS = 10_000
BARE_BATCH = 1000
CAUSE = Cause(actor="bench")

Message = tuple[str, dict[str, str], bytes]


async def measure(house: House) -> list[Result]:
    """Both with `sync_interval: always`; the relay reads the log and remembers where it is, too."""
    store = await house.store(size=8)
    client = await bus.connect(settings_for("tickets", house.bus))
    relay = Relay(store, client)
    await relay.check_stream()
    figures: dict[str, list[float]] = {"relay": [], "same": [], "bare": []}
    for _ in range(ROUNDS):
        await _fill(store)
        begun = time.perf_counter()
        sent = await relay.publish_waiting()
        figures["relay"].append(sent / (time.perf_counter() - begun))
        same = await _messages(store)
        bare: list[Message] = [(subject, {}, body) for subject, _, body in same]
        figures["same"].append(await _batches(client, same))
        figures["bare"].append(await _batches(client, bare))
        await relay.check_stream()
    await bus.close(client)
    await store.pool.close()
    value = median(figures["relay"])
    return [
        Result(
            name=f"relay / bare atomic batches of {BARE_BATCH}, {what}",
            value=value,
            unit="events/s",
            baseline=median(figures[which]),
            target=0.6,
        )
        for which, what in (("same", "same headers"), ("bare", "no headers but the batch's"))
    ]


async def _fill(store: EventStore) -> None:
    for _ in range(EVENTS // 500):
        async with store.transaction(CAUSE) as tx:
            await tx.save(*(tick() for _ in range(500)))


async def _messages(store: EventStore) -> list[Message]:
    """As many messages as the relay publishes in a round, made beforehand."""
    feed = LocalFeed(store.pool, "tickets")
    records = [r for partition in await feed.heads() for r in await feed.page(partition, after=0)]
    return [
        (f"tickets.{record.type}.{record.partition}", to_headers(record), record.data.encode())
        for record in records[:EVENTS]
    ]


async def _batches(client: Client, messages: list[Message]) -> float:
    begun = time.perf_counter()
    for first in range(0, len(messages), BARE_BATCH):
        await _batch(client, messages[first : first + BARE_BATCH])
    return len(messages) / (time.perf_counter() - begun)


async def _batch(client: Client, messages: list[Message]) -> None:
    batch = new_id().hex
    *others, (subject, headers, body) = messages
    for place, (each, more, data) in enumerate(others, 1):
        told = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(place), **more}
        await client.publish(each, data, headers=told)
    told = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages)), **headers}
    told["Nats-Batch-Commit"] = "1"
    answer = await client.request(subject, body, headers=told, timeout=bus.PUBLISH_TIMEOUT_S)
    assert b'"count"' in answer.data, answer.data
