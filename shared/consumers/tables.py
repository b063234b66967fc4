"""The tables of views: what the database knows of them, and writing a folded batch into them.

A batch takes at most one statement per table for the rows to read, one each to delete and to insert
and one to update per set of columns; large insertions go by COPY.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from shared.consumers.rows import Change, Fold, Key, Row, Rows, Table, UnknownColumn, wanted
from shared.database import Connection

COPY_FROM_ROWS = 100

Tables = Mapping[str, Table]
"""Name as in the DDL -> what the database knows."""

_DESCRIBE = """
select asked.name, format('%I.%I', n.nspname, c.relname) as relation, a.attname as column,
       format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as default_sql,
       array_position(i.indkey::smallint[], a.attnum) as place_in_key
from unnest($1::text[], $2::text[]) as asked (name, relation)
join pg_class c on c.oid = to_regclass(asked.relation)
join pg_namespace n on n.oid = c.relnamespace
join pg_index i on i.indrelid = c.oid and i.indisprimary
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
order by asked.name, a.attnum
"""

_TEXT = re.compile(r"'[^']*'")
_COMPUTED = re.compile(r"\w\(|\bcurrent_|\blocal", re.IGNORECASE)
"""A default that would be another at another time, were it asked for a second time."""


async def describe(db: Connection, names: Sequence[str], *, schema: str | None = None) -> Tables:
    """The tables of these names, of `schema` or as the search path finds them.

    `UnknownColumn` when one is missing or has no primary key.
    """
    places = [f"{schema}.{name}" if schema else name for name in names]
    rows = await db.fetch(_DESCRIBE, list(names), places)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        columns[row["name"]].append(row)
    missing = [name for name, found in columns.items() if not found]
    if missing:
        raise UnknownColumn(f"no table with a primary key: {', '.join(missing)}")
    return {name: await _table(db, found) for name, found in columns.items()}


async def _table(db: Connection, columns: Sequence[Any]) -> Table:
    defaults = {row["column"]: row["default_sql"] or "null" for row in columns}
    computed = [sql for sql in defaults.values() if _COMPUTED.search(_TEXT.sub("", sql))]
    assert not computed, f"{columns[0]['relation']}: events say what is in a row, not {computed}"
    values = await db.fetchrow(f"select {', '.join(defaults.values())}")
    assert values is not None, "a select without a table has a row"
    in_key = [row for row in columns if row["place_in_key"] is not None]
    return Table(
        name=columns[0]["relation"],
        types={row["column"]: row["type"] for row in columns},
        key=tuple(r["column"] for r in sorted(in_key, key=lambda row: row["place_in_key"])),
        defaults=dict(zip(defaults, values, strict=True)),
    )


async def write(db: Connection, rows: Rows, tables: Tables) -> None:
    """Fold the changes and write what they come to, in the caller's transaction."""
    for name, changes in rows.changes.items():
        table = tables.get(name)
        if table is None:
            raise UnknownColumn(f"no table {name}")
        if all(change.kind == "insert" for change in changes):
            # The primary key itself refuses what is there or comes twice.
            await _insert(db, table, _rows(table, changes))
        else:
            await _fold_and_write(db, table, changes)


def _rows(table: Table, changes: Sequence[Change]) -> list[tuple[Any, ...]]:
    """The values of all columns of each insertion."""
    names = tuple(table.defaults)
    every = itemgetter(*names) if len(names) > 1 else None
    rows: list[tuple[Any, ...]] = []
    for _, _, _, columns in changes:
        if every and columns.keys() == table.defaults.keys():
            rows.append(every(columns))
        else:
            _check_columns(table, columns)
            rows.append(tuple([columns.get(name, table.defaults[name]) for name in names]))
    return rows


def _check_columns(table: Table, columns: Row) -> None:
    if not columns.keys() <= table.types.keys():
        raise UnknownColumn(f"{table.name}: {set(columns) - set(table.types)}")


