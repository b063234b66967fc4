"""A PostgreSQL server and its standby by streaming replication, to be killed and promoted."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.cluster import Cluster, group_of, locate_cluster, remove_outside
from deploy.local.postgres import initialise, server_command
from deploy.local.state import Home
from shared.migrate import migrate_service
from tests.conftest import wait_until
from tests.servers import PASSWORD, WITHOUT_FSYNC, Postgres, free_port

STANDBY = "standby"
ROLE = "kernel_app"


@dataclass
class Node:
    """One of the two servers."""

    home: Home
    cluster: Cluster
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it in a session of its own."""
        user = self.cluster.user
        self.process = subprocess.Popen(
            [*server_command(self.cluster, port=self.port), *WITHOUT_FSYNC],
            user=user,
            group=group_of(user),
            extra_groups=[] if user else None,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """kill -9: the server and all of its backends, which else answer once more before they see
        that it is gone."""
        if self.process is not None and self.process.poll() is None:
            pid = self.process.pid
            backends = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            self.process.kill()
            for backend in backends:
                with suppress(ProcessLookupError):
                    os.kill(int(backend), signal.SIGKILL)
            self.process.wait()

    def receiver(self) -> int:
        """The process that takes the log from the primary."""
        assert self.process is not None
        for stat in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                is_receiver = b"walreceiver" in stat.read_bytes()
                if is_receiver and _parent(stat.parent) == self.process.pid:
                    return int(stat.parent.name)
        raise AssertionError("no receiver")

    def url(self, role: str = "postgres", database: str = "postgres") -> str:
        """How to reach it."""
        return Postgres(self.port).url(database, role)

    async def ask(self, query: str, *, database: str = "postgres") -> Any:
        """One value, as the superuser."""
        db = await asyncpg.connect(self.url(database=database), timeout=5)
        try:
            return await db.fetchval(query)
        finally:
            await db.close()

    async def answers(self) -> bool:
        """Whether it lets us in."""
        try:
            await self.ask("select 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True


@dataclass
class Pair:
    """A primary, its standby, and the database `kernel` on both."""

    primary: Node
    standby: Node

    @property
    def url(self) -> str:
        """Whichever of the two is the primary, as a service would be told."""
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://{ROLE}:{PASSWORD}@{hosts}/kernel?target_session_attrs=primary"

    async def set_synchronous(self) -> None:
        """From now on a commit is answered when the standby has it on its disk, too."""
        await self.primary.ask(f"alter system set synchronous_standby_names = '{STANDBY}'")
        await self.primary.ask("select pg_reload_conf()")

        async def is_so() -> bool:
            state = "select sync_state from pg_stat_replication"
            return bool(await self.primary.ask(state) == "sync")

        await wait_until(is_so)

    async def promote(self) -> None:
        """Make the standby a primary."""
        assert await self.standby.ask("select pg_promote(true, 30)")


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


@asynccontextmanager
async def running_pair(folder: Path) -> AsyncIterator[Pair]:
    """Both servers with an empty, migrated database, for the time of the block."""
    folder.chmod(0o711)
    primary, standby = _node(folder / "primary"), _node(folder / "standby")
    try:
        initialise(primary.cluster, password=PASSWORD, installation="tests")
        primary.start()
        await wait_until(primary.answers, within_s=30)
        await _make_database(primary)
        _copy(primary, standby)
        standby.start()
        await wait_until(standby.answers, within_s=30)
        yield Pair(primary, standby)
    finally:
        for node in (primary, standby):
            node.kill()
            remove_outside(node.home)


def _node(folder: Path) -> Node:
    folder.mkdir()
    home = Home(folder)
    home.make()
    return Node(home, locate_cluster(home, f"tests-{folder.name}"), free_port())


async def _make_database(node: Node) -> None:
    await node.ask("create database kernel")
    await node.ask(f"create role {ROLE} login password '{PASSWORD}'")
    await migrate_service(Path("none"), [], owner_url=node.url(database="kernel"), role=ROLE)


def _copy(primary: Node, standby: Node) -> None:
    source = f"{primary.url()}?application_name={STANDBY}"
    tool = str(standby.cluster.binaries / "pg_basebackup")
    done = standby.cluster.run(
        [tool, f"--dbname={source}", f"--pgdata={standby.cluster.data}", "--write-recovery-conf",
         "--wal-method=stream", "--checkpoint=fast"]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def stop(pid: int) -> None:
    """Stop a process where it stands, as a network that has gone dead does."""
    os.kill(pid, signal.SIGSTOP)
