"""The supervisor: starts the platform in order, keeps it running, ends it without a trace.

Order: PostgreSQL, NATS and the sandboxes; then for each service its migration and the service. The
end is the other way round. `python -m deploy.local.supervisor` is the one in the background.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import groupby

import structlog

from deploy.local import postgres
from deploy.local.board import Board, Boardkeeper, Phase
from deploy.local.installation import Installation, inherited
from deploy.local.keeper import Keeper
from deploy.local.logbook import log_to, tail
from deploy.local.plan import Plan, migration_command, whole_platform
from deploy.local.ports import claimed_ports
from deploy.local.programs import Program, end_leftovers, rotate_logs
from deploy.local.state import PROJECT, CannotRun, Home, sole_supervisor

log = structlog.get_logger()

READY_WITHIN_S = 180.0
MIGRATED_WITHIN_S = 170.0
DISK_LOOK_S = 1.0
FULL_BELOW_BYTES = 32 * 1024**2
ROOM_AGAIN_BYTES = 96 * 1024**2
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def free_bytes(home: Home) -> int:
    """What is free on the disk of the installation."""
    return shutil.disk_usage(home.folder).free


class Supervisor:
    """One run of the platform."""

    def __init__(
        self, installation: Installation, plan: Plan, on_change: Callable[[Board], None]
    ) -> None:
        self._installation = installation
        self._plan = plan
        self._end = asyncio.Event()
        self._keepers = {
            program.name: Keeper(program, installation.home, self._publish)
            for program in (*plan.foundations, *plan.sandboxes, *plan.services)
        }
        entries = {name: keeper.entry for name, keeper in self._keepers.items()}
        board = Board(supervisor_pid=os.getpid(), entries=entries)
        self._boardkeeper = Boardkeeper(installation.home, board, on_change)

    def end(self) -> None:
        """Asks the run to end."""
        self._end.set()

    async def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Starts everything, keeps it until `end`, ends it. Raises `CannotRun` if it cannot start.

        Whatever happens, nothing is left running.
        """
        starting = asyncio.create_task(self._start())
        watching = asyncio.create_task(self._watch_disk())
        ending = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._set_phase("ready")
                when_ready()
                await ending
        finally:
            for task in (starting, ending, watching):
                task.cancel()
            await asyncio.gather(starting, ending, watching, return_exceptions=True)
            await self._stop()

    async def _watch_disk(self) -> None:
        """Restarts NATS when a full disk has room again: it refuses to store until then.

        PostgreSQL ends by itself on a full disk, and is started again as after any end.
        """
        was_full = False
        while True:
            free = free_bytes(self._installation.home)
            if was_full and free > ROOM_AGAIN_BYTES:
                log.warning("the disk has room again", free_bytes=free)
                for name in (n for n in self._keepers if n.startswith("nats")):
                    self._keepers[name].restart()
            was_full = free < FULL_BELOW_BYTES or (was_full and free <= ROOM_AGAIN_BYTES)
            await asyncio.sleep(DISK_LOOK_S)

    async def _start(self) -> None:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(READY_WITHIN_S), asyncio.TaskGroup() as group:
                for program in self._plan.sandboxes:
                    group.create_task(self._keepers[program.name].start())
                group.create_task(self._start_services())
        except TimeoutError:
            raise CannotRun(self._what_is_late()) from None
        except BaseExceptionGroup as errors:
            raise _first_reason(errors) from None
        log.info("ready", seconds=round(time.monotonic() - begun, 1))

    async def _start_services(self) -> None:
        async with asyncio.TaskGroup() as group:
            for program in self._plan.foundations:
                group.create_task(self._keepers[program.name].start())
        if self._plan.services:
            await postgres.make_databases(self._installation)
        async with asyncio.TaskGroup() as group:
            if self._plan.services:
                group.create_task(postgres.checkpoint(self._installation))
            for service, members in groupby(self._plan.services, key=lambda each: each.service):
                group.create_task(self._migrate_and_start(service, list(members)))

    async def _migrate_and_start(self, service: str, members: Iterable[Program]) -> None:
        await self._migrate(service)
        async with asyncio.TaskGroup() as group:
            for program in members:
                group.create_task(self._keepers[program.name].start())

    async def _migrate(self, service: str) -> None:
        name = f"migrate-{service}"
        path = self._installation.home.log(name)
        with path.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *migration_command(service),
                env=inherited() | self._installation.migration_environment(service),
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            status = await asyncio.wait_for(process.wait(), MIGRATED_WITHIN_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status != 0:
            raise CannotRun(f"The migration of {service} failed:\n{tail(path)}")

    async def _stop(self) -> None:
        """Services first; PostgreSQL last, when nobody writes any more."""
        self._set_phase("stopping")
        await self._stop_all(self._plan.services)
        await self._stop_all(self._plan.sandboxes)
        for program in reversed(self._plan.foundations):
            await self._stop_all([program])

    async def _stop_all(self, programs: Iterable[Program]) -> None:
        await asyncio.gather(*(self._keepers[program.name].stop() for program in programs))

    def _publish(self) -> None:
        self._boardkeeper.publish()

    def _set_phase(self, phase: Phase) -> None:
        self._boardkeeper.board.phase = phase
        self._publish()

    def _what_is_late(self) -> str:
        late = [e.name for e in self._boardkeeper.board.entries.values() if e.state != "ready"]
        logs = "\n".join(f"{name}:\n{tail(self._installation.home.log(name))}" for name in late)
        return f"Not ready within {READY_WITHIN_S:.0f} s: {', '.join(late)}.\n{logs}"


async def supervise(
    home: Home,
    *,
    processes: int = 1,
    on_change: Callable[[Board], None] = lambda board: None,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Runs the platform of `home`, with so many `processes` of each service, until a signal.

    Raises `CannotRun` when it cannot.
    """
    home.make()
    with sole_supervisor(home):
        log_to(home.log("supervisor"))
        left = end_leftovers(home)
        if left:
            log.warning("ended leftovers of a killed supervisor", processes=left)
        rotate_logs(home)
        with claimed_ports(home, processes=processes):
            installation = Installation.open(home)
            plan = await asyncio.to_thread(whole_platform, installation)
            supervisor = Supervisor(installation, plan, on_change)
            await _run_until_signal(supervisor, when_ready)


async def _run_until_signal(supervisor: Supervisor, when_ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for each in END_SIGNALS:
        loop.add_signal_handler(each, supervisor.end)
    try:
        await supervisor.run(when_ready)
    finally:
        for each in END_SIGNALS:
            loop.remove_signal_handler(each)


def _first_reason(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that made the others be cancelled."""
    for error in errors.exceptions:
        return _first_reason(error) if isinstance(error, BaseExceptionGroup) else error
    return errors


def main() -> None:
    """The supervisor in the background: what it has to say is in its log.

    Its one argument is the number of processes of each service.
    """
    home = Home.find()
    try:
        asyncio.run(supervise(home, processes=int(sys.argv[1])))
    except CannotRun as reason:
        log.error("cannot run", reason=str(reason))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
