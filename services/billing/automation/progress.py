"""How far the business days of a brand are."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.clock import local_date
from shared.database import Connection
from shared.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`today`: the local date, or a later day that has begun; `last_finished`: all steps done."""

    today: date
    running: bool
    last_finished: date | None
    problems: int


async def progress_of(brand: str, db: Connection, *, now: datetime) -> Progress:
    """The brand's days, and how many tasks of them could not be done. `NotFound`: no such brand."""
    zone = await db.fetchval("select time_zone from brand where slug = $1", brand)
    if zone is None:
        raise NotFound()
    row = await db.fetchrow(
        """with days as (
               select day, bool_and(finished_at is not null) as is_finished
               from business_day_run where brand = $1 group by day)
           select max(day) as last_started, coalesce(bool_or(not is_finished), false) as running,
                  max(day) filter (where is_finished) as last_finished,
                  (select count(*) from business_day_problem where brand = $1) as problems
           from days""",
        brand,
    )
    assert row is not None, "an aggregate query has one row"
    days = dict(row)
    local = local_date(now, zone)
    return Progress(today=max(local, days.pop("last_started") or local), **days)
