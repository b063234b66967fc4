"""PostgreSQL dies, hangs, fills up with connections and locks: only slower, never wrong."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.keys import SERVICES
from tests.faults.asking import Asker, Wish
from tests.faults.books import Books
from tests.faults.conftest import Say
from tests.faults.outside import superuser
from tests.faults.proxy import Weather
from tests.faults.stand import Stand
from tests.faults.traffic import under_load
from tests.faults.whole.test_crashes import note_order, order_body, settled

pytestmark = pytest.mark.timeout(240)

HEALED_WITHIN_S = 2.0
REFUSED_WITHIN_S = 3.0
ANSWERED_WITHIN_S = 12.0


async def test_f09_one_killed_backend_costs_two_seconds_and_no_command(
    stand: Stand, books: Books, say: Say
) -> None:
    async with under_load(stand, books, seed=109), asking(stand, books) as asker:
        person, body, healed_s = await settled(books), await order_body(asker), []
        for _ in range(3):
            order = Wish(name="order", path="billing/v1/orders", key=str(uuid4()), body=body)
            await _kill_a_backend(stand)
            begun = time.monotonic()
            note_order(books, person, await asker.definite(order, person))
            healed_s.append(time.monotonic() - begun)
        seconds = ", ".join(f"{each:.1f}" for each in healed_s)
        say(f"an order was accepted {seconds} s after a backend was killed")
        assert median(healed_s) < HEALED_WITHIN_S


async def _kill_a_backend(stand: Stand) -> None:
    """kill -9 of the server process behind one connection of billing's."""
    db = await superuser(stand)
    pid = await db.fetchval(
        "select pid from pg_stat_activity where datname = 'faktura_billing' limit 1"
    )
    os.kill(pid, signal.SIGKILL)
    db.terminate()


async def test_f10_a_killed_postmaster_loses_nothing_that_was_answered(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=110) as crowd:
        for _ in range(2):
            stand.kill("postgres")
            await crowd.until(3)


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.long)])
async def test_f11_without_postgresql_requests_are_refused_at_once_and_nobody_dies(
    stand: Stand, books: Books, seconds: int
) -> None:
    async with under_load(stand, books, seed=111_00 + seconds) as crowd:
        restarts = stand.restarts()
        assert (await _page(stand)).status_code == 200
        person = await settled(books)
        async with asking(stand, books) as asker, without_postgres(stand):
            order = Wish(
                name="order",
                path="billing/v1/orders",
                key=str(uuid4()),
                body={"product_id": str(uuid4()), "cycle": "monthly", "domain": "a.com.br"},
            )
            begun = time.monotonic()
            refused = await asker.once(order, person)
            assert time.monotonic() - begun < REFUSED_WITHIN_S
            page = await _page(stand)
            await crowd.last(seconds)
            assert await _live(asker) == [200] * len(SERVICES)
        assert refused is not None
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert page.status_code == 503
        assert page.headers["content-type"].startswith("text/html")
        assert page.elapsed.total_seconds() < REFUSED_WITHIN_S
        assert stand.restarts() == restarts


@asynccontextmanager
async def without_postgres(stand: Stand) -> AsyncIterator[None]:
    """Every connection is cut and no new one is taken, for the time of the block."""
    stand.postgres.weather = Weather(refuses=True)
    stand.postgres.reset()
    try:
        yield
    finally:
        stand.postgres.heal()


async def _live(asker: Asker) -> list[int]:
    """What each service says when it is asked whether its process lives."""
    wishes = [Wish(name="live", method="GET", path=f"{s}/health/live") for s in SERVICES]
    answers = [await asker.once(wish) for wish in wishes]
    return [answer.status_code for answer in answers if answer]


async def _page(stand: Stand) -> httpx.Response:
    """The client area's list of plans, as a browser asks for it."""
    port = stand.installation.ports["portal"]
    headers = {"host": f"ponto.localhost:{port}", "accept": "text/html"}
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        return await http.get(f"http://127.0.0.1:{port}/products", headers=headers)


@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=pytest.mark.long)])
async def test_f12_while_postgresql_hangs_every_call_ends_in_time_and_no_connection_leaks(
    stand: Stand, books: Books, seconds: int
) -> None:
    async with under_load(stand, books, seed=112_00 + seconds) as crowd:
        stand.send_to_all_of_postgres(signal.SIGSTOP)
        books.slowest_s = 0.0
        try:
            await crowd.last(seconds)
        finally:
            stand.send_to_all_of_postgres(signal.SIGCONT)
        await crowd.until(10)
        assert books.slowest_s < ANSWERED_WITHIN_S
        db = await superuser(stand)
        open_now = await db.fetchval(
            "select count(*) from pg_stat_activity where usename = 'billing_app'"
        )
        await db.close()
        assert open_now <= 12 + 2  # the pool, and what was cut off a moment ago


