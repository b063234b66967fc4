"""The test stand: the real platform with a bad network in front of its PostgreSQL and its NATS."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploy.local.board import Board
from deploy.local.installation import Installation
from deploy.local.keys import SERVICES
from deploy.local.operations import Operator, operating
from deploy.local.ports import is_free, known_ports, preferred_ports
from deploy.local.probes import http_is_ready, nats_is_ready, postgres_is_ready
from deploy.local.quiet import wait_until_quiet
from deploy.local.state import Home, read_json, write_json
from shared.crash import CrashPoint
from tests.faults.proxy import Proxy, running_proxy
from tests.journeys.platform import Platform, running_platform

PROGRAMS = ("postgres", "nats", *SERVICES)
"""What a fault may hit; the sandboxes are other companies' servers."""
UNUSUAL_PORTS = range(20_000, 30_000)
"""Above those that `faktura up` chooses, below those that the system gives to clients."""
QUIET_WITHIN_S = 60.0
BACK_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.05


@dataclass
class Stand:
    """A running platform, the way to each of its programs, and the faults to do to them."""

    platform: Platform
    postgres: Proxy
    nats: Proxy
    orders: Path

    @cached_property
    def home(self) -> Home:
        """The folder of the installation."""
        return Home(self.platform.home)

    @cached_property
    def installation(self) -> Installation:
        """Its ports and secrets."""
        return Installation.open(self.home)

    def pid(self, name: str) -> int | None:
        """The process that is the program now; None while it is being started again."""
        known = read_json(self.home.pid_file(name))
        return int(known["pid"]) if known else None

    def kill(self, name: str) -> None:
        """kill -9 of a program; the supervisor is expected to start it again."""
        self.send(name, signal.SIGKILL)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program, if it runs at this moment."""
        if pid := self.pid(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def send_to_all_of_postgres(self, number: signal.Signals) -> None:
        """Send a signal to PostgreSQL's postmaster and to each of its backends."""
        for pid in self.processes_of_postgres():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def processes_of_postgres(self) -> list[int]:
        """The postmaster first, then its children."""
        postmaster = self.pid("postgres")
        return [postmaster, *_children_of(postmaster)] if postmaster else []

    def arm(self, service: str, point: CrashPoint) -> Path:
        """The service dies when it next passes the point; the file is gone as soon as it has."""
        order = self.orders / f"{service}.{point}"
        order.touch()
        return order

    def restarts(self) -> Mapping[str, int]:
        """How often the supervisor has started each program again."""
        board = Board.read(self.home)
        assert board is not None, "the platform runs"
        return {name: entry.restarts for name, entry in board.entries.items()}

    async def answers(self, name: str) -> bool:
        """Whether a program does its work now, asked as the supervisor asks."""
        installation = self.installation
        port = installation.ports[name]
        try:
            if name == "postgres":
                password = installation.secrets.postgres_password
                url = installation.database_url(name, password=password, database=name)
                return await postgres_is_ready(url)
            return await (nats_is_ready(port) if name == "nats" else http_is_ready(port))
        except (OSError, TimeoutError):
            return False

    async def until_back(self, *names: str) -> float:
        """Wait until these programs (none named: all) answer; how many seconds that took."""
        begun = time.monotonic()
        async with asyncio.timeout(BACK_WITHIN_S):
            for name in names or PROGRAMS:
                while not await self.answers(name):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_AGAIN_S)
        return time.monotonic() - begun

    async def until_quiet(self, *, within_s: float = QUIET_WITHIN_S) -> float:
        """Wait until nothing is on its way any more; how many seconds that took."""
        begun = time.monotonic()
        async with operating(self.installation) as operator:
            await wait_until_quiet(operator, within_s=within_s)
        return time.monotonic() - begun

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Operator]:
        """The operator's signed calls to the services."""
        async with operating(self.installation) as operator:
            yield operator


def _children_of(parent: int) -> list[int]:
    """The pids of the direct children of a process, from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _settle_ports(home: Home) -> None:
    """Ports where no other platform of this machine looks: one of ours may be down for a moment."""
    home.make()
    first = random.SystemRandom().randrange(UNUSUAL_PORTS.start, UNUSUAL_PORTS.stop)
    free = (port for port in range(first, UNUSUAL_PORTS.stop + 2000) if is_free(port))
    write_json(home.folder / "ports.json", {name: next(free) for name in preferred_ports(1)})


@contextmanager
def running_stand(
    home: Path, environment: Mapping[str, str] | None = None, *, processes: int = 1
) -> Iterator[Stand]:
    """A stand for the time of the block; nothing of it is left running."""
    folder = Home(home)
    _settle_ports(folder)
    orders = home.with_name(f"{home.name}-orders")
    orders.mkdir()

    def port_of(name: str) -> int:
        return known_ports(folder)[name]

    with (
        running_proxy(lambda: port_of("postgres"), seed=1) as postgres,
        running_proxy(lambda: port_of("nats"), seed=2) as nats,
        running_platform(
            home,
            {
                "FAKTURA_POSTGRES_VIA": f"127.0.0.1:{postgres.port}",
                "FAKTURA_NATS_VIA": f"127.0.0.1:{nats.port}",
                "CRASH_ORDERS": str(orders),
                "FAKTURA_CARD_ATTEMPTS_OF_ACCOUNT": "10000",  # the crowd pays and fails for long
                **(environment or {}),
            },
            processes=processes,
        ) as platform,
    ):
        yield Stand(platform, postgres, nats, orders)
