"""Services that the signed-in client's account holds, and renewing them on demand."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.contacts.contact import AccountNotReady
from services.billing.held_services.commands import RenewEarly, renew_early
from services.billing.held_services.terms import (
    CancellationPending,
    ChangePending,
    NothingDue,
    RenewalUnpaid,
    ServiceNotActive,
)
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.commands import (
    NeverRequested,
    RequestCreation,
    retry_creation,
)
from services.billing.state import account_of, check_reader
from shared.database import acquire
from shared.errors import Forbidden, NotFound, Stale
from shared.http import Answer, Body, Call, Router, Who

router = Router(tags=["services"])

Limit = Annotated[int, Query(ge=1, le=100)]
MOST_PERIODS = 36

_WITH_VERSION = """
select s.*, (select max(version) from events where stream_id = $1) as version
from service_list s where service_id = $1
"""


class OptionOut(Answer):
    """An option as it was chosen: a value by its name, or so many units."""

    option: str
    name: dict[str, str]
    value_name: dict[str, str] = Field(default_factory=dict)
    quantity: int = 1
    recurring_minor: int = 0


class CancellationOut(Answer):
    """The service ends where `ends_on` begins. `at`: now or period_end."""

    at: str
    ends_on: date
    reason: str


class ChangeOut(Answer):
    """What the service is to become, on `effective_on` or when `invoice_id` is paid."""

    change_id: UUID
    kind: str
    product_id: UUID
    product_name: dict[str, str]
    cycle: str
    recurring_minor: int
    effective_on: date
    invoice_id: UUID | None = None
    net_minor: int = 0


class ServiceOut(Answer):
    """`status`: pending, active, suspended, terminated or cancelled. Price in minor units.

    `grace_ends_on`: staff lets it run in debt; before that day it is not suspended for it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service_id": "01939000-0000-7000-8000-000000000001",
                    "status": "active",
                    "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                    "product_name": {"en": "Start hosting"},
                    "domain": "ana.example",
                    "cycle": "monthly",
                    "recurring_minor": 2990,
                    "currency": "BRL",
                    "next_due_on": "2026-12-21",
                    "parent_id": None,
                    "quantity": 1,
                    "options": [],
                    "ends_on": None,
                    "cancellation": {
                        "at": "period_end",
                        "ends_on": "2026-12-21",
                        "reason": "not_needed",
                    },
                    "change": None,
                    "suspension_reason": None,
                    "grace_ends_on": None,
                }
            ]
        }
    )

    service_id: UUID
    status: str
    product_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    next_due_on: date | None
    parent_id: UUID | None
    quantity: int
    options: list[OptionOut]
    ends_on: date | None
    cancellation: CancellationOut | None
    change: ChangeOut | None
    suspension_reason: str | None
    grace_ends_on: date | None


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


@router.get("/v1/services/{service_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_service(service_id: UUID, call: Call) -> ServiceOut:
    """One service, for its account and for staff, with its version as ETag."""
    async with acquire(call.db) as db:
        row = await db.fetchrow(_WITH_VERSION, service_id)
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    call.etag(row["version"])
    return _service(row)


def _service(row: Record) -> ServiceOut:
    fields: dict[str, Any] = dict(row)
    for name in ("product_name", "options", "cancellation", "change"):
        fields[name] = msgspec.json.decode(fields[name]) if fields[name] else None
    return ServiceOut.model_validate(fields)


class RenewalBody(Body):
    """How many periods are to be paid for in advance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"periods": 12}]})

    periods: int = Field(ge=1, le=MOST_PERIODS, default=1)


class RenewalOut(Answer):
    """The invoice; paying it renews the service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "number": "PON-2026-000042",
                    "due_on": "2026-12-21",
                    "total_minor": 2990,
                    "currency": "BRL",
                }
            ]
        }
    )

    invoice_id: UUID
    number: str
    due_on: date
    total_minor: int
    currency: str


@router.post(
    "/v1/services/{service_id}/renewals",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        NotFound,
        Stale,
        ServiceNotActive,
        RenewalUnpaid,
        ChangePending,
        CancellationPending,
        NothingDue,
        AccountNotReady,
    ),
)
async def post_renewal(service_id: UUID, body: RenewalBody, call: Call) -> RenewalOut:
    """Renew a service before it is due. With If-Match only as it was read."""
    account_id, brand = account_of(call)
    command = RenewEarly(
        service_id=service_id,
        account_id=account_id,
        periods=body.periods,
        today=await today_for(brand, call.tx),
        expected_version=call.expected_version,
    )
    return _renewal(await renew_early(command, call.tx))


def _renewal(invoice: Invoice) -> RenewalOut:
    return RenewalOut(
        invoice_id=invoice.id,
        number=invoice.number,
        due_on=invoice.due_on,
        total_minor=invoice.total_minor,
        currency=invoice.currency,
    )


@router.post(
    "/internal/services/{service_id}/creation",
    status_code=204,
    who=Who.INTERNAL,
    errors=(NotFound, NeverRequested),
)
async def post_creation(service_id: UUID, call: Call) -> None:
    """Ask the panel again for a service that it refused to create, once the cause is gone."""
    await retry_creation(RequestCreation(service_id=service_id), call.tx)
