"""Where a ticket can go."""

from services.tickets.departments.lookups import departments_of
from shared.database import acquire
from shared.http import Answer, Call, Router, Who

router = Router(tags=["departments"])


class DepartmentOut(Answer):
    """Name and description by language."""

    id: str
    name: dict[str, str]
    description: dict[str, str]


@router.get("/v1/departments", who=Who.USER)
async def get_departments(call: Call) -> list[DepartmentOut]:
    """The departments of the caller's brand, in its order."""
    async with acquire(call.db) as db:
        found = await departments_of(db, call.caller.brand or "")
    return [DepartmentOut.model_validate(department) for department in found]
