"""What a process that starts waits for, instead of ending and being started again."""

import asyncio

import asyncpg
import structlog

from shared.database import CLOSED, CONNECT_TIMEOUT_S, LOST
from shared.wakeup import pause_s

log = structlog.get_logger()


async def wait_until_it_answers(url: str) -> None:
    """Return when the database lets us in: a process that starts too early waits, and does not end.

    Raises what waiting does not mend, such as a wrong password.
    """
    failures = 0
    while True:
        try:
            db = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
        except (*LOST, *CLOSED) as error:
            failures += 1
            if failures.bit_count() == 1:
                log.warning("the database is not there yet", error=repr(error), in_a_row=failures)
            await asyncio.sleep(pause_s(failures))
        else:
            await db.close()
            return
