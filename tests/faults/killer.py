"""Kills one program after the other, chosen by a seed, and measures how long each is away."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.stand import PROGRAMS, Stand

BACK_WITHIN_S = 180.0
LOOK_AGAIN_S = 0.05


@dataclass
class Killer:
    """kill -9 of a random program, again and again."""

    stand: Stand
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    away_s: list[float] = field(default_factory=list)
    _watches: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def kill_one(self) -> str:
        """Kill a program that runs, and watch in the background until it answers again."""
        running = [name for name in PROGRAMS if self.stand.pid(name)]
        name = self.dice.choice(running)
        pid = self.stand.pid(name)
        self.stand.kill(name)
        self.kills[name] += 1
        self._watches.add(asyncio.create_task(self._watch(name, pid)))
        return name

    async def all_are_back(self) -> float:
        """Wait for every program that was killed; the longest that one was away, in seconds."""
        await asyncio.gather(*self._watches)
        return max(self.away_s)

    async def _watch(self, name: str, pid: int | None) -> None:
        begun = time.monotonic()
        async with asyncio.timeout(BACK_WITHIN_S):
            while self.stand.pid(name) == pid or not await self.stand.answers(name):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
        self.away_s.append(time.monotonic() - begun)
