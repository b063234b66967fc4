"""Starts a brand's business day when its local date moves on."""

import asyncio
from functools import partial

from services.billing.automation.commands import StartBusinessDay, start_business_day
from shared.clock import local_date
from shared.database import acquire
from shared.store import Cause, EventStore

LOOKS_EVERY_S = 5
ACTOR = "automation:ticker"


class Ticker:
    """Looks at the clock. A second ticker is harmless: a day that has begun is not begun again."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def run(self) -> None:
        """Look every few seconds, for as long as the service runs."""
        while True:
            await self.tick()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def tick(self) -> None:
        """Start the day of each brand whose local date is past the last one that was started."""
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(
                """select b.slug, b.time_zone, max(r.day) as last_day
                   from brand b left join business_day_run r on r.brand = b.slug
                   group by b.slug, b.time_zone order by b.slug"""
            )
        for row in rows:
            day = local_date(self._store.clock.now(), row["time_zone"])
            if row["last_day"] is None or row["last_day"] < day:
                start = StartBusinessDay(brand=row["slug"], day=day)
                await self._store.run(Cause(actor=ACTOR), partial(start_business_day, start))
