"""Recording what commands write: once each, grouped where several wait, whatever gets lost.

A command that only appends goes through the lane: while one statement is on its way, those that
come meanwhile wait and then go together in the next. When the lane's statement fails, each of its
writes is recorded singly, so that none suffers from another. A write whose answer was lost is tried
again with the same ids: then it is recorded, or found as recorded, or another writer was first.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence

import asyncpg
import structlog

from shared.append import Write, append, conflict_of, find_recorded
from shared.database import LOST, Connection, Pool, acquire, give_up, is_lost
from shared.errors import ConcurrentWrite, Unavailable

TRIES = 3
FIRST_PAUSE_S = 0.02
RESOLVE_WITHIN_S = 5.0
NO_MORE_AFTER_S = 9.0
"""What took so long was a server that hangs; whoever asked has waited long enough."""
TERMINATE_WITHIN_MS = 2000
LANE_EVENTS = 500
"""A flush of the lane takes no more writes once it has so many events."""
SINGLE_EVENTS = 50
"""A write of more events would hold up the lane: it goes on a connection of its own."""

TURNED_AWAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""The server has rolled back for the sake of another: the same statement may succeed now."""
REFUSED = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.DiskFullError)
"""The server has said that it gave up: nothing is recorded."""

_TERMINATE = """
select pg_terminate_backend(pid, $2) from pg_stat_activity
where pid = $1 and usename = current_user
"""

log = structlog.get_logger()


_Waiting = tuple[Write, "asyncio.Future[BaseException | None]"]


class CommitUnknown(Unavailable):
    """It is not known whether this was recorded; repeating the same request is safe and tells."""


class NothingRecorded(Unavailable):
    """The connection was lost before the commit; nothing was recorded."""


