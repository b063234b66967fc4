"""Invoices of the signed-in client's account, and what staff does with an issued one."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.credit_notes.writing_off import WriteOffInvoice, write_off_invoice
from services.billing.invoices.bodies import ReasonBody, TaxOut
from services.billing.invoices.commands import (
    CancelInvoice,
    NotAnInvoiceYet,
    invoice_of_brand,
    void_invoice,
)
from services.billing.invoices.settlement import (
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAwaited,
)
from services.billing.state import account_of, check_reader, staff_brand_of
from shared.contracts.permissions import BILLING_INVOICE, BILLING_WRITE_OFF
from shared.database import acquire
from shared.errors import Forbidden, NotFound, Stale
from shared.http import Answer, Call, Router, Who

router = Router(tags=["invoices"])

Limit = Annotated[int, Query(ge=1, le=100)]

_EXAMPLE: dict[str, Any] = {
    "invoice_id": "01939000-0000-7000-8000-000000000007",
    "number": "PON-2026-000042",
    "status": "unpaid",
    "issued_on": "2026-11-21",
    "due_on": "2026-12-05",
    "paid_on": None,
    "currency": "BRL",
    "total_minor": 2990,
    "open_minor": 2990,
    "net_minor": 2906,
    "tax_minor": 84,
    "prices_include_tax": True,
    "taxes": [
        {
            "name": "ISS",
            "category": "S",
            "rate_percent": "2.9",
            "taxable_minor": 2906,
            "tax_minor": 84,
            "note": "",
        }
    ],
    "lines": [
        {
            "kind": "renewal",
            "description": "Hospedagem Start – ana.example (05/12/2026 – 04/01/2027)",
            "net_minor": 2990,
            "service_id": "01939000-0000-7000-8000-000000000009",
            "period_start": "2026-12-05",
            "period_end": "2027-01-05",
        }
    ],
    "notes": [],
    "payee": {"name": "Ponto Ltda"},
    "is_pro_forma": False,
    "paid_minor": 0,
    "credit_minor": 0,
    "credited_minor": 0,
}


class WhyOut(Answer):
    """The rule by its code, the version of the policy, what led to it, and what was looked at."""

    rule: str
    policy_version: str = ""
    caused_by: UUID | None = None
    facts: dict[str, str] = Field(default_factory=dict)


class LineOut(Answer):
    """`kind`: new, setup, renewal, manual and others; the end of a period is exclusive.

    `net_minor` is without tax unless the invoice's prices include it.
    """

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None
    period_start: date | None
    period_end: date | None
    quantity: Decimal = Decimal(1)
    unit_minor: int | None = None
    discount_minor: int = 0
    tax_category: str = "standard"
    why: WhyOut | None = None


class InvoiceOut(Answer):
    """`status`: unpaid, payment_pending, paid, cancelled, credited or written_off.

    Amounts in minor units; `total_minor` is with tax. It was settled by payments (`paid_minor`) and
    by the account's credit (`credit_minor`); `credited_minor` was taken back by credit notes.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

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
    net_minor: int
    tax_minor: int
    taxes: list[TaxOut]
    prices_include_tax: bool
    notes: list[str]
    payee: dict[str, str]
    is_pro_forma: bool
    corrects: UUID | None
    corrected_by: UUID | None
    about_invoice_id: UUID | None
    paid_minor: int
    credit_minor: int
    credited_minor: int


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


@router.get("/v1/invoices/{invoice_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_invoice(invoice_id: UUID, call: Call) -> InvoiceOut:
    """One invoice with its lines and taxes, for its account or its brand's staff."""
    async with acquire(call.db) as db:
        row = await db.fetchrow("select * from invoice_list where invoice_id = $1", invoice_id)
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    return _invoice(row)


def _invoice(row: Record) -> InvoiceOut:
    decoded = {name: msgspec.json.decode(row[name]) for name in _JSON}
    net_minor = row["total_minor"] - row["tax_minor"]
    return InvoiceOut.model_validate({**row, **decoded, "net_minor": net_minor})


_JSON = ("lines", "taxes", "notes", "payee")


@router.post(
    "/v1/invoices/{invoice_id}/cancel",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(
        NotFound,
        Stale,
        InvoiceAlreadyPaid,
        InvoiceIsCancelled,
        InvoiceIsWrittenOff,
        PaymentAwaited,
    ),
)
async def post_cancel(invoice_id: UUID, body: ReasonBody, call: Call) -> None:
    """Make an unpaid invoice void; credit that was used for it is given back.

    A late fee for it is taken back as well: what was paid of the fee becomes credit.
    """
    brand, tx = staff_brand_of(call), call.tx
    version = call.expected_version
    await invoice_of_brand(invoice_id, brand, tx=tx, expected_version=version)
    today = await today_for(brand, tx)
    command = CancelInvoice(invoice_id=invoice_id, today=today, reason=body.reason)
    await void_invoice(command, tx)


@router.post(
    "/v1/invoices/{invoice_id}/write-off",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_WRITE_OFF,
    errors=(
        NotAnInvoiceYet,
        NotFound,
        Stale,
        InvoiceAlreadyPaid,
        InvoiceIsCancelled,
        InvoiceIsWrittenOff,
        PaymentAwaited,
    ),
)
async def post_write_off(invoice_id: UUID, body: ReasonBody, call: Call) -> None:
    """Give up what is open of an invoice. A late fee for it stays: it had been owed."""
    brand = staff_brand_of(call)
    command = WriteOffInvoice(
        invoice_id=invoice_id,
        brand=brand,
        today=await today_for(brand, call.tx),
        reason=body.reason,
        expected_version=call.expected_version,
    )
    call.etag((await write_off_invoice(command, call.tx)).version)
