"""Requests for a reset, answered before anybody looks whether the address is known.

So the answer takes as long for an unknown address as for a known one; a row lives for a moment.
"""

from uuid import UUID

from services.accounts.users.commands import RequestPasswordReset, request_password_reset
from shared.database import Connection
from shared.store import Cause, EventStore, Transaction
from shared.wakeup import Wakeup

POLL_S = 1.0


async def enqueue_reset(
    db: Connection, command: RequestPasswordReset, *, correlation_id: UUID
) -> None:
    """Keep the request until `answer_resets` comes to it."""
    await db.execute(
        "insert into reset_request (id, brand, email) values ($1, $2, $3)",
        correlation_id,
        command.brand,
        command.email,
    )


async def answer_resets(store: EventStore, asked: Wakeup) -> None:
    """Answer requests as they come, for as long as the service runs."""
    while True:
        seen = asked.count
        while await answer_next_reset(store):
            pass
        await asked.wait_after(seen, timeout_s=POLL_S)


async def answer_next_reset(store: EventStore) -> bool:
    """Carry out the oldest request, in one transaction with its removal; whether there was one."""
    return await store.run(Cause(actor="policy:reset_queue"), _answer_oldest)


async def _answer_oldest(tx: Transaction) -> bool:
    db = await tx.begin()
    row = await db.fetchrow(
        """delete from reset_request where id = (
               select id from reset_request order by id limit 1 for update skip locked)
           returning id, brand, email"""
    )
    if row is None:
        return False
    tx.cause = Cause(actor="anonymous", correlation_id=row["id"])
    command = RequestPasswordReset(brand=row["brand"], email=row["email"])
    await request_password_reset(command, tx)
    return True
