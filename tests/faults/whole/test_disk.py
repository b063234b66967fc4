"""The disk fills up under PostgreSQL and NATS: commands are refused, nothing accepted is lost."""

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest

from tests.faults.books import Books
from tests.faults.invariants import check_invariants, check_views
from tests.faults.stand import Stand, running_stand
from tests.faults.traffic import traffic

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

DISK = "600m"
BLOCK = bytes(1024 * 1024)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own in memory; only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("a disk that can be filled takes root (mount -t tmpfs)")
    folder = Path("/var/tmp") / f"faults-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "faults", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"tmpfs cannot be mounted here: {done.stderr}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def stand_on_a_small_disk(small_disk: Path, tmp_path: Path) -> Iterator[Stand]:
    """A platform of its own on the small disk; gateway, panel and mail server have another."""
    (tmp_path / "sandbox").mkdir()
    (small_disk / "faktura").mkdir()
    (small_disk / "faktura" / "sandbox").symlink_to(tmp_path / "sandbox")
    with running_stand(small_disk / "faktura") as stand:
        yield stand
        shutil.copytree(stand.home.folder / "logs", tmp_path / "logs")  # the disk goes away


async def test_f15_with_a_full_disk_commands_wait_and_all_that_was_accepted_stays(
    stand_on_a_small_disk: Stand,
) -> None:
    stand, books = stand_on_a_small_disk, Books()
    async with traffic(stand, books, seed=615, people=6) as crowd:
        await crowd.until(30)
        ballast = stand.home.folder.parent / "ballast"
        _fill(ballast)
        for _ in range(5):
            await crowd.last(3)
            _fill(ballast)
        ballast.unlink()
        # The supervisor does this by itself when it next looks; here nobody waits for that.
        stand.send("nats", signal.SIGTERM)
        await crowd.until(30)
    await stand.until_back()
    await check_invariants(stand, books)
    await check_views(stand)
    assert books.statuses[503] > 0, "the disk was never full"


def _fill(ballast: Path) -> None:
    """Write until nothing more can be written."""
    with ballast.open("ab", buffering=0) as file:
        while _takes(file, BLOCK) or _takes(file, BLOCK[:4096]):
            pass


def _takes(file: IO[bytes], block: bytes) -> bool:
    """Whether the disk had room for the block."""
    try:
        return file.write(block) == len(block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
