"""Clients that go away, a stampede, processes that die together, drain, or run out of things."""

import asyncio
import json
import os
import random
import resource
import signal
import socket
import time
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.state import supervisor_pid
from tests.conftest import wait_until
from tests.faults.asking import Asker, Wish
from tests.faults.books import Books, Person
from tests.faults.invariants import check_invariants
from tests.faults.outside import superuser
from tests.faults.stand import PROGRAMS, Stand
from tests.faults.traffic import traffic, under_load
from tests.faults.whole.test_crashes import note_order, order_body, settled
from tests.faults.whole.test_postgres import asking, locked_orders

pytestmark = pytest.mark.timeout(240)

DISCONNECTS = 20
DRAINED_WITHIN_S = 10.5
ALL_BACK_WITHIN_S = 120.0  # ten seconds where nothing else runs
OPEN_CLIENTS = 60


async def test_f03_a_client_that_disconnects_anywhere_leaves_a_whole_command_or_none(
    stand: Stand, books: Books
) -> None:
    dice = random.Random(3)
    before = len(_said_by_billing(stand))
    async with under_load(stand, books, seed=203), asking(stand, books) as asker:
        person = await settled(books)
        await asker.renew(person)
        body = await order_body(asker)
        for _ in range(DISCONNECTS):
            key = str(uuid4())
            request = _raw_order(stand, person, key=key, body=body)
            # The last byte is part of the request in half of the cases: then it is complete.
            offset = dice.choice((len(request), dice.randrange(1, len(request))))
            await asyncio.to_thread(_send_and_leave, stand, request[:offset])
            order = Wish(name="order", path="billing/v1/orders", key=key, body=body)
            note_order(books, person, await asker.definite(order, person))
    said = _said_by_billing(stand)[before:]
    assert [line for line in said if '"event": "fault"' in line] == []


def _said_by_billing(stand: Stand) -> list[str]:
    return stand.home.log("billing").read_text().splitlines()


def _raw_order(stand: Stand, person: Person, *, key: str, body: dict[str, str]) -> bytes:
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    head = (
        f"POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{stand.installation.ports['billing']}\r\n"
        f"Authorization: Bearer {person.token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _send_and_leave(stand: Stand, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", stand.installation.ports["billing"])) as sock:
        sock.sendall(request)


@pytest.mark.parametrize("stampede", [60, pytest.param(200, marks=pytest.mark.long)])
async def test_f08_of_many_at_once_each_is_served_or_told_when_to_come_again(
    stand: Stand, books: Books, stampede: int
) -> None:
    async with under_load(stand, books, seed=208_000 + stampede), asking(stand, books) as asker:
        person = await settled(books)
        body = await order_body(asker)
        orders = [
            Wish(name="order", path="billing/v1/orders", key=str(uuid4()), body=body)
            for _ in range(stampede)
        ]
        begun = time.monotonic()
        answers = await asyncio.gather(*(asker.once(order, person) for order in orders))
        assert time.monotonic() - begun < 20
        for answer in answers:
            assert answer is not None
            assert answer.status_code in (201, 429, 503)
            assert answer.status_code == 201 or int(answer.headers["retry-after"]) > 0
        accepted = [answer for answer in answers if answer and answer.status_code == 201]
        assert accepted
        for answer in accepted:
            note_order(books, person, answer)


async def test_f70_a_service_without_file_descriptors_refuses_and_lives_on(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=270) as crowd:
        pid = stand.pid("tickets")
        assert pid is not None
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        clients = [await _connect(stand, "tickets") for _ in range(OPEN_CLIENTS)]
        await crowd.last(3)
        for client in clients:
            client.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        await crowd.until(2, of="reply")
        assert stand.pid("tickets") == pid


async def _connect(stand: Stand, service: str) -> socket.socket:
    address = ("127.0.0.1", stand.installation.ports[service])
    return await asyncio.to_thread(socket.create_connection, address)


async def test_f72_after_the_death_of_every_process_at_once_all_goes_on(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=272) as crowd:
        pids = [pid for name in PROGRAMS if (pid := stand.pid(name))]
        pids += [pid for name in ("gateway", "panel", "mail") if (pid := stand.pid(name))]
        supervisor = supervisor_pid(stand.home)
        assert supervisor is not None
        for pid in (supervisor, *pids):
            os.kill(pid, signal.SIGKILL)

        async def is_gone() -> bool:
            return supervisor_pid(stand.home) is None

        await wait_until(is_gone)
        begun = time.monotonic()
        await asyncio.to_thread(stand.platform.faktura, "up", "--detach", "--no-demo")
        assert time.monotonic() - begun < ALL_BACK_WITHIN_S
        await crowd.until(10)


async def test_f73_a_service_that_is_told_to_end_finishes_what_it_has_begun(
    stand: Stand, books: Books
) -> None:
    async with traffic(stand, books, seed=273, people=4) as crowd, asking(stand, books) as asker:
        await crowd.until(1, of="order")
        person = await settled(books)
        body = await order_body(asker)
        for _ in range(3):
            await _end_amid_orders(stand, asker, person, body)
    await check_invariants(stand, books)


async def _until_they_wait(stand: Stand, orders: int) -> None:
    """Return when so many transactions of billing's wait for a lock."""
    db = await superuser(stand, "faktura_billing")

    async def they_wait() -> bool:
        waiting = await db.fetchval(
            """select count(*) from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'"""
        )
        return bool(waiting >= orders)

    try:
        await wait_until(they_wait)
    finally:
        await db.close()


async def _end_amid_orders(
    stand: Stand, asker: Asker, person: Person, body: dict[str, str]
) -> None:
    """SIGTERM while five orders wait for a lock: each is answered, and then the process is gone."""
    await asker.renew(person)
    orders = [
        Wish(name="order", path="billing/v1/orders", key=str(uuid4()), body=body) for _ in range(5)
    ]
    pid = stand.pid("billing")
    async with locked_orders(stand):
        asked = [asyncio.create_task(asker.once(order, person)) for order in orders]
        await _until_they_wait(stand, len(orders))
        stand.send("billing", signal.SIGTERM)
        begun = time.monotonic()
        await asyncio.wait(asked, timeout=0.3)
    for answer in await asyncio.gather(*asked):
        assert answer is not None, "a request that was begun got no answer"
        assert answer.status_code == 201
        note_order(asker.books, person, answer)

    async def is_another() -> bool:
        return stand.pid("billing") not in (None, pid)

    await wait_until(is_another, within_s=DRAINED_WITHIN_S)
    assert time.monotonic() - begun < DRAINED_WITHIN_S
    await stand.until_back("billing")
