"""Brings a service's database to the present schema.

Plain SQL by dbmate: the mechanism's migrations first, then the service's own, each once. Views'
tables are not migrated but made anew when their definition changes, and filled again from the log.
It is done as the owner of the tables; the application's role is only given what it needs.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import asyncpg

from shared.consumers import View

MECHANISM = Path(__file__).parent / "migrations"
DBMATE = Path(sys.executable).parent / "dbmate"
APPEND_ONLY = ("events", "log", "parked_decision")

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def migrate(url: str, folder: Path, *, table: str) -> None:
    """Apply what is missing of the folder's migrations, as `table` remembers them.

    Two at once are safe: the second waits. Ends the process with dbmate's words if one fails.
    """
    joiner = "&" if "?" in url else "?"
    options = {
        "--url": f"{url}{joiner}sslmode=disable",
        "--migrations-dir": str(folder),
        "--migrations-table": table,
    }
    flags = ("--no-dump-schema", "--migration-lock")
    command = [str(DBMATE), *(word for pair in options.items() for word in pair), *flags]
    done = subprocess.run(  # noqa: S603 (our own program and arguments)
        [*command, "migrate"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"migration failed: {done.stderr or done.stdout}")


def definition_of(view: View) -> str:
    """What changes when the view's tables do."""
    return hashlib.sha256(view.tables.encode()).hexdigest()


async def make_schema(db: Owner, schema: str, *, tables: str) -> None:
    """A schema with empty tables; one of that name is thrown away."""
    await db.execute(f"drop schema if exists {schema} cascade")
    await db.execute(f"create schema {schema}")
    await db.execute(f"set local search_path = {schema}")
    await db.execute(tables)
    await db.execute("set local search_path = public")


async def remember_definition(db: Owner, view: View) -> None:
    """Note that the view's tables are those of its present definition."""
    await db.execute(
        """insert into view_definition (name, hash, schema) values ($1, $2, $3)
           on conflict (name) do update set hash = excluded.hash""",
        view.name,
        definition_of(view),
        view.schema,
    )


async def prepare_views(db: Owner, views: Sequence[View]) -> None:
    """Make each view's schema, anew and with its checkpoints reset if its definition changed.

    A view that was rebuilt with the new definition beforehand is left as it is.
    """
    await db.execute(
        """create table if not exists view_definition (
               name text primary key, hash text not null, schema text not null)"""
    )
    for view in views:
        known = await db.fetchval("select hash from view_definition where name = $1", view.name)
        if known == definition_of(view):
            continue
        async with db.transaction():
            await make_schema(db, view.schema, tables=view.tables)
            await db.execute("delete from checkpoint where consumer = $1", view.name)
            await db.execute("delete from parked where consumer = $1", view.name)
            await remember_definition(db, view)


async def grant(db: Owner, role: str, *, schemas: Iterable[str]) -> None:
    """Let the application's role work on the tables of the schemas."""
    for schema in schemas:
        await db.execute(f'grant usage on schema {schema} to "{role}"')
        await db.execute(
            f'grant select, insert, update, delete on all tables in schema {schema} to "{role}"'
        )
        await db.execute(f'grant usage on all sequences in schema {schema} to "{role}"')
    database = await db.fetchval("select current_database()")
    await db.execute(f'grant temporary on database "{database}" to "{role}"')


async def migrate_service(
    migrations: Path, views: Sequence[View], *, owner_url: str, role: str
) -> None:
    """Bring one service's database to the present and give `role` its rights."""
    migrate(owner_url, MECHANISM, table="migration_mechanism")
    if migrations.is_dir():  # noqa: ASYNC240 (a command line with nothing else to do)
        migrate(owner_url, migrations, table="migration_service")
    db = await asyncpg.connect(owner_url)
    try:
        await prepare_views(db, views)
        await grant(db, role, schemas=["public", *(view.schema for view in views)])
        for table in APPEND_ONLY:
            await db.execute(f'revoke update, delete, truncate on {table} from "{role}"')
    finally:
        await db.close()


async def migrate_plain(migrations: Path, *, owner_url: str, role: str) -> None:
    """Bring a database without events, such as the keyring's, to the present."""
    migrate(owner_url, migrations, table="migration_service")
    db = await asyncpg.connect(owner_url)
    try:
        await grant(db, role, schemas=["public"])
    finally:
        await db.close()
