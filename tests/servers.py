"""Real servers for the tests: PostgreSQL and NATS of the installed wheels, on free ports."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import nats

from deploy.local import nats as nats_server
from deploy.local.cluster import Cluster, group_of, locate_cluster, remove_outside
from deploy.local.postgres import initialise, server_command
from deploy.local.state import Home

PASSWORD = "only-for-tests-on-loopback"
START_WITHIN_S = 30
WITHOUT_FSYNC = ("-c", "fsync=off", "-c", "shared_buffers=64MB")
BUS_USERS = ("accounts", "billing", "tickets", "notifications", "portal")


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int

    def url(self, database: str, role: str = "postgres") -> str:
        """How `role` reaches a database of this server."""
        return f"postgres://{role}:{PASSWORD}@127.0.0.1:{self.port}/{database}"


@dataclass
class Bus:
    """A running nats-server that a test may end and start again."""

    port: int
    config: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"nats://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()
        self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP: it hangs with its connections open; SIGCONT: it goes on."""
        self.process.send_signal(number)

    def start(self) -> None:
        """Start it on the same port and store."""
        self.process = subprocess.Popen(
            [nats_server.binary(), "-c", self.config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asyncio.run(_until_nats_answers(self.port))


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_postgres(folder: Path, options: Sequence[str] = WITHOUT_FSYNC) -> Iterator[Postgres]:
    """A fresh cluster for the time of the block; without fsync, for tests do not pull plugs."""
    home = Home(folder)
    home.make()
    cluster = locate_cluster(home, f"tests-{folder.name}")
    initialise(cluster, password=PASSWORD, installation="tests")
    port = free_port()
    process = _start(cluster, [*server_command(cluster, port=port), *options])
    try:
        asyncio.run(_until_postgres_answers(Postgres(port)))
        yield Postgres(port)
    finally:
        process.send_signal(signal.SIGINT)  # the fast shutdown: open connections are cut
        process.wait()
        remove_outside(home)


def started_nats(config: Path, *, port: int) -> Bus:
    """A server with this configuration, once it answers."""
    bus = Bus(port, config, subprocess.Popen([sys.executable, "-c", ""]))
    bus.process.wait()
    bus.start()
    return bus


@contextmanager
def running_nats(folder: Path) -> Iterator[Bus]:
    """A server with JetStream and the services' users for the time of the block."""
    config = folder / "nats.conf"
    port = free_port()
    passwords = dict.fromkeys(BUS_USERS, PASSWORD)
    nats_server.write_config(config, port=port, store=folder / "store", passwords=passwords)
    bus = started_nats(config, port=port)
    try:
        yield bus
    finally:
        bus.process.terminate()
        bus.process.wait()


def _start(cluster: Cluster, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    user = cluster.user
    return subprocess.Popen(
        command,
        user=user,
        group=group_of(user),
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def _until_postgres_answers(server: Postgres) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            db = await asyncpg.connect(server.url("postgres"), timeout=2)
        except (OSError, asyncpg.CannotConnectNowError):
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            await asyncio.sleep(0.05)
        else:
            await db.close()
            return


async def _not_yet(error: Exception) -> None:
    """The server is still starting."""


async def _until_nats_answers(port: int) -> None:
    client = await nats.connect(
        f"nats://127.0.0.1:{port}",
        user="billing",
        password=PASSWORD,
        max_reconnect_attempts=START_WITHIN_S * 10,
        reconnect_time_wait=0.1,
        error_cb=_not_yet,
    )
    await client.close()
