"""A relay as a process of its own, so that a test can kill it: python -m tests.faults.relay_child.

Environment: RELAY_DATABASE, RELAY_BUS, CRASH_AT of `shared.crash`; and if wished RELAY_BATCH,
RELAY_PASSWORD, RELAY_CLOSES (the connection closes, though nobody meant it to).
"""

import asyncio
import os

from pydantic import SecretStr

from shared import bus
from shared.database import open_pool
from shared.logs import start_logs
from shared.relay import Relay
from shared.wakeup import run_forever
from tests.servers import PASSWORD
from tests.shared.kernel import store_on
from tests.shared.test_bus import settings_at


async def main() -> None:
    """Relay until killed."""
    start_logs("tickets", "INFO")
    told = os.environ
    pool = await open_pool(told["RELAY_DATABASE"], size=4)
    settings = settings_at("tickets", told["RELAY_BUS"])
    password = SecretStr(told.get("RELAY_PASSWORD", PASSWORD))
    client = await bus.connect(settings.model_copy(update={"nats_password": password}))
    relay = Relay(store_on(pool), client, batch=int(told.get("RELAY_BATCH", "25")))
    if "RELAY_CLOSES" in told:
        await client.close()
    await run_forever("relay", relay.run)


if __name__ == "__main__":
    asyncio.run(main())
