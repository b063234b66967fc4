"""F20-F28, F32, F35, F37, F38: relay and bus under faults, against real servers.

Each test breaks something between a log and another service's view, and then asks from outside:
is every event on the bus, in the order of its partition; has the view applied each exactly once?
"""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext

from shared import bus
from shared.crash import CrashPoint
from shared.relay import CHECK_EVERY_S, Relay
from shared.wakeup import end
from tests.conftest import OpenDatabase, wait_until
from tests.faults.backbone import STREAM, Backbone, open_backbone
from tests.faults.conftest import Say
from tests.servers import PASSWORD, Bus, running_nats
from tests.shared.test_bus import settings_for

PROJECT = Path(__file__).parent.parent.parent
RELAY_CRASHES: tuple[CrashPoint, ...] = (
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_checkpoint",
)
NOTICED_WITHIN_S = 10.0
BACK_WITHIN_S = 10.0
REMADE_WITHIN_S = 60.0
SECONDS_OF_KILLS = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Bus]:
    """A nats-server of the test's own, to be broken."""
    folder = tmp_path / "bus"
    folder.mkdir()
    with running_nats(folder) as server:
        yield server


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Bus]:
    """A nats-server whose disk is a few megabytes of memory; making one takes root."""
    if os.geteuid() != 0:
        pytest.skip("a file system of one's own to fill takes root")
    with small_disk(tmp_path / "disk", megabytes=32) as disk, running_nats(disk) as server:
        yield server


@pytest.fixture
async def backbone(database: OpenDatabase, server: Bus) -> Backbone:
    """A log, its relay, and another service's view, on that server."""
    return await open_backbone(database, server)


