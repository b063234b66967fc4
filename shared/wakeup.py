"""Waking waiters without losing a call, and loops that outlive their errors."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import structlog

from shared.heartbeat import beat, heart_of
from shared.telemetry import LOOP_FAILURES

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
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
    """Run `work` again whenever it ends; after an error with a growing pause and jitter.

    The loop has a heartbeat under its name.
    """
    with heart_of(name):
        await _again_and_again(name, work)


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause_s = FIRST_PAUSE_S
    while True:
        beat()
        begun = asyncio.get_running_loop().time()
        try:
            await work()
            pause_s = FIRST_PAUSE_S
        except Exception as error:
            if asyncio.get_running_loop().time() - begun > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            LOOP_FAILURES.add(1, {"loop": name})
            log.warning("loop failed", loop=name, error=repr(error), pause_s=pause_s)
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        _end_if_cancelled()


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
