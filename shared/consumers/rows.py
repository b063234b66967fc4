"""What a batch of events does to the rows of a view: noted by `apply`, folded, written at once.

A view's `apply` only says what shall happen to which row. The changes of a whole batch are folded
in memory, row by row and in order, so the database sees each row at most once a batch and the
outcome is that of applying event after event.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Key = tuple[Any, ...]
Row = Mapping[str, Any]
Columns = tuple[str, ...]

_ANY_ROW: Mapping[str, Any] = {}


class RowExists(Exception):
    """A row was to be inserted that is there already."""


class UnknownColumn(Exception):
    """A view names a table or column that its DDL does not have."""


class Change(NamedTuple):
    """One change of one table. `key` is empty where the columns hold it, or `where` finds rows."""

    kind: Literal["insert", "upsert", "update", "delete"]
    key: Key
    where: Mapping[str, Any]
    columns: Mapping[str, Any]


class Rows:
    """The changes of a batch. But for an insertion, a value may be a function of the value before.

    Tables are named as in the view's DDL, keys are given in the order of their primary key and stay
    as they are. `where` narrows a change to rows whose columns have these values (None is NULL), or
    fulfil these functions; a change without a key concerns every row that `where` finds, by at
    least one value that is not None.
    """

    def __init__(self) -> None:
        self.changes: dict[str, list[Change]] = {}

    def insert(self, table: str, /, **columns: Any) -> None:
        """A new row; columns that are not given have their defaults. The event fails if it is."""
        assert not any(map(callable, columns.values())), "there is no value before an insertion"
        self._note(table, Change("insert", (), _ANY_ROW, columns))

    def upsert(self, table: str, /, **columns: Any) -> None:
        """A new row, or, where its key is known, these columns of the known one."""
        self._note(table, Change("upsert", (), _ANY_ROW, columns))

    def update(
        self, table: str, /, *key: Any, where: Mapping[str, Any] = _ANY_ROW, **columns: Any
    ) -> None:
        """These columns of the row; nothing where there is none."""
        self._note(table, Change("update", key, where, columns))

    def delete(self, table: str, /, *key: Any, where: Mapping[str, Any] = _ANY_ROW) -> None:
        """The row goes; nothing where there is none."""
        self._note(table, Change("delete", key, where, _ANY_ROW))

    def _note(self, table: str, change: Change) -> None:
        self.changes.setdefault(table, []).append(change)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as the database knows it: SQL type by column, key columns, defaults by column."""

    name: str
    types: Mapping[str, str]
    key: Columns
    defaults: Mapping[str, Any]

    def key_of(self, row: Row) -> Key:
        """The row's key."""
        return tuple([row[column] for column in self.key])


@dataclass
class Wanted:
    """What has to be read before a batch can be folded: rows by key, rows by other columns."""

    columns: Columns = ()
    keys: list[Key] = field(default_factory=list)
    matching: dict[Columns, set[Key]] = field(default_factory=dict)
    unread: dict[Key, bool] = field(default_factory=dict)
    """Keys whose row need not be read: whether it is taken to be there."""


@dataclass
class Outcome:
    """What is to be written, in this order: rows to delete, to update, to insert."""

    deleted: list[Key] = field(default_factory=list)
    updated: dict[Columns, list[tuple[Any, ...]]] = field(default_factory=dict)
    """changed columns -> key and new values of each row"""
    inserted: list[tuple[Any, ...]] = field(default_factory=list)
    """the values of all columns"""


def wanted(table: Table, changes: Sequence[Change]) -> Wanted:
    """What the changes need to know of the rows that are there.

    A row that is inserted is taken to be absent and one that is only set or deleted to be there,
    because the database itself then says otherwise or has nothing to do.
    """
    found = Wanted()
    unread: dict[Key, bool] = {}
    read: dict[Key, None] = {}
    columns = dict.fromkeys(table.key)
    for change in changes:
        functions = [name for name, value in change.columns.items() if callable(value)]
        columns.update(dict.fromkeys((*functions, *change.where)))
        key = change.key or _key_in(table, change)
        if not key:
            names, values = _equalities(change.where)
            found.matching.setdefault(names, set()).add(values)
        elif key not in read:
            present = unread.get(key)
            taken = _taken(change, present, needs_values=bool(functions or change.where))
            if taken is None:
                unread.pop(key, None)
                read[key] = None
            else:
                unread[key] = taken
    if found.matching:
        read.update(dict.fromkeys(unread))
        unread = {}
    found.columns, found.keys, found.unread = tuple(columns), list(read), unread
    return found


