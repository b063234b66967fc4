"""A year of many accounts, day by day: what happens, and what must hold on each of its days."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice

from services.billing.brands.commands import configure_brand
from services.billing.rules.rules import Rules
from tests.simulation.virtual_time import VirtualLoop, seeded
from tests.year.books import Books
from tests.year.checks import DailyChecks
from tests.year.life import Life
from tests.year.shop import SEASONS, configuration, first_day, season_on
from tests.year.world import World

Progress = Callable[[int, Counter[str]], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a seed: the digest of its whole log, and how much happened."""

    seed: int
    digest: str
    events: int
    counts: Counter[str]
    done: Counter[str]
    refused: Counter[str]
    days: int
    balances: dict[str, int] = field(default_factory=dict)


def ignore_progress(day: int, counts: Counter[str]) -> None:
    """The default of `play_year`: nobody watches."""


def play_year(seed: int, *, accounts: int, days: int, watch: Progress = ignore_progress) -> Outcome:
    """Play the seed. Raises `AssertionError` on the first day on which something does not hold."""
    loop = VirtualLoop()
    with seeded(loop, f"year/{seed}"):
        try:
            return loop.run(Year(loop, seed, accounts=accounts, days=days).play(watch))
        finally:
            loop.close()


class Year:
    """The days of a seed, one after another."""

    def __init__(self, loop: VirtualLoop, seed: int, *, accounts: int, days: int) -> None:
        self._seed = seed
        self._days = days
        self.world = World(loop)
        self.books = Books()
        self._checks = DailyChecks(self.world, self.books)
        draw = random.Random(f"{seed}/life")
        self._life = Life(self.world, self.books, draw=draw, accounts=accounts)
        self._read = 0

    async def play(self, watch: Progress = ignore_progress) -> Outcome:
        """All days, and what they came to."""
        await self.world.begin_process()
        for day in range(self._days):
            await self._play_day(day)
            watch(day, self.books.counts)
        await self._life.settle_all()
        self._take_note()
        self.books.check()
        self._checks.check_day()
        await self._checks.check_all()
        return self._outcome()

    async def _play_day(self, day: int) -> None:
        if day:
            await self.world.until(first_day() + timedelta(days=day))
        for season in SEASONS:
            if season.day == day:
                work = partial(configure_brand, configuration(season))
                await self.world.do(work, actor="user:operator")
                await self.world.catch_up()
        await self.world.play_day()
        self._take_note()
        renewal_days = season_on(day).rules.get("renewal_days_before", Rules.renewal_days_before)
        self._checks.check_morning(self.world.today, renewal_days=renewal_days)
        await self._life.live(day)
        await self.world.catch_up()
        self._take_note()
        self.books.check()
        self._checks.check_day()

    def _take_note(self) -> None:
        """Read what was published since the last time."""
        log = self.world.server.tables["log"].rows
        for row in islice(log.values(), self._read, None):
            self.books.read(row)
        self._read = len(log)

    def _outcome(self) -> Outcome:
        log = self.world.server.tables["log"].rows
        digest = hashlib.sha256()
        for row in log.values():
            digest.update(row["hash"])
        return Outcome(
            seed=self._seed,
            digest=digest.hexdigest(),
            events=len(log),
            counts=self.books.counts,
            done=self._life.done,
            refused=self._life.refused,
            days=self._days,
            balances=dict(self._checks.balances),
        )
