"""Where views are read: a replica of the database while it is near enough, else the primary.

A replica answers with what it has replayed, which may be a moment old. A reader that must see what
the primary has committed by now asks for `as_of_now`. A replica that is silent, or more than
`LAG_S` behind, is not asked until it is well again; a primary that is silent leaves the replica.
"""

import asyncio
import time
from typing import Any, Protocol, TypeVar

import asyncpg
import structlog

from shared.consumers.lag import LagClock
from shared.database import LOST, Pool, is_lost
from shared.errors import Unavailable
from shared.heartbeat import beat
from shared.telemetry import GAUGES

LAG_S = 2.0
LOOK_EVERY_S = 0.5
CATCH_UP_WITHIN_S = 0.1
LOOK_AGAIN_S = 0.005

Value = TypeVar("Value")

_FLUSHED = "select (pg_current_wal_flush_lsn() - '0/0')::bigint"
# A replica that was promoted is a primary: it has all that there is.
_REPLAYED = """
select case when pg_is_in_recovery() then (pg_last_wal_replay_lsn() - '0/0')::bigint
       else 9223372036854775807 end
"""
_WAL = ("wal", 0)

log = structlog.get_logger()


class Reader(Protocol):
    """What a query of a view needs: asyncpg's pools and connections have it, and so has `Reads`."""

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """The first row, if there is one."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row, if there is one."""
        ...


class Primary:
    """Reads of the primary."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """See `Reader`."""
        return await self.pool.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """See `Reader`."""
        return await self.pool.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """See `Reader`."""
        return await self.pool.fetchval(query, *args)

    async def as_of_now(self) -> Reader:
        """The primary is always as of now."""
        return self

    async def close(self) -> None:
        """The pool is the store's."""


class ReplicaFirst:
    """Reads of a replica; of the primary where the replica cannot serve."""

    def __init__(self, primary: Primary, replica: Pool, *, service: str) -> None:
        self._primary = primary
        self._replica = Primary(replica)
        self._service = service
        self._lag = LagClock()
        self._is_near = False

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """See `Reader`."""
        if self._is_near:
            try:
                return await self._replica.fetch(query, *args)
            except (Unavailable, *LOST) as error:
                self._give_up(error)
        return await self._primary.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """See `Reader`."""
        if self._is_near:
            try:
                return await self._replica.fetchrow(query, *args)
            except (Unavailable, *LOST) as error:
                self._give_up(error)
        return await self._primary.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """See `Reader`."""
        if self._is_near:
            try:
                return await self._replica.fetchval(query, *args)
            except (Unavailable, *LOST) as error:
                self._give_up(error)
        return await self._primary.fetchval(query, *args)

    async def as_of_now(self) -> Reader:
        """Whoever has all that is committed at this moment: the replica is given a tenth second.

        When the primary is silent it is the replica: nothing is committed then.
        """
        if not self._is_near:
            return self._primary
        try:
            wanted = await self._primary.fetchval(_FLUSHED)
        except (Unavailable, *LOST):
            return self
        deadline = time.monotonic() + CATCH_UP_WITHIN_S
        while await self._replayed() < wanted:
            if time.monotonic() > deadline or not self._is_near:
                return self._primary
            await asyncio.sleep(LOOK_AGAIN_S)
        return self

    async def run(self) -> None:
        """Watch how far the replica is behind, for as long as the service runs."""
        while True:
            beat()
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Decide whether the replica is asked from now on."""
        try:
            flushed = await self._primary.fetchval(_FLUSHED)
        except (Unavailable, *LOST):
            return  # with nothing new on the primary, what the replica has stays true
        try:
            replayed: int = await self._replica.fetchval(_REPLAYED)
        except (Unavailable, *LOST) as error:
            self._give_up(error)
            return
        lag_s = self._lag.lag_s({_WAL: flushed}, lambda _: replayed)
        GAUGES.set("faktura_replica_lag_seconds", lag_s, service=self._service)
        self._set_near(lag_s <= LAG_S)

    async def close(self) -> None:
        """Close the replica's connections."""
        self._replica.pool.terminate()

    async def _replayed(self) -> int:
        try:
            replayed: int = await self._replica.fetchval(_REPLAYED)
        except (Unavailable, *LOST) as error:
            self._give_up(error)
            return -1
        return replayed

    def _give_up(self, error: BaseException) -> None:
        if not isinstance(error, Unavailable) and not is_lost(error):
            raise error
        self._set_near(False)

    def _set_near(self, is_near: bool) -> None:
        if is_near != self._is_near:
            log.info("reads", source="replica" if is_near else "primary")
        self._is_near = is_near
        GAUGES.set("faktura_replica_in_use", float(is_near), service=self._service)


Reads = Primary | ReplicaFirst
