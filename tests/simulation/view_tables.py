"""The tables of views in the in-memory PostgreSQL: any view's, as its own DDL declares them.

What shared/consumers/tables.py writes for them are five kinds of statement, each made from the
names of a table and its columns; so they are recognised by their form instead of by their text.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from shared.consumers import View
from tests.simulation.memory_postgres import Handler, Session, Table, pattern
from tests.simulation.row import Values

_TABLE = re.compile(r"create table (\w+) \((.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"(\w+) (\w+)(.*)")
_DEFAULT = re.compile(r"default ('[^']*'|\w+)")
_KEY = re.compile(r"primary key \((.*)\)")
_NAME = re.compile(r'"(\w+)"')
_VALUES: dict[str, Any] = {"null": None, "true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as the DDL declares it; `default_sql` None: null."""

    name: str
    type: str
    default_sql: str | None
    is_key: bool

    @property
    def default(self) -> Any:
        """The value that a row has where nothing is said."""
        said = self.default_sql or "null"
        if said in _VALUES:
            return _VALUES[said]
        return said[1:-1] if said.startswith("'") else int(said)


COLUMNS: dict[str, list[Column]] = {}
"""Table -> its columns in order."""


def tables_of(views: Iterable[View]) -> list[Table]:
    """The empty tables of the views, known to `describe` from now on."""
    found = []
    for view in views:
        for name, body in _TABLE.findall(view.tables):
            COLUMNS[name] = _columns(body)
            found.append(Table(name, tuple(each.name for each in COLUMNS[name] if each.is_key)))
    return found


def _columns(body: str) -> list[Column]:
    lines = [line.strip().rstrip(",") for line in body.splitlines() if line.strip()]
    keys = [found for line in lines if (found := _KEY.fullmatch(line))]
    in_key = keys[0][1].split(", ") if keys else []
    columns = []
    for line in lines:
        if line.startswith("primary key"):
            continue
        declared = _COLUMN.fullmatch(line)
        assert declared, f"no column: {line}"
        default = _DEFAULT.search(declared[3])
        columns.append(
            Column(
                name=declared[1],
                type=declared[2],
                default_sql=default[1] if default else None,
                is_key=declared[1] in in_key or "primary key" in declared[3],
            )
        )
    return columns


@pattern(r"select asked\.name, format\(.*order by asked\.name, a\.attnum")
def describe(_: re.Match[str]) -> Handler:
    async def rows(session: Session, names: list[str], places: list[str]) -> list[Values]:
        return [
            {
                "name": name,
                "relation": f"public.{name}",
                "column": column.name,
                "type": column.type,
                "default_sql": column.default_sql,
                "place_in_key": _place_in_key(session, name, column),
            }
            for name in sorted(names)
            for column in COLUMNS[name]
        ]

    return rows


def _place_in_key(session: Session, table: str, column: Column) -> int | None:
    key = session.server.tables[table].key
    return key.index(column.name) if column.is_key else None


@pattern(r"select ((?:null|true|false|\d+|'[^']*')(?:, (?:null|true|false|\d+|'[^']*'))*)")
def defaults(found: re.Match[str]) -> Handler:
    said = re.findall(r"'[^']*'|\w+", found[1])
    values = [Column(name="", type="", default_sql=sql, is_key=False).default for sql in said]

    async def row(session: Session) -> list[Values]:
        return [dict(enumerate(values))]  # type: ignore[arg-type]

    return row


@pattern(r"select (.*?) from public\.(\w+) as t where (.*) order by .* for no key update of t")
def read(found: re.Match[str]) -> Handler:
    wanted, table, by = _NAME.findall(found[1]), found[2], _columns_of(found[3])

    async def rows(session: Session, *columns: list[Any]) -> list[Values]:
        keys = sorted(set(zip(*columns, strict=True)))
        if by != session.server.tables[table].key:
            found = session.scan(table, lambda row: tuple(row[name] for name in by) in keys)
            keys = sorted(map(session.server.tables[table].key_of, found))
        there = []
        for key in keys:
            if session.get(table, *key) is not None:
                await session.lock(table, key)
                there += [row] if (row := session.get(table, *key)) is not None else []
        return [{name: row[name] for name in wanted} for row in there]

    return rows


@pattern(r"delete from public\.(\w+) as t where (.*)")
def delete(found: re.Match[str]) -> Handler:
    table, by = found[1], _columns_of(found[2])

    async def gone(session: Session, *columns: list[Any]) -> int:
        assert by == session.server.tables[table].key, "rows go by their key"
        return sum([await session.put(table, key, None) for key in zip(*columns, strict=True)])

    return gone


@pattern(r"update public\.(\w+) as t set .*? from unnest\(.*?\) as u \((.*?)\) where .*")
def update(found: re.Match[str]) -> Handler:
    table, names = found[1], _NAME.findall(found[2])

    async def changed(session: Session, *columns: list[Any]) -> int:
        key_of = itemgetter(*session.server.tables[table].key)
        count = 0
        for values in zip(*columns, strict=True):
            new = dict(zip(names, values, strict=True))
            key = key_of(new)
            count += await session.put(table, key if isinstance(key, tuple) else (key,), new)
        return count

    return changed


@pattern(r"insert into public\.(\w+) \((.*?)\) select .*? from unnest\(.*?\) as u \(.*?\)")
def insert(found: re.Match[str]) -> Handler:
    table, names = found[1], _NAME.findall(found[2])

    async def added(session: Session, *columns: list[Any]) -> int:
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        for row in rows:
            await session.insert(table, row)
        return len(rows)

    return added


def _columns_of(condition: str) -> tuple[str, ...]:
    return tuple(re.findall(r't\."(\w+)"', condition))


def rows_of(session: Session, table: str, **equal: Any) -> list[Values]:
    """The rows that this transaction sees whose columns have these values, in key order."""
    pairs: Sequence[tuple[str, Any]] = list(equal.items())
    found = session.scan(table, lambda row: all(row[name] == value for name, value in pairs))
    return sorted(found, key=session.server.tables[table].key_of)
