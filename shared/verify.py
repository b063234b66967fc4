"""What a service can prove about itself: its chain, its positions, its views, nothing parked."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.consumers.declarations import View
from shared.consumers.group import Consumers
from shared.consumers.rows import Rows
from shared.consumers.tables import Tables, describe, write
from shared.database import Connection, Pool, acquire
from shared.envelope import FIRST_HASH, Record, chained_hash, event_class, open_all
from shared.feed import LocalFeed, RecentPages, read_all
from shared.keyring import Keyring

Finding = dict[str, Any]
"""`check` and what it found, such as {"check": "hash_chain", "partition": 3, "position": 17}."""
BATCH = 500

Check = Callable[[Connection], Awaitable[list[Finding]]]


async def verify_log(pool: Pool, service: str) -> list[Finding]:
    """Walk the hash chain of every partition; a changed byte is named by its position."""
    findings: list[Finding] = []
    async with acquire(pool) as db:
        heads = await db.fetch("select partition, position, hash from partition_head order by 1")
    for head in heads:
        findings += await _walk(pool, service, partition=head["partition"], head=head)
    return findings


async def _walk(pool: Pool, service: str, *, partition: int, head: Any) -> list[Finding]:
    before, position = FIRST_HASH, 0
    feed = LocalFeed(pool, service)
    async for record in read_all(feed, partition, after=0, upto=head["position"]):
        position += 1
        at = {"partition": partition, "position": position}
        if record.position != position:
            return [{"check": "contiguous_positions", **at}]
        before = chained_hash(before, record)
        if before.hex() != record.hash:
            return [{"check": "hash_chain", **at}]
    if position != head["position"] or before != head["hash"]:
        return [{"check": "partition_head", "partition": partition, "position": position}]
    return []


async def verify_views(consumers: Consumers, pool: Pool, *, keyring: Keyring) -> list[Finding]:
    """Rebuild every view beside the live one, up to the same checkpoint, and compare the rows."""
    findings: list[Finding] = []
    for worker in consumers.workers:
        if isinstance(worker.consumer, View):
            findings += await _compare_view(worker.consumer, consumers, pool=pool, keyring=keyring)
    return findings


async def _compare_view(
    view: View, consumers: Consumers, *, pool: Pool, keyring: Keyring
) -> list[Finding]:
    async with acquire(pool) as db:
        transaction = db.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await db.execute("set local idle_in_transaction_session_timeout = 0")
            await _rebuild(view, consumers, keyring=keyring, db=db)
            return [f for table in view.table_names if (f := await _difference(view, table, db=db))]
        finally:
            await transaction.rollback()


async def _rebuild(view: View, consumers: Consumers, *, keyring: Keyring, db: Connection) -> None:
    """Into temporary tables, which stand before the live ones in the search path."""
    checkpoints = await db.fetch(
        "select source, partition, position from checkpoint where consumer = $1", view.name
    )
    path = await db.fetchval("show search_path")
    await db.execute("set local search_path = pg_temp")
    await db.execute(view.tables)
    await db.execute(f"set local search_path = pg_temp, {path}")
    tables = await describe(db, view.table_names)
    left_out = await _left_out(db, view)
    for row in checkpoints:
        feed = consumers.feeds[row["source"]]
        feed = feed.behind if isinstance(feed, RecentPages) else feed
        batch: list[Record] = []
        async for record in read_all(feed, row["partition"], after=0, upto=row["position"]):
            if (record.source, record.partition, record.position) in left_out:
                continue
            batch.append(record)
            if len(batch) == BATCH:
                await _apply(view, batch, keyring=keyring, db=db, tables=tables)
                batch = []
        await _apply(view, batch, keyring=keyring, db=db, tables=tables)


async def _apply(
    view: View, records: Sequence[Record], *, keyring: Keyring, db: Connection, tables: Tables
) -> None:
    rows = Rows()
    handled = [record for record in records if event_class(record) not in view.ignored]
    for envelope in await open_all(handled, keyring):
        view.apply(envelope, rows)
    await write(db, rows, tables)


async def _left_out(db: Connection, view: View) -> set[tuple[str, int, int]]:
    """The events that the view does without: parked, or skipped by a person."""
    rows = await db.fetch(
        """select source, partition, position from parked where consumer = $1
           union select source, partition, position from parked_decision
           where consumer = $1 and decision = 'skip' and kind = 'event'""",
        view.name,
    )
    return {(row["source"], row["partition"], row["position"]) for row in rows}


async def _difference(view: View, table: str, *, db: Connection) -> Finding | None:
    live, rebuilt = f"{view.schema}.{table}", f"pg_temp.{table}"
    rows = await db.fetchval(
        f"""select count(*) from (
                (select * from {live} except select * from {rebuilt})
                union all (select * from {rebuilt} except select * from {live})) d"""  # noqa: S608
    )
    if not rows:
        return None
    return {"check": "view_equals_rebuild", "view": view.name, "table": table, "rows": rows}


async def verify_parked(db: Connection) -> list[Finding]:
    """Nothing waits for a person: no parked event, no parked effect."""
    events = await db.fetch(
        "select consumer, source, partition, position, error from parked where tries > 0"
    )
    effects = await db.fetch("select reactor, key, error from effect where state = 'parked'")
    return [{"check": "nothing_parked", **row} for row in (*events, *effects)]
