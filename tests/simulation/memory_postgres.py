"""An in-memory stand-in for PostgreSQL: asyncpg's pool and connection over dictionaries.

It parses no SQL. It knows exactly the statements that were registered with it (see
`kernel_statements.py`), each by its whole text or its form; any other fails loudly. What it models:
read committed isolation, row locks and their waits, unique keys, deadlocks, savepoints, backends
that are ended, commits whose answer is lost. Doubles are for third parties only
and this one is allowed because `test_postgres_differential.py` runs the same operations against
the real server and demands the same results.
"""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

import asyncpg
from asyncpg.transaction import Transaction

from shared.database import SERVER_SETTINGS
from tests.simulation.row import Row, Values
from tests.simulation.virtual_time import pass_time

Key = tuple[Any, ...]
Handler = Callable[..., Awaitable[Any]]
Listener = Callable[..., Any]

DEADLOCK_TIMEOUT_S = 1.0

STATEMENTS: dict[str, Handler] = {}
"""Text of a statement, white space folded -> what answers it."""


class UnknownStatement(BaseException):
    """The stand-in cannot answer this one. No loop that outlives its errors outlives it."""


def statement(text: str) -> Callable[[Handler], Handler]:
    """Register what answers the statement; it stands under the text that it must equal in effect.

    The handler is given the session and the arguments. It returns rows, or for a statement without
    rows the number of those it changed.
    """

    def register(handler: Handler) -> Handler:
        folded = " ".join(text.split())
        assert folded not in STATEMENTS, f"registered twice: {folded}"
        STATEMENTS[folded] = handler
        return handler

    return register


Maker = Callable[[re.Match[str]], Handler]
_FORMS: list[tuple[re.Pattern[str], Maker]] = []


def pattern(form: str) -> Callable[[Maker], None]:
    """Register what makes the answer to statements that are written for any table by its name."""

    def register(make: Maker) -> None:
        _FORMS.append((re.compile(form), make))

    return register


def _of_form(folded: str) -> Handler | None:
    for form, make in _FORMS:
        if found := form.fullmatch(folded):
            return STATEMENTS.setdefault(folded, make(found))
    return None


def violation(constraint: str, detail: str) -> asyncpg.UniqueViolationError:
    """The error of a unique constraint, with what the server tells of it."""
    error = asyncpg.UniqueViolationError(f"duplicate key violates {constraint}")
    error.constraint_name, error.detail = constraint, detail
    return error


@dataclass
class Table:
    """Committed rows by primary key, and for each unique constraint where its values stand.

    `groups` are the rows by the first column of the key, which many statements ask for.
    """

    name: str
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    rows: dict[Key, Values] = field(default_factory=dict)
    places: dict[tuple[str, ...], dict[Key, Key]] = field(default_factory=dict)
    groups: dict[Any, dict[Key, Values]] = field(default_factory=dict)

    def key_of(self, row: Values) -> Key:
        return tuple(row[column] for column in self.key)

    def store(self, key: Key, row: Values | None) -> None:
        """Make a row committed, or a key free."""
        before = self.rows.pop(key, None) if row is None else self.rows.get(key)
        if row is not None:
            self.rows[key] = row
            self.groups.setdefault(key[0], {})[key] = row
        elif before is not None:
            del self.groups[key[0]][key]
        for columns in self.unique:
            places = self.places.setdefault(columns, {})
            if before is not None:
                places.pop(tuple(before[column] for column in columns), None)
            if row is not None:
                places[tuple(row[column] for column in columns)] = key


class Weather(Protocol):
    """What the way to the server and back does to a statement."""

    def check(self) -> None:
        """Raises when the client's process is dead."""
        ...

    async def out(
        self, connection: "MemoryConnection", query: str, arguments: Sequence[Any]
    ) -> None:
        """Before the server gets it; may lose the connection."""
        ...

    async def back(self, connection: "MemoryConnection", query: str) -> None:
        """After the server did it; may lose the connection, so that nobody learns of it."""
        ...

    async def connect(self) -> None:
        """Before a connection is made; may refuse."""
        ...


class Calm:
    """Nothing ever happens, but others get their turn."""

    def check(self) -> None:
        """See `Weather.check`."""

    async def out(
        self, connection: "MemoryConnection", query: str, arguments: Sequence[Any]
    ) -> None:
        """See `Weather.out`."""
        await asyncio.sleep(0)

    async def back(self, connection: "MemoryConnection", query: str) -> None:
        """See `Weather.back`."""

    async def connect(self) -> None:
        """See `Weather.connect`."""


