"""The in-memory PostgreSQL gives what the real one gives: the same statements, rows and errors."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import Database, OpenDatabase
from tests.simulation.kernel_statements import jsonb, kernel_tables, next_number
from tests.simulation.memory_postgres import STATEMENTS, MemoryPool, MemoryServer
from tests.simulation.operations import ALONE, DRAWS, OFTEN, TEXT_OF

SESSIONS = 3
STEPS = 60
ROUNDS = 32
AT_MOST = 3 * ROUNDS
BY_THE_CLOCK = frozenset({"created_at", "claimed_at", "parked_at", "next_try_at", "ended_at"})
TABLES = [table.name for table in kernel_tables()]
EMPTY = """
truncate events, snapshot, log, claim, series, relay_stream, checkpoint, parked, effect,
    idempotency_key, parked_decision restart identity;
update relay_checkpoint set position = 0;
update partition_head set position = 0, hash = decode(repeat('00', 32), 'hex');
"""
SKIPPED = {
    "id": UUID(int=1), "decision": "skip", "kind": "event", "consumer": "tally",
    "subject_id": UUID(int=2), "source": "here", "partition": 1, "position": 3,
    "account_id": None, "brand": "b", "error": None, "reason": "told so", "who": "w",
    "decided_at": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip
"""Decisions are never written by what is simulated, but they are read."""
CONTROL = ("BEGIN;", "COMMIT;", "ROLLBACK;")
ENDED = ("AdminShutdownError", "ConnectionDoesNotExistError")


class Side:
    """One of the two: connections, and for each the statement that it waits for."""

    def __init__(self, connections: Sequence[Any]) -> None:
        self.connections = connections
        self.running: list[asyncio.Task[Any] | None] = [None] * len(connections)

    async def step(self, number: int, query: str, arguments: Sequence[Any]) -> Any:
        """The result, the error's name, or None while the statement waits for another session."""
        ask = self.ask(self.connections[number], query, arguments)
        task = self.running[number] = asyncio.create_task(ask, name=f"{query} {arguments}")
        return await self.settle(number, task)

    async def settle(self, number: int, task: asyncio.Task[Any]) -> Any:
        while not task.done():
            if await self.is_waiting(number):
                return None
            await asyncio.wait([task], timeout=0.001)
        self.running[number] = None
        return task.result()

    async def is_waiting(self, number: int) -> bool:
        raise NotImplementedError

    async def end_backend(self, number: int) -> None:
        raise NotImplementedError

    async def ask(self, connection: Any, query: str, arguments: Sequence[Any]) -> Any:
        try:
            if query.startswith("select") or " returning " in query:
                rows = await connection.fetch(query, *arguments)
                return sorted((_plain(row) for row in rows), key=repr)
            return await connection.execute(query, *arguments)
        except asyncpg.PostgresError as error:
            return type(error).__name__


class Real(Side):
    """Sessions of the server."""

    def __init__(self, connections: Sequence[Any], watcher: Any) -> None:
        super().__init__(connections)
        self._watcher = watcher

    async def is_waiting(self, number: int) -> bool:
        query = "select cardinality(pg_blocking_pids($1)) > 0"
        pid = self.connections[number].get_server_pid()
        return bool(await self._watcher.fetchval(query, pid))

    async def end_backend(self, number: int) -> None:
        pid = self.connections[number].get_server_pid()
        assert await self.connections[0].fetchval("select pg_terminate_backend($1, 5000)", pid)


class Stand(Side):
    """Sessions of the stand-in."""

    async def is_waiting(self, number: int) -> bool:
        for _ in range(10):
            await asyncio.sleep(0)  # who was let go on has not run yet
        return self.connections[number].session.waits_for is not None

    async def end_backend(self, number: int) -> None:
        self.connections[number].lose()


def _plain(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in row.keys() if name not in BY_THE_CLOCK}  # noqa: SIM118


@asynccontextmanager
async def both(database: Database) -> AsyncIterator[tuple[Real, Stand]]:
    """Sessions of both, on a database that is as the migrations leave it."""
    server = MemoryServer(kernel_tables(), lambda: datetime.now(UTC))  # noqa: TID251
    server.lock_timeout_s = 60
    pool = MemoryPool(server, size=SESSIONS)
    async with AsyncExitStack() as stack:
        real = [await asyncpg.connect(database.url) for _ in range(SESSIONS)]
        watcher = await asyncpg.connect(database.owner_url)
        for connection in (*real, watcher):
            stack.push_async_callback(connection.close)
        for connection in real:
            await connection.execute("set lock_timeout = '60s'")
        await watcher.execute(EMPTY)
        server.tables["parked_decision"].store((SKIPPED["id"],), dict(SKIPPED))
        marks = ", ".join(f"${number}" for number in range(1, len(SKIPPED) + 1))
        insert = f"insert into parked_decision ({', '.join(SKIPPED)}) values ({marks})"
        await watcher.execute(insert, *SKIPPED.values())
        memory = [await pool.acquire() for _ in range(SESSIONS)]
        yield Real(real, watcher), Stand(memory)


