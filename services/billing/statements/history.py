"""What billing has published about one account, read from its own log."""

from uuid import UUID

from shared.database import Pool, acquire
from shared.envelope import Envelope, open_record, partition_of
from shared.feed import record_of

HISTORY = """
select * from log where partition = $1 and account_id = $2 order by position
"""


async def history_of(account_id: UUID, brand: str, *, pool: Pool) -> list[Envelope]:
    """The account's events in order; what is personal in them reads as erased."""
    async with acquire(pool) as db:
        rows = await db.fetch(HISTORY, partition_of(account_id, brand), account_id)
    return [open_record(record_of(row, "billing"), {}) for row in rows]
