"""The one-shot container's work on a real server of its own: roles, databases, rights."""

import asyncio
import os
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from deploy.compose.migrate import KEYRING, SERVICES, address, make_databases
from deploy.compose.new_env import new_settings
from tests.servers import PASSWORD, running_postgres


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the container is told, for a server that no other test has made roles on."""
    with running_postgres(tmp_path_factory.mktemp("compose")) as server:
        yield {
            **new_settings(),
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(server.port),
            "POSTGRES_PASSWORD": PASSWORD,
        }


async def test_each_service_has_a_database_that_its_two_roles_may_enter(
    environment: dict[str, str],
) -> None:
    await make_databases(environment)
    for service in SERVICES:
        for role in (f"{service}_owner", f"{service}_app"):
            url = address(environment, role, database=f"faktura_{service}")
            db = await asyncpg.connect(url)
            assert await db.fetchval("select current_user") == role
            await db.close()


async def test_nobody_enters_the_database_of_another(environment: dict[str, str]) -> None:
    await make_databases(environment)
    for database in ("faktura_accounts", KEYRING):
        url = address(environment, "billing_app", database=database)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url)


async def test_a_repeat_brings_changed_passwords(environment: dict[str, str]) -> None:
    await make_databases(environment)
    changed = {**environment, "PORTAL_APP_PASSWORD": "quite-another-password"}
    await make_databases(changed)
    db = await asyncpg.connect(address(changed, "portal_app", database="faktura_portal"))
    await db.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(address(environment, "portal_app", database="faktura_portal"))


async def test_the_container_brings_every_schema_to_the_present(
    environment: dict[str, str],
) -> None:
    container = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.compose.migrate",
        env={"PATH": os.defpath, **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    _, problems = await container.communicate()
    assert container.returncode == 0, problems.decode()
    for service in SERVICES:
        url = address(environment, f"{service}_app", database=f"faktura_{service}")
        db = await asyncpg.connect(url)
        assert await db.fetchval("select count(*) from events") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("delete from log")
        await db.close()
