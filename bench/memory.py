"""A million events replayed: the memory of a process that rebuilds, and of one that follows.

Each runs as a process of its own, `python -m bench.memory rebuild|follow URL URL`, and prints its
resident size twice a second.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.house import House, NoKeys, publish
from bench.results import Result
from bench.views import CLOSINGS, fill, unwatched, viewing_store
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.feed import LocalFeed
from shared.rebuild import Site, rebuild
from shared.store import EventStore

EVENTS = 1_000_000
LIMIT_MB = 200
LOOKS_EVERY_S = 0.5
SETTLED = 0.2
"""The part of the time after which a process is to have its size."""


async def measure(house: House) -> list[Result]:
    """The largest size of each, against its size when a fifth of the time was over."""
    store, site = await viewing_store(house, service="tickets")
    await fill(store, EVENTS)
    app_url = house.postgres.url(site.owner_url.rpartition("/")[2], "bench_app")
    await store.pool.close()
    results = []
    for work in ("follow", "rebuild"):
        sizes_mb = await _sizes_of(work, app_url, site.owner_url)
        print(
            f"{work}: resident MB",
            *(f"{size:.0f}" for size in sizes_mb[:: len(sizes_mb) // 20 or 1]),
        )
        settled_mb = sizes_mb[int(len(sizes_mb) * SETTLED)]
        results.append(
            Result(
                name=f"memory, {EVENTS:,} events replayed, process that {work}s / after a fifth",
                value=max(sizes_mb),
                unit="MB",
                baseline=settled_mb,
                target=1.15,
                limit=LIMIT_MB,
            )
        )
    return results


async def _sizes_of(work: str, *urls: str) -> list[float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory", work, *urls, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    sizes_mb = [float(line) async for line in process.stdout]
    assert await process.wait() == 0, f"{work} failed"
    return sizes_mb


def size_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def _work(work: str, urls: Sequence[str]) -> None:
    app_url, owner_url = urls
    pool = await open_pool(app_url, size=8, schemas=[CLOSINGS.schema])
    feed = LocalFeed(pool, "tickets")
    if work == "rebuild":
        site = Site(
            service="tickets",
            owner_url=owner_url,
            role="bench_app",
            feeds={"tickets": feed},
            keyring=NoKeys(),
        )
        replayed = await rebuild(CLOSINGS, site, progress=unwatched)
        assert replayed == sum((await feed.heads()).values())
    else:
        store = EventStore(
            pool, service="tickets", publish=publish, keyring=NoKeys(), clock=SystemClock()
        )
        consumers = Consumers([CLOSINGS], store, None)  # type: ignore[arg-type]
        await consumers.load()
        await consumers.workers[0].catch_up("tickets")
    await pool.close()


async def _watched(work: str, urls: Sequence[str]) -> None:
    task = asyncio.create_task(_work(work, urls))
    while not task.done():
        await asyncio.wait([task], timeout=LOOKS_EVERY_S)
        print(size_mb(), flush=True)
    await task


if __name__ == "__main__":
    uvloop.run(_watched(sys.argv[1], sys.argv[2:]))
