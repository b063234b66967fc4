"""A sandbox's SQLite file: what it has answered survives a kill."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_database(path: Path, *, tables: str) -> sqlite3.Connection:
    """The file at `path` with its tables, durable at each statement; rows are read by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.row_factory = sqlite3.Row
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")
    database.executescript(tables)
    return database


def count(database: sqlite3.Connection, question: str) -> int:
    """The one number that the question `select count(*) ...` asks for."""
    return int(database.execute(question).fetchone()[0])


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """What is written inside is kept as a whole, or not at all."""
    with database:
        database.execute("begin immediate")
        yield
