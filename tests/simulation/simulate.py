"""One seed, one history: the installation at work in bad weather, then healed, then checked."""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import structlog

from shared import crash
from shared.contracts import REGISTRY
from tests.simulation import history_view
from tests.simulation.case import TicketEscalated
from tests.simulation.clients import Clients, account
from tests.simulation.faults import Mischief
from tests.simulation.kernel_statements import kernel_tables
from tests.simulation.lease_statements import lease_tables
from tests.simulation.memory_jetstream import MemoryBus
from tests.simulation.memory_postgres import MemoryServer, Table
from tests.simulation.processes import CURRENT, ProcessDied, adopting
from tests.simulation.properties import check_all, check_parked, demand, lag, missing_on_bus, parked
from tests.simulation.services import SERVICES, Installation
from tests.simulation.virtual_time import VirtualClock, VirtualLoop, pass_time, seeded
from tests.simulation.weather import Sky, Trace, draw_climate

QUIET_WITHIN_S = 90.0
"""After healing: the sum of a loop's longest pause, a slow request and a lingering backend."""
ESCALATED = ("tickets", "TicketEscalated")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a seed. `problem` is empty when every property held."""

    seed: int
    digest: str
    problem: str
    counts: Counter[str]
    virtual_s: float
    healed_s: float
    events: int
    lines: list[str]


class _Any:
    """Equal to the name of every crash point."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def simulate(seed: int, *, keeps_trace: bool = False) -> Outcome:
    """Run the seed. The same seed gives the same trace, whatever ran before."""
    loop = VirtualLoop()
    loop.set_task_factory(adopting)
    trace = Trace(loop, keeps=keeps_trace)
    world = _World(seed, loop, trace)
    problem = ""
    with seeded(loop, str(seed)), _silence(), _crash_points(world.house.sky):
        try:
            loop.run(world.live())
        except Exception as error:
            problem = f"{type(error).__name__}: {error} {world.house.errors or ''}"
        finally:
            loop.run(world.end())
            loop.close()
    return Outcome(
        seed=seed,
        digest=trace.digest(),
        problem=problem,
        counts=trace.counts,
        virtual_s=loop.seconds,
        healed_s=world.healed_s,
        events=world.events,
        lines=trace.lines,
    )


class _World:
    def __init__(self, seed: int, loop: VirtualLoop, trace: Trace) -> None:
        self._loop = loop
        self._draw = random.Random(f"{seed}/world")
        sky = Sky(random.Random(f"{seed}/weather"), trace, draw_climate(self._draw))
        databases = {service: MemoryServer(_tables(), loop.now) for service in SERVICES}
        bus = MemoryBus(loop.now)
        self.house = Installation(sky, VirtualClock(loop), bus, databases)
        self.clients = Clients(self.house, random.Random(f"{seed}/clients"))
        self._mischief = Mischief(self.house, random.Random(f"{seed}/faults"))
        self._tasks: list[asyncio.Task[Any]] = []
        self.healed_s = 0.0
        self.events = 0

    async def live(self) -> None:
        """Bad weather while clients work; then healing, and every property at quiet."""
        self._mischief.begin()
        self._go(self._mischief.supervise())
        self._go(self.clients.answer_for_the_panel())
        work = self._go(self._all_clients())
        await self._mischief.do(self._draw.randrange(0, 9), within_s=self._draw.uniform(2, 12))
        self._heal()
        healed_at = self._loop.seconds
        await self._until_quiet(work, with_parked=False)
        check_parked(self.house)
        self._cure()
        await self._until_quiet(work, with_parked=True)
        self.healed_s = self._loop.seconds - healed_at
        check_all(self.house, self.clients.known)
        demand(not self.house.errors, f"an error that nobody caught: {self.house.errors}")
        self.events = sum(
            row["position"]
            for server in self.house.databases.values()
            for row in server.read("partition_head")
        )

    async def end(self) -> None:
        """Nothing runs any more."""
        for process in self.house.processes:
            process.crash()
            self.house.errors += process.errors
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _all_clients(self) -> None:
        await self.clients.open_shop()
        buyers, talkers = self._draw.randrange(1, 4), self._draw.randrange(1, 3)
        if self._draw.random() < 0.4:
            self.house.poisoned.add(str(account(self._draw.randrange(buyers))))
        work = [self.clients.buy(number) for number in range(buyers)]
        work += [self.clients.talk(number, self._draw.randrange(1, 5)) for number in range(talkers)]
        await asyncio.gather(*work)
        if self._draw.random() < 0.3:
            self.house.poisoned.add(str(account(0)))
            await self.clients.escalate(0)

    def _heal(self) -> None:
        self.house.sky.trace.note("healed")
        self.house.sky.clear_up()
        self._mischief.heal()

    def _cure(self) -> None:
        """No more poison; what is unknown becomes known; a person has everything tried again."""
        self.house.sky.trace.note("cured")
        self.house.poisoned.clear()
        REGISTRY[ESCALATED] = TicketEscalated
        for server in self.house.databases.values():
            for row in parked(self.house):
                if row in server.read("parked") and row["tries"]:
                    key = server.tables["parked"].key_of(row)
                    server.tables["parked"].store(key, {**row, "next_try_at": server.now()})

    async def _until_quiet(self, work: "asyncio.Task[None]", *, with_parked: bool) -> None:
        async with asyncio.timeout(QUIET_WITHIN_S):
            while not self._is_quiet(work, with_parked=with_parked):
                await pass_time(0.25)

    def _is_quiet(self, work: "asyncio.Task[None]", *, with_parked: bool) -> bool:
        if not work.done() or lag(self.house):
            return False
        work.result()
        if self.house.outside.requests.keys() - self.clients.finished:
            return False
        return not with_parked or not (parked(self.house) or missing_on_bus(self.house))

    def _go(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        return task


def _tables() -> list[Table]:
    days = Table("business_day_run", ("brand", "day"))
    return [*kernel_tables(), *lease_tables(), history_view.history_table(), days]


@contextmanager
def _silence() -> Iterator[None]:
    """No log lines: the trace says more."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        structlog.configure(**before)
        REGISTRY.pop(ESCALATED, None)
        if collects:
            gc.enable()


@contextmanager
def _crash_points(sky: Sky) -> Iterator[None]:
    """A process may die at every named point of the code."""

    def die() -> None:
        process = CURRENT.get()
        if process is not None and sky.happens(sky.climate.crash_point):
            sky.trace.note("crash point", process.name)
            process.crash()
            raise ProcessDied(process.name)

    with mock.patch.object(crash, "_ARMED", _Any()), mock.patch.object(crash, "_die", die):
        yield
