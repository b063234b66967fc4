"""What is said of the work does not hinder the work."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import PROJECT

FULL = Path("/dev/full")
GOES_ON = """
    import asyncio, os
    import structlog
    from shared.logs import start_logs
    from shared.wakeup import run_forever

    begun = 0

    async def fail() -> None:
        global begun
        begun += 1
        structlog.get_logger().info("begun", times=begun)
        if begun == 3:
            os._exit(0)
        raise RuntimeError

    start_logs("test", "INFO")
    asyncio.run(run_forever("fails", fail))
"""


@pytest.mark.skipif(not FULL.exists(), reason="a disk without room is Linux's /dev/full")
def test_a_loop_goes_on_when_the_disk_has_no_room_for_what_it_has_to_say() -> None:
    with FULL.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-u", "-c", textwrap.dedent(GOES_ON)],
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
