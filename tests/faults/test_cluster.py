"""F23, F24: a three-node NATS cluster whose leader, or whose quorum, dies under load."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import nats.js.errors
import pytest

from tests.cluster import NODES, BusCluster, running_bus_cluster
from tests.conftest import OpenDatabase, wait_until
from tests.faults.backbone import STREAM, Backbone, open_backbone
from tests.faults.conftest import Say

GAP_WITHIN_S = 10.0
BACK_WITHIN_S = 30.0
FORMED_WITHIN_S = 60.0
WATCHED_S = 300.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[BusCluster]:
    """Three nodes, to be broken."""
    with running_bus_cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
async def backbone(database: OpenDatabase, cluster: BusCluster) -> AsyncIterator[Backbone]:
    """A log, its relay and another service's view, running, with three replicas of the stream."""
    backbone = await open_backbone(database, cluster)
    async with backbone.running():
        await backbone.write(10)
        await backbone.until_published(within_s=FORMED_WITHIN_S)
        yield backbone


async def test_f23_a_leader_killed_under_load_costs_a_pause_and_no_event(
    backbone: Backbone, cluster: BusCluster, say: Say
) -> None:
    async with backbone.writing(), longest_pause(backbone) as pause:
        await progress(backbone)
        async with backbone.asking() as client:
            leader = await cluster.leader_of(STREAM, client)
        await asyncio.to_thread(leader.kill)
        await progress(backbone)
        await asyncio.to_thread(leader.start)
        await progress(backbone)
    await backbone.assert_whole()
    assert await backbone.epoch() == 0
    say(f"F23: leader killed, publish gap {pause.longest_s:.1f} s, {backbone.acknowledged} events")
    assert pause.longest_s <= GAP_WITHIN_S


@pytest.mark.long
@pytest.mark.timeout(WATCHED_S + 100)
async def test_f23_leaders_killed_one_after_the_other_cost_pauses_and_no_event(
    backbone: Backbone, cluster: BusCluster, say: Say
) -> None:
    """Three replicas stand the loss of one: each is killed when the one before has caught up."""
    async with backbone.writing(), longest_pause(backbone) as pause:
        for _ in range(5):
            async with backbone.asking() as client:
                leader = await cluster.leader_of(STREAM, client)
            await asyncio.to_thread(leader.kill)
            await progress(backbone)
            await asyncio.to_thread(leader.start)
            await until_all_are_current(backbone)
            await progress(backbone)
    await backbone.assert_whole()
    gap_s = round(pause.longest_s, 1)
    say(f"F23: 5 leaders killed, longest gap {gap_s} s, {backbone.acknowledged} events, 0 lost")
    assert await backbone.epoch() == 0


async def test_f24_without_a_quorum_commands_succeed_and_the_bus_catches_up_afterwards(
    backbone: Backbone, cluster: BusCluster, say: Say
) -> None:
    async with backbone.asking() as client:
        leader = await cluster.leader_of(STREAM, client)
    dead = [leader, next(node for node in cluster.nodes.values() if node is not leader)]
    for node in dead:
        await asyncio.to_thread(node.kill)
    await backbone.write(100)
    assert await backbone.unpublished() > 0, "two of three are dead"
    for node in dead:
        await asyncio.to_thread(node.start)
    caught_up_s = await backbone.until_published(within_s=BACK_WITHIN_S)
    await backbone.assert_whole()
    assert await backbone.epoch() == 0
    say(f"F24: caught up {caught_up_s:.1f} s after the quorum was back")


@dataclass
class Pause:
    """The longest time in which nothing was published."""

    longest_s: float = 0.0


@asynccontextmanager
async def longest_pause(backbone: Backbone) -> AsyncIterator[Pause]:
    """Measures it for the time of the block, during which there is always something to publish."""
    pause, is_over = Pause(), asyncio.Event()
    last, since = await backbone.published(), time.monotonic()

    async def watch() -> bool:
        nonlocal last, since
        published, now = await backbone.published(), time.monotonic()
        if published != last:
            last, since = published, now
        pause.longest_s = max(pause.longest_s, now - since)
        return is_over.is_set()

    watching = asyncio.create_task(wait_until(watch, within_s=WATCHED_S))
    try:
        yield pause
    finally:
        is_over.set()
        await watching


async def until_all_are_current(backbone: Backbone) -> None:
    """Wait until each replica holds what the leader holds: now the next one may be lost."""

    async def are_current() -> bool:
        with suppress(nats.errors.Error, nats.js.errors.Error):
            info = await client.jetstream().stream_info(STREAM)
            peers = (info.cluster and info.cluster.replicas) or []
            return len(peers) == len(NODES) - 1 and all(peer.current for peer in peers)
        return False

    async with backbone.asking() as client:
        await wait_until(are_current, within_s=FORMED_WITHIN_S)


async def progress(backbone: Backbone, *, events: int = 100) -> None:
    """Wait until so many more events are on the bus."""
    goal = await backbone.published() + events

    async def is_reached() -> bool:
        return await backbone.published() >= goal

    await wait_until(is_reached, within_s=40)
