"""Services that the signed-in client's account holds."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query

from services.billing.provisioning.commands import (
    NeverRequested,
    RequestCreation,
    retry_creation,
)
from services.billing.state import account_of
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["services"])

Limit = Annotated[int, Query(ge=1, le=100)]


class ServiceOut(Answer):
    """`status`: pending, active, suspended, terminated or cancelled. Price in minor units."""

    service_id: UUID
    status: str
    product_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    next_due_on: date | None


@router.get("/v1/services", who=Who.CLIENT)
async def get_services(
    call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[ServiceOut]:
    """What the account holds, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    async with acquire(call.db) as db:
        rows = await db.fetch(
            """select * from service_list where account_id = $1
               and ($2::uuid is null or service_id < $2) order by service_id desc limit $3""",
            account_id,
            after,
            limit,
        )
    return [_service(row) for row in rows]


def _service(row: Record) -> ServiceOut:
    fields = {**row, "product_name": msgspec.json.decode(row["product_name"])}
    return ServiceOut.model_validate(fields)


@router.post(
    "/internal/services/{service_id}/creation",
    status_code=204,
    who=Who.INTERNAL,
    errors=(NotFound, NeverRequested),
)
async def post_creation(service_id: UUID, call: Call) -> None:
    """Ask the panel again for a service that it refused to create, once the cause is gone."""
    await retry_creation(RequestCreation(service_id=service_id), call.tx)
