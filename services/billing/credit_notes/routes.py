"""Credit notes: clients read theirs, staff takes back and corrects what was invoiced."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.credit_notes.commands import (
    CorrectedLine,
    CorrectInvoice,
    IssueCreditNote,
    correct_and_reissue,
    issue_credit_note,
)
from services.billing.credit_notes.credited import CreditedAmountInvalid, NothingToCredit
from services.billing.invoices.bodies import Amount, MoneyLine, TaxCategory, TaxOut
from services.billing.invoices.commands import InvoiceBelowZero, NotAnInvoiceYet
from services.billing.invoices.settlement import (
    CreditTooLarge,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAwaited,
)
from services.billing.state import account_of, check_reader, staff_brand_of
from shared.contracts.permissions import BILLING_CORRECT
from shared.database import acquire
from shared.errors import Forbidden, NotFound, Stale
from shared.http import Answer, Body, Call, Day, Line, Router, Who
from shared.ids import new_id

router = Router(tags=["credit notes"])

REFUSALS = (
    NotFound,
    Stale,
    NothingToCredit,
    CreditedAmountInvalid,
    CreditTooLarge,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAwaited,
    NotAnInvoiceYet,
)


class CreditedLineOut(Answer):
    """What is taken back of the invoice's line at `place`, from 0."""

    place: int
    description: str
    amount_minor: int
    net_minor: int


class CreditNoteOut(Answer):
    """Amounts in minor units, above zero; `total_minor` is with tax.

    `returned_minor` of it had been paid and became the account's credit.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credit_note_id": "01939000-0000-7000-8000-000000000013",
                    "number": "PON-C-2026-000003",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "invoice_number": "PON-2026-000042",
                    "issued_on": "2026-11-25",
                    "currency": "BRL",
                    "lines": [
                        {
                            "place": 0,
                            "description": "Hospedagem Start – ana.example",
                            "amount_minor": 2990,
                            "net_minor": 2906,
                        }
                    ],
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
                    "tax_minor": 84,
                    "total_minor": 2990,
                    "returned_minor": 2990,
                    "reason": "Cobrada em dobro",
                    "prices_include_tax": True,
                    "corrected_by": None,
                }
            ]
        }
    )

    credit_note_id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    issued_on: date
    currency: str
    lines: list[CreditedLineOut]
    taxes: list[TaxOut]
    tax_minor: int
    total_minor: int
    returned_minor: int
    reason: str
    prices_include_tax: bool
    corrected_by: UUID | None


@router.get("/v1/credit-notes", who=Who.CLIENT)
async def get_credit_notes(
    call: Call, limit: Annotated[int, Query(ge=1, le=100)] = 50, after: UUID | None = None
) -> list[CreditNoteOut]:
    """The account's credit notes, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    async with acquire(call.db) as db:
        rows = await db.fetch(
            """select * from credit_note where account_id = $1
               and ($2::uuid is null or credit_note_id < $2) order by 1 desc limit $3""",
            account_id,
            after,
            limit,
        )
    return [_shown(row) for row in rows]


@router.get("/v1/credit-notes/{credit_note_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_credit_note(credit_note_id: UUID, call: Call) -> CreditNoteOut:
    """One credit note, for its account or its brand's staff."""
    async with acquire(call.db) as db:
        row = await db.fetchrow(
            "select * from credit_note where credit_note_id = $1", credit_note_id
        )
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    return _shown(row)


def _shown(row: Record) -> CreditNoteOut:
    decoded = {name: msgspec.json.decode(row[name]) for name in ("lines", "taxes")}
    return CreditNoteOut.model_validate({**row, **decoded})


Place = Annotated[int, Field(ge=0, lt=1000)]


class CreditedLineBody(Body):
    """A line of the invoice, counted from 0, and how much of it is taken back, as priced."""

    line: Place
    amount_minor: Amount


class CreditNoteBody(Body):
    """Without `lines` all that is left of the invoice is taken back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reason": "Two days without service", "lines": [{"line": 0, "amount_minor": 500}]}
            ]
        }
    )

    reason: Line
    lines: Annotated[list[CreditedLineBody], Field(min_length=1, max_length=500)] | None = None

    def amounts(self) -> dict[int, int] | None:
        """Place of a line -> amount. `CreditedAmountInvalid` for a line that stands there twice."""
        if self.lines is None:
            return None
        amounts = {each.line: each.amount_minor for each in self.lines}
        if len(amounts) != len(self.lines):
            raise CreditedAmountInvalid(field="lines", reason="a line stands there twice")
        return amounts


class CreditNoteIssuedOut(Answer):
    """The new credit note."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credit_note_id": "01939000-0000-7000-8000-000000000013",
                    "number": "PON-C-2026-000003",
                    "total_minor": 2990,
                    "returned_minor": 2990,
                }
            ]
        }
    )

    credit_note_id: UUID
    number: str
    total_minor: int
    returned_minor: int


