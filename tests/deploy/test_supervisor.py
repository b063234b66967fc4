"""The supervisor: starts in order, restarts what dies, leaves nothing running."""

import asyncio
import signal
import sys
import textwrap
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from deploy.local import keeper, programs, supervisor
from deploy.local.board import Board
from deploy.local.installation import Installation
from deploy.local.keys import secrets_of
from deploy.local.plan import Plan
from deploy.local.ports import PREFERRED
from deploy.local.probes import http_is_ready
from deploy.local.programs import Program
from deploy.local.state import CannotRun, Home, read_json, write_json
from deploy.local.supervisor import Supervisor
from tests.conftest import wait_until
from tests.deploy.toys import ANSWERS_READY, HEEDS_NOTHING, has_ended, home_in, kill, toy
from tests.servers import free_port

SLEEPS = "import time; time.sleep(600)"


class Run:
    """A supervisor with toy programs, running in the background of a test."""

    def __init__(
        self, home: Home, toys: Iterable[Program], *, foundations: Iterable[Program] = ()
    ) -> None:
        self.home = home
        plan = Plan(foundations=tuple(foundations), sandboxes=tuple(toys), services=())
        installation = Installation(home=home, ports=PREFERRED, secrets=secrets_of(home))
        self.ready = asyncio.Event()
        self.supervisor = Supervisor(installation, plan, lambda board: None)
        self.task = asyncio.create_task(self.supervisor.run(self.ready.set))

    async def until_ready(self) -> None:
        """Waits until everything is ready, or raises what the run ended with."""
        waiting = asyncio.create_task(self.ready.wait())
        async with asyncio.timeout(30):
            await asyncio.wait({waiting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.task.done():
            self.task.result()

    async def end(self) -> None:
        """Ends the run as SIGTERM does."""
        self.supervisor.end()
        await asyncio.wait_for(self.task, 30)

    def board(self) -> Board:
        """What other commands read."""
        board = Board.read(self.home)
        assert board is not None
        return board

    def pid_of(self, name: str) -> int:
        """The process's pid."""
        pid = self.board().entries[name].pid
        assert pid is not None
        return pid


async def test_programs_are_started_watched_and_ended_without_a_trace(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    port = free_port()
    answering = toy(
        "web", ANSWERS_READY, str(port), is_ready=partial(http_is_ready, port), port=port
    )
    run = Run(home, [answering, toy("sleeper", SLEEPS)])
    await run.until_ready()
    assert {entry.state for entry in run.board().entries.values()} == {"ready"}
    assert run.board().phase == "ready"
    pids = [run.pid_of("web"), run.pid_of("sleeper")]
    await run.end()
    assert all(has_ended(pid) for pid in pids)
    assert list((home.folder / "pids").iterdir()) == []


async def test_another_installations_program_on_the_port_does_not_count_as_ready(
    tmp_path: Path,
) -> None:
    port = free_port()
    other = Run(home_in(tmp_path), [toy("web", ANSWERS_READY, str(port), "theirs/web")])
    await other.until_ready()

    async def answers() -> bool:
        with suppress(OSError):
            return await http_is_ready(port, "theirs/web")
        return False

    await wait_until(answers)
    assert await http_is_ready(port)
    assert not await http_is_ready(port, "ours/web")
    await other.end()


async def test_a_program_that_dies_is_started_again_with_a_new_pid(tmp_path: Path) -> None:
    run = Run(home_in(tmp_path), [toy("sleeper", SLEEPS)])
    await run.until_ready()
    first = run.pid_of("sleeper")
    for times in (1, 2):
        kill(run.board().entries["sleeper"].pid)

        async def is_back(times: int = times) -> bool:
            entry = run.board().entries["sleeper"]
            return entry.restarts == times and entry.state == "ready"

        await wait_until(is_back)
    assert run.pid_of("sleeper") != first
    await run.end()


async def test_nats_is_restarted_once_when_a_full_disk_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = supervisor.ROOM_AGAIN_BYTES + 1
    looks = 0

    def look(_: Home) -> int:
        nonlocal looks
        looks += 1
        return free

    monkeypatch.setattr(supervisor, "free_bytes", look)
    monkeypatch.setattr(supervisor, "DISK_LOOK_S", 0.01)
    run = Run(home_in(tmp_path), [toy("sleeper", SLEEPS)], foundations=[toy("nats", SLEEPS)])
    await run.until_ready()

    async def has_looked() -> bool:
        return looks > seen + 5

    for left in (supervisor.FULL_BELOW_BYTES - 1, supervisor.FULL_BELOW_BYTES + 1):
        free, seen = left, looks
        await wait_until(has_looked)
        assert run.board().entries["nats"].restarts == 0
    free = supervisor.ROOM_AGAIN_BYTES + 1

    async def is_back() -> bool:
        entry = run.board().entries["nats"]
        return entry.restarts == 1 and entry.state == "ready"

    await wait_until(is_back)
    seen = looks
    await wait_until(has_looked)
    assert run.board().entries["nats"].restarts == 1
    assert run.board().entries["sleeper"].restarts == 0
    await run.end()


async def test_a_program_that_cannot_be_started_for_a_while_is_started_afterwards(
    tmp_path: Path,
) -> None:
    home = home_in(tmp_path)
    run = Run(home, [toy("sleeper", SLEEPS)])
    await run.until_ready()
    home.log("sleeper").unlink()
    home.log("sleeper").mkdir()
    kill(run.pid_of("sleeper"))

    async def has_failed_twice() -> bool:
        return run.board().entries["sleeper"].restarts >= 2

    async def is_back() -> bool:
        return run.board().entries["sleeper"].state == "ready"

    await wait_until(has_failed_twice)
    home.log("sleeper").rmdir()
    await wait_until(is_back)
    await run.end()


async def test_a_program_that_never_starts_ends_the_run_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE_S", 0.01)
    never = toy("broken", "raise SystemExit(3)", is_ready=partial(http_is_ready, free_port()))
    run = Run(home_in(tmp_path), [never, toy("sleeper", SLEEPS)])
    with pytest.raises(CannotRun, match=r"broken ended 5 times"):
        await run.until_ready()
    assert list((run.home.folder / "pids").iterdir()) == []


async def test_a_program_that_heeds_no_signal_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    run = Run(home_in(tmp_path), [toy("deaf", HEEDS_NOTHING, stop_within_s=0.3)])
    await run.until_ready()
    pid = run.pid_of("deaf")
    await run.end()
    assert has_ended(pid)


async def test_a_run_that_is_ended_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    slow = toy("slow", SLEEPS, is_ready=partial(http_is_ready, free_port()))
    run = Run(home_in(tmp_path), [slow])

    async def is_started() -> bool:
        board = Board.read(run.home)
        return board is not None and board.entries["slow"].pid is not None

    await wait_until(is_started)
    pid = run.pid_of("slow")
    await run.end()
    assert has_ended(pid)


async def test_what_a_program_writes_is_appended_to_its_log(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    for times in (1, 2):
        run = Run(home, [toy("talker", f"print('hello', flush=True); {SLEEPS}")])
        await run.until_ready()

        async def has_spoken(times: int = times) -> bool:
            return home.log("talker").read_text() == "hello\n" * times

        await wait_until(has_spoken)
        await run.end()


async def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    for content in (b"1", b"2", b"3", b"4"):
        home.log("talker").write_bytes(content * (programs.LARGEST_LOG_BYTES + 1))
        programs.rotate_logs(home)
    kept = sorted((home.folder / "logs").iterdir())
    assert [path.name for path in kept] == ["talker.log.1", "talker.log.2", "talker.log.3"]
    assert [path.read_bytes()[:1] for path in kept] == [b"4", b"3", b"2"]


async def test_leftovers_are_ended_and_nobody_elses_process_is(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    left = await programs.start(toy("left", SLEEPS), home)
    stranger = await programs.start(toy("stranger", SLEEPS), home)
    # The pid of a process that ended long ago, used again by somebody else.
    known = read_json(home.pid_file("stranger"))
    write_json(home.pid_file("stranger"), {**known, "start": "long ago"})
    reaping = asyncio.create_task(left.wait())
    assert await asyncio.to_thread(programs.end_leftovers, home) == ["left"]
    await reaping
    assert not has_ended(stranger.pid)
    assert list((home.folder / "pids").iterdir()) == []
    stranger.kill()
    await stranger.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's PR_SET_PDEATHSIG")
async def test_a_program_ends_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    code = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path
        from deploy.local import programs
        from deploy.local.state import Home
        from tests.deploy.toys import toy

        async def main():
            await programs.start(toy("child", {SLEEPS!r}), Home(Path({str(home.folder)!r})))
            await asyncio.sleep(600)

        asyncio.run(main())
        """
    )
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", code)

    async def has_child() -> bool:
        known = read_json(home.pid_file("child"))
        return known is not None and b"600" in Path(f"/proc/{known['pid']}/cmdline").read_bytes()

    async def is_gone() -> bool:
        return has_ended(pid)

    with suppress(FileNotFoundError):
        await wait_until(has_child)
    pid = read_json(home.pid_file("child"))["pid"]
    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()
    await wait_until(is_gone)


async def test_that_another_program_was_away_does_not_make_the_pause_before_a_restart_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "HEALTHY_AFTER_S", 0.3)
    monkeypatch.setattr(keeper, "RUNNING_LOOK_S", 0.02)
    database = asyncio.Event()
    database.set()
    healthy: list[float] = []
    pause_of = keeper.Backoff.next

    def note(backoff: keeper.Backoff, *, healthy_for_s: float) -> float:
        healthy.append(healthy_for_s)
        return pause_of(backoff, healthy_for_s=healthy_for_s)

    monkeypatch.setattr(keeper.Backoff, "next", note)

    async def has_its_database() -> bool:
        return database.is_set()

    run = Run(home_in(tmp_path), [toy("service", SLEEPS, is_ready=has_its_database)])
    await run.until_ready()
    begun = time.monotonic()
    database.clear()

    async def was_noticed_and_is_old_enough() -> bool:
        is_old = time.monotonic() - begun > keeper.HEALTHY_AFTER_S
        return run.board().entries["service"].state == "failing" and is_old

    await wait_until(was_noticed_and_is_old_enough)
    kill(run.pid_of("service"))

    async def was_ended() -> bool:
        return bool(healthy)

    await wait_until(was_ended)
    assert healthy[0] >= keeper.HEALTHY_AFTER_S
    await run.end()


def test_pauses_before_restarts_double_up_to_ten_seconds_and_begin_anew_after_health() -> None:
    backoff = keeper.Backoff()
    pauses = [backoff.next(healthy_for_s=0) for _ in range(8)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert backoff.next(healthy_for_s=11) == 0.2
    assert backoff.next(healthy_for_s=1) == 0.4