class MemoryServer:
    """One database and the sessions that work on it."""

    lock_timeout_s = int(SERVER_SETTINGS["lock_timeout"]) / 1000

    def __init__(self, tables: Iterable[Table], now: Callable[[], datetime]) -> None:
        self.tables = {table.name: table for table in tables}
        self.now = now
        self.holders: dict[Key, Session] = {}
        self.waiters: dict[Key, list[asyncio.Future[None]]] = {}
        self.sessions: list[Session] = []
        self.listeners: list[tuple[str, MemoryConnection, Listener]] = []
        self.places = itertools.count(1)
        """The identity column of `parked`; as a sequence, it is not rolled back."""
        self._backends = 0

    def next_pid(self) -> int:
        """The id of a new backend."""
        self._backends += 1
        return self._backends

    def notify(self, channel: str, sender: "Session", payload: str) -> None:
        """Tell whoever listens, each on its own connection."""
        for name, connection, listener in list(self.listeners):
            if name == channel:
                loop = asyncio.get_running_loop()
                loop.call_soon(listener, connection, sender.pid, channel, payload)

    def read(self, table: str) -> list[Values]:
        """Every committed row, in no order that may be relied on."""
        return list(self.tables[table].rows.values())

    def drop_session(self, session: "Session") -> None:
        """End it as a dying backend does: its transaction is rolled back, its locks are free."""
        if not session.is_alive:
            return
        session.is_alive = False
        session.end(commit=False)
        session.wake()
        self.listeners = [each for each in self.listeners if each[1].session is not session]
        self.sessions.remove(session)


@dataclass
class _Savepoint:
    changes: dict[str, dict[Key, Values | None]]
    held: int
    name: str