def _taken(change: Change, present: bool | None, *, needs_values: bool) -> bool | None:
    """Whether the row is taken to be there (True) or not (False); None: it has to be read."""
    if present is False:
        return None if change.kind == "delete" else False
    if change.kind == "insert":
        return False if present is None else None
    if change.kind == "upsert" or needs_values:
        return None
    return True


def _key_in(table: Table, change: Change) -> Key:
    if change.kind in ("insert", "upsert"):
        return table.key_of(change.columns)
    return ()


def _equalities(where: Mapping[str, Any]) -> tuple[Columns, Key]:
    """What rows are found by; `= any` of SQL never finds a NULL, `_fulfils` then does."""
    fixed = {n: value for n, value in where.items() if value is not None and not callable(value)}
    assert fixed, "a change without a key names at least one value"
    return tuple(fixed), tuple(fixed.values())


class Fold:
    """The rows of one table while changes are applied to them, one after the other."""

    def __init__(self, table: Table, wants: Wanted, read: Iterable[Row]) -> None:
        self._table = table
        self._before: dict[Key, Row | None] = dict.fromkeys(wants.keys)
        self._before |= {key: {} if there else None for key, there in wants.unread.items()}
        self._before |= {table.key_of(row): row for row in read}
        self._after = dict(self._before)
        self._finders: dict[Columns, dict[Key, dict[Key, None]]] = {
            columns: {} for columns in wants.matching
        }
        if self._finders:
            for key, row in self._before.items():
                self._index(key, row)

    def apply(self, change: Change) -> None:
        """Carry out one change. `RowExists` for an insertion of what is there."""
        match change.kind:
            case "insert":
                self._insert(self._table.key_of(change.columns), change)
            case "upsert":
                key = self._table.key_of(change.columns)
                row = self._after[key]
                if row is None:
                    self._insert(key, change)
                else:
                    self._put(key, _changed(row, change.columns))
            case "update":
                for key, row in self._matches(change):
                    self._put(key, _changed(row, change.columns))
            case "delete":
                for key, _ in self._matches(change):
                    self._put(key, None)

    def outcome(self) -> Outcome:
        """What the changes so far have come to."""
        found = Outcome()
        for key, row in self._after.items():
            before = self._before.get(key)
            if row is None:
                if before is not None:
                    found.deleted.append(key)
                continue
            if before is None:
                found.inserted.append(tuple([row[column] for column in self._table.types]))
                continue
            columns = tuple([c for c in row if c not in before or before[c] != row[c]])
            if columns:
                values = (*key, *[row[column] for column in columns])
                found.updated.setdefault(columns, []).append(values)
        return found

    def _insert(self, key: Key, change: Change) -> None:
        if self._after[key] is not None:
            raise RowExists(f"{self._table.name} {key}")
        self._put(key, _changed(self._table.defaults, change.columns))

    def _matches(self, change: Change) -> list[tuple[Key, Row]]:
        if change.key:
            keys = [change.key]
        else:
            columns, values = _equalities(change.where)
            keys = list(self._finders[columns].get(values, ()))
        rows = [(key, row) for key in keys if (row := self._after[key]) is not None]
        if not change.where:
            return rows
        return [(key, row) for key, row in rows if _fulfils(row, change.where)]

    def _put(self, key: Key, row: Row | None) -> None:
        if self._finders:
            self._unindex(key, self._after.get(key))
            self._index(key, row)
        self._after[key] = row

    def _index(self, key: Key, row: Row | None) -> None:
        if row is not None:
            for columns, finder in self._finders.items():
                values = tuple([row[column] for column in columns])
                finder.setdefault(values, {})[key] = None

    def _unindex(self, key: Key, row: Row | None) -> None:
        if row is not None:
            for columns, finder in self._finders.items():
                finder[tuple([row[column] for column in columns])].pop(key)


def _changed(row: Row, columns: Mapping[str, Any]) -> Row:
    changed = {**row, **columns}
    for name, value in columns.items():
        if callable(value):
            changed[name] = value(row.get(name))
    return changed


def _fulfils(row: Row, where: Mapping[str, Callable[[Any], bool] | Any]) -> bool:
    return all(
        value(row[name]) if callable(value) else row[name] == value for name, value in where.items()
    )