async def _fold_and_write(db: Connection, table: Table, changes: Sequence[Change]) -> None:
    for change in changes:
        _check_columns(table, change.columns)
        is_moved = change.kind == "update" and not change.columns.keys().isdisjoint(table.key)
        assert not is_moved, f"{table.name}: the key of a row stays; delete and insert instead"
    wants = wanted(table, changes)
    read: list[Row] = []
    if wants.keys:
        read += await _read(db, table, names=table.key, values=wants.keys, of=wants.columns)
    for names, values in wants.matching.items():
        read += await _read(db, table, names=names, values=values, of=wants.columns)
    fold = Fold(table, wants, read)
    for change in changes:
        fold.apply(change)
    await _write(db, table, fold)


async def _read(
    db: Connection, table: Table, *, names: Sequence[str], values: Iterable[Key], of: Sequence[str]
) -> list[Row]:
    """Locked: a row may be changed by events of several partitions, which others work on."""
    query = f"""select {_names(of)} from {table.name} as t where {_among(table, names)}
                order by {_names(table.key)} for no key update of t"""  # noqa: S608
    return [dict(row) for row in await db.fetch(query, *_by_column(table, names, rows=values))]


async def _write(db: Connection, table: Table, fold: Fold) -> None:
    outcome = fold.outcome()
    if outcome.deleted:
        statement = f"delete from {table.name} as t where {_among(table, table.key)}"  # noqa: S608
        await db.execute(statement, *_by_column(table, table.key, rows=outcome.deleted))
    for columns, updated in outcome.updated.items():
        names = (*table.key, *columns)
        await db.execute(_update(table, columns), *_by_column(table, names, rows=updated))
    if outcome.inserted:
        await _insert(db, table, outcome.inserted)


def _update(table: Table, columns: Sequence[str]) -> str:
    names = (*table.key, *columns)
    assigned = ", ".join(f"{_name(column)} = {_given(table, column)}" for column in columns)
    same_key = " and ".join(f"t.{_name(column)} = u.{_name(column)}" for column in table.key)
    return f"""update {table.name} as t set {assigned}
               from unnest({_parameters(table, names)}) as u ({_names(names)})
               where {same_key}"""  # noqa: S608 (names of the catalogue)


async def _insert(db: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = tuple(table.types)
    if len(rows) >= COPY_FROM_ROWS:
        schema, _, relation = table.name.replace('"', "").partition(".")
        await db.copy_records_to_table(relation, records=rows, columns=names, schema_name=schema)
        return
    given = ", ".join(_given(table, column) for column in names)
    statement = f"""insert into {table.name} ({_names(names)})
                    select {given}
                    from unnest({_parameters(table, names)}) as u ({_names(names)})"""  # noqa: S608
    await db.execute(statement, *_by_column(table, names, rows=rows))


def _among(table: Table, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"t.{_name(names[0])} = any ({_parameters(table, names)})"
    columns = ", ".join(f"t.{_name(name)}" for name in names)
    return f"({columns}) in (select * from unnest({_parameters(table, names)}))"  # noqa: S608


def _parameters(table: Table, names: Sequence[str]) -> str:
    """Arrays of arrays must have equal lengths in PostgreSQL, so those go as their texts."""
    types = (table.types[name] for name in names)
    shown = ("text" if type.endswith("[]") else type for type in types)
    return ", ".join(f"${place}::{type}[]" for place, type in enumerate(shown, start=1))


def _given(table: Table, name: str) -> str:
    type = table.types[name]
    return f"u.{_name(name)}::{type}" if type.endswith("[]") else f"u.{_name(name)}"


def _by_column(
    table: Table, names: Sequence[str], *, rows: Iterable[tuple[Any, ...]]
) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    for place, name in enumerate(names):
        if table.types[name].endswith("[]"):
            columns[place] = [_array_text(values) for values in columns[place]]
    return columns


def _array_text(values: Sequence[Any] | None) -> str | None:
    """PostgreSQL's text of an array, every element quoted."""
    if values is None:
        return None
    return "{" + ",".join(map(_element_text, values)) + "}"


def _element_text(value: Any) -> str:
    if value is None:
        return "NULL"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _names(names: Iterable[str]) -> str:
    return ", ".join(_name(name) for name in names)


def _name(name: str) -> str:
    return f'"{name}"'
