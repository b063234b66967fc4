"""What a command writes, and the one statement that records it: events, log rows, guard rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database import Connection
from shared.ids import new_id

EventRow = tuple[UUID, int, str, UUID | None, str, str, datetime, UUID]
"""stream, version, topic, account, brand, data, recorded at, write."""
LogRow = tuple[
    int, UUID, str, int, UUID | None, str, datetime, str, UUID | None, UUID, str, str, bytes
]
"""partition, id, type, version, account, brand, at, actor, causation, correlation, traceparent,
data, sealed bytes."""

_EVENT_COLUMNS = 8
_LOG_COLUMNS = 13

_APPEND = """
select append(
    $1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
    $8::uuid[], $9::smallint[], $10::uuid[], $11::text[], $12::smallint[], $13::uuid[],
    $14::text[], $15::timestamptz[], $16::text[], $17::uuid[], $18::uuid[], $19::text[],
    $20::text[], $21::bytea[], $22::jsonb)
"""


@dataclass(slots=True)
class Write:
    """All that one command writes; recorded as a whole or not at all, once, however often tried."""

    id: UUID = field(default_factory=new_id)
    events: list[EventRow] = field(default_factory=list)
    log: list[LogRow] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    """partition -> position of the last log row there, once it is recorded."""


async def append(db: Connection, writes: Sequence[Write]) -> None:
    """Record all of them in one statement and set their positions. The server's errors as is."""
    events = [row for write in writes for row in write.events]
    log = [(row, write) for write in writes for row in write.log]
    log.sort(key=_partition)
    event_columns: Any = [*zip(*events, strict=True)] or [()] * _EVENT_COLUMNS
    log_columns: Any = [*zip(*(row for row, _ in log), strict=True)] or [()] * _LOG_COLUMNS
    positions = await db.fetchval(_APPEND, *event_columns, *log_columns, None)
    for (row, write), position in zip(log, positions, strict=True):
        write.positions[row[0]] = position


def _partition(entry: tuple[LogRow, Write]) -> int:
    return entry[0][0]
