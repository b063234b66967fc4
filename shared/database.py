"""PostgreSQL through asyncpg, with a time limit on every wait."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.errors import Unavailable
from shared.heartbeat import beat
from shared.ids import new_id
from shared.telemetry import POOL_WAIT_SECONDS

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

CONNECT_TIMEOUT_S = 5
ACQUIRE_TIMEOUT_S = 2
COMMAND_TIMEOUT_S = 10
SERVER_SETTINGS = {
    "statement_timeout": "8000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
}
_NO_SETTINGS: Mapping[str, str] = {}

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.DiskFullError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
    OSError,
    TimeoutError,
)
"""What the driver may raise when the database, not the statement, is at fault.

The last two of its own: somebody's migration has changed a table that a prepared statement reads.
"""

CLOSED = (asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.InvalidCatalogNameError)
"""What a new connection meets while an operator puts a backup in the database's place."""


def is_lost(error: BaseException) -> bool:
    """Whether the database was at fault: a wrong argument is an InterfaceError as well."""
    return isinstance(error, LOST) and not isinstance(error, ValueError)


class BoundedPool(asyncpg.Pool):
    """A pool in which nobody waits for ever, not even `pool.fetch`: TimeoutError after 2 s."""

    _queue: Any  # asyncpg's own: the connections at rest, and who waits for one

    def acquire(self, *, timeout: float | None = None) -> Any:
        """See asyncpg; without a time limit of the caller's it is ours."""
        return super().acquire(timeout=ACQUIRE_TIMEOUT_S if timeout is None else timeout)

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:
        """See asyncpg, which has a task of its own do it, to go on when the caller is cancelled.

        A task costs more than a short statement, and a connection at rest is given back without any
        wait. With one that is not, a cancellation cuts the wait and the connection.
        """
        if connection._con is None:
            return
        is_awaited = bool(self._queue._getters)
        connection._con._on_release()
        await connection._holder.release(timeout or ACQUIRE_TIMEOUT_S)
        if is_awaited:
            await asyncio.sleep(0)  # who waits goes first, or this caller would take it again


async def open_pool(
    url: str,
    *,
    size: int,
    schemas: Sequence[str] = (),
    at_once: int = 1,
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> Pool:
    """A pool whose connections see `public` and then `schemas` by bare table name.

    `at_once` are made before it returns; with none, the server need not be there yet. `settings`
    are the server's, for each session. The url may name several servers (`host1:port1,host2:port2`)
    and, as `target_session_attrs=primary`, which of them is wanted.
    """
    path = ",".join(("public", *schemas))
    name = f"faktura {new_id()}"  # by which all connections of a process that hangs are found
    return await BoundedPool(
        url,
        min_size=at_once,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        reset=_leave_as_it_is,
        server_settings={
            **SERVER_SETTINGS,
            **settings,
            "search_path": path,
            "application_name": name,
        },
    )


async def _leave_as_it_is(db: Connection) -> None:
    """Nothing to reset when a connection comes back, so no round trip for it.

    Nobody leaves anything behind: settings are only ever `set local`, leases are given back.
    """


def acquire(pool: Pool) -> "_Acquired":
    """A connection of the pool, with `async with`, for the time of the block.

    `Unavailable` when none is free or the server does not answer.
    """
    return _Acquired(pool)


class _Acquired:
    """No generator: every statement passes here."""

    __slots__ = ("_db", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        beat()
        waits_since = time.perf_counter() if not self._pool.get_idle_size() else None
        try:
            self._db = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except (*LOST, *CLOSED) as error:
            raise Unavailable(what="database") from error
        finally:
            if waits_since is not None:
                POOL_WAIT_SECONDS.record(time.perf_counter() - waits_since)
        return self._db

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, TimeoutError):
            give_up(self._db)  # who does not answer in time is not waited for once more
        await self._pool.release(self._db)


def give_up(db: Connection) -> None:
    """Close the connection at once, whatever it is at; nothing happens if it is lost already."""
    with suppress(asyncpg.InterfaceError):
        db.terminate()


class Reads(Protocol):
    """What can be read from: a connection, or `PoolReads`."""

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """The first row, if there is one."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row, None without rows."""
        ...


class PoolReads:
    """Reads that each commit by themselves; a connection of the pool is held for the statement.

    With `db` they go there instead. What is `known` (query -> values -> rows) is not asked.
    A statement that writes or locks is an assertion error.
    """

    def __init__(
        self,
        pool: Pool,
        db: "Connection | None" = None,
        known: Mapping[str, Mapping[tuple[Any, ...], Sequence[Any]]] = MappingProxyType({}),
    ) -> None:
        self._pool = pool
        self._db = db
        self._known = known

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """See `Reads.fetch`."""
        assert _only_reads(query), f"no read: {query}"
        if query in self._known and args in self._known[query]:
            return list(self._known[query][args])
        if self._db:
            return await self._db.fetch(query, *args)
        async with acquire(self._pool) as db:
            return await db.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """See `Reads.fetchrow`."""
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *args: Any) -> Any:
        """See `Reads.fetchval`."""
        row = await self.fetchrow(query, *args)
        return row[0] if row else None


_WRITING = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate|for\s+(no\s+key\s+)?update"
    r"|for\s+(key\s+)?share|nextval|setval|pg_advisory\w*|append)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def _only_reads(query: str) -> bool:
    return not _WRITING.search(query)
