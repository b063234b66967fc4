"""How far the business days of a brand are, and the log of their steps."""

from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Record

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


async def steps_of(brand: str, day: date, db: Connection) -> list[Record]:
    """The steps of the day in order, with what each found, has left to do and could not do.

    `took_s`: seconds from its beginning to its end. `NotFound`: no such day.
    """
    rows = await db.fetch(
        """select r.step, r.started_at, r.finished_at, coalesce(r.found, 0) as found,
                  (select count(*) from business_day_task t
                   where (t.brand, t.day, t.ordinal) = (r.brand, r.day, r.ordinal)) as left_to_do,
                  (select count(*) from business_day_problem p
                   where (p.brand, p.day, p.step) = (r.brand, r.day, r.step)) as parked,
                  extract(epoch from r.finished_at - r.started_at)::numeric as took_s
           from business_day_run r where r.brand = $1 and r.day = $2 order by r.ordinal""",
        brand,
        day,
    )
    if not rows:
        raise NotFound()
    return rows
