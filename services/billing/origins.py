"""Where something that comes back from outside began: the public event that sent it out.

What gateway and panel answer is caused by what they were asked, and belongs to the same trace.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from uuid import UUID

from shared.database import Pool, acquire
from shared.store import Cause
from shared.telemetry import span

_ASKED = {
    "payment": "select event_id, correlation_id, traceparent from payment_open"
    " where payment_id = $1",
    "request": "select event_id, correlation_id, traceparent from provisioning_open"
    " where request_id = $1",
}


@asynccontextmanager
async def caused_by(
    kind: Literal["payment", "request"], id: UUID, *, actor: str, pool: Pool
) -> AsyncIterator[Cause]:
    """The cause of what `actor` says about an open payment or request, within its trace.

    About what is not open any more it begins anew.
    """
    async with acquire(pool) as db:
        row = await db.fetchrow(_ASKED[kind], id)
    with span(f"{actor} answers", traceparent=row["traceparent"] if row else ""):
        if row is None:
            yield Cause(actor=actor)
        else:
            yield Cause(
                actor=actor,
                causation_id=row["event_id"],
                correlation_id=row["correlation_id"],
            )
