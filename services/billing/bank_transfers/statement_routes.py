"""Statements of our bank: taking them in, and how far their entries are."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict

from services.billing.bank_statements.reading import StatementTooLarge, StatementUnreadable
from services.billing.bank_transfers.importing import (
    BankAccountUnknown,
    ImportStatement,
    StatementDayImplausible,
    StatementEmpty,
    StatementNotFinal,
    StatementsOverlap,
    import_statement,
)
from services.billing.bank_transfers.looking import page_of_statements, statement_of
from services.billing.state import staff_brand_of, state_of
from shared.contracts.permissions import BILLING_BANK, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Call, Repeat, Router, Who

router = Router(tags=["bank transfers"])

BANK_STATEMENTS = "/v1/bank-statements"
Limit = Annotated[int, Query(ge=1, le=100)]
_STATEMENT = "01939000-0000-5000-8000-000000000040"


class StatementPartOut(Answer):
    """What the file says of one account of the brand's; `is_balanced`: nothing of it is missing."""

    method: str
    number: str
    currency: str
    from_on: date | None
    to_on: date | None
    entries: int
    passed_over: int
    is_balanced: bool | None


_PART: dict[str, Any] = {
    "method": "bank-transfer",
    "number": "221",
    "currency": "BRL",
    "from_on": "2026-11-01",
    "to_on": "2026-11-20",
    "entries": 12,
    "passed_over": 0,
    "is_balanced": True,
}


class ImportedOut(Answer):
    """A file as it was taken in; `is_new`: by this request. `new_entries`: not known before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "statement_id": _STATEMENT,
                    "is_new": True,
                    "format": "ofx",
                    "entries": 12,
                    "new_entries": 7,
                    "parts": [_PART],
                }
            ]
        }
    )

    statement_id: UUID
    is_new: bool
    format: str
    entries: int
    new_entries: int
    parts: list[StatementPartOut]


@router.post(
    BANK_STATEMENTS,
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_BANK,
    repeat=Repeat.NATURAL,
    errors=(
        NotFound,
        StatementUnreadable,
        StatementTooLarge,
        StatementEmpty,
        StatementNotFinal,
        StatementDayImplausible,
        BankAccountUnknown,
        StatementsOverlap,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def post_statement(call: Call) -> ImportedOut:
    """Take in a bank file (OFX, CAMT.053 or MT940): all of it or nothing; again, nothing new.

    What its entries pay is decided in the background.
    """
    brand = staff_brand_of(call)
    read = await state_of(call).bank_files.read(await call.request.body())
    statement, is_new = await import_statement(ImportStatement(brand=brand, read=read), call.tx)
    fields = {name: getattr(statement, name) for name in ("format", "entries", "new_entries")}
    parts = [StatementPartOut.model_validate(part) for part in statement.parts]
    return ImportedOut(statement_id=statement.id, is_new=is_new, parts=parts, **fields)


class StatementOut(Answer):
    """A file and how far its entries are: how many by status, and how many still wait."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "statement_id": _STATEMENT,
                    "format": "ofx",
                    "entries": 12,
                    "new_entries": 7,
                    "imported_at": "2026-11-22T12:00:00Z",
                    "imported_by": "user:01939000-0000-7000-8000-000000000002",
                    "by_status": {"allocated": 5, "open": 1},
                    "waiting": 1,
                    "parts": [_PART],
                }
            ]
        }
    )

    statement_id: UUID
    format: str
    entries: int
    new_entries: int
    imported_at: datetime
    imported_by: str
    by_status: dict[str, int]
    waiting: int
    parts: list[StatementPartOut]


@router.get(
    BANK_STATEMENTS + "/{statement_id}", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_statement(statement_id: UUID, call: Call) -> StatementOut:
    """What became of a file. `new_entries` of it are counted here, the others by files before."""
    async with acquire(call.db) as db:
        found = await statement_of(statement_id, db)
    call.own(None, found["brand"])
    return StatementOut.model_validate(found)


@router.get(BANK_STATEMENTS, who=Who.STAFF, scope=BILLING_READ)
async def get_statements(
    call: Call, limit: Limit = 20, after: UUID | None = None
) -> list[StatementOut]:
    """The brand's files, newest first; `after` is the last one of the page before."""
    async with acquire(call.db) as db:
        found = await page_of_statements(staff_brand_of(call), db, after=after, limit=limit)
    return [StatementOut.model_validate(each) for each in found]
