"""Invoices of the signed-in client's account."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query

from services.billing.state import account_of
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["invoices"])

Limit = Annotated[int, Query(ge=1, le=100)]


class LineOut(Answer):
    """`kind`: new, setup or renewal; the end of a period is exclusive."""

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None
    period_start: date | None
    period_end: date | None


class InvoiceOut(Answer):
    """`status`: unpaid, payment_pending, paid or cancelled. Amounts in minor units."""

    invoice_id: UUID
    number: str
    status: str
    issued_on: date
    due_on: date
    paid_on: date | None
    currency: str
    total_minor: int
    open_minor: int
    lines: list[LineOut]


@router.get("/v1/invoices", who=Who.CLIENT)
async def get_invoices(
    call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[InvoiceOut]:
    """The account's invoices, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    async with acquire(call.db) as db:
        rows = await db.fetch(
            """select * from invoice_list where account_id = $1
               and ($2::uuid is null or invoice_id < $2) order by invoice_id desc limit $3""",
            account_id,
            after,
            limit,
        )
    return [_invoice(row) for row in rows]


@router.get("/v1/invoices/{invoice_id}", who=Who.CLIENT, errors=(NotFound,))
async def get_invoice(invoice_id: UUID, call: Call) -> InvoiceOut:
    """One invoice with its lines."""
    async with acquire(call.db) as db:
        row = await db.fetchrow("select * from invoice_list where invoice_id = $1", invoice_id)
    if row is None:
        raise NotFound()
    call.own(row["account_id"], row["brand"])
    return _invoice(row)


def _invoice(row: Record) -> InvoiceOut:
    fields = {**row, "lines": msgspec.json.decode(row["lines"])}
    return InvoiceOut.model_validate(fields)
