"""An account's statement as of a past date, for the client and for staff."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, ConfigDict

from services.billing.brands.brand import Brand
from services.billing.contacts.contact import brand_of_account
from services.billing.state import account_of, cause_of
from services.billing.statements.history import history_of
from services.billing.statements.statement import AsOf, Statement, statement_of
from shared.contracts.permissions import BILLING_READ
from shared.errors import NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["statements"])

TrueOn = Annotated[date, Query(description="The date in question, by the brand's calendar.")]
KnownAt = Annotated[
    AwareDatetime | None, Query(description="By what was recorded until then; all, without it.")
]


class InvoiceAsOfOut(Answer):
    """An invoice that was issued by the date, and what was open of it.

    A pro forma was not booked by then: it is not owed.
    """

    invoice_id: UUID
    number: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    open_minor: int
    is_booked: bool


class ServiceAsOfOut(Answer):
    """A service and its status on the date."""

    service_id: UUID
    product_name: dict[str, str]
    domain: str
    status: str


class StatementOut(Answer):
    """Minor units by currency: what was owed, and the account's credit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "true_on": "2026-11-30",
                    "known_at": None,
                    "owed_minor": {"BRL": 2990},
                    "credit_minor": {},
                    "invoices": [],
                    "services": [],
                }
            ]
        }
    )

    true_on: date
    known_at: datetime | None
    owed_minor: dict[str, int]
    credit_minor: dict[str, int]
    invoices: list[InvoiceAsOfOut]
    services: list[ServiceAsOfOut]


@router.get("/v1/statement", who=Who.CLIENT, errors=(NotFound,))
async def get_statement(call: Call, true_on: TrueOn, known_at: KnownAt = None) -> StatementOut:
    """The own account as of a date, by what was known then or by what is known now."""
    account_id, _ = account_of(call)
    return await _statement(account_id, call, true_on=true_on, known_at=known_at)


@router.get(
    "/v1/accounts/{account_id}/statement", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_statement_of(
    account_id: UUID, call: Call, true_on: TrueOn, known_at: KnownAt = None
) -> StatementOut:
    """A client's account as of a date."""
    return await _statement(account_id, call, true_on=true_on, known_at=known_at)


async def _statement(
    account_id: UUID, call: Call, *, true_on: date, known_at: datetime | None
) -> StatementOut:
    async with call.store.transaction(cause_of(call)) as tx:
        brand = await tx.load(Brand, Brand.id_of(await brand_of_account(account_id, tx.read)))
    call.own(account_id, brand.brand)
    as_of = AsOf(true_on=true_on, known_at=known_at, zone=brand.settings.time_zone)
    history = await history_of(account_id, brand.brand, pool=call.db)
    return _shown(statement_of(history, as_of), as_of)


def _shown(statement: Statement, as_of: AsOf) -> StatementOut:
    return StatementOut(
        true_on=as_of.true_on,
        known_at=as_of.known_at,
        owed_minor={key: minor for key, minor in statement.owed_minor.items() if minor},
        credit_minor={key: minor for key, minor in statement.credit_minor.items() if minor},
        invoices=[
            InvoiceAsOfOut.model_validate(vars(each)) for each in statement.invoices.values()
        ],
        services=[
            ServiceAsOfOut.model_validate(vars(each)) for each in statement.services.values()
        ],
    )
