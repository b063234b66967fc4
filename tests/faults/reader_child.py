"""Consumers as a process of their own, to be killed: python -m tests.faults.reader_child.

Environment: READER_DATABASE, READER_SOURCE (the source's database, for its feed), READER_BUS, and
CRASH_AT of `shared.crash`.
"""

import asyncio
import os

from shared import bus
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.feed import LocalFeed
from shared.logs import start_logs
from shared.wakeup import run_forever
from tests.shared.kernel import store_on
from tests.shared.test_bus import settings_at
from tests.shared.test_worker import tally


async def main() -> None:
    """Consume until killed."""
    start_logs("portal", "INFO")
    store = store_on(await open_pool(os.environ["READER_DATABASE"], size=4))
    store.service = "portal"
    source = await open_pool(os.environ["READER_SOURCE"], size=2)
    client = await bus.connect(settings_at("portal", os.environ["READER_BUS"]))
    consumers = Consumers([tally], store, None)  # type: ignore[arg-type]
    consumers.feeds = {"tickets": LocalFeed(source, "tickets")}
    for worker in consumers.workers:
        worker._feeds = consumers.feeds
    await consumers.load()
    loops = consumers.loops(client)
    await asyncio.gather(*(run_forever(name, loop) for name, loop in loops.items()))


if __name__ == "__main__":
    asyncio.run(main())