@asynccontextmanager
async def asking(stand: Stand, books: Books) -> AsyncIterator[Asker]:
    """Requests of the test's own."""
    asker = Asker(stand.installation, books)
    try:
        yield asker
    finally:
        await asker.close()


@asynccontextmanager
async def locked_orders(stand: Stand) -> AsyncIterator[None]:
    """Somebody's open transaction holds the row that every order of the brand has to write."""
    db = await superuser(stand, "faktura_billing")
    transaction = db.transaction()
    await transaction.start()
    held = await db.fetch("select * from series where name = 'ponto/order' for update")
    assert held, "the brand has a series of orders"
    try:
        yield
    finally:
        await transaction.rollback()
        await db.close()


async def test_f13_with_all_connections_taken_a_command_is_refused_after_two_seconds(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=113), asking(stand, books) as asker:
        person = await settled(books)
        await asker.renew(person)
        body = await order_body(asker)
        orders = [
            Wish(name="order", path="billing/v1/orders", key=str(uuid4()), body=body)
            for _ in range(24)
        ]
        async with locked_orders(stand):
            begun = time.monotonic()
            asked = [asyncio.create_task(asker.once(order, person)) for order in orders]
            await asyncio.wait(asked, timeout=1)
            live = await asker.once(Wish(name="live", method="GET", path="billing/health/live"))
            assert live is not None
            assert live.status_code == 200
            answers = await asyncio.gather(*asked)
            assert time.monotonic() - begun < ANSWERED_WITHIN_S
        assert {answer.status_code for answer in answers if answer} <= {503, 429}
        assert None not in answers
        for order in orders:
            note_order(books, person, await asker.definite(order, person))


async def test_f16_a_long_transaction_with_locks_stops_what_needs_them_and_nothing_else(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=116) as crowd, asking(stand, books) as asker:
        person = await settled(books)
        await asker.renew(person)
        order = Wish(name="order", path="billing/v1/orders", key=str(uuid4()),
                     body=await order_body(asker))  # fmt: skip
        async with locked_orders(stand):
            begun = time.monotonic()
            refused = await asker.once(order, person)
            assert time.monotonic() - begun < ANSWERED_WITHIN_S
            await crowd.until(3, of="reply")
        assert refused is not None
        assert refused.status_code == 503
        note_order(books, person, await asker.definite(order, person))


TABLES_THAT_A_MIGRATION_WIDENS = ("log", "events", "idempotency_key", "checkpoint", "series")


async def test_f17_a_column_added_under_load_fails_no_request(stand: Stand, books: Books) -> None:
    async with under_load(stand, books, seed=117) as crowd:
        refused = books.statuses[503]
        for database in ("faktura_billing", "faktura_tickets"):
            db = await superuser(stand, database)
            await db.execute("set lock_timeout = '500ms'")
            for table in TABLES_THAT_A_MIGRATION_WIDENS:
                await _widen(db, table)
                await crowd.until(2)
            await db.close()
        assert books.statuses[503] == refused


async def _widen(db: "asyncpg.Connection[asyncpg.Record]", table: str) -> None:
    """As a careful migration does: give up at once where the lock is not to be had, try again."""
    while True:
        try:
            await db.execute(f"alter table {table} add column added_by_a_migration integer")
        except asyncpg.LockNotAvailableError:
            continue
        return


async def test_f19_when_all_connections_are_taken_the_services_keep_theirs(
    stand: Stand, books: Books
) -> None:
    installation = stand.installation
    password = installation.secrets.owner_passwords["tickets"]
    url = installation.database_url("tickets_owner", password=password, database="faktura_tickets")
    async with under_load(stand, books, seed=119, people=12) as crowd:
        idle: list[asyncpg.Connection[asyncpg.Record]] = []
        try:
            await _take_all(url, idle)
            with pytest.raises(asyncpg.TooManyConnectionsError):
                await asyncpg.connect(url, timeout=5)
            stand.kill("tickets")
            await crowd.until(10)
            await stand.until_back("tickets")
            await crowd.until(3, of="reply")
        finally:
            for connection in idle:
                connection.terminate()


async def _take_all(url: str, idle: "list[asyncpg.Connection[asyncpg.Record]]") -> None:
    """Open connections until the server has none left for this role."""
    while True:
        try:
            idle.append(await asyncpg.connect(url, timeout=5))
        except asyncpg.TooManyConnectionsError:
            return
