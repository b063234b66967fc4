"""`faktura up` for real, in a terminal: everything ready, kill -9 mended, Ctrl-C leaves nothing."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.cluster import remove_outside
from deploy.local.keys import SERVICES
from deploy.local.state import PROJECT, Home, supervisor_pid
from tests.conftest import wait_until
from tests.deploy.toys import has_ended, home_in, kill

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

READY_WITHIN_S = 120
MENDED_WITHIN_S = 60
CTRL_C = b"\x03"


class Terminal:
    """A terminal in which `faktura up` runs."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.environment = os.environ | {"FAKTURA_HOME": str(home.folder)}
        self.command = [sys.executable, "-m", "deploy.local.cli"]
        self.keyboard, self.screen = pty.openpty()

    async def start(self) -> None:
        """Types `faktura up` and waits until it says that all is ready."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            "up",
            cwd=PROJECT,
            env=self.environment,
            stdin=self.screen,
            stdout=self.screen,
            stderr=self.screen,
            preexec_fn=_take_terminal,
        )
        os.close(self.screen)
        shown = b""
        async with asyncio.timeout(READY_WITHIN_S):
            while b"Faktura is ready" not in shown:
                shown += await asyncio.to_thread(os.read, self.keyboard, 4096)
        self.reading = asyncio.create_task(asyncio.to_thread(self._read_on))

    def press(self, key: bytes) -> None:
        """Presses a key."""
        os.write(self.keyboard, key)

    async def faktura(self, *words: str) -> Any:
        """What another `faktura` command answers in JSON."""
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *words,
            "--json",
            cwd=PROJECT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        return json.loads(output)

    async def processes(self) -> dict[str, dict[str, Any]]:
        """What `faktura status` says of each process."""
        status = await self.faktura("status")
        return {each["name"]: each for each in status["processes"]}

    def _read_on(self) -> None:
        try:
            while os.read(self.keyboard, 4096):
                continue
        except OSError:
            return


def _take_terminal() -> None:
    os.setsid()
    os.close(os.open(os.ttyname(0), os.O_RDWR))


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal with the platform ready in it."""
    terminal = Terminal(home_in(tmp_path))
    await terminal.start()
    yield terminal
    if terminal.process.returncode is None:
        terminal.process.terminate()
        await asyncio.wait_for(terminal.process.wait(), 60)
    await terminal.reading
    os.close(terminal.keyboard)
    remove_outside(terminal.home)


async def test_the_platform_runs_mends_itself_plays_days_and_ends_without_a_trace(
    terminal: Terminal,
) -> None:
    before = await terminal.processes()
    assert {name for name, each in before.items() if each["healthy"]} == set(before)
    assert set(SERVICES) <= set(before)

    for victim in ("nats", "billing", "postgres"):
        kill(before[victim]["pid"])

    async def is_mended() -> bool:
        now = await terminal.processes()
        mended = [each["restarts"] for each in now.values()]
        return all(each["healthy"] for each in now.values()) and sum(mended) >= 3

    await wait_until(is_mended, within_s=MENDED_WITHIN_S)
    after = await terminal.processes()
    assert {name: each["port"] for name, each in after.items()} == {
        name: each["port"] for name, each in before.items()
    }

    (played,) = await terminal.faktura("day", "advance", "1")
    assert played["events"]["BusinessDayStarted"] == 1
    assert await terminal.faktura("verify") == {"ok": True, "findings": []}
    types = [event["type"] for event in await terminal.faktura("events", "list")]
    assert types.count("AccountNumberAssigned") == 1

    terminal.press(CTRL_C)
    assert await asyncio.wait_for(terminal.process.wait(), 60) == 0
    pids = [each["pid"] for each in after.values()]
    assert [pid for pid in pids if not has_ended(pid)] == []
    assert list((terminal.home.folder / "pids").iterdir()) == []
    assert supervisor_pid(terminal.home) is None
