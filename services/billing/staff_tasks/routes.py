"""What staff has to look at: the list of it, and saying that it is done."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Path, Query
from pydantic import ConfigDict

from services.billing.staff_tasks.commands import FinishTask, finish_task
from services.billing.staff_tasks.staff_task import TaskIsDone
from services.billing.state import staff_brand_of
from shared.contracts.permissions import BILLING_READ, BILLING_TASKS
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Line, Router, Who

router = Router(tags=["staff tasks"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]


class TaskOut(Answer):
    """`kind` says what is to be looked at, `facts` what it is about; amounts in minor units.

    Once it is done: who did it, when, and what they say of it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task_id": "01939000-0000-5000-8000-000000000031",
                    "account_id": None,
                    "kind": "reconciliation_difference",
                    "key": "2026-11-21/gateway/BRL",
                    "facts": {"day": "2026-11-21", "currency": "BRL"},
                    "status": "open",
                    "opened_at": "2026-11-22T03:00:05Z",
                    "done_at": None,
                    "done_by": None,
                    "note": None,
                }
            ]
        }
    )

    task_id: UUID
    account_id: UUID | None
    kind: str
    key: str
    facts: dict[str, str]
    status: Literal["open", "done"]
    opened_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None


_PAGE = """
select * from staff_task where brand = $1 and status = $2
   and ($3::uuid is null or (opened_at, task_id) > (
       select a.opened_at, a.task_id from staff_task a where a.task_id = $3))
order by opened_at, task_id limit $4
"""


@router.get("/v1/brands/{brand}/staff-tasks", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_tasks(
    brand: BrandSlug,
    call: Call,
    status: Literal["open", "done"] = "open",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[TaskOut]:
    """The brand's tasks, those that wait longest first; `after`: the last of the page before."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await db.fetch(_PAGE, brand, status, after, limit)
    return [_told(row) for row in rows]


@router.get("/v1/staff-tasks/{task_id}", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_task(task_id: UUID, call: Call) -> TaskOut:
    """One task."""
    async with acquire(call.db) as db:
        row = await db.fetchrow("select * from staff_task where task_id = $1", task_id)
    if row is None:
        raise NotFound()
    call.own(None, row["brand"])
    return _told(row)


class NoteBody(Body):
    """What was found and what was done, in a sentence."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "The gateway books at midnight UTC; no harm."}]}
    )

    note: Line


@router.post(
    "/v1/staff-tasks/{task_id}/done",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_TASKS,
    errors=(NotFound, TaskIsDone),
)
async def post_done(task_id: UUID, body: NoteBody, call: Call) -> None:
    """Say that the task is done."""
    command = FinishTask(task_id=task_id, brand=staff_brand_of(call), note=body.note)
    await finish_task(command, call.tx)


def _told(row: Record) -> TaskOut:
    fields: dict[str, Any] = {**row, "facts": msgspec.json.decode(row["facts"])}
    return TaskOut.model_validate(fields)
