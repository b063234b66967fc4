"""Waking waiters without losing a call, and loops that outlive their errors."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import structlog

from shared.heartbeat import beat, heart_of
from shared.telemetry import LOOP_FAILURES

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
"""So long after the database or the bus is back, at most, until every loop is at work again."""
CANCEL_EVERY_S = 0.5

log = structlog.get_logger()


class Wakeup:
    """A counter that can be waited on: whoever read the count before a call is woken by it."""

    def __init__(self) -> None:
        self.count = 0
        self.echo: Callable[[], None] | None = None
        """Told of each call, though not of each waking: wakes the other processes as well."""
        self._event = asyncio.Event()

    def call(self) -> None:
        """Wake all who wait, in the other processes, too, if there is an echo."""
        self.wake()
        if self.echo:
            self.echo()

    def wake(self) -> None:
        """Wake all who wait in this process."""
        self.count += 1
        waiting, self._event = self._event, asyncio.Event()
        waiting.set()

    async def wait_after(self, seen: int, *, timeout_s: float) -> None:
        """Return at once if there was a call since the count was `seen`, else at the next one."""
        beat()
        if self.count != seen:
            return
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return


async def run_forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` again whenever it ends; after an error with a pause that grows, and jitter.

    The pause is the first again after a run that was longer than the longest. Of errors in a row
    the log has the 1st, 2nd, 4th, 8th ...: what is away for hours would fill it. The loop has a
    heartbeat under its name.
    """
    with heart_of(name):
        await _again_and_again(name, work)


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    in_a_row = 0
    while True:
        beat()
        begun = asyncio.get_running_loop().time()
        try:
            await work()
            in_a_row = 0
        except Exception as error:
            if asyncio.get_running_loop().time() - begun > LONGEST_PAUSE_S:
                in_a_row = 0
            in_a_row += 1
            LOOP_FAILURES.add(1, {"loop": name})
            if in_a_row.bit_count() == 1:
                log.warning("loop failed", loop=name, error=repr(error), in_a_row=in_a_row)
            await asyncio.sleep(pause_s(in_a_row) * random.uniform(0.8, 1.2))  # noqa: S311
        _end_if_cancelled()


def pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row.

    >>> [pause_s(failures) for failures in (1, 2, 3, 4, 5, 6, 10_000)]
    [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    """
    return min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel the tasks until all have ended: a library may catch a cancellation and go on."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_EVERY_S)


def _end_if_cancelled() -> None:
    """A cancellation may be lost on its way, as in a task group whose child fails meanwhile."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """What all of them return; when one fails, the others have ended before it raises.

    Not a task group: in Python 3.11 one whose child fails while it waits at its end leaves its task
    marked as cancelled, and `run_forever` would take that for an order to stop.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
