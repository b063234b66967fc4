"""Keeps one program running: starts it, waits until it is ready, starts again whatever ends.

The pause before a restart is 0.2 s, twice as long each time up to 10 s, and 0.2 s again after a
life that ended ten seconds after the program was first ready, or later. That it was not ready
meanwhile, because another program was away, does not make its life a bad one.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from deploy.local import programs
from deploy.local.board import Entry, State
from deploy.local.logbook import tail
from deploy.local.programs import Program
from deploy.local.state import CannotRun, Home

log = structlog.get_logger()

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
HEALTHY_AFTER_S = 10.0
STARTING_LOOK_S = 0.1
RUNNING_LOOK_S = 3.0
FIRST_TRIES = 5
"""A program that ends so often before it was ever ready will not become ready by itself."""


@dataclass
class Backoff:
    """How long to wait before the next restart."""

    pause_s: float = FIRST_PAUSE_S

    def next(self, *, healthy_for_s: float) -> float:
        """The pause to make now, in seconds.

        >>> backoff = Backoff()
        >>> [backoff.next(healthy_for_s=0) for _ in range(8)]
        [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
        >>> backoff.next(healthy_for_s=11)
        0.2
        """
        if healthy_for_s >= HEALTHY_AFTER_S:
            self.pause_s = FIRST_PAUSE_S
        pause_s = self.pause_s
        self.pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


class Keeper:
    """One program and its restarts; `entry` is its line on the board."""

    def __init__(self, program: Program, home: Home, publish: Callable[[], None]) -> None:
        self.program = program
        self.entry = Entry(name=program.name, port=program.port, instance=program.instance)
        self._home = home
        self._publish = publish
        self._backoff = Backoff()
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._again = asyncio.Event()
        self._ready_since: float | None = None
        self._first_ready_at: float | None = None
        """In the present life of the program, by the monotonic clock; None before it was ready."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to keep the program and waits until it is ready for the first time.

        Raises `CannotRun` when it ends again and again before that.
        """
        self._task = asyncio.create_task(self._keep())
        waiting = asyncio.create_task(self._ready.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.is_set():
            waiting.cancel()
            await self._task

    async def stop(self) -> None:
        """Ends the program for good."""
        self._stopping.set()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    def restart(self) -> None:
        """Ends the program in good order; it is started again as after a crash."""
        self._again.set()

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            self._change("starting")
            ending = await self._live()
            if not self._stopping.is_set():
                await self._pause(ending)
        self._change("stopped")

    async def _live(self) -> str:
        """One life of the program; returns how it ended."""
        try:
            process = await programs.start(self.program, self._home)
        except OSError as error:
            return f"not started: {error}"
        self.entry.pid = process.pid
        self._publish()
        await self._run(process)
        return f"exit status {process.returncode}"

    async def _run(self, process: asyncio.subprocess.Process) -> None:
        """Watches the process until it ends or is to end."""
        watch = asyncio.create_task(self._watch())
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(self._stopping.wait())
        again = asyncio.create_task(self._again.wait())
        try:
            await asyncio.wait({ended, told, again}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._again.clear()
            for task in (watch, told, again):
                task.cancel()
            if self._stopping.is_set():
                self._change("stopping")
            await programs.stop(self.program, process, home=self._home)
            await ended
            self.entry.pid = None

    async def _pause(self, ending: str) -> None:
        self.entry.restarts += 1
        self._change("failing")
        with suppress(OSError):  # A full disk takes no log, but the restart goes on.
            log.warning("ended", process=self.program.name, how=ending)
        if not self._ready.is_set() and self.entry.restarts >= FIRST_TRIES:
            last_words = tail(self._home.log(self.program.name))
            raise CannotRun(
                f"{self.program.name} ended {FIRST_TRIES} times while it started:\n{last_words}"
            )
        healthy_for_s = time.monotonic() - self._first_ready_at if self._first_ready_at else 0.0
        self._ready_since = self._first_ready_at = None
        pause_s = self._backoff.next(healthy_for_s=healthy_for_s)
        try:
            await asyncio.wait_for(self._stopping.wait(), pause_s)
        except TimeoutError:
            return

    async def _watch(self) -> None:
        """Notes when the program becomes ready and when it no longer answers."""
        begun = time.monotonic()
        while True:
            if await self._is_ready():
                if self._ready_since is None:
                    self._ready_since = time.monotonic()
                    self._first_ready_at = self._first_ready_at or self._ready_since
                if self.entry.state == "starting":
                    self.entry.seconds = time.monotonic() - begun
                self._change("ready")
                self._ready.set()
            elif self._ready_since is not None:
                self._ready_since = None
                self._change("failing")
            await asyncio.sleep(RUNNING_LOOK_S if self._ready_since else STARTING_LOOK_S)

    async def _is_ready(self) -> bool:
        try:
            return await self.program.is_ready()
        except (OSError, TimeoutError):
            return False

    def _change(self, state: State) -> None:
        if self.entry.state != state:
            self.entry.state = state
            self.entry.since = time.time()
            self._publish()
