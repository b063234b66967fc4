"""Heartbeats of a process's endless loops, and the watchdog that ends the process when one stops.

A loop beats whenever it takes a connection, waits to be woken, or says so itself. One that has been
silent for `SILENT_FOR_S` waits for something that will not come; then the process ends, and its
supervisor starts it again. The watchdog is a thread, so it also sees an event loop that is stuck.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import structlog

SILENT_FOR_S = 60.0
"""Longer than any single wait of a loop: the longest is a mail server's, 30 s."""
LOOK_EVERY_S = 1.0
OVERSLEPT_S = 5.0
"""A watchdog that slept so much longer was stopped itself, and so were the loops."""
EXIT_STATUS = 71

log = structlog.get_logger()


class Heartbeats:
    """When each loop of the process gave its last sign of life, by the monotonic clock."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def beat(self, name: str) -> None:
        """The loop lives."""
        self._last[name] = time.monotonic()

    def forget(self, name: str) -> None:
        """The loop has been ended."""
        self._last.pop(name, None)

    def forgive(self) -> None:
        """Count from now on: everything stood still for a while, loops and watchdog alike."""
        for name in list(self._last):
            self.beat(name)

    def ages(self) -> dict[str, float]:
        """Seconds since the last beat, by loop."""
        now = time.monotonic()
        return {name: now - last for name, last in list(self._last.items())}


HEARTBEATS = Heartbeats()
_LOOP: ContextVar[str] = ContextVar("loop", default="")


@contextmanager
def heart_of(name: str) -> Iterator[None]:
    """What runs inside is the loop `name`, with all tasks that it starts."""
    token = _LOOP.set(name)
    beat()
    try:
        yield
    finally:
        _LOOP.reset(token)
        HEARTBEATS.forget(name)


def beat() -> None:
    """A sign of life of the loop that this runs in, if it runs in one."""
    if name := _LOOP.get():
        HEARTBEATS.beat(name)


class Turns(asyncio.Lock):
    """A lock. Those who wait for it live for as long as the one that has it gets on."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[str] = []

    async def acquire(self) -> Literal[True]:
        """See asyncio."""
        name = _LOOP.get()
        self._waiting.append(name)
        try:
            return await super().acquire()
        finally:
            self._waiting.remove(name)

    def beat(self) -> None:
        """A sign of life of the loop that this runs in, and of all that wait for their turn."""
        for name in (_LOOP.get(), *self._waiting):
            if name:
                HEARTBEATS.beat(name)


def end_process() -> None:
    """The default of `Watchdog`: at once, for what hangs would hang a clean end as well."""
    os._exit(EXIT_STATUS)


class Watchdog:
    """Looks every second from a thread of its own."""

    def __init__(
        self,
        heartbeats: Heartbeats = HEARTBEATS,
        *,
        silent_for_s: float = SILENT_FOR_S,
        bite: Callable[[], None] = end_process,
    ) -> None:
        self._heartbeats = heartbeats
        self._silent_for_s = silent_for_s
        self._bite = bite
        self._ended = threading.Event()
        self._looked_at = time.monotonic()

    def start(self) -> None:
        """Watch until `end`, or until the process ends."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def end(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def look(self) -> None:
        """Bite if a loop has been silent for too long, unless the watchdog slept as well."""
        overslept_s = time.monotonic() - self._looked_at - LOOK_EVERY_S
        self._looked_at = time.monotonic()
        if overslept_s > OVERSLEPT_S:
            self._heartbeats.forgive()
        silent = {n: age for n, age in self._heartbeats.ages().items() if age > self._silent_for_s}
        if silent:
            log.error("loop hangs, process ends", loops=silent)
            self._bite()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self.look()
