"""Working off return files: each is read, settled line by line and reported on; one at a time.

A kill leaves a file where it stood. What somebody should look at becomes a task for each kind of
outcome of a file, not for each line: the report lists them.
"""

from functools import partial
from uuid import UUID

import asyncpg

from services.billing.return_files.reading import read_file
from services.billing.return_files.settling import FileAtWork, settle_lines
from services.billing.return_files.taking import FOR_STAFF
from services.billing.staff_tasks.commands import OpenTask, open_task
from shared.database import acquire
from shared.store import Cause, EventStore, Transaction
from shared.wakeup import Wakeup

POLL_S = 1
LEASE = "return_files"

_OPEN = """
select return_file_id, brand, bank, name, received_by from return_file
where state in ('received', 'read') order by received_at limit 1
"""

_LOOKED_AT = """
select outcome, count(*) as lines, sum(paid_minor) as paid_minor, min(line) as first_line
from return_line where return_file_id = $1 and outcome = any($2) group by 1 order by 1
"""


class ReturnFiles:
    """Works off the files that were kept; one process at a time."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._news = Wakeup()

    def call(self) -> None:
        """A file was kept: do not wait."""
        self._news.call()

    async def run(self) -> None:
        """Work off what comes in, for as long as the service runs."""
        while True:
            seen = self._news.count
            if not await self.work_off_next():
                await self._news.wait_after(seen, timeout_s=POLL_S)

    async def work_off_next(self) -> bool:
        """Deal with the file that waits longest; False when none waits."""
        if await self._next() is None:
            return False
        async with self._store.leases.held(LEASE) as lease:
            row = await self._next()
            if row is None:
                return False
            await read_file(row["return_file_id"], self._store)
            await settle_lines(_at_work(row), self._store, check=lease.check)
            await self._end(row)
        return True

    async def _next(self) -> asyncpg.Record | None:
        async with acquire(self._store.pool) as db:
            return await db.fetchrow(_OPEN)

    async def _end(self, row: asyncpg.Record) -> None:
        """Ask staff to look, then call the file settled: a kill in between asks the same again."""
        file_id: UUID = row["return_file_id"]
        async with acquire(self._store.pool) as db:
            found = await db.fetch(_LOOKED_AT, file_id, sorted(FOR_STAFF))
            state = await db.fetchval(
                "select state from return_file where return_file_id = $1", file_id
            )
        tasks = [_task(row, each) for each in found]
        if state == "refused":
            tasks = [_refused(row)]
        if tasks:
            await self._store.run(_cause(row), partial(_open_all, tasks=tasks))
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update return_file set state = 'settled', settled_at = $2
                   where return_file_id = $1 and state = 'read'""",
                file_id,
                self._store.clock.now(),
            )


def _at_work(row: asyncpg.Record) -> FileAtWork:
    return FileAtWork(
        return_file_id=row["return_file_id"],
        brand=row["brand"],
        bank=row["bank"],
        cause=_cause(row),
    )


def _cause(row: asyncpg.Record) -> Cause:
    return Cause(actor=f"bank:{row['bank']}", correlation_id=row["return_file_id"])


async def _open_all(tx: Transaction, *, tasks: list[OpenTask]) -> None:
    for task in tasks:
        await open_task(task, tx)


def _task(row: asyncpg.Record, found: asyncpg.Record) -> OpenTask:
    facts = {
        "return_file": str(row["return_file_id"]),
        "name": row["name"],
        "outcome": found["outcome"],
        "lines": str(found["lines"]),
        "first_line": str(found["first_line"]),
        "paid_minor": str(found["paid_minor"]),
        "currency": "BRL",
    }
    key = f"{row['return_file_id']}/{found['outcome']}"
    return OpenTask(brand=row["brand"], kind="return_lines", key=key, facts=facts)


def _refused(row: asyncpg.Record) -> OpenTask:
    facts = {"return_file": str(row["return_file_id"]), "name": row["name"]}
    key = str(row["return_file_id"])
    return OpenTask(brand=row["brand"], kind="return_file_refused", key=key, facts=facts)
