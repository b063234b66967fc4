"""The connection that a transaction of the store works on, with the server's transaction there."""

from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Self

from shared.ahead import Answers
from shared.database import LOST, Connection, Pool, PoolReads, acquire


class Held:
    """The connection of a transaction, taken when it is first needed: its parts share it.

    None of them knows the transaction itself, so that all of it is freed at once when it ends.
    """

    def __init__(self, pool: Pool, db: "Connection | None") -> None:
        self.db = db
        self.is_lent = db is not None
        self.start = "BEGIN;"
        self._pool = pool
        self._stack = AsyncExitStack()

    async def begin(self) -> Connection:
        """See `Transaction.begin`."""
        if self.db is None:
            db = await self._stack.enter_async_context(acquire(self._pool))
            self._stack.push_async_exit(partial(_roll_back, db))
            await db.execute(self.start)
            self.db = db
        return self.db

    def reads(self, known: Mapping[str, Answers]) -> PoolReads:
        """Reads in the transaction there is, of the pool before; what is `known` is not asked."""
        return PoolReads(self._pool, self.db, known)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


async def _roll_back(db: Connection, *_: object) -> None:
    """Undo what is not committed."""
    with suppress(*LOST):  # then the server does it by itself
        if db.is_in_transaction():
            await db.execute("ROLLBACK;")
