"""Billing's own figures in its status: what is under way, what waits for a person."""

from typing import Any

from shared.database import Pool, acquire


async def report(pool: Pool) -> dict[str, Any]:
    """`running`: a business day or a webhook is not worked off; the rest are counts."""
    async with acquire(pool) as db:
        row = await db.fetchrow(
            """select exists (select from business_day_run where finished_at is null) as day_runs,
                      (select count(*) from webhook where processed_at is null) as webhooks_open,
                      (select count(*) from webhook
                       where processed_at is not null and problem is not null) as webhook_problems,
                      (select count(*) from business_day_problem) as business_day_problems"""
        )
    assert row is not None, "a query without a table has one row"
    figures = dict(row)
    return {"running": figures.pop("day_runs") or figures["webhooks_open"] > 0, **figures}
