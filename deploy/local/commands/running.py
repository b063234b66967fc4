"""`faktura up` and `faktura down`."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from deploy.local.board import Board
from deploy.local.commands.demo import load_demo
from deploy.local.commands.progress import StartProgress
from deploy.local.commands.welcome import welcome
from deploy.local.installation import Installation, inherited
from deploy.local.logbook import tail
from deploy.local.programs import end_leftovers
from deploy.local.screen import problems, screen
from deploy.local.state import PROJECT, CannotRun, Home, sole_supervisor, supervisor_pid
from deploy.local.supervisor import supervise

LOOKS_EVERY_S = 0.1
ENDED_WITHIN_S = 90.0


async def up(
    *,
    detach: bool = False,
    demo: Annotated[bool, Parameter(name="--demo", negative="--no-demo")] = True,
    processes: Annotated[int, Parameter(validator=Number(gte=1, lte=8))] = 1,
) -> int:
    """Start the platform, load the demo, print the addresses. Ctrl-C ends it.

    Parameters
    ----------
    detach
        Leave it running in the background; `faktura down` ends it.
    demo
        Load the demo brand, its staff and a client (again is harmless).
    processes
        How many processes of each service run side by side.
    """
    home, start = Home.find(), _up_behind if detach else _up_here
    return await start(home, demo=demo, processes=processes)


def down() -> int:
    """End the platform, also what a killed supervisor has left running."""
    home = Home.find()
    pid = supervisor_pid(home)
    if pid is None:
        left = end_leftovers(home) if home.folder.exists() else []
        screen.print(f"Ended what was left: {', '.join(left)}." if left else "Nothing is running.")
        return 0
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with screen.status("Stopping …"):
        _wait_for_end(home)
    screen.print("Stopped.")
    return 0


async def _up_here(home: Home, *, demo: bool, processes: int) -> int:
    tasks: set[asyncio.Task[bool]] = set()

    def greet() -> None:
        progress.stop()
        tasks.add(asyncio.create_task(_settle_in(home, demo=demo, here=True)))

    with StartProgress() as progress:
        try:
            await supervise(home, processes=processes, on_change=progress.show, when_ready=greet)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    screen.print("Stopped. The data are kept; `faktura up` goes on from here.")
    return 0


async def _up_behind(home: Home, *, demo: bool, processes: int) -> int:
    home.make()
    with sole_supervisor(home):
        pass  # Another supervisor is refused here, in words.
    supervisor = _start_supervisor(home, processes)
    with StartProgress() as progress:
        while (board := Board.read(home)) is None or board.phase != "ready":
            if supervisor.poll() is not None:
                raise CannotRun(f"It did not start.\n{tail(home.log('supervisor'))}")
            if board:
                progress.show(board)
            await asyncio.sleep(LOOKS_EVERY_S)
        progress.show(board)
    return 0 if await _settle_in(home, demo=demo, here=False) else 1


def _start_supervisor(home: Home, processes: int) -> "subprocess.Popen[bytes]":
    with home.log("supervisor").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.local.supervisor", str(processes)],
            env=inherited() | {"FAKTURA_HOME": str(home.folder)},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


async def _settle_in(home: Home, *, demo: bool, here: bool) -> bool:
    """Loads the demo and prints the addresses; a demo that fails leaves the platform running."""
    installation = Installation.open(home)
    loaded = True
    if demo:
        try:
            with screen.status("Loading the demo …"):
                await load_demo(installation)
        except CannotRun as reason:
            problems.print(
                f"The demo could not be loaded. {reason}", style="red", markup=False, soft_wrap=True
            )
            loaded = False
    welcome(installation, here=here)
    return loaded


def _wait_for_end(home: Home) -> None:
    until = time.monotonic() + ENDED_WITHIN_S
    while supervisor_pid(home) is not None:
        if time.monotonic() > until:
            raise CannotRun(f"It did not end within {ENDED_WITHIN_S:.0f} s. See `faktura logs`.")
        time.sleep(LOOKS_EVERY_S)
