"""An older and a newer version of the code side by side, as during a rolling upgrade."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.installation import inherited
from tests.conftest import wait_until
from tests.faults.asking import Asker, Wish
from tests.faults.books import Books
from tests.faults.invariants import check_views
from tests.faults.outside import superuser
from tests.faults.stand import Stand
from tests.faults.traffic import under_load
from tests.faults.whole.test_postgres import asking
from tests.journeys.platform import PROJECT
from tests.servers import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

ADDED = '    author: Personal[str]\n    message: Personal[str]\n    channel: str = "web"\n'
ENDS_WITHIN_S = 20


async def test_f43_two_versions_run_side_by_side_as_long_as_changes_only_add(
    stand: Stand, books: Books, tmp_path: Path
) -> None:
    newer = _newer_version(tmp_path / "newer")
    async with under_load(stand, books, seed=543) as crowd, asking(stand, books) as asker:
        with (
            _running(stand, newer, "tickets") as tickets,
            _running(stand, newer, "portal") as portal,
        ):
            await _until_ready(asker, tickets)
            await _until_ready(asker, portal)
            await crowd.until(1, of="ticket")
            owner = next(each for each in books.people if each.tickets)
            ticket = owner.tickets[0]
            for _ in range(3):
                reply = Wish(
                    name="reply",
                    path=f"{tickets}/v1/tickets/{ticket}/replies",
                    body={"message": "Da versão nova."},
                    key=str(uuid4()),
                )
                answer = await asker.definite(reply, owner)
                assert answer.status_code == 201, answer.text
                books.replies[ticket] += 1
            await crowd.until(10)
    assert await _replies_with_the_new_field(stand) >= 3
    await _forget_the_new_field(stand)
    await check_views(stand)


def _newer_version(folder: Path) -> Path:
    """A copy of the code in which an event has one field more."""
    for top in ("shared", "services"):
        shutil.copytree(PROJECT / top, folder / top, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    contract = folder / "shared" / "contracts" / "tickets.py"
    replied, rest = contract.read_text().split("class TicketReplied", 1)
    old = "    author: Personal[str]\n    message: Personal[str]\n"
    assert old in rest, "the event has the fields that the newer one adds to"
    contract.write_text(f"{replied}class TicketReplied{rest.replace(old, ADDED, 1)}")
    return folder


@contextmanager
def _running(stand: Stand, code: Path, service: str) -> Iterator[str]:
    """A second process of the service, of the other version; yields where it listens."""
    port = free_port()
    told = stand.installation.service_environment(service) | {
        "FAKTURA_PORT": str(port),
        "FAKTURA_OPS_PORT": str(free_port()),
        "FAKTURA_INSTANCE": f"newer/{service}",
        "PYTHONPATH": str(code),
    }
    log = code / f"{service}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{service}.app"],
            env={**inherited(), **told},
            cwd=code,
            stdout=output,
            stderr=output,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(ENDS_WITHIN_S) in (0, -15), log.read_text()


async def _until_ready(asker: Asker, address: str) -> None:
    async def is_ready() -> bool:
        answer = await asker.once(Wish(name="ready", method="GET", path=f"{address}/health/ready"))
        return answer is not None and answer.status_code == 200

    await wait_until(is_ready, within_s=60)


async def _replies_with_the_new_field(stand: Stand) -> int:
    db = await superuser(stand, "faktura_tickets")
    found = await db.fetchval(
        "select count(*) from log where type = 'TicketReplied' and data ->> 'channel' = 'web'"
    )
    await db.close()
    return int(found)


async def _forget_the_new_field(stand: Stand) -> None:
    """The timeline tells all that its process knows of an event: the newer one knew more."""
    db = await superuser(stand, "faktura_portal")
    await db.execute(
        "update view_timeline.timeline set facts = facts - 'channel' where facts ? 'channel'"
    )
    await db.close()
