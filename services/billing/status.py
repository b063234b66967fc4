"""Billing's own figures in its status: what is under way, what waits for a person."""

from typing import Any

from services.billing.payments.payment import Payment
from shared.database import Pool, acquire


async def report(pool: Pool) -> dict[str, Any]:
    """`running`: a business day or a webhook is not worked off; the rest are counts and seconds.

    `oldest_unknown_payment_s`: since when the gateway has owed us an answer about an attempt.
    """
    async with acquire(pool) as db:
        row = await db.fetchrow(
            """select exists (select from business_day_run where finished_at is null) as day_runs,
                      (select count(*) from webhook where processed_at is null) as webhooks_open,
                      (select count(*) from webhook
                       where processed_at is not null and problem is not null) as webhook_problems,
                      (select count(*) from business_day_problem) as business_day_problems,
                      (select coalesce(extract(epoch from now() - min(last.recorded_at)), 0)::float8
                       from payment_open p cross join lateral (
                           select topic, recorded_at from events e where e.stream_id = p.payment_id
                           order by e.version desc limit 1) last
                       where last.topic = $1) as oldest_unknown_payment_s""",
            Payment.OutcomeUnknown.TOPIC,
        )
    assert row is not None, "a query without a table has one row"
    figures = dict(row)
    return {"running": figures.pop("day_runs") or figures["webhooks_open"] > 0, **figures}
