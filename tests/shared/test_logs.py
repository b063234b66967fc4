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


SPEAKS = """
    import logging
    import structlog
    from shared.logs import start_logs

    start_logs("test", "INFO")
    log = structlog.get_logger()
    log.info("typed", text="4242 4242-4242 4242", of={"deep": "4111111111111111"})
    logging.getLogger("a.library").warning("got %s", "5555555555554444")
    try:
        raise ValueError("378282246310005")
    except ValueError as error:
        log.error("fault", exc_info=error)
        logging.getLogger("a.library").exception("fault of 6011111111111117")
"""


def test_the_number_of_a_card_stands_in_no_line_of_the_logs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SPEAKS)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    said = done.stdout + done.stderr
    for number in ("4242 4242", "41111111", "55555555", "37828224", "60111111"):
        assert number not in said
    for last_four in ("**** ****-**** 4242", "1111", "4444", "0005", "1117"):
        assert last_four in said