@router.post(
    "/v1/invoices/{invoice_id}/credit-notes",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_CORRECT,
    errors=REFUSALS,
)
async def post_credit_note(
    invoice_id: UUID, body: CreditNoteBody, call: Call
) -> CreditNoteIssuedOut:
    """Take back a part of an invoice or all of it. What had been paid becomes credit.

    Of an invoice that is taken back whole the late fee is, too.
    """
    note = await issue_credit_note(await _credit_note(invoice_id, body, call=call), call.tx)
    return CreditNoteIssuedOut(
        credit_note_id=note.id,
        number=note.number,
        total_minor=note.total_minor,
        returned_minor=note.returned_minor,
    )


async def _credit_note(invoice_id: UUID, body: CreditNoteBody, *, call: Call) -> IssueCreditNote:
    brand = staff_brand_of(call)
    return IssueCreditNote(
        id=new_id(),
        invoice_id=invoice_id,
        brand=brand,
        today=await today_for(brand, call.tx),
        reason=body.reason,
        amounts=body.amounts(),
        expected_version=call.expected_version,
    )


class CorrectedLineBody(MoneyLine):
    """`line`: the old line, from 0, that it stands for, with its service and period."""

    line: Place | None = None
    tax_category: TaxCategory | None = None


_CORRECTION: dict[str, Any] = {
    "reason": "The price agreed by telephone",
    "due_on": "2026-12-05",
    "lines": [{"line": 0, "description": "Hosting Pro, December", "net_minor": 2500}],
}


class CorrectionBody(Body):
    """What the invoice should have said. Due today at the earliest."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CORRECTION]})

    reason: Line
    due_on: Day
    lines: Annotated[list[CorrectedLineBody], Field(min_length=1, max_length=500)]
    notes: Annotated[list[Line], Field(max_length=20)] = Field(default_factory=list)


class CorrectionOut(Answer):
    """The invoice that takes the place of the old one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": "01939000-0000-7000-8000-000000000008",
                    "number": "PON-2026-000043",
                    "credit_note_id": "01939000-0000-7000-8000-000000000013",
                    "total_minor": 1990,
                    "open_minor": 0,
                }
            ]
        }
    )

    invoice_id: UUID
    number: str
    credit_note_id: UUID
    total_minor: int
    open_minor: int


@router.post(
    "/v1/invoices/{invoice_id}/corrections",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_CORRECT,
    errors=(*REFUSALS, InvoiceBelowZero),
)
async def post_correction(invoice_id: UUID, body: CorrectionBody, call: Call) -> CorrectionOut:
    """Take an invoice back and issue it anew, in one step. What had been paid stays paid.

    A late fee for it stays, unless nothing is charged anew.
    """
    command = await _correction(invoice_id, body, call=call)
    invoice = await correct_and_reissue(command, call.tx)
    return CorrectionOut(
        invoice_id=invoice.id,
        number=invoice.number,
        credit_note_id=command.credit_note_id,
        total_minor=invoice.total_minor,
        open_minor=invoice.open_minor,
    )


async def _correction(invoice_id: UUID, body: CorrectionBody, *, call: Call) -> CorrectInvoice:
    brand = staff_brand_of(call)
    return CorrectInvoice(
        invoice_id=invoice_id,
        credit_note_id=new_id(),
        new_id=new_id(),
        brand=brand,
        today=await today_for(brand, call.tx),
        due_on=body.due_on,
        reason=body.reason,
        lines=[
            CorrectedLine(
                description=each.description,
                net_minor=each.net_minor,
                place=each.line,
                tax_category=each.tax_category,
            )
            for each in body.lines
        ],
        notes=body.notes,
        expected_version=call.expected_version,
    )
