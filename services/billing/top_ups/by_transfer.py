"""Which top-ups may come by bank transfer: what a statement's entries are compared with.

A row is written with the wish, and changed with what credits it or takes that back, in their
transactions. Amounts in minor units.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from services.billing.top_ups.top_up import TopUp
from shared.database import Connection

KNOWN_FOR_DAYS = 365
"""After that nobody pays what they once wanted to; what still comes is for staff to assign."""

_EXPECT = """
insert into top_up_by_transfer
    (top_up_id, brand, account_id, number, amount_minor, currency, wanted_on, method)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (top_up_id) do nothing
"""

_EXPECTED = """
select account_id, top_up_id as invoice_id, number, wanted_on as due_on, currency,
    case when credited_on is null then amount_minor else 0 end as open_minor, 'top_up' as purpose
from top_up_by_transfer where brand = $1 and (credited_on is null or credited_on >= $2)
"""

_AWAITED = """
select top_up_id, method, amount_minor, currency, number as reference, wanted_on
from top_up_by_transfer where account_id = $1 and credited_on is null
order by top_up_id desc limit $2
"""


async def expect(top_up: TopUp, db: Connection, *, method: str, wanted_on: date) -> None:
    """Have its money recognised when our bank tells of it; `method`: the way that was chosen."""
    await db.execute(
        _EXPECT,
        top_up.id,
        top_up.brand,
        top_up.account_id,
        top_up.number,
        top_up.settlement.open_minor,
        top_up.currency,
        wanted_on,
        method,
    )


async def awaited(account_id: UUID, db: Connection, *, limit: int) -> Sequence[asyncpg.Record]:
    """Those of the account that still wait for their money, latest first."""
    return await db.fetch(_AWAITED, account_id, limit)


async def expected(brand: str, db: Connection, *, since: date) -> Sequence[asyncpg.Record]:
    """Those that wait, and those credited `since`, of which nothing is open, as payables."""
    return await db.fetch(_EXPECTED, brand, since)


async def note_credited(top_up: TopUp, db: Connection, *, today: date) -> None:
    """It waits no more once a payment counts for it, and again when none does."""
    await db.execute(
        "update top_up_by_transfer set credited_on = $2 where top_up_id = $1",
        top_up.id,
        today if top_up.settlement.payments else None,
    )


async def forget_old(today: date, db: Connection) -> None:
    """Forget what was wanted long ago."""
    until = today - timedelta(days=KNOWN_FOR_DAYS)
    await db.execute("delete from top_up_by_transfer where wanted_on < $1", until)
