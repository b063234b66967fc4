"""What a business day could not do for one account: kept with its cause, explained, tried again."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.billing.automation.step import Found
from shared.database import Connection
from shared.errors import Conflict, DomainError, NotFound

UNEXPECTED = "unexpected"
OF_THE_PROGRAM = "A fault of the program stopped this; its text is kept for those who mend it."

StepKey = tuple[str, date, str]
"""Brand, day and name of a step."""


class StillParked(Conflict):
    """It was tried again and failed again; the problem says why."""


def explained(fault: BaseException) -> tuple[str, str]:
    """A stable code and a sentence for a person."""
    if isinstance(fault, DomainError):
        return fault.code, fault.message
    return UNEXPECTED, OF_THE_PROGRAM


async def keep_problem(
    db: Connection, step: StepKey, *, found: Found, fault: BaseException, now: datetime
) -> None:
    """Park the task with its cause; one that is parked already counts one try more."""
    await db.execute(
        """insert into business_day_problem as p (brand, day, step, item, account_id, error, code,
                                                  explanation, facts, occurred_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           on conflict (brand, day, step, item) do update
           set error = excluded.error, code = excluded.code, explanation = excluded.explanation,
               occurred_at = excluded.occurred_at, tries = p.tries + 1""",
        *step,
        found.item,
        found.account_id,
        repr(fault)[:2000],
        *explained(fault),
        msgspec.json.encode(found.facts).decode(),
        now,
    )


async def list_problems(
    brand: str, db: Connection, *, after: UUID | None, limit: int
) -> Sequence[asyncpg.Record]:
    """The brand's parked tasks, a page of them by their ids."""
    return await db.fetch(
        """select problem_id, day, step, item, account_id, code, explanation, error, tries,
                  occurred_at
           from business_day_problem
           where brand = $1 and problem_id > coalesce($2::uuid, $3) order by problem_id limit $4""",
        brand,
        after,
        UUID(int=0),
        limit,
    )


async def problem_by_id(problem_id: UUID, db: Connection) -> dict[str, Any]:
    """The parked task. `NotFound` when there is none, or not any more."""
    row = await db.fetchrow(
        """select brand, day, step, item, account_id, facts::text as facts
           from business_day_problem where problem_id = $1""",
        problem_id,
    )
    if row is None:
        raise NotFound()
    return {**row, "facts": msgspec.json.decode(row["facts"])}
