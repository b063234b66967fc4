"""Ending boletos that the bank takes no more, so that their invoices can be paid another way.

Nobody can be asked about a boleto: what becomes of it comes in files. So the days are looked at.
"""

import asyncio
from datetime import timedelta
from functools import partial

from services.billing.boleto.commands import EndBoleto, end_boleto
from shared.database import acquire
from shared.store import Cause, EventStore

LOOKS_EVERY_S = 15
BATCH = 200
ACTOR = "automation:boletos"

_OVER = """
select boleto_id from boleto where status = 'open' and payable_until < $1 order by payable_until
limit $2
"""


class BoletoExpiry:
    """Ends what is over; several may run, as an end counts once."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def run(self) -> None:
        """Look for as long as the service runs."""
        while True:
            await self.end_what_is_over()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def end_what_is_over(self) -> int:
        """End at most a batch, by a day that is over everywhere on earth; how many those were."""
        day = (self._store.clock.now() - timedelta(days=1)).date()
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_OVER, day, BATCH)
        for row in rows:
            end = EndBoleto(boleto_id=row["boleto_id"], reason="expired")
            await self._store.run(Cause(actor=ACTOR), partial(end_boleto, end))
        return len(rows)
