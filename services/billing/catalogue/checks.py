"""What the allotments must prove at any time; run by verification."""

from shared.database import Connection
from shared.verify import Finding


async def allotments_equal_what_is_held(db: Connection) -> list[Finding]:
    """Of each stock as much is taken as services hold, of each promotion as many as its uses."""
    rows = await db.fetch(
        """with use as (
               select 'promotion/' || (data ->> 'promotion_id') as promotion, account_id,
                      case type when 'PromotionUsed' then 1 else -1 end as count
               from log where type in ('PromotionUsed', 'PromotionReleased')),
           held (name, count) as (
               select 'stock/' || product_id, sum(count) from held_stock group by 1
               union all
               select promotion, sum(count) from use group by 1
               union all
               select promotion || '/' || account_id, sum(count) from use group by 1)
           select coalesce(a.name, h.name) as allotment, a.taken, h.count::bigint as held
           from allotment a full join held h on h.name = a.name
           where coalesce(a.taken, 0) <> coalesce(h.count, 0)"""
    )
    return [{"check": "allotments_equal_what_is_held", **row} for row in rows]