async def compare_round(sides: tuple[Side, Side], draw: random.Random, done: Counter[str]) -> bool:
    """Random steps on random sessions; after each both sides must have said the same.

    False: two sessions wait. Who goes first, or has to give way in a circle, is the server's
    choice, so no more can be compared.
    """
    open_in = [False] * SESSIONS
    for _ in range(STEPS):
        free = [n for n in range(SESSIONS) if sides[0].running[n] is None]
        number = draw.choice(free)
        query, arguments = _draw_step(draw, is_open=open_in[number])
        if query in CONTROL:
            open_in[number] = query == "BEGIN;"
        answers = [await side.step(number, query, arguments) for side in sides]
        assert answers[0] == answers[1], f"{query}\n{arguments}"
        done[query] += answers[0] not in (None, [], "DELETE 0", "UPDATE 0", "INSERT 0 0")
        if query in CONTROL:
            await _settle_waiting(sides)
        if any(each.session.is_in_a_circle() for each in sides[1].connections):
            done["deadlock"] += 1
            await _compare_deadlocks(sides)
            return False
        if sum(task is not None for task in sides[0].running) > 1:
            await _give_up(sides)
            return False
    return True


async def _give_up(sides: tuple[Side, Side]) -> None:
    tasks = [task for side in sides for task in side.running if task]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _compare_deadlocks(sides: tuple[Side, Side]) -> None:
    """One of those who wait for each other is chosen, which one is the server's choice."""
    for side in sides:
        waiting = [task for task in side.running if task]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        assert "DeadlockDetectedError" in {task.result() for task in done}
    await _give_up(sides)


def _draw_step(draw: random.Random, *, is_open: bool) -> tuple[str, tuple[Any, ...]]:
    if draw.random() < 0.2:
        return (draw.choice(CONTROL[1:]) if is_open else "BEGIN;"), ()
    handler = draw.choice([each for each in OFTEN if not (is_open and each in ALONE)])
    return TEXT_OF[handler], DRAWS[handler](draw)


async def _settle_waiting(sides: tuple[Side, Side]) -> None:
    """What waited for the transaction that ended goes on, on both sides alike."""
    for number in range(SESSIONS):
        tasks = [side.running[number] for side in sides]
        if tasks[0] and tasks[1]:
            await asyncio.sleep(0)
            first = await sides[0].settle(number, tasks[0])
            assert first == await sides[1].settle(number, tasks[1]), tasks[0].get_name()


async def test_the_stand_in_answers_every_statement_as_the_server_does(
    database: OpenDatabase,
) -> None:
    done: Counter[str] = Counter()
    opened = await database("kernel")
    compared = {TEXT_OF[handler] for handler in DRAWS}
    never: list[str] = []
    for seed in range(AT_MOST):
        never = [query for query in STATEMENTS if query in compared and not done[query]]
        if seed >= ROUNDS and not never:
            break
        async with both(opened) as sides:
            if await compare_round(sides, random.Random(seed), done):
                await _end_all(sides)
                await _compare_tables(sides)
    assert not never, never


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("verdict", ["COMMIT;", "ROLLBACK;"])
async def test_a_backend_that_is_ended_while_it_waits_leaves_nothing_behind(
    database: OpenDatabase, verdict: str, is_open: bool
) -> None:
    """Nor does it go on, even where a statement is a transaction, when the lock comes free."""
    async with both(await database("kernel")) as sides:
        for side in sides:
            await side.step(0, "BEGIN;", ())
            await side.step(0, TEXT_OF[next_number], ("a", 1))
            if is_open:
                await side.step(1, "BEGIN;", ())
            assert await side.step(1, TEXT_OF[next_number], ("a", 1)) is None
            waiting = side.running[1]
            assert waiting is not None, "it waits"
            await side.end_backend(1)
            assert await asyncio.wait_for(waiting, 5) in ENDED
            await side.step(0, verdict, ())
        await _compare_tables(sides)


async def _end_all(sides: tuple[Side, Side]) -> None:
    """Roll everything back, oldest waits first, until nobody waits."""
    while any(sides[0].running):
        for number in [n for n in range(SESSIONS) if sides[0].running[n] is None]:
            for side in sides:
                await side.connections[number].execute("ROLLBACK;")
            await _settle_waiting(sides)
    for side in sides:
        for connection in side.connections:
            await connection.execute("ROLLBACK;")


async def _compare_tables(sides: tuple[Real, Stand]) -> None:
    real, stand = sides
    for table in TABLES:
        rows = [_plain(row) for row in await real.connections[0].fetch(f"select * from {table}")]
        server = stand.connections[0].session.server
        memory = [_plain(row) for row in server.read(table)]
        assert sorted(rows, key=repr) == sorted(memory, key=repr), table


@pytest.mark.parametrize(
    "text", ['{"b": 1, "aa": [true, null, "\\u00e9"], "a": {"c": "\\n"}}', "{}"]
)
async def test_jsonb_gives_back_what_the_server_gives(database: OpenDatabase, text: str) -> None:
    async with (await database("kernel")).pool.acquire() as db:
        assert await db.fetchval("select $1::jsonb::text", text) == jsonb(text)