class Session:
    """A backend: at most one transaction, its uncommitted changes and its locks."""

    def __init__(self, server: MemoryServer, connection: "MemoryConnection") -> None:
        self.server = server
        self.connection = connection
        self.pid = server.next_pid()
        self.began_at = server.now()
        self.application_name = ""
        self.notifications: list[tuple[str, str]] = []
        self.is_alive = True
        self.in_transaction = False
        self.has_failed = False
        self.waits_for: Session | None = None
        self._turn: asyncio.Future[None] | None = None
        self._changes: dict[str, dict[Key, Values | None]] = {}
        self._held: list[Key] = []
        self._savepoints: list[_Savepoint] = []
        self._began_at: datetime | None = None
        server.sessions.append(self)

    # ------------------------------------------------------------------ what handlers work with

    def now(self) -> datetime:
        """SQL's `now()`: the start of the transaction."""
        if self._began_at is None:
            self._began_at = self.server.now()
        return self._began_at

    def get(self, table: str, *key: Any) -> Values | None:
        """The row of this primary key, as this transaction sees it."""
        changed = self._changes.get(table)
        if changed is not None and key in changed:
            return changed[key]
        return self.server.tables[table].rows.get(key)

    def scan(self, table: str, where: Callable[[Values], bool]) -> list[Values]:
        """The rows that this transaction sees and that satisfy the condition."""
        rows: Iterable[Values] = self.server.tables[table].rows.values()
        if changed := self._changes.get(table):
            merged = {**self.server.tables[table].rows, **changed}
            rows = [row for row in merged.values() if row is not None]
        return [row for row in rows if where(row)]

    def changed(self, table: str) -> list[Values]:
        """The rows that this transaction itself has written."""
        return [row for row in self._changes.get(table, {}).values() if row is not None]

    def group(self, table: str, first: Any) -> list[Values]:
        """The rows that this transaction sees and whose key begins with `first`, in key order."""
        rows: dict[Key, Values | None] = {**self.server.tables[table].groups.get(first, {})}
        changed = self._changes.get(table, {})
        rows |= {key: row for key, row in changed.items() if key[0] == first}
        return [row for _, row in sorted(rows.items()) if row is not None]

    async def insert(self, table: str, row: Values) -> None:
        """UniqueViolationError when a key of it is taken; waits for who is about to take it."""
        place = self.server.tables[table]
        for columns in (place.key, *place.unique):
            if await self.clash(table, row, columns) is not None:
                suffix = "pkey" if columns == place.key else f"{'_'.join(columns)}_key"
                values = ", ".join(str(row[column]) for column in columns)
                detail = f"Key ({', '.join(columns)})=({values}) already exists."
                raise violation(f"{table}_{suffix}", detail)
        self._write(table, row)

    async def clash(self, table: str, row: Values, *only: tuple[str, ...]) -> Key | None:
        """The primary key of the row that is in the way of this one, once that is settled.

        `only` are the columns of the constraints that count, if not all do.
        """
        place = self.server.tables[table]
        for columns in only or (place.key, *place.unique):
            values = tuple(row[column] for column in columns)
            found = await self._settled(place, columns, values=values)
            if found is not None:
                return found
        return None

    async def _settled(self, table: Table, columns: tuple[str, ...], *, values: Key) -> Key | None:
        """Which row has the values; if none has, nobody else can take them any more."""
        name = values if columns == table.key else (columns, values)
        while True:
            found = self._with_values(table, columns, values=values)
            if found is not None and not self._is_being_changed(table.name, found):
                return found
            if found is None and not await self.lock(table.name, name):
                return None
            if found is None:
                found = self._with_values(table, columns, values=values)
                if found is None:
                    return None
                self._unlock(table.name, name, is_new=True)
            else:
                self._unlock(table.name, found, is_new=await self.lock(table.name, found))

    def _is_being_changed(self, table: str, key: Key) -> bool:
        holder = self.server.holders.get((table, key), self)
        return holder is not self and key in holder._changes.get(table, {})

    def _with_values(self, table: Table, columns: tuple[str, ...], *, values: Key) -> Key | None:
        changed = self._changes.get(table.name, {})
        if columns == table.key:
            return values if self.get(table.name, *values) is not None else None
        key = table.places.get(columns, {}).get(values)
        if key is not None and changed.get(key, True) is not None:
            return key
        for own, row in changed.items():
            if row is not None and tuple(row[column] for column in columns) == values:
                return own
        return None

    async def update(
        self,
        table: str,
        where: Callable[[Values], bool],
        change: Callable[[Values], Values],
        *,
        among: list[Values] | None = None,
    ) -> list[Values]:
        """The new rows. Each is locked first, and looked at again when there was a wait for it.

        `among` are the rows that satisfied the condition when the statement began, if it has
        waited for something since.
        """
        updated = []
        for candidate in self.scan(table, where) if among is None else among:
            key = self.server.tables[table].key_of(candidate)
            is_new = await self.lock(table, key)
            row = self.get(table, *key)
            if row is None:
                self._unlock(table, key, is_new=is_new)
            elif where(row):  # if not, the server has locked it all the same
                new = {**row, **change(row)}
                self._write(table, new)
                updated.append(new)
        return updated

    async def locked(self, table: str, where: Callable[[Values], bool]) -> list[Values]:
        """The rows that satisfy the condition, in key order, each locked and then looked at."""
        key_of = self.server.tables[table].key_of
        found = sorted(self.scan(table, where), key=key_of)
        return await self.update(table, where, lambda row: {}, among=found)

    async def delete(self, table: str, where: Callable[[Values], bool]) -> int:
        """How many rows that satisfy the condition are gone now."""
        gone = 0
        for candidate in self.scan(table, where):
            key = self.server.tables[table].key_of(candidate)
            is_new = await self.lock(table, key)
            row = self.get(table, *key)
            if row is None:
                self._unlock(table, key, is_new=is_new)
            elif where(row):
                self._changes.setdefault(table, {})[key] = None
                gone += 1
        return gone

    async def put(self, table: str, key: Key, change: Values | None) -> int:
        """Change the row of this key, or delete it (None); how many rows that are."""
        is_new = await self.lock(table, key)
        row = self.get(table, *key)
        if row is None:
            self._unlock(table, key, is_new=is_new)
            return 0
        self._changes.setdefault(table, {})[key] = None if change is None else {**row, **change}
        return 1

    def try_lock(self, table: str, key: Key) -> bool:
        """Whether the row is locked by this transaction now; never waits."""
        name = (table, key)
        holder = self.server.holders.get(name)
        if holder is None:
            self.server.holders[name] = self
            self._held.append(name)
        return holder is None or holder is self

    def _unlock(self, table: str, key: Key, *, is_new: bool) -> None:
        """Let go of what was not to be changed after all, unless it was locked before."""
        if is_new:
            self._held.remove((table, key))
            self._free([(table, key)])

    async def lock(self, table: str, key: Key) -> bool:
        """Wait until the row is locked by this transaction; False if it was so before."""
        name = (table, key)
        if self.server.holders.get(name) is self:
            return False
        if self.try_lock(table, key):
            return True
        loop = asyncio.get_running_loop()
        limit = loop.time() + self.server.lock_timeout_s
        look_at = loop.time() + DEADLOCK_TIMEOUT_S
        while not self.try_lock(table, key):
            now = loop.time()
            self.waits_for = self.server.holders[name]
            if now >= look_at and self.is_in_a_circle():
                self.waits_for = None
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            if now >= limit:
                self.waits_for = None
                raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
            await self._wait(name, timeout_s=(look_at if now < look_at else limit) - now)
        return True

    async def _wait(self, name: Key, *, timeout_s: float) -> None:
        """Until the lock may be free, or the time is over, or this backend is ended."""
        turn = self._turn = asyncio.get_running_loop().create_future()
        self.server.waiters.setdefault(name, []).append(turn)
        try:
            await asyncio.wait([turn], timeout=timeout_s)
        finally:
            if turn in self.server.waiters.get(name, []):
                self.server.waiters[name].remove(turn)
            self.waits_for = self._turn = None
        self._check_alive()

    def _check_alive(self) -> None:
        """A backend that was ended goes no further, least of all to its commit."""
        if not self.is_alive:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")

    def wake(self) -> None:
        """Have it look at once at what it waits for."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def is_in_a_circle(self) -> bool:
        """Whether it waits for who waits for it."""
        seen: list[Session] = [self]
        other = self.waits_for
        while other is not None:
            if other is self:
                return True
            if other in seen:
                return False
            seen.append(other)
            other = other.waits_for
        return False

    def _write(self, table: str, row: Values) -> None:
        self._changes.setdefault(table, {})[self.server.tables[table].key_of(row)] = row

    def write(self, table: str, row: Values) -> None:
        """Put a row in place of the one with its key, which this transaction has locked."""
        assert self.server.holders.get((table, self.server.tables[table].key_of(row))) is self
        self._write(table, row)

    # ------------------------------------------------------------------------------ transactions

    async def run(self, query: str, arguments: Sequence[Any]) -> Any:
        """What the statement gives. Outside of a transaction it is one of its own."""
        words = query.split()
        if words[0] in _CONTROL:
            return self._control(query.rstrip(";"))
        if self.has_failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        folded = " ".join(words)
        handler = STATEMENTS.get(folded) or _of_form(folded)
        if handler is None:
            raise UnknownStatement(f"{query}\n{arguments}")
        with ExitStack() as otherwise:
            otherwise.callback(self._fail)
            result = await handler(self, *arguments)
            self._check_alive()
            otherwise.pop_all()
        if not self.in_transaction:
            self.end(commit=True)
        return result

    def _fail(self) -> None:
        """Undo at once, up to the last savepoint; the transaction then waits for its end."""
        if not self.in_transaction:
            self.end(commit=False)
            return
        self._back_to(self._savepoints[-1] if self._savepoints else _Savepoint({}, 0, ""))
        self.has_failed = True

    def _control(self, query: str) -> str:
        """The tag: to commit a failed transaction is to roll it back."""
        verb, _, rest = query.partition(" ")
        if verb in ("LISTEN", "UNLISTEN", "set"):
            return verb
        name = rest.split()[-1] if rest else ""
        if verb == "BEGIN":
            self.in_transaction, self._began_at = True, self.server.now()
        elif verb == "COMMIT":
            verb = "ROLLBACK" if self.has_failed else verb
            self.end(commit=not self.has_failed)
        elif verb == "SAVEPOINT":
            copied = {table: dict(rows) for table, rows in self._changes.items()}
            self._savepoints.append(_Savepoint(copied, len(self._held), name))
        elif verb == "RELEASE":
            self._savepoints = self._savepoints[: self._find(name)]
        elif rest:
            self._back_to(self._savepoints[self._find(name)])
        else:
            self.end(commit=False)
        return verb

    def _find(self, name: str) -> int:
        return next(i for i, each in enumerate(self._savepoints) if each.name == name)

    def _back_to(self, savepoint: _Savepoint) -> None:
        self._changes = {table: dict(rows) for table, rows in savepoint.changes.items()}
        self.has_failed = False
        self._free(self._held[savepoint.held :])
        del self._held[savepoint.held :]

    def end(self, *, commit: bool) -> None:
        """Make the changes everybody's or nobody's, and free the locks."""
        if commit:
            for table, rows in self._changes.items():
                for key, row in rows.items():
                    self.server.tables[table].store(key, row)
            for channel, payload in self.notifications:
                self.server.notify(channel, self, payload)
        self._changes = {}
        self.notifications = []
        self.in_transaction = self.has_failed = False
        self._began_at = None
        self._savepoints = []
        held, self._held = self._held, []
        self._free(held)

    def _free(self, held: Sequence[Key]) -> None:
        for name in held:
            del self.server.holders[name]
        for name in held:
            for turn in self.server.waiters.pop(name, []):
                if not turn.done():
                    turn.set_result(None)


_CONTROL = {
    "BEGIN;",
    "COMMIT;",
    "ROLLBACK;",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "LISTEN",
    "UNLISTEN",
    "set",
}


class MemoryConnection:
    """The part of `asyncpg.Connection` that shared/ uses; its transactions are asyncpg's own."""

    def __init__(self, server: MemoryServer, weather: Weather) -> None:
        self.session = Session(server, self)
        self._at_end: list[Callable[[Any], None]] = []
        self._weather = weather
        self._closed = False
        self._late: asyncio.Task[None] | None = None
        self._savepoints = 0
        # What asyncpg.transaction.Transaction asks of a connection:
        self._top_xact: Transaction | None = None
        self._pool_release_ctr = 0
        self._protocol = self

    def __getattr__(self, name: str) -> Any:
        raise UnknownStatement(f"the stand-in for a connection has no {name}")

    def is_in_transaction(self) -> bool:
        return self.session.in_transaction

    def _get_unique_id(self, prefix: str) -> str:
        self._savepoints += 1
        return f"{prefix}_{self._savepoints}"

    def is_closed(self) -> bool:
        """Whether the client knows that the connection is gone."""
        return self._closed

    def lose(self) -> None:
        """The connection is gone, and both sides know."""
        self._close()
        self.session.server.drop_session(self.session)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            for told in self._at_end:
                asyncio.get_running_loop().call_soon(told, self)

    def lose_but_for(self, query: str, arguments: Sequence[Any], *, after_s: float) -> None:
        """The client's side is gone; the server carries out one statement more, later."""
        self._close()
        context = Context()  # nobody's: not the process's, which may die meanwhile
        work = self._carry_out_late(query, arguments, after_s=after_s)
        self._late = context.run(asyncio.get_running_loop().create_task, work)
        self._late.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _carry_out_late(
        self, query: str, arguments: Sequence[Any], *, after_s: float
    ) -> None:
        try:
            await pass_time(after_s)
            if self.session.is_alive:
                await self.session.run(query, arguments)
        finally:
            self.session.server.drop_session(self.session)

    def terminate(self) -> None:
        """See `asyncpg.Connection.terminate`."""
        self.lose()

    def get_server_pid(self) -> int:
        """See `asyncpg.Connection.get_server_pid`."""
        return self.session.pid

    def add_termination_listener(self, listener: Callable[[Any], None]) -> None:
        """See `asyncpg.Connection.add_termination_listener`."""
        self._at_end.append(listener)

    def remove_termination_listener(self, listener: Callable[[Any], None]) -> None:
        """See `asyncpg.Connection.remove_termination_listener`."""
        if listener in self._at_end:
            self._at_end.remove(listener)

    async def add_listener(self, channel: str, listener: Listener) -> None:
        """See `asyncpg.Connection.add_listener`."""
        await self._ask(f"LISTEN {channel}", ())
        self.session.server.listeners.append((channel, self, listener))

    async def remove_listener(self, channel: str, listener: Listener) -> None:
        """See `asyncpg.Connection.remove_listener`."""
        await self._ask(f"UNLISTEN {channel}", ())
        kept = [each for each in self.session.server.listeners if each[1] is not self]
        self.session.server.listeners = kept

    async def leave_transaction(self) -> None:
        """What the pool does with a connection whose user was cancelled within a transaction."""
        kept = [each for each in self.session.server.listeners if each[1] is not self]
        self.session.server.listeners = kept
        if self._top_xact is not None or self.session.in_transaction:
            self._top_xact = None
            await self.execute("ROLLBACK;")

    def transaction(self) -> Transaction:
        """See `asyncpg.Connection.transaction`."""
        return Transaction(cast(Any, self), None, False, False)

    async def fetch(self, query: str, *arguments: Any) -> list[Row]:
        """See `asyncpg.Connection.fetch`."""
        return [Row(values) for values in await self._ask(query, arguments)]

    async def fetchrow(self, query: str, *arguments: Any) -> Row | None:
        """See `asyncpg.Connection.fetchrow`."""
        rows = await self._ask(query, arguments)
        return Row(rows[0]) if rows else None

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """See `asyncpg.Connection.fetchval`."""
        rows = await self._ask(query, arguments)
        return next(iter(rows[0].values())) if rows else None

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:
        """See `asyncpg.Connection.execute`: the command's tag; nothing takes long here."""
        changed = await self._ask(query, arguments)
        if isinstance(changed, str):
            return changed
        verb = query.split(maxsplit=1)[0].upper()
        if verb == "INSERT" or "insert into" in query:
            return f"INSERT 0 {changed}"
        return f"{verb} {changed if isinstance(changed, int) else len(changed)}"

    async def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `asyncpg.Connection.executemany`: all or none, as one statement."""
        if not rows:
            return
        async with nullcontext() if self.session.in_transaction else self.transaction():
            for row in rows:
                await self._ask(query, row)

    async def copy_records_to_table(
        self,
        relation: str,
        *,
        records: Sequence[Sequence[Any]],
        columns: Sequence[str],
        schema_name: str,
    ) -> str:
        """See `asyncpg.Connection.copy_records_to_table`: an insert of many rows."""
        names = ", ".join(f'"{column}"' for column in columns)
        query = f"""insert into {schema_name}.{relation} ({names})
                    select {names} from unnest() as u ({names})"""
        return f"COPY {await self._ask(query, list(zip(*records, strict=True)))}"

    async def _ask(self, query: str, arguments: Sequence[Any]) -> Any:
        self._weather.check()
        self._check_open()
        await self._weather.out(self, query, arguments)
        if not self.session.is_alive:
            self._closed = True
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")
        result = await self.session.run(query, arguments)
        await self._weather.back(self, query)
        return result

    def _check_open(self) -> None:
        if self._closed:
            raise asyncpg.InterfaceError("connection is closed")


class MemoryPool:
    """The part of `asyncpg.Pool` that shared/ uses."""

    def __init__(
        self, server: MemoryServer, *, size: int, weather: Weather | None = None, name: str = ""
    ) -> None:
        self._server = server
        self._name = name
        self._weather = weather or Calm()
        self._free: list[MemoryConnection] = []
        self._slots = asyncio.Semaphore(size)
        self.connections: list[MemoryConnection] = []

    def get_idle_size(self) -> int:
        """See `asyncpg.Pool.get_idle_size`."""
        return len(self._free)

    def acquire(self, *, timeout: float | None = None) -> "_Acquired":
        """See `asyncpg.Pool.acquire`: to be awaited or entered."""
        return _Acquired(self, timeout)

    async def take(self, timeout: float | None) -> MemoryConnection:
        if self._slots.locked():
            await asyncio.wait_for(self._slots.acquire(), timeout)
        else:
            await self._slots.acquire()
        with ExitStack() as otherwise:
            otherwise.callback(self._slots.release)
            connection = await self._connection()
            otherwise.pop_all()
        return connection

    async def _connection(self) -> MemoryConnection:
        while self._free:
            kept = self._free.pop()
            if not kept.is_closed():
                return kept
        await self._weather.connect()
        made = MemoryConnection(self._server, self._weather)
        made.session.application_name = self._name
        self.connections.append(made)
        return made

    async def release(self, connection: MemoryConnection) -> None:
        """See `asyncpg.Pool.release`."""
        self._weather.check()
        self._slots.release()
        if connection.is_closed():
            self.connections.remove(connection)
            return
        await connection.leave_transaction()
        self._free.append(connection)


class _Acquired:
    def __init__(self, pool: MemoryPool, timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: MemoryConnection | None = None

    def __await__(self) -> Any:
        return self._pool.take(self._timeout).__await__()

    async def __aenter__(self) -> MemoryConnection:
        self._connection = await self._pool.take(self._timeout)
        return self._connection

    async def __aexit__(self, *error: object) -> None:
        assert self._connection is not None
        await self._pool.release(self._connection)
