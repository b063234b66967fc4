"""Reading a kept file into rows, whole or not at all: a file that is damaged books nothing.

It is read in a thread of its own, as it takes seconds; the rows are copied by one statement.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec

from services.billing.cnab.occurrences import Occurrence
from services.billing.cnab.record import ReturnFileInvalid
from services.billing.cnab.returns import lines_of, read_return
from services.billing.cnab.tally import ReturnTrailer
from shared.database import acquire
from shared.store import EventStore

COPY_TAKES_S = 60

COLUMNS = (
    "return_file_id",
    "line",
    "fact",
    "kind",
    "code",
    "reasons",
    "own_number",
    "document",
    "occurred_on",
    "credited_on",
    "amount_minor",
    "paid_minor",
    "charges_minor",
    "fee_minor",
)


@dataclass(frozen=True, kw_only=True)
class _Read:
    rows: list[tuple[Any, ...]]
    trailer: ReturnTrailer


async def read_file(file_id: UUID, store: EventStore) -> None:
    """Turn the bytes into rows, or note where they are damaged. Done before: nothing happens."""
    async with acquire(store.pool) as db:
        row = await db.fetchrow(
            "select bank, body from return_file where return_file_id = $1 and state = 'received'",
            file_id,
        )
    if row is None:
        return
    try:
        read = await asyncio.to_thread(_rows, file_id, bank=row["bank"], body=row["body"])
    except ReturnFileInvalid as error:
        await _refuse(file_id, error, store=store)
        return
    async with acquire(store.pool) as db, db.transaction():
        await _keep(file_id, read, db)


def _rows(file_id: UUID, *, bank: str, body: bytes) -> _Read:
    rows: list[tuple[Any, ...]] = []
    trailer: ReturnTrailer | None = None
    for part in read_return(lines_of(BytesIO(body)), bank=bank):
        if isinstance(part, Occurrence):
            rows.append((file_id, *_columns(part)))
        elif isinstance(part, ReturnTrailer):
            trailer = part
    assert trailer is not None, "a file without its trailer is refused"
    return _Read(rows=rows, trailer=trailer)


def _columns(said: Occurrence) -> Iterator[Any]:
    charges_minor = said.interest_minor + said.fine_minor
    told = {**{name: getattr(said, name, None) for name in COLUMNS}, "charges_minor": charges_minor}
    told |= {"kind": str(said.kind), "reasons": list(said.reasons)}
    return (told[name] for name in COLUMNS[1:])


async def _keep(file_id: UUID, read: _Read, db: Any) -> None:
    """Rows and state in one transaction; another process that was first leaves nothing to do."""
    trailer = read.trailer
    discrepancies = [
        {"line": each.line, "field": each.field, "said": each.said, "read": each.read}
        for each in trailer.discrepancies
    ]
    taken = await db.fetchval(
        """update return_file set state = 'read', occurrences = $2, discrepancies = $3, body = null
           where return_file_id = $1 and state = 'received' returning true""",
        file_id,
        trailer.occurrences,
        msgspec.json.encode(discrepancies).decode(),
    )
    if taken:
        await db.copy_records_to_table(
            "return_line", records=read.rows, columns=COLUMNS, timeout=COPY_TAKES_S
        )


async def _refuse(file_id: UUID, error: ReturnFileInvalid, *, store: EventStore) -> None:
    async with acquire(store.pool) as db:
        await db.execute(
            """update return_file set state = 'refused', problem = $2, body = null,
                   settled_at = $3
               where return_file_id = $1 and state = 'received'""",
            file_id,
            msgspec.json.encode(error.facts).decode(),
            store.clock.now(),
        )
