"""Two processes of each service: they share the work, and the death of either is not noticed."""

import asyncio
import re
import urllib.request
from collections.abc import Iterator

import pytest

from deploy.local.keys import SERVICES
from deploy.local.ports import OPS, member_name, members_of
from shared.envelope import PARTITIONS
from tests.conftest import wait_until
from tests.faults.books import Books
from tests.faults.invariants import check_invariants
from tests.faults.outside import superuser
from tests.faults.stand import Stand, running_stand
from tests.faults.traffic import traffic

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

FIRST, SECOND = 1, 2
SHARED_WITHIN_S = 15


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A platform with two processes of each service."""
    with running_stand(tmp_path_factory.mktemp("pair") / "faktura", processes=2) as stand:
        yield stand


def _figures(stand: Stand, member: str) -> str:
    port = stand.installation.ports[f"{member}{OPS}"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text: str = answer.read().decode()
    return text


async def test_either_of_two_processes_may_die_while_orders_are_placed(pair: Stand) -> None:
    books = Books()
    known = pair.installation.ports
    assert all(len(members_of(service, known)) == 2 for service in SERVICES)
    async with traffic(pair, books, seed=11, people=4) as crowd:
        await crowd.until(25)
        for number in (SECOND, FIRST):
            for service in SERVICES:
                pair.kill(member_name(service, number))
            await crowd.until(25)
            await pair.until_back()
        await crowd.until(10, of="order")
    await pair.until_quiet()
    await check_invariants(pair, books)


@pytest.mark.parametrize("service", SERVICES)
async def test_each_of_two_processes_has_half_of_the_partitions(pair: Stand, service: str) -> None:
    db = await superuser(pair, f"faktura_{service}")

    async def are_shared() -> bool:
        rows = await db.fetch(
            """select count(*) from lease where name like 'partition/%' group by holder"""
        )
        return [row[0] for row in rows] == [PARTITIONS // 2, PARTITIONS // 2]

    await wait_until(are_shared, within_s=SHARED_WITHIN_S)
    await db.close()


async def test_the_figures_of_each_process_are_on_a_port_of_its_own(pair: Stand) -> None:
    for service in SERVICES:
        for member in members_of(service, pair.installation.ports):
            text = await asyncio.to_thread(_figures, pair, member)
            loops = re.findall(
                r'^faktura_heartbeat_age_seconds\{.*?loop="([^"]+)"', text, re.MULTILINE
            )
            assert {"figures", "sharing", "leases"} <= set(loops), member
