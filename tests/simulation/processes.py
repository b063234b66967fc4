"""A simulated process: everything that it runs dies with it, at any moment and without cleaning up.

What a dead process would still do, such as to give back a lease on its way out, reaches nobody:
each of its ports raises `ProcessDied`, which no handler of the code under test catches.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from tests.simulation.memory_postgres import MemoryPool


class ProcessDied(BaseException):
    """The process that did this is no more."""


FAULTS_OF_OURS = (AssertionError, AttributeError, LookupError, TypeError)
"""What is nobody's weather."""

CURRENT: ContextVar["Process | None"] = ContextVar("process", default=None)


class Process:
    """Runs tasks until it crashes. `pool` are its connections, which die with it."""

    def __init__(self, name: str, note: Callable[[str, str], None]) -> None:
        self.name = name
        self.is_alive = True
        self.pool: MemoryPool | None = None
        self.errors: list[BaseException] = []
        self.backends_linger_s = 0.0
        """How long the server takes to notice: so long locks and leases stay."""
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._note = note

    def check(self) -> None:
        """Raises when it is dead."""
        if not self.is_alive:
            raise ProcessDied(self.name)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A task of this process; so are all that it makes in turn."""
        context = copy_context()
        context.run(CURRENT.set, self)
        return context.run(asyncio.get_running_loop().create_task, work)

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """Let it die with the process."""
        self._tasks[task] = None
        task.add_done_callback(self._forget)

    def crash(self) -> None:
        """Now."""
        if not self.is_alive:
            return
        self._note("crash", self.name)
        self.is_alive = False
        for task in list(self._tasks):
            task.cancel()
        if self.pool:
            loop = asyncio.get_running_loop()
            for connection in self.pool.connections:
                loop.call_later(self.backends_linger_s, connection.lose)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, FAULTS_OF_OURS) or not isinstance(
            error, Exception | ProcessDied | None
        ):
            self.errors.append(error)


def adopting(loop: asyncio.AbstractEventLoop, work: Any, context: Any = None) -> Any:
    """The task factory: a task belongs to the process that made it."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    process = CURRENT.get()
    if process is not None:
        process.adopt(task)
    return task
