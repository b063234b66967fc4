"""One worker at a time: a lease that ends by itself when its holder dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.database import Connection, Pool, acquire
from shared.errors import Unavailable
from shared.heartbeat import beat

TRY_EVERY_S = 1.0


class Lease:
    """An advisory lock of PostgreSQL, held by a connection of its own."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def check(self) -> None:
        """`Unavailable` when the connection is gone, and with it the lease."""
        if self._db.is_closed():
            raise Unavailable(what="lease")


@asynccontextmanager
async def held_lease(pool: Pool, name: str) -> AsyncIterator[Lease]:
    """Waits until nobody else of this database holds the lease `name`, then holds it."""
    async with acquire(pool) as db:
        take = "select pg_try_advisory_lock(hashtextextended($1, 0))"
        while not await db.fetchval(take, name):
            beat()
            await asyncio.sleep(TRY_EVERY_S)
        try:
            yield Lease(db)
        finally:
            if not db.is_closed():
                await db.execute("select pg_advisory_unlock(hashtextextended($1, 0))", name)
