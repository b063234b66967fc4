"""A business day played by a process that is killed at some moment, and by the next one to its end.

The moments are those before and after each statement that the process sends: the named points of
`shared.crash` lie between statements, and so do all others at which anything lasts.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.simulation.memory_postgres import MemoryConnection, MemoryServer, Table
from tests.simulation.processes import Process, ProcessDied, adopting
from tests.simulation.virtual_time import VirtualLoop, pass_time, seeded
from tests.year.world import World

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET = re.compile(r"~1\.[A-Za-z0-9_=+/-]+")
MOST_LIVES = 2000

Story = dict[Any, list[tuple[str, str]]]
"""Account -> what was published about it, in order, without ids and ciphertexts."""


@dataclass
class Killer:
    """The way to the database of a process that dies at its `at`-th moment; 0: never."""

    process: Process
    at: int
    moments: list[str] = field(default_factory=list)

    def check(self) -> None:
        """See `Weather.check`."""
        self.process.check()

    async def out(self, connection: MemoryConnection, query: str, arguments: Sequence[Any]) -> None:
        """See `Weather.out`."""
        await asyncio.sleep(0)
        self._pass(f"before {query}")

    async def back(self, connection: MemoryConnection, query: str) -> None:
        """See `Weather.back`."""
        self._pass(f"after {query}")

    async def connect(self) -> None:
        """See `Weather.connect`."""

    def _pass(self, moment: str) -> None:
        self.process.check()
        self.moments.append(" ".join(moment.split()))
        if len(self.moments) == self.at:
            self.process.crash()
            raise ProcessDied(self.process.name)


@dataclass(frozen=True, kw_only=True)
class Evening:
    """How things stand on the eve of a day: everything that a new process finds."""

    world: World
    day: date

    def again(self, loop: VirtualLoop) -> World:
        """A world of its own that begins like this."""
        made = World(loop, copied(self.world.server, loop))
        made.gateway = self.world.gateway.copy()
        made.panel.requests = dict(self.world.panel.requests)
        return made


def copied(server: MemoryServer, loop: VirtualLoop) -> MemoryServer:
    """A server of its own that begins as this one stands, with nobody connected.

    Rows are replaced, never changed, so the tables alone are copied."""
    made = MemoryServer([_copied_table(table) for table in server.tables.values()], loop.now)
    made.tables["process"] = Table("process", ("id",), unique=(("seat",),))
    made.tables["lease"] = Table("lease", ("name",))
    return made


def _copied_table(table: Table) -> Table:
    return Table(
        table.name,
        table.key,
        table.unique,
        dict(table.rows),
        {columns: dict(places) for columns, places in table.places.items()},
        {first: dict(rows) for first, rows in table.groups.items()},
    )


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the day came to, and the moments of the process that began it."""

    story: Story
    moments: list[str]
    lives: int
    left_over: Counter[str]


def play_killed(evening: Evening, *, at: Sequence[int]) -> Played:
    """The day, killed at the moment `at[0]` of the first process, `at[1]` of the second, and so on.

    The processes after those live to the end of the day.
    """
    loop = VirtualLoop()
    loop.set_task_factory(adopting)
    loop.seconds = evening.world.loop.seconds
    with seeded(loop, f"killed/{at}"):
        try:
            return loop.run(_play(evening, loop, at))
        finally:
            loop.close()


async def _play(evening: Evening, loop: VirtualLoop, at: Sequence[int]) -> Played:
    world = evening.again(loop)
    before = len(world.server.tables["log"].rows)
    first: list[str] = []
    for life in range(MOST_LIVES):
        process = Process(f"billing/{life}", lambda *_: None)
        killer = Killer(process, at[life] if life < len(at) else 0)
        task = process.spawn(_live(world, process, killer, evening.day))
        await asyncio.wait([task])
        first = first or killer.moments
        if process.is_alive:
            task.result()
            return _outcome(world, before, moments=first, lives=life + 1)
        await pass_time(0.1)
    raise AssertionError("the day never comes to its end")


async def _live(world: World, process: Process, killer: Killer, day: date) -> None:
    await world.begin_process(killer)
    process.pool = world.pool
    await world.until(day)
    await world.play_day()


def _outcome(world: World, before: int, *, moments: list[str], lives: int) -> Played:
    story: Story = {}
    for row in list(world.server.tables["log"].rows.values())[before:]:
        owner = row["account_id"] or row["brand"]
        story.setdefault(owner, []).append((row["type"], _plain(row["data"])))
    left = Counter({name: len(world.server.read(name)) for name in LEFT_OVER})
    return Played(story=story, moments=moments, lives=lives, left_over=+left)


LEFT_OVER = ("business_day_task", "business_day_problem", "parked")


def _plain(text: str) -> str:
    return SECRET.sub("secret", UUID_TEXT.sub("id", text))
