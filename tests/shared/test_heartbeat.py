"""Heartbeats: a loop that waits for what never comes ends the process, one that works does not."""

import asyncio
import re
import subprocess
import sys
import textwrap

import pytest

from shared import heartbeat
from shared.heartbeat import HEARTBEATS, Heartbeats, Watchdog, beat, heart_of
from shared.wakeup import Wakeup, run_forever
from tests.conftest import PROJECT

HANGS = """
    import asyncio
    from shared import heartbeat
    from shared.wakeup import run_forever

    heartbeat.LOOK_EVERY_S = 0.05

    async def hang():
        {hanging}

    async def main():
        heartbeat.Watchdog(silent_for_s=0.5).start()
        await run_forever("relay", hang)

    asyncio.run(main())
"""


@pytest.mark.parametrize("hanging", ["await asyncio.Event().wait()", "__import__('time').sleep(9)"])
def test_a_process_whose_loop_hangs_ends_itself(hanging: str) -> None:
    code = textwrap.dedent(HANGS).format(hanging=hanging)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, timeout=30, check=False
    )
    assert done.returncode == heartbeat.EXIT_STATUS
    assert b"loop hangs" in done.stdout + done.stderr


def test_no_loop_of_a_service_sleeps_so_long_that_it_is_taken_for_dead() -> None:
    found = {
        file.relative_to(PROJECT): float(pause_s)
        for file in (PROJECT / "services").rglob("*.py")
        for pause_s in re.findall(r"^LOOKS_EVERY_S = ([\d.]+)$", file.read_text(), re.MULTILINE)
    }
    assert len(found) > 3
    assert {
        file for file, pause_s in found.items() if pause_s > heartbeat.SILENT_FOR_S / 2
    } == set()


async def test_a_loop_that_waits_to_be_woken_lives() -> None:
    wakeup, bites = Wakeup(), 0

    async def work() -> None:
        while True:
            await wakeup.wait_after(wakeup.count, timeout_s=0.01)

    def bite() -> None:
        nonlocal bites
        bites += 1

    watchdog = Watchdog(silent_for_s=0.3, bite=bite)
    task = asyncio.create_task(run_forever("waits", work))
    async with asyncio.timeout(10):
        for _ in range(60):
            await wakeup.wait_after(wakeup.count, timeout_s=0.01)
            watchdog.look()
    assert HEARTBEATS.ages()["waits"] < 0.3
    assert bites == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "waits" not in HEARTBEATS.ages()


def test_silence_is_bitten_unless_the_watchdog_slept_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("shared.heartbeat.time.monotonic", lambda: now)
    hearts, bitten = Heartbeats(), []
    watchdog = Watchdog(hearts, silent_for_s=60, bite=lambda: bitten.append(now))
    hearts.beat("relay")
    now += 500  # the machine was asleep: nobody could have beaten
    watchdog.look()
    assert bitten == []
    for _ in range(59):
        now += 1
        watchdog.look()
    assert bitten == []
    now += 2
    watchdog.look()
    assert bitten == [now]


def test_a_beat_belongs_to_the_loop_that_it_is_in() -> None:
    beat()
    with heart_of("outer"), heart_of("inner"):
        beat()
        assert {"outer", "inner"} <= HEARTBEATS.ages().keys()
    assert not {"outer", "inner", ""} & HEARTBEATS.ages().keys()
