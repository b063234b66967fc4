"""What staff sees of bank files and their entries. Amounts in minor units."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from shared.database import Connection
from shared.errors import NotFound

_ENTRIES = """
select e.*, k.payer_name, k.payer_account, k.remittance
from bank_entry e left join bank_entry_kept k using (entry_id)
where e.brand = $1 and e.status = $2
  and ($3::uuid is null or (e.booked_on, e.entry_id) > (
      select a.booked_on, a.entry_id from bank_entry a where a.entry_id = $3))
order by e.booked_on, e.entry_id limit $4
"""

_ENTRY = """
select e.*, k.payer_name, k.payer_account, k.remittance,
       (select max(v.version) from events v where v.stream_id = e.entry_id) as version
from bank_entry e left join bank_entry_kept k using (entry_id) where e.entry_id = $1
"""

_STATEMENTS = """
select s.*,
       (select coalesce(json_object_agg(c.status, c.n), '{}')
        from (select e.status, count(*) as n from bank_entry e
              where e.statement_id = s.statement_id group by 1) c) as by_status,
       (select count(*) from bank_entry_waiting w join bank_entry_kept k using (entry_id)
        where k.statement_id = s.statement_id) as waiting
from bank_statement s
where s.brand = $1 and ($2::uuid is null or (s.imported_at, s.statement_id) < (
      select a.imported_at, a.statement_id from bank_statement a
      where a.statement_id = $2 and a.brand = $1))
order by s.imported_at desc, s.statement_id desc limit $3
"""

_BY_STATUS = "select status, count(*) as n from bank_entry where statement_id = $1 group by 1"

_WAITING = """
select count(*) from bank_entry_waiting w join bank_entry_kept k using (entry_id)
where k.statement_id = $1
"""


async def page_of_entries(
    brand: str, status: str, db: Connection, *, after: UUID | None, limit: int
) -> Sequence[Record]:
    """The brand's entries of that status, oldest first."""
    return await db.fetch(_ENTRIES, brand, status, after, limit)


async def entry_of(entry_id: UUID, db: Connection) -> tuple[Record, int]:
    """The entry and its version. `NotFound`."""
    row = await db.fetchrow(_ENTRY, entry_id)
    if row is None:
        raise NotFound()
    return row, row["version"]


async def page_of_statements(
    brand: str, db: Connection, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """The brand's files, newest first, and how far the entries are that each brought."""
    rows = await db.fetch(_STATEMENTS, brand, after, limit)
    return [
        {**row, **{name: msgspec.json.decode(row[name]) for name in ("parts", "by_status")}}
        for row in rows
    ]


async def statement_of(statement_id: UUID, db: Connection) -> dict[str, Any]:
    """The file, and how far the entries that it brought are. `NotFound`."""
    row = await db.fetchrow("select * from bank_statement where statement_id = $1", statement_id)
    if row is None:
        raise NotFound()
    counted = await db.fetch(_BY_STATUS, statement_id)
    return {
        **row,
        "parts": msgspec.json.decode(row["parts"]),
        "by_status": {each["status"]: each["n"] for each in counted},
        "waiting": await db.fetchval(_WAITING, statement_id),
    }
