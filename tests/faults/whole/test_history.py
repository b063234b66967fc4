"""The past is altered behind the platform's back: a byte of the log, a restored backup."""

import asyncio
from copy import deepcopy
from uuid import uuid4

import asyncpg
import pytest

from tests.conftest import wait_until
from tests.faults.books import Books
from tests.faults.invariants import log_is_sound, promises_are_kept
from tests.faults.outside import looking_from_outside, superuser
from tests.faults.stand import Stand
from tests.faults.traffic import under_load

pytestmark = pytest.mark.timeout(240)


async def test_f74_one_flipped_byte_in_the_log_is_named_by_its_position(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=374):
        pass
    db = await superuser(stand, "faktura_billing")
    row = await db.fetchrow(
        """select partition, position, data::text as data from log
           where type = 'OrderPlaced' order by occurred_at limit 1"""
    )
    assert row is not None
    flipped = row["data"].replace('"monthly"', '"monthlz"').replace('"annual"', '"annuam"')
    assert flipped != row["data"]
    change = "update log set data = $3::text::json where partition = $1 and position = $2"
    await db.execute(change, row["partition"], row["position"], flipped)
    try:
        verified = await asyncio.to_thread(stand.platform.verify)
        async with looking_from_outside(stand) as outside:
            seen_from_outside = await log_is_sound(outside)
    finally:
        await db.execute(change, row["partition"], row["position"], row["data"])
        await db.close()
    chain = [each for each in verified["findings"] if each["check"] == "hash_chain"]
    place = {"partition": row["partition"], "position": row["position"]}
    assert chain == [{"service": "billing", "check": "hash_chain", **place}]
    named = f"billing/{row['partition']}/{row['position']}: the hash is not that of the row"
    assert seen_from_outside == [named]
    assert await asyncio.to_thread(stand.platform.verify) == {"ok": True, "findings": []}


async def test_the_invariants_see_an_answer_that_was_not_kept(stand: Stand, books: Books) -> None:
    wrong = deepcopy(books)
    lost = str(uuid4())
    wrong.promise("OrderPlaced", order_id=lost)
    wrong.replies[lost] += 1
    wrong.positions.add(("billing", 63, 10**9, ""))
    async with looking_from_outside(stand) as outside:
        assert await promises_are_kept(outside, books) == []
        assert await promises_are_kept(outside, wrong) == [
            f"OrderPlaced {lost} was answered and is not there",
            f"{lost}: replies accepted 1, TicketReplied 0",
            "billing/63/1000000000 was answered for staff",
        ]


async def test_f18_consumers_refuse_a_source_that_was_set_back_to_an_older_backup(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=318):
        pass
    await _copy_database(stand, "faktura_tickets", "faktura_tickets_backup")
    async with under_load(stand, books, seed=319) as crowd:
        await crowd.until(2, of="ticket")
    await _swap(
        stand, "faktura_tickets", aside="faktura_tickets_newest", by="faktura_tickets_backup"
    )
    try:
        behind = await _until_refused(stand)
        assert behind == {"notifications", "portal"}
    finally:
        await _swap(
            stand, "faktura_tickets", aside="faktura_tickets_backup", by="faktura_tickets_newest"
        )
    async with under_load(stand, books, seed=320) as crowd:
        await crowd.until(2, of="ticket")


async def _until_refused(stand: Stand) -> set[str]:
    """The services with a consumer that has stopped because it is ahead of tickets."""
    found: set[str] = set()

    async def all_refuse() -> bool:
        async with stand.operator() as operator:
            for service in ("notifications", "portal"):
                status = await operator.ask(service, "GET /internal/status")
                words = [each["behind"].get("tickets", "") for each in status["consumers"]]
                if any("ahead of its source" in said for said in words):
                    found.add(service)
        return len(found) == 2

    await wait_until(all_refuse, within_s=30)
    return found


async def _copy_database(stand: Stand, database: str, copy: str) -> None:
    """A backup, taken while nobody is connected."""
    db = await superuser(stand)
    await _lock_out(db, database)
    await db.execute(f"create database {copy} template {database}")
    await db.execute(f"alter database {database} allow_connections true")
    await db.close()


async def _swap(stand: Stand, database: str, *, aside: str, by: str) -> None:
    """Put the database aside and another one in its place."""
    db = await superuser(stand)
    await _lock_out(db, database)
    await db.execute(f"alter database {database} rename to {aside}")
    await db.execute(f"alter database {by} rename to {database}")
    await db.execute(f"alter database {database} allow_connections true")
    await db.close()


async def _lock_out(db: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    await db.execute(f"alter database {database} allow_connections false")

    async def nobody_is_connected() -> bool:
        left = await db.fetchval(
            """select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = $1""",
            database,
        )
        return bool(left == 0)

    await wait_until(nobody_is_connected)
