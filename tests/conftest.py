"""What the tests share: real servers, one set a test process, and fresh databases."""

import asyncio
import faulthandler
import importlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from hypothesis import settings

from shared import bus
from shared.consumers import View
from shared.database import Pool, open_pool
from shared.ids import new_id
from shared.migrate import migrate_plain, migrate_service
from tests.servers import PASSWORD, Bus, Postgres, running_nats, running_postgres

PROJECT = Path(__file__).parent.parent
CLEAN_UP_WITHIN_S = 60.0

# A property says what holds, not how fast: on a busy machine an example may take its time.
settings.register_profile("faktura", deadline=None)
settings.load_profile("faktura")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a server of its own, which is run without measuring coverage.

    But for files marked `measured`: they alone exercise what would else seem to be untested.
    """
    for item in items:
        needs = {"postgres", "nats_server"} & set(getattr(item, "fixturenames", ()))
        if needs and not item.get_closest_marker("measured"):
            item.add_marker("server")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Names a failed test at once: a run that is cut off has then said it."""
    if report.failed and not os.environ.get("PYTEST_XDIST_WORKER"):
        print(f"\n{report.outcome} {report.when}: {report.nodeid}", file=sys.__stderr__, flush=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test whose cleaning up hangs when its time is up ends its process, with all stacks.

    The time-out itself interrupts a test once; what then waits for ever would wait unseen.
    """
    marker = item.get_closest_marker("timeout")
    limit_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    stderr = item.config.stash[fault_handler_stderr_fd_key]
    guard = threading.Timer(limit_s + CLEAN_UP_WITHIN_S, _end_process, (item.nodeid, stderr))
    guard.daemon = True
    guard.start()
    try:
        return (yield)
    finally:
        guard.cancel()


def _end_process(test: str, stderr: int) -> None:
    faulthandler.dump_traceback(file=stderr)
    os.write(stderr, f"\n{test} hangs after its time-out: its process ends\n".encode())
    os._exit(os.EX_SOFTWARE)


@pytest.fixture(autouse=True)
def _lives(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A connection to the bus that closes for good ends a service; here it fails the test."""
    ends: list[str] = []
    monkeypatch.setattr(bus, "_end_process", lambda _, reason: ends.append(reason))
    yield
    assert not ends


@dataclass(frozen=True)
class Database:
    """A migrated database of one service, empty and the test's own."""

    url: str
    owner_url: str
    pool: Pool


OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The PostgreSQL server of this test process."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """The NATS server of this test process."""
    with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def templates() -> set[str]:
    """The services whose template database has been made."""
    return set()


@pytest.fixture
async def database(postgres: Postgres, templates: set[str]) -> AsyncIterator[OpenDatabase]:
    """Opens a fresh, migrated database of a service (`keyring` and `kernel` are known, too)."""
    async with AsyncExitStack() as stack:

        async def open_database(service: str) -> Database:
            if service not in templates:
                await _make_template(postgres, service)
                templates.add(service)
            name = f"test_{new_id().hex}"
            admin = await asyncpg.connect(postgres.url("postgres"))
            await admin.execute(f"create database {name} template template_{service}")
            await admin.close()
            schemas = [view.schema for view in views_of(service)]
            url = postgres.url(name, f"{service}_app")
            pool = await open_pool(url, size=8, schemas=schemas)
            stack.push_async_callback(_drop, postgres, name)
            stack.push_async_callback(pool.close)
            return Database(url, postgres.url(name), pool)

        yield open_database


def views_of(service: str) -> tuple[View, ...]:
    """The views that a service declares."""
    if service in ("keyring", "kernel"):
        return ()
    views: tuple[View, ...] = importlib.import_module(f"services.{service}.app").VIEWS
    return views


async def _make_template(postgres: Postgres, service: str) -> None:
    url, role = postgres.url(f"template_{service}"), f"{service}_app"
    admin = await asyncpg.connect(postgres.url("postgres"))
    try:
        known = await admin.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter" if known else "create"
        await admin.execute(f"{verb} role {role} login password '{PASSWORD}'")
        await admin.execute(f"create database template_{service}")
    finally:
        await admin.close()
    if service == "keyring":
        folder = PROJECT / "services" / "accounts" / "keyring_migrations"
        await migrate_plain(folder, owner_url=url, role=role)
    else:
        folder = PROJECT / "services" / service / "migrations"
        await migrate_service(folder, views_of(service), owner_url=url, role=role)


async def _drop(postgres: Postgres, name: str) -> None:
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def wait_until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 10) -> None:
    """Ask again until it holds; fails the test when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # what is asked is outside this process
