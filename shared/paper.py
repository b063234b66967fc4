"""Work on paper: commands, views and policies carried out for real, of which nothing is recorded.

A `PaperTransaction` is a transaction that is always rolled back. It sees the store as it was at its
beginning, with all that it saved itself, and notes the public events that would be told. What the
views would show of them stands in temporary tables that lie before those of the views
(`Shadows`), so that every query finds them by the names that it has anyway. Nobody else is kept
waiting: no row of a table that others use is written or locked.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from shared.ahead import Ahead
from shared.append import LogRow
from shared.consumers.declarations import View
from shared.consumers.rows import Rows
from shared.consumers.tables import Tables, describe, write
from shared.contracts.event import PublicEvent
from shared.database import Connection
from shared.envelope import Envelope, partition_of
from shared.errors import DomainError
from shared.ids import new_id
from shared.personal import Cipher
from shared.store import Cause, EventStore, Transaction

ACCOUNT, BRAND = "current_setting('paper.account')::uuid", "current_setting('paper.brand')"
"""In SQL on paper: whom it is about."""

_SET = """
select set_config('paper.account', $1, true), set_config('paper.brand', $2, true),
       set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)
"""
"""With the place of temporary tables named in the path, no plan that was made for the tables behind
them is used again."""


class PaperTransaction(Transaction):
    """A transaction that is given up at the end of its block. `told`: what it would publish."""

    def __init__(self, store: EventStore, cause: Cause) -> None:
        super().__init__(store, cause, db=None)
        self._held.start = "BEGIN ISOLATION LEVEL REPEATABLE READ;"  # all reads are of one moment
        self.told: list[Envelope] = []
        self._freed: set[tuple[str, str]] = set()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._held.__aexit__(kind, error, trace)

    def turn_to(self, cause: Cause, *, now: datetime) -> None:
        """What follows is caused by this, and happens now; nothing is known ahead of it."""
        self.cause, self.now = cause, now
        self.ahead = Ahead(self._held.reads)
        self.ahead.note_free(self._freed)
        self._seen.clear()

    async def release(self, kind: str, key: str) -> None:
        """See `Transaction.release`."""
        self._write.claims.pop((kind, key), None)
        self._freed.add((kind, key))
        self.ahead.note_free({(kind, key)})

    def take_told(self) -> list[Envelope]:
        """What would have been published since this was asked last."""
        told, self.told = self.told, []
        return told

    async def attempt(self, work: Callable[[], Awaitable[object]]) -> DomainError | None:
        """Do the work, or nothing of it: the refusal that it ends with."""
        db, kept = await self.begin(), self._mark()
        await db.execute("savepoint attempt")
        try:
            await work()
        except DomainError as refusal:
            await db.execute("rollback to savepoint attempt")
            self._return_to(*kept)
            return refusal
        await db.execute("release savepoint attempt")
        return None

    def _mark(self) -> tuple[int, dict[UUID, int], Mapping[tuple[str, str], bool], int]:
        own = {id: len(rows) for id, rows in self._own.items()}
        return len(self._write.events), own, dict(self._write.claims), len(self.told)

    def _return_to(
        self,
        events: int,
        own: Mapping[UUID, int],
        *rest: Any,
    ) -> None:
        claims, told = rest
        del self._write.events[events:], self.told[told:]
        self._own = {id: self._own[id][:count] for id, count in own.items()}
        self._write.claims = dict(claims)
        self._seen.clear()

    def _log_row(
        self, event: PublicEvent, *, cipher: Cipher | None, account_id: UUID | None, brand: str
    ) -> LogRow:
        row = super()._log_row(event, cipher=cipher, account_id=account_id, brand=brand)
        self.told.append(self.envelope_of(event, account_id=account_id, brand=brand, id=row[1]))
        return row

    def envelope_of(
        self, event: PublicEvent, *, account_id: UUID | None, brand: str, id: UUID | None = None
    ) -> Envelope:
        """The event as a consumer would be given it."""
        return Envelope(
            source=self.store.service,
            partition=partition_of(account_id, brand),
            position=0,
            id=id or new_id(),
            type=type(event).__name__,
            version=event.VERSION,
            account_id=account_id,
            brand=brand,
            occurred_at=self.now,
            actor=self.cause.actor,
            causation_id=self.cause.causation_id,
            correlation_id=self.cause.correlation_id,
            traceparent="",
            event=event,
        )


@dataclass(frozen=True, kw_only=True)
class Shadows:
    """Temporary tables before those of some views, with the rows of one account (or its brand's).

    `script` makes them; `tables` are how views write into them.
    """

    views: Sequence[View]
    tables: Tables
    script: str

    async def cast(self, db: Connection, *, account_id: UUID, brand: str) -> None:
        """Lay them before the views' tables, for the transaction that is open."""
        await db.execute(_SET, str(account_id), brand)
        await db.execute(self.script)

    async def show(self, db: Connection, envelopes: Collection[Envelope]) -> None:
        """Let the views apply the events, in order."""
        rows = Rows()
        for envelope in envelopes:
            for view in self.views:
                if type(envelope.event) in view.handles:
                    view.apply(envelope, rows)
        await write(db, rows, self.tables)


async def shadows_of(
    views: Sequence[View], db: Connection, *, others: Mapping[str, str]
) -> Shadows:
    """Shadows of the views' tables, and of `others`: bare name -> which rows are wanted, in SQL.

    A table without account and brand has its rows by another of its view, which it has the key of;
    one where that is not so is not shadowed, and no event may change it on paper.
    """
    statements: list[str] = [
        _statement(f"public.{name}", name, where=w) for name, w in others.items()
    ]
    shadowed: Tables = {}
    for view in views:
        tables = await describe(db, view.table_names)
        wanted = {name: _rows_of(name, tables) for name in tables}
        kept = {name: where for name, where in wanted.items() if where}
        statements += [_statement(tables[name].name, name, where=w) for name, w in kept.items()]
        in_place = {name: replace(tables[name], name=f"pg_temp.{name}") for name in kept}
        shadowed = {**shadowed, **in_place}
    return Shadows(views=views, tables=shadowed, script=";\n".join(statements))


def _rows_of(name: str, tables: Tables) -> str:
    """Which rows of the table are the account's, or else the brand's; nothing: there are none."""
    own = _by_columns(tables, name)
    if own:
        return own
    for other, table in tables.items():
        if other != name and set(table.key) <= tables[name].types.keys():
            joined = " and ".join(f"o.{column} = t.{column}" for column in table.key)
            whose = _by_columns(tables, other).replace("t.", "o.", 1)
            return (
                f"exists (select from {table.name} o where {joined} and {whose})" if whose else ""
            )
    return ""


def _by_columns(tables: Tables, name: str) -> str:
    types = tables[name].types
    if "account_id" in types:
        return f"t.account_id = {ACCOUNT}"
    return f"t.brand = {BRAND}" if "brand" in types else ""


def _statement(table: str, name: str, *, where: str) -> str:
    assert re.fullmatch(r"\w+", name), "a bare name"
    create = f"create temporary table {name} (like {table} including all) on commit drop"
    fill = f"insert into pg_temp.{name} select t.* from {table} t where {where}"  # noqa: S608
    return f"{create};\n{fill}"