@contextmanager
def child_relay(backbone: Backbone, **told: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A relay as a process, told more by its environment."""
    told = {"RELAY_DATABASE": backbone.source_url, "RELAY_BUS": backbone.server.url} | told
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.relay_child"],
        env=os.environ | told,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("point", RELAY_CRASHES)
async def test_f20_a_relay_killed_at_any_point_leaves_no_gap_and_no_double(
    backbone: Backbone, point: CrashPoint
) -> None:
    await backbone.write(20)
    with child_relay(backbone, CRASH_AT=point) as process:
        assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL
    assert await backbone.unpublished() > 0, "it died before it was done"
    await backbone.write(20)
    async with backbone.running():
        await backbone.assert_whole()
    assert await backbone.epoch() == 0


@pytest.mark.long
async def test_f20_a_relay_killed_again_and_again_under_load_loses_and_doubles_nothing(
    backbone: Backbone, say: Say
) -> None:
    kills, chance = 0, random.Random(20)
    begun = time.monotonic()
    async with backbone.consuming(), backbone.writing():
        while time.monotonic() - begun < SECONDS_OF_KILLS:
            batch = chance.choice(("5", "25", "500"))
            with (
                child_relay(backbone, RELAY_BATCH=batch) as process,
                pytest.raises(subprocess.TimeoutExpired),
            ):
                await asyncio.to_thread(process.wait, chance.uniform(0.5, 2.5))
            kills += 1
    async with backbone.running():
        await backbone.assert_whole()
    say(f"F20: {kills} kills, {backbone.acknowledged} events, 0 lost, 0 doubled")


async def test_f21_two_relays_by_mistake_keep_the_order_and_double_nothing(
    backbone: Backbone,
) -> None:
    """Both believe that they hold the lease; the server stores only what follows its last."""
    clients = [await bus.connect(settings_for("tickets", backbone.server)) for _ in range(2)]
    sizes = (7, 40)
    relays = [Relay(backbone.source, c, batch=n) for c, n in zip(clients, sizes, strict=True)]
    async with backbone.source.leases.held("some other lease") as lease, backbone.consuming():
        tasks = [asyncio.create_task(relay.publish_under(lease)) for relay in relays]
        async with backbone.writing():
            await written(backbone, 1500)
        await backbone.assert_whole()
        await end(tasks)
    for client in clients:
        await bus.close(client)


async def test_f22_a_bus_killed_again_and_again_under_load_loses_and_doubles_nothing(
    backbone: Backbone,
) -> None:
    async with backbone.running():
        async with backbone.writing():
            for kill in range(1, 4):
                await written(backbone, 150 * kill)
                await restart(backbone.bus)
        assert await backbone.until_published() < BACK_WITHIN_S
        await backbone.assert_whole()
    assert await backbone.epoch() == 0


async def test_f25_a_stream_that_was_deleted_under_a_running_relay_is_filled_again(
    backbone: Backbone,
) -> None:
    let_root_in(backbone.bus)
    async with backbone.running():
        await backbone.write(30)
        await backbone.assert_whole()
        async with root(backbone.bus) as js:
            await js.delete_stream(STREAM)
        await backbone.write(30)
        await until_epoch(backbone, 1)
        await backbone.assert_whole()


async def test_f25_a_store_that_was_wiped_is_filled_again(backbone: Backbone) -> None:
    async with backbone.running():
        await backbone.write(30)
        await backbone.assert_whole()
        await asyncio.to_thread(backbone.bus.kill)
        shutil.rmtree(store_of(backbone.bus))
        await backbone.write(30)
        await asyncio.to_thread(backbone.bus.start)
        await until_epoch(backbone, 1)
        await backbone.assert_whole()


async def test_f26_a_store_set_back_to_an_earlier_copy_is_filled_with_what_it_lost(
    backbone: Backbone, tmp_path: Path
) -> None:
    """A power cut: the same stream, shorter; other events would take the numbers it gave away."""
    store, copy = store_of(backbone.bus), tmp_path / "copy"
    async with backbone.running():
        await backbone.write(30)
        await backbone.assert_whole()
        await asyncio.to_thread(backbone.bus.kill)
        shutil.copytree(store, copy)
        await asyncio.to_thread(backbone.bus.start)
        await backbone.write(30)
        await backbone.assert_whole()
        await asyncio.to_thread(backbone.bus.kill)
        shutil.rmtree(store)
        shutil.move(copy, store)
        await backbone.write(30)
        await asyncio.to_thread(backbone.bus.start)
        await until_epoch(backbone, 1)
        await backbone.assert_whole(doubles=True)


async def test_f27_what_a_purge_took_is_really_stored_again_under_new_ids(
    backbone: Backbone,
) -> None:
    """The server remembers the ids: it would acknowledge them again and store nothing."""
    let_root_in(backbone.bus)
    await backbone.write(40)
    async with backbone.relaying():
        await backbone.until_published()
    async with root(backbone.bus) as js:
        await js.purge_stream(STREAM)
    async with backbone.source.pool.acquire() as db:
        # Without its memory the relay cannot know of the purge: only the repeated ids tell.
        await db.execute("delete from relay_stream")
        await db.execute("update relay_checkpoint set position = 0")
    async with backbone.running():
        # At once, by the repeats, and not at the next look at the stream.
        await until_epoch(backbone, 1, within_s=CHECK_EVERY_S / 2)
        await backbone.assert_whole()


async def test_f27_a_purge_under_a_running_relay_is_noticed_though_more_was_published(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.CHECK_EVERY_S", 2.0)
    let_root_in(backbone.bus)
    async with backbone.running():
        await backbone.write(30)
        await backbone.until_published()
        async with root(backbone.bus) as js:
            await js.purge_stream(STREAM)
        await backbone.write(30)
        await until_epoch(backbone, 1)
        await backbone.assert_whole(doubles=True)


async def test_f28_consumers_deleted_on_the_server_are_made_again_and_apply_nothing_twice(
    backbone: Backbone,
) -> None:
    let_root_in(backbone.bus)
    async with backbone.running(), root(backbone.bus) as js:
        await backbone.write(20)
        await backbone.assert_whole()
        for consumer in await js.consumers_info(STREAM):
            await js.delete_consumer(STREAM, consumer.name)
        await backbone.write(20)
        await backbone.assert_whole()

        async def are_there() -> bool:
            return bool(await js.consumers_info(STREAM))

        await wait_until(are_there, within_s=REMADE_WITHIN_S)
        await backbone.write(20)
        await backbone.assert_whole()


async def test_f32_a_bus_that_hangs_is_noticed_and_what_timed_out_is_neither_lost_nor_doubled(
    backbone: Backbone, say: Say
) -> None:
    async with backbone.running():
        assert backbone.relay is not None
        relay = backbone.relay
        async with backbone.writing():
            await written(backbone, 100)
            backbone.bus.send(signal.SIGSTOP)
            hung_at = time.monotonic()

            async def is_noticed() -> bool:
                return relay.is_failing

            try:
                await wait_until(is_noticed, within_s=NOTICED_WITHIN_S)
                noticed_s = time.monotonic() - hung_at
                await written(backbone, backbone.acknowledged + 100)
            finally:
                backbone.bus.send(signal.SIGCONT)
        await backbone.assert_whole()
    assert await backbone.epoch() == 0
    say(f"F32: noticed after {noticed_s:.1f} s")


async def test_f35_when_the_bus_has_space_again_everything_is_delivered(
    database: OpenDatabase, cramped: Bus
) -> None:
    backbone = await open_backbone(database, cramped)
    async with backbone.running():
        await backbone.write(10)
        await backbone.assert_whole()
        assert backbone.relay is not None
        relay = backbone.relay
        ballast = fill(store_of(cramped))
        await backbone.write(60)

        async def is_noticed() -> bool:
            return relay.is_failing

        await wait_until(is_noticed, within_s=NOTICED_WITHIN_S)
        await backbone.write(20)
        ballast.unlink()
        await restart(cramped)
        await backbone.assert_whole(doubles=True)


async def test_f37_a_bit_that_flipped_in_the_store_of_the_bus_is_not_believed(
    backbone: Backbone,
) -> None:
    await backbone.write(5)
    async with backbone.running():
        await backbone.assert_whole()
    await backbone.write(40)
    async with backbone.relaying():
        await backbone.until_published()
    await asyncio.to_thread(backbone.bus.kill)
    flip_a_bit_within(b"TicketClosed", next(store_of(backbone.bus).rglob("*.blk")))
    await asyncio.to_thread(backbone.bus.start)
    held = await backbone.held()
    assert held != await backbone.logged(), "the bus is not whole"
    async with backbone.running():
        await backbone.write(10)
        await backbone.assert_whole(from_bus=False)


async def test_f38_wrong_credentials_end_the_process_with_a_message(backbone: Backbone) -> None:
    with child_relay(backbone, RELAY_PASSWORD="not-the-password") as process:
        said, _ = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == os.EX_NOPERM
        assert b"refuses the credentials of the user tickets" in said


async def test_f38_credentials_that_change_under_a_running_process_end_it(
    backbone: Backbone,
) -> None:
    await backbone.write(1)
    with child_relay(backbone) as process:
        await backbone.until_published()
        config = backbone.bus.config
        config.write_text(config.read_text().replace(PASSWORD, "another-password-on-loopback"))
        backbone.bus.send(signal.SIGHUP)
        said, _ = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == os.EX_NOPERM
        assert b"refuses the credentials of the user tickets" in said


async def test_f38_a_connection_that_closed_for_good_ends_the_process(backbone: Backbone) -> None:
    with child_relay(backbone, RELAY_CLOSES="yes") as process:
        said, _ = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == os.EX_UNAVAILABLE
        assert b"closed for good" in said


async def written(backbone: Backbone, events: int) -> None:
    """Wait until so many events were acknowledged to the writers."""

    async def are_written() -> bool:
        return backbone.acknowledged >= events

    await wait_until(are_written, within_s=60)


async def until_epoch(backbone: Backbone, epoch: int, *, within_s: float = 40) -> None:
    """Wait until the relay has begun to fill the stream again."""

    async def has_begun() -> bool:
        return await backbone.epoch() >= epoch

    await wait_until(has_begun, within_s=within_s)


async def restart(server: Bus) -> None:
    """kill -9, then start again."""
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


def store_of(server: Bus) -> Path:
    """The folder of JetStream's files."""
    return Path(json.loads(server.config.read_text())["jetstream"]["store_dir"])


def let_root_in(server: Bus) -> None:
    """Add a user who may do everything, as no user of ours may."""
    config = json.loads(server.config.read_text())
    config["authorization"]["users"].append({"user": "root", "password": PASSWORD})
    server.config.write_text(json.dumps(config))
    server.send(signal.SIGHUP)


@asynccontextmanager
async def root(server: Bus) -> AsyncIterator[JetStreamContext]:
    """JetStream as that user."""
    client = await nats.connect(server.url, user="root", password=PASSWORD)
    yield client.jetstream(timeout=5)
    await client.close()


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A file system in memory, of that size."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let us mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Write a file until nothing more fits."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(64 * 1024)):
            pass
    return ballast


def flip_a_bit_within(text: bytes, file: Path) -> None:
    """The last place where the text stands loses one bit."""
    content = bytearray(file.read_bytes())
    content[content.rindex(text)] ^= 1
    file.write_bytes(content)
