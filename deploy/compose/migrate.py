"""Prepares PostgreSQL for the containers: roles, databases, schemas. Safe to repeat at each start.

Each service has a database of its own and two roles: `<service>_owner` owns the tables,
`<service>_app` is what the service signs in as. Passwords come from the environment.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SERVICES = ("accounts", "billing", "notifications", "portal", "tickets")
KEYRING = "faktura_keyring"


def address(environment: Mapping[str, str], role: str, *, database: str) -> str:
    """How `role` reaches `database`; the passwords are safe in a URL as they are."""
    password = environment[f"{role.upper()}_PASSWORD"]
    port = environment.get("POSTGRES_PORT", "5432")
    return f"postgresql://{role}:{password}@{environment['POSTGRES_HOST']}:{port}/{database}"


def migration_environment(environment: Mapping[str, str], service: str) -> dict[str, str]:
    """The FAKTURA_ variables that the migration of a service needs."""
    databases = {"DATABASE_URL": f"faktura_{service}"}
    if service == "accounts":
        databases["KEYRING_URL"] = KEYRING
    told = {"FAKTURA_SERVICE": service}
    for name, database in databases.items():
        told[f"FAKTURA_{name}"] = address(environment, f"{service}_app", database=database)
        told[f"FAKTURA_OWNER_{name}"] = address(environment, f"{service}_owner", database=database)
    return told


async def make_databases(environment: Mapping[str, str]) -> None:
    """Each service's roles and database; a password that has changed is changed here too."""
    db = await asyncpg.connect(address(environment, "postgres", database="postgres"))
    try:
        for service in SERVICES:
            for role in (f"{service}_owner", f"{service}_app"):
                await _make_role(db, role, environment[f"{role.upper()}_PASSWORD"])
            await _make_database(db, f"faktura_{service}", service=service)
        await _make_database(db, KEYRING, service="accounts")
    finally:
        await db.close()


def main() -> int:
    """Make the databases, then migrate each; ends at the first that fails."""
    asyncio.run(make_databases(os.environ))
    for service in SERVICES:
        done = subprocess.run(
            [sys.executable, "-m", "deploy.migrate", service],
            env={**os.environ, **migration_environment(os.environ, service)},
            check=False,
        )
        if done.returncode:
            return done.returncode
    return 0


async def _make_role(db: Connection, role: str, password: str) -> None:
    known = await db.fetchval("select true from pg_roles where rolname = $1", role)
    verb = "alter" if known else "create"
    quoted = await db.fetchval("select quote_literal($1)", password)
    await db.execute(f"{verb} role {role} login password {quoted}")


async def _make_database(db: Connection, database: str, *, service: str) -> None:
    if not await db.fetchval("select true from pg_database where datname = $1", database):
        await db.execute(f"create database {database} owner {service}_owner")
    await db.execute(f"revoke all on database {database} from public")
    await db.execute(f"grant connect on database {database} to {service}_app")


if __name__ == "__main__":
    sys.exit(main())
