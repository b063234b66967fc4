"""The relay's events a second against bare pipelined publishing of the same messages."""

import asyncio
import time
from statistics import median

from nats.js import JetStreamContext

from bench.house import House, tick
from bench.results import Result
from shared import bus
from shared.relay import BATCH, Relay
from shared.store import Cause, EventStore
from tests.shared.test_bus import settings_for

ROUNDS = 5
EVENTS = 2000
CAUSE = Cause(actor="bench")


async def measure(house: House) -> list[Result]:
    """Both await every acknowledgement, in batches of one size, with `sync_interval: always`."""
    store = await house.store(size=8)
    client = await bus.connect(settings_for("tickets", house.bus))
    relay = Relay(store, client)
    js = client.jetstream(timeout=bus.PUBLISH_TIMEOUT_S)
    await relay.check_stream(js)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        await _fill(store)
        begun = time.perf_counter()
        sent = 0
        while published := await relay.publish_batch(js):
            sent += published
        ours.append(sent / (time.perf_counter() - begun))
        theirs.append(await _bare(js))
    await bus.close(client)
    await store.pool.close()
    return [
        Result(
            name="relay / bare pipelined publishing",
            value=median(ours),
            unit="events/s",
            baseline=median(theirs),
            target=0.6,
        )
    ]


async def _fill(store: EventStore) -> None:
    for _ in range(EVENTS // 100):
        async with store.transaction(CAUSE) as tx:
            await tx.save(*(tick() for _ in range(100)))


async def _bare(js: JetStreamContext) -> float:
    body = b"x" * 60
    begun = time.perf_counter()
    for _ in range(EVENTS // BATCH):
        await asyncio.gather(*(js.publish("tickets.Bare.0", body) for _ in range(BATCH)))
    return EVENTS / (time.perf_counter() - begun)
