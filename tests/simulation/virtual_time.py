"""An event loop whose time is a number, and a world in which nothing is left to chance but a seed.

When nothing is ready the loop's time jumps to the next timer, so sleeps, time limits, leases and
pauses of the code under test run unchanged and take no time at all. `seeded` puts the same time
and a seeded generator under everything else that reads a clock or draws a number.
"""

import asyncio
import os
import random
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from unittest import mock

from shared.ids import _Supply

Result = TypeVar("Result")

EPOCH = datetime(2026, 1, 15, 9, tzinfo=UTC)
"""When every simulation begins."""


class NothingLeftToHappen(Exception):
    """Everybody waits, and for nobody: the real program would hang."""


class _NoFiles:
    """In place of the selector: there is nothing outside to wait for, so waiting is a jump."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise NothingLeftToHappen
        self._loop.seconds += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without files, threads and real time. `seconds` since `EPOCH`."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._selector = _NoFiles(self)
        # After half a year a float has no nanoseconds any more: a jump by one would be none.
        self._clock_resolution = 1e-6
        self.set_exception_handler(self._keep)
        self.unhandled: list[dict[str, Any]] = []

    def time(self) -> float:
        """Virtual seconds."""
        return self.seconds

    def now(self) -> datetime:
        """The virtual instant."""
        return EPOCH + timedelta(seconds=self.seconds)

    def run(self, main: Coroutine[Any, Any, Result]) -> Result:
        """Run to the end."""
        return self.run_until_complete(main)

    def _keep(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.unhandled.append(context)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a system call."""


async def pass_time(seconds: float) -> None:
    """Let others have their turn for so many seconds, which take none where time is virtual."""
    await asyncio.sleep(seconds)


class VirtualClock:
    """The `Clock` of the code under test."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """See `shared.clock.Clock.now`."""
        return self._loop.now()


@contextmanager
def seeded(loop: VirtualLoop, seed: str) -> Iterator[None]:
    """Clocks that follow the loop, and numbers that follow from the seed, for all of the process.

    Ids, nonces and jitter of the code under test are then the same for the same seed.
    """
    drawn = random.Random(f"{seed}/drawn")
    state = random.getstate()
    random.seed(f"{seed}/global")

    def monotonic() -> float:
        return loop.seconds

    def since_1970_ns() -> int:
        return int(EPOCH.timestamp() * 1e9) + int(loop.seconds * 1e9)

    replaced: list[tuple[Any, str, Any]] = [
        (time, "monotonic", monotonic),
        (time, "perf_counter", monotonic),
        (time, "time_ns", since_1970_ns),
        (time, "time", lambda: since_1970_ns() / 1e9),
        (os, "urandom", drawn.randbytes),
        (_Supply, "left", []),  # what was drawn before belongs to another history
    ]
    patches = [mock.patch.object(owner, name, value) for owner, name, value in replaced]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
        random.setstate(state)
