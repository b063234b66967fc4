"""What one event costs at each stage: processor time of ours and of the servers, and bytes.

Processor time is counted, not elapsed time, so a busy machine changes it little. docs/scaling.md
reckons with these figures. Run it with `python -m bench.stages`.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from rich.console import Console

from bench.house import House, running_house, tick
from bench.latency import _consumers, _make_table
from shared import bus
from shared.relay import Relay
from shared.store import Cause, EventStore
from shared.wakeup import run_forever
from tests.shared.test_bus import settings_for

CAUSE = Cause(actor="bench")
SINGLE = 4_000
BULK = 20_000
CHUNK = 500
WRITERS = 32
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Meter:
    """Processor seconds of this process and, by a word in their command lines, of the servers."""

    def read(self) -> dict[str, float]:
        """Seconds so far."""
        spent = {"python": time.process_time(), "postgres": 0.0, "nats-server": 0.0}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                name, fields = _name_and_fields(stat)
                if name in spent and _is_ours(stat.parent):
                    # Its own, and that of its children that have ended.
                    spent[name] += sum(map(int, fields[11:15])) / TICKS_PER_S
        return spent


def _name_and_fields(stat: Path) -> tuple[str, list[str]]:
    """The program's name, and what follows it, of a process's entry in /proc."""
    head, _, rest = stat.read_text().rpartition(") ")
    return head.partition("(")[2], rest.split()


def _is_ours(process: Path) -> bool:
    """Whether this process, or one that it started, started it."""
    parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    if parent == os.getpid():
        return True
    return parent > 1 and _is_ours(Path("/proc") / str(parent))


async def measure(house: House) -> list[tuple[str, dict[str, float], int]]:
    """Stage, seconds by process, events."""
    meter, found = Meter(), []
    source, reader = await house.store(size=WRITERS), await house.store(size=8, service="portal")
    await _make_table(house, reader)
    wal_before = await _wal(source)

    async def stage(name: str, work: Any, *, events: int) -> None:
        before = meter.read()
        await work
        after = meter.read()
        found.append((name, {each: after[each] - before[each] for each in after}, events))

    await stage("append, one event a command, 32 at once", _append_single(source), events=SINGLE)
    await stage("append, chunks of 500", _append_bulk(source), events=BULK)
    wal = (await _wal(source) - wal_before) // (SINGLE + BULK)
    _say(f"write-ahead log: {wal} bytes an event")
    sender = await bus.connect(settings_for("tickets", house.bus))
    receiver = await bus.connect(settings_for("portal", house.bus))
    relay = Relay(source, sender)
    await relay.check_stream()
    await stage("relay, backlog", relay.publish_waiting(), events=SINGLE + BULK)
    seen: set[Any] = set()

    def applied(_: str, envelopes: Sequence[Any]) -> None:
        seen.update(envelope.id for envelope in envelopes)

    consumers = await _consumers(source, reader, applied=applied)
    loops = consumers.loops(receiver)
    tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
    await stage("consume into one view, backlog", _until(seen, SINGLE + BULK), events=SINGLE + BULK)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in (sender, receiver):
        await bus.close(client)
    await _sizes(house, source)
    for store in (source, reader):
        await store.pool.close()
    return found


async def _wal(store: EventStore) -> int:
    async with store.pool.acquire() as db:
        written: int = await db.fetchval("select (pg_current_wal_lsn() - '0/0')::bigint")
    return written


async def _append_single(store: EventStore) -> None:
    async def writer() -> None:
        for _ in range(SINGLE // WRITERS):
            async with store.transaction(CAUSE) as tx:
                await tx.save(tick())

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


async def _append_bulk(store: EventStore) -> None:
    for _ in range(BULK // CHUNK):
        async with store.transaction(CAUSE) as tx:
            await tx.save(*(tick() for _ in range(CHUNK)))


async def _until(seen: set[Any], count: int) -> None:
    async with asyncio.timeout(120):
        while len(seen) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _sizes(house: House, store: EventStore) -> None:
    async with store.pool.acquire() as db:
        name = await db.fetchval("select current_database()")
    owner = await asyncpg.connect(house.postgres.url(name))
    for table in ("events", "log"):
        bytes_each = await owner.fetchval(
            f"select pg_total_relation_size('{table}') / count(*) from {table}"
        )
        _say(f"{table}: {bytes_each} bytes an event with indexes")
    await owner.close()
    _say(f"JetStream: {_bytes_in(house.bus.config.parent) // (SINGLE + BULK)} bytes an event")


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.blk"))


def _say(line: str) -> None:
    Console(width=120).print(line)


def main() -> None:
    """Print microseconds an event, by stage and process."""
    with running_house() as house:
        for name, spent, events in uvloop.run(measure(house)):
            each = ", ".join(f"{who} {s / events * 1e6:.0f}" for who, s in spent.items())
            total = sum(spent.values()) / events * 1e6
            _say(f"{name}: {total:.0f} core-µs an event ({each})")


if __name__ == "__main__":
    main()