class Recorder:
    """Records the writes of one store's transactions."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[_Waiting] = deque()
        self._lane: asyncio.Task[None] | None = None

    async def record(self, write: Write) -> None:
        """Record `write`, with others or alone. Afterwards its positions are set.

        `ConcurrentWrite` or `AlreadyClaimed` when another's row stands in the way, `CommitUnknown`
        when no answer could be had within 5 s, `Unavailable` when nothing was sent. Where the
        server hangs, that is known after the 10 s of one statement, and it is not tried again.
        """
        error: BaseException | None = None
        begun = asyncio.get_running_loop().time()
        if len(write.events) <= SINGLE_EVENTS:
            error = await self._record_in_lane(write)
            if error is None:
                return
            if isinstance(error, Unavailable):
                raise error
        if _is_late(begun):
            raise CommitUnknown() from error
        await self._record_singly(write, is_sent=error is not None and _may_be_done(error))

    async def commit(self, db: Connection, write: Write) -> None:
        """Append `write`, if there is any, to the open transaction of `db` and commit it.

        As `record`; but the transaction's other statements cannot be repeated here:
        `NothingRecorded` tells that all of it may be done again.
        """
        if not write.is_empty:
            await self.join(db, write)
        pid = db.get_server_pid()
        begun = asyncio.get_running_loop().time()
        try:
            ended_by = await db.execute("COMMIT;")
        except LOST as error:
            if not _may_be_done(error):
                raise
            give_up(db)
            if _is_late(begun):
                raise CommitUnknown() from error
            if not await self._is_committed(write, pid=pid):
                raise NothingRecorded() from error
        else:
            assert ended_by == "COMMIT", "a statement of the transaction failed before"

    async def join(self, db: Connection, write: Write) -> None:
        """Append `write` to the open transaction of `db`, which its owner commits."""
        try:
            await append(db, [write])
        except asyncpg.UniqueViolationError as error:
            raise conflict_of(error, write) from error

    # --------------------------------------------------------------------------------- the lane

    async def _record_in_lane(self, write: Write) -> BaseException | None:
        """None when it is recorded, else why the flush that carried it failed."""
        flushed = asyncio.get_running_loop().create_future()
        self._waiting.append((write, flushed))
        if self._lane is None:
            self._lane = asyncio.create_task(self._run_lane())
        error: BaseException | None = await flushed
        return error

    async def _run_lane(self) -> None:
        try:
            while self._waiting:
                await self._ride()
        except Unavailable as error:
            self._turn_away(error)
        finally:
            self._lane = None
            self._turn_away(asyncio.CancelledError())

    def _turn_away(self, error: BaseException) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        _tell(waiting, error)

    async def _ride(self) -> None:
        """Flush over one connection for as long as somebody waits, or until a flush fails."""
        begun, error = asyncio.get_running_loop().time(), None
        async with acquire(self._pool) as db:
            while error is None and (batch := self._next_batch()):
                begun = asyncio.get_running_loop().time()
                error = await self._flush(db, batch)
                _tell(batch, error)
                await asyncio.sleep(0)  # they come back with what they do next
        if error and _is_late(begun):  # so long have those waited who still wait
            raise Unavailable(what="database") from error

    def _next_batch(self) -> list[_Waiting]:
        batch, size = [], 0
        while self._waiting and size < LANE_EVENTS:
            write, flushed = self._waiting.popleft()
            if not flushed.done():  # else its command was cancelled
                batch.append((write, flushed))
                size += len(write.events)
        return batch

    async def _flush(self, db: Connection, batch: Sequence[_Waiting]) -> BaseException | None:
        """Record the batch in one statement; why not, if that failed."""
        error: BaseException | None = asyncio.CancelledError()
        try:
            await append(db, [write for write, _ in batch])
            error = None
        except (asyncpg.PostgresError, *LOST) as failure:
            error = failure
            if _may_be_done(failure):
                give_up(db)
        finally:
            if isinstance(error, asyncio.CancelledError):
                _tell(batch, error)
        return error

    # ------------------------------------------------------------------------------------ singly

    async def _record_singly(self, write: Write, *, is_sent: bool) -> None:
        deadline = asyncio.get_running_loop().time() + RESOLVE_WITHIN_S
        turned_away = 0
        for turn in range(1000):
            try:
                return await self._try(write)
            except ConcurrentWrite:
                raise
            except TURNED_AWAY:
                turned_away += 1
                if turned_away == TRIES:
                    raise
            except (Unavailable, *LOST) as error:
                is_sent = is_sent or _may_be_done(error)
                if not is_sent:
                    raise
                if asyncio.get_running_loop().time() > deadline:
                    raise CommitUnknown() from error
                log.warning("outcome unknown, trying again", write=str(write.id), error=repr(error))
            await pause(turn)
        raise AssertionError("the deadline comes first")

    async def _try(self, write: Write) -> None:
        """Record it or find it recorded: a try before, whose answer was lost, may be seen only now,
        because the server lets this one wait for the end of that one."""
        try:
            async with acquire(self._pool) as db:
                await append(db, [write])
        except asyncpg.UniqueViolationError as error:
            async with acquire(self._pool) as db:
                is_own = await find_recorded(db, write)
            if not is_own:
                raise conflict_of(error, write) from error

    async def _is_committed(self, write: Write, *, pid: int) -> bool:
        """After a lost answer to COMMIT: end the server process that may be at it, then look."""
        if write.is_empty:
            raise CommitUnknown()
        deadline = asyncio.get_running_loop().time() + RESOLVE_WITHIN_S
        hindrance: BaseException | None = None
        for turn in range(1000):
            try:
                has_ended, is_found = await self._look_after_ending(write, pid=pid)
            except (Unavailable, *LOST) as error:
                hindrance = error
            else:
                if has_ended or is_found:
                    return is_found
            if asyncio.get_running_loop().time() > deadline:
                raise CommitUnknown() from hindrance
            await pause(turn)
        raise AssertionError("the deadline comes first")

    async def _look_after_ending(self, write: Write, *, pid: int) -> tuple[bool, bool]:
        """Whether the server process has ended, or else hangs, and whether `write` is recorded."""
        async with acquire(self._pool) as db:
            ended = await db.fetch(_TERMINATE, pid, TERMINATE_WITHIN_MS)
            return all(row[0] for row in ended), await find_recorded(db, write)


async def pause(turn: int) -> None:
    """Wait a little after try number `turn` (from 0) has failed: each time longer, with jitter."""
    longest_s = min(FIRST_PAUSE_S * 2**turn, 0.5)
    await asyncio.sleep(random.uniform(longest_s / 2, longest_s))  # noqa: S311


def _tell(batch: Sequence[_Waiting], error: BaseException | None) -> None:
    for _, flushed in batch:
        if not flushed.done():
            flushed.set_result(error)


def _is_late(begun: float) -> bool:
    """Whether what began then, by the loop's clock, is to be given up."""
    return asyncio.get_running_loop().time() - begun >= NO_MORE_AFTER_S


def _may_be_done(error: BaseException) -> bool:
    """Whether the statement may have been carried out although there was an error."""
    return is_lost(error) and not isinstance(error, (*TURNED_AWAY, *REFUSED))
