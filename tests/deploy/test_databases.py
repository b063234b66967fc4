"""A96: what a service's role may not do in PostgreSQL, tried against a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres as local_postgres
from deploy.local.installation import Installation
from deploy.local.keys import SERVICES, Secrets, secrets_of
from deploy.local.ports import PREFERRED
from tests.conftest import OpenDatabase
from tests.deploy.toys import home_in
from tests.servers import PASSWORD, Postgres


@pytest.fixture
async def installation(postgres: Postgres, tmp_path: Path) -> Installation:
    """An installation on the tests' server, with its databases made twice."""
    home = home_in(tmp_path)
    made = vars(secrets_of(home)) | {
        "postgres_password": PASSWORD,
        "owner_passwords": dict.fromkeys(SERVICES, PASSWORD),
        "app_passwords": dict.fromkeys(SERVICES, PASSWORD),
    }
    ports = {**PREFERRED, "postgres": postgres.port}
    installation = Installation(home=home, ports=ports, secrets=Secrets(**made))
    await local_postgres.make_databases(installation)
    await local_postgres.make_databases(installation)
    return installation


@contextmanager
def refused() -> Iterator[None]:
    """What happens inside is refused for want of a right."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        yield


@pytest.mark.parametrize("role", [f"{service}_app" for service in SERVICES])
async def test_a_service_reaches_its_own_database_and_no_other(
    postgres: Postgres, installation: Installation, role: str
) -> None:
    own = role.removesuffix("_app")
    allowed = {f"faktura_{own}"} | ({"faktura_keyring"} if own == "accounts" else set())
    others = [f"faktura_{service}" for service in (*SERVICES, "keyring")]
    for database in (*others, "postgres", "template1"):
        url = postgres.url(database, role)
        if database in allowed:
            db = await asyncpg.connect(url)
            await db.close()
        else:
            with refused():
                await asyncpg.connect(url)


async def test_an_owner_reaches_no_other_services_database(
    postgres: Postgres, installation: Installation
) -> None:
    with refused():
        await asyncpg.connect(postgres.url("faktura_billing", "tickets_owner"))


async def test_a_service_cannot_make_tables_or_read_files(
    postgres: Postgres, installation: Installation
) -> None:
    db = await asyncpg.connect(postgres.url("faktura_billing", "billing_app"))
    for statement in (
        "create table mine (id int)",
        "create role friend",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to program 'id'",
    ):
        with refused():
            await db.execute(statement)
    await db.close()


async def test_a_password_that_was_changed_is_set_at_the_next_start(
    postgres: Postgres, installation: Installation
) -> None:
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute("alter role billing_app password 'forgotten'")
    await admin.close()
    await local_postgres.make_databases(installation)
    db = await asyncpg.connect(postgres.url("faktura_billing", "billing_app"))
    await db.close()


async def test_a_wrong_password_is_refused_by_the_database(
    postgres: Postgres, installation: Installation
) -> None:
    url = postgres.url("faktura_billing", "billing_app").replace(PASSWORD, "guessed")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


@pytest.mark.parametrize("table", ["events", "log"])
@pytest.mark.parametrize(
    "statement",
    ["update {} set brand = 'x'", "delete from {}", "truncate {}", "drop table {}"],
)
async def test_a_service_adds_to_its_history_and_never_changes_it(
    database: OpenDatabase, table: str, statement: str
) -> None:
    opened = await database("kernel")
    async with opened.pool.acquire() as db:
        with refused():
            await db.execute(statement.format(table))
