"""What came of comparing our days with those of the gateways."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import Path, Query
from pydantic import ConfigDict

from shared.contracts.permissions import BILLING_READ
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Call, Day, Router, Who

router = Router(tags=["reconciliation"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]

_DAYS = """
select * from reconciliation where brand = $1 and day between $2 and $3 order by day, gateway
limit 400
"""


class DayTotalOut(Answer):
    """What gateway, payments and ledger say came on the day, in minor units."""

    currency: str
    gateway_minor: int
    ours_minor: int
    ledger_minor: int


class ReconciliationOut(Answer):
    """`outcome`: null as long as it is due, then equal, differs (each a task) or unreported."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reconciliation_id": "01939000-0000-5000-8000-000000000051",
                    "gateway": "sandbox",
                    "day": "2026-11-21",
                    "asked_at": "2026-11-22T03:00:05Z",
                    "outcome": "equal",
                    "totals": [
                        {
                            "currency": "BRL",
                            "gateway_minor": 2990,
                            "ours_minor": 2990,
                            "ledger_minor": 2990,
                        }
                    ],
                    "differences": 0,
                }
            ]
        }
    )

    reconciliation_id: UUID
    gateway: str
    day: date
    asked_at: datetime
    outcome: Literal["equal", "differs", "unreported"] | None
    totals: list[DayTotalOut]
    differences: int | None


@router.get(
    "/v1/brands/{brand}/reconciliations", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_reconciliations(
    brand: BrandSlug, call: Call, first: Annotated[Day, Query()], last: Annotated[Day, Query()]
) -> list[ReconciliationOut]:
    """The days from `first` to `last`, at most 400 answers."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await db.fetch(_DAYS, brand, first, last)
    return [
        ReconciliationOut.model_validate({**row, "totals": msgspec.json.decode(row["totals"])})
        for row in rows
    ]
