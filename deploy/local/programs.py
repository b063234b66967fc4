"""A program that the supervisor keeps running: how it is started, recognised and ended."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from deploy.local.state import PROJECT, Home, read_json, write_json

LEASH = Path(__file__).with_name("leash.py")
LARGEST_LOG_BYTES = 10 * 1024**2
KEPT_LOGS = 3


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is run under a name. `is_ready` is asked again and again while it runs."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]
    port: int | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 10.0
    leash_signal: signal.Signals = signal.SIGTERM
    service: str = ""
    """The service that this is a process of, if it is one."""
    instance: str = ""
    """What it calls itself when it is asked whether it is ready."""


async def start(program: Program, home: Home) -> asyncio.subprocess.Process:
    """Starts the program in a session of its own, so that Ctrl-C reaches the supervisor alone.

    Its output is appended to its log; its pid file says who it is. Raises OSError when the system
    does not let it start (no memory, no disk), and then nothing runs.
    """
    with home.log(program.name).open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *_leashed(program),
            env=dict(program.environment),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        identity = {"pid": process.pid, "start": start_of(process.pid)}
        write_json(home.pid_file(program.name), identity)
    except OSError:
        # Without its pid file a later supervisor would not know that it is ours.
        await stop(program, process, home=home)
        raise
    return process


async def stop(program: Program, process: asyncio.subprocess.Process, *, home: Home) -> None:
    """Ends the program: its stop signal, then after its time SIGKILL for its whole session."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), program.stop_within_s)
        except TimeoutError:
            kill_session(process.pid)
            await process.wait()
    home.pid_file(program.name).unlink(missing_ok=True)


def kill_session(pid: int) -> None:
    """SIGKILL to the process and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def start_of(pid: int) -> str | None:
    """When the process began, as the system says it; None when there is no such process.

    With the pid it names a process for ever: pids are used again, both together are not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self").exists() else _start_by_ps(pid)
    state, *fields = stat.rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if state == "Z" else f"{boot}/{fields[18]}"


def end_leftovers(home: Home, *, within_s: float = 10.0) -> list[str]:
    """Ends what a killed supervisor has left running and returns the names.

    Only a process whose pid and start time are those in a pid file of this installation is ours.
    """
    left: dict[str, int] = {}
    for path in (home.folder / "pids").glob("*.json"):
        known = read_json(path) or {}
        pid = known.get("pid", 0)
        if pid and known.get("start") == start_of(pid):
            left[path.stem] = pid
        else:
            path.unlink()
    _end(left, within_s=within_s)
    for name in left:
        home.pid_file(name).unlink(missing_ok=True)
    return sorted(left)


def rotate_logs(home: Home) -> None:
    """Puts logs that have grown large aside; three of each are kept."""
    for log in (home.folder / "logs").glob("*.log"):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            older = [Path(f"{log}.{number}") for number in range(1, KEPT_LOGS + 1)]
            for source, target in reversed(list(pairwise([log, *older]))):
                _move(source, target)


def _move(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        source.replace(target)


def _end(left: Mapping[str, int], *, within_s: float) -> None:
    """Asks each to end, and makes an end of those that have not in time."""
    for name, pid in left.items():
        with suppress(ProcessLookupError):
            # PostgreSQL's SIGINT is a fast shutdown; its SIGTERM waits for the clients.
            os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    until = time.monotonic() + within_s
    while _any_alive(left.values()) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left.values():
        if start_of(pid):
            kill_session(pid)


def _any_alive(pids: Iterable[int]) -> bool:
    return any(start_of(pid) for pid in pids)


def _leashed(program: Program) -> tuple[str, ...]:
    user = (program.user,) if program.user else ()
    leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()))
    return (*leash, str(int(program.leash_signal)), *user, "--", *program.command)


def _start_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
