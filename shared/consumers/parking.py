"""Events that a consumer could not apply, and what waits behind them.

A parked event freezes only its own account in that consumer: later events of the account are parked
behind it, in order. The first of each account is tried again after 1, 5, 30 and 120 seconds, then
only when somebody asks for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec

from shared.database import Connection
from shared.envelope import Record, UnknownEvent, event_class

RETRY_AFTER_S = (1, 5, 30, 120)

Place = tuple[str, int, int]
"""Source, partition, position."""


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A parked event of one consumer."""

    record: Record
    frozen: str
    tries: int


def frozen_key(record: Record) -> str:
    """What a failure of this event freezes: its account, or its brand if it has none."""
    return str(record.account_id or record.brand)


def next_try(now: datetime, tries: int) -> datetime | None:
    """When to try again after `tries` failures; None: not by itself."""
    if tries > len(RETRY_AFTER_S):
        return None
    return now + timedelta(seconds=RETRY_AFTER_S[tries - 1])


def place_of(record: Record) -> Place:
    """Where the event stands."""
    return record.source, record.partition, record.position


async def skipped(db: Connection, consumer: str) -> set[Place]:
    """The events that people let the consumer go on without; `<view>/next` does so as the view."""
    rows = await db.fetch(
        """select source, partition, position from parked_decision
           where consumer = $1 and decision = 'skip' and kind = 'event'""",
        consumer.removesuffix("/next"),
    )
    return {(row["source"], row["partition"], row["position"]) for row in rows}


async def frozen_keys(db: Connection, consumer: str, *, partitions: Collection[int]) -> set[str]:
    """The accounts of the partitions that are frozen in the consumer."""
    rows = await db.fetch(
        "select distinct frozen from parked where consumer = $1 and partition = any($2)",
        consumer,
        list(partitions),
    )
    return {row["frozen"] for row in rows}


async def park(
    db: Connection, consumer: str, *, record: Record, error: str, next_try_at: datetime | None
) -> None:
    """Keep the event with its error. Without `next_try_at` it waits behind another one."""
    await db.execute(
        """insert into parked (consumer, source, partition, position, frozen, record, error, tries,
                               next_try_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        consumer,
        record.source,
        record.partition,
        record.position,
        frozen_key(record),
        msgspec.json.encode(record).decode(),
        error[:2000],
        1 if next_try_at else 0,
        next_try_at,
    )


async def first_due(
    db: Connection, consumer: str, *, partitions: Collection[int], now: datetime
) -> Parked | None:
    """The first event of an account whose time to be tried has come, locked until commit.

    One that was never tried waited behind another; it is due as soon as it is the first.
    """
    row = await db.fetchrow(
        """select p.* from parked p
           where p.consumer = $1 and p.partition = any($2)
             and (p.next_try_at <= $3 or p.tries = 0)
             and not exists (
                 select from parked e where (e.consumer, e.frozen) = (p.consumer, p.frozen)
                   and e.place < p.place)
           order by p.place limit 1 for update of p skip locked""",
        consumer,
        list(partitions),
        now,
    )
    return _parked(row) if row else None


async def retry_now_known(
    db: Connection, consumer: str, *, partitions: Collection[int], now: datetime
) -> None:
    """Make due what was parked because a program did not know it, if this program does."""
    rows = await db.fetch(
        """select record, source, partition, position from parked
           where consumer = $1 and partition = any($2) and error like 'UnknownEvent(%'""",
        consumer,
        list(partitions),
    )
    known = [row for row in rows if _is_known(row["record"])]
    await db.executemany(
        """update parked set next_try_at = $5
           where (consumer, source, partition, position) = ($1, $2, $3, $4)""",
        [(consumer, row["source"], row["partition"], row["position"], now) for row in known],
    )


def _is_known(record: str) -> bool:
    try:
        event_class(msgspec.json.decode(record, type=Record))
    except UnknownEvent:
        return False
    return True


async def unpark(db: Connection, consumer: str, *, parked: Parked) -> bool:
    """The event is applied: take it out, so that the next of its account may follow.

    True when nothing of the account is parked any more.
    """
    record = parked.record
    await db.execute(
        """delete from parked
           where (consumer, source, partition, position) = ($1, $2, $3, $4)""",
        consumer,
        record.source,
        record.partition,
        record.position,
    )
    left = "select exists (select from parked where consumer = $1 and frozen = $2)"
    return not await db.fetchval(left, consumer, parked.frozen)


async def note_failure(
    db: Connection, consumer: str, *, parked: Parked, error: str, now: datetime
) -> None:
    """The event failed again: one more try, later or never."""
    record = parked.record
    tries = parked.tries + 1
    await db.execute(
        """update parked set tries = $5, error = $6, next_try_at = $7
           where (consumer, source, partition, position) = ($1, $2, $3, $4)""",
        consumer,
        record.source,
        record.partition,
        record.position,
        tries,
        error[:2000],
        next_try(now, tries),
    )


def _parked(row: asyncpg.Record) -> Parked:
    record = msgspec.json.decode(row["record"], type=Record)
    return Parked(record=record, frozen=row["frozen"], tries=row["tries"])
