"""Paying by bank transfer, and what our bank's statements say of it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Path, Query
from pydantic import ConfigDict, Field

from services.billing.bank_statements.reading import StatementTooLarge, StatementUnreadable
from services.billing.bank_transfers.bank_entry import (
    EntryBringsNoMoney,
    EntryIsDecided,
    EntryIsOpen,
    ReadingUnknown,
    SharesExceedEntry,
)
from services.billing.bank_transfers.commands import (
    MOST_INVOICES,
    AccountsDiffer,
    AssignEntry,
    ConfirmReading,
    Part,
    ReopenEntry,
    SetEntryAside,
    assign_entry,
    confirm_reading,
    reopen_entry,
    set_entry_aside,
)
from services.billing.bank_transfers.importing import (
    BankAccountUnknown,
    ImportStatement,
    StatementDayImplausible,
    StatementEmpty,
    StatementNotFinal,
    StatementsOverlap,
    import_statement,
)
from services.billing.bank_transfers.instructions import transfer_instructions
from services.billing.bank_transfers.looking import (
    entry_of,
    page_of_entries,
    page_of_statements,
    statement_of,
)
from services.billing.credit.credit_balance import CreditTooSmall
from services.billing.invoices.bodies import Charge, ReasonBody
from services.billing.invoices.reversals import InvoiceIsCredited
from services.billing.invoices.settlement import (
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
)
from services.billing.payments.allocation import CurrenciesDiffer, InvoiceNamedTwice
from services.billing.payments.payment import Purpose
from services.billing.payments.reversing import PaymentNotReversible
from services.billing.state import cause_of, check_reader, staff_brand_of, state_of
from shared.contracts.permissions import BILLING_BANK, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Id, Repeat, Router, Who

router = Router(tags=["bank transfers"])

BANK_STATEMENTS = "/v1/bank-statements"
BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Limit = Annotated[int, Query(ge=1, le=100)]
_ENTRY = "01939000-0000-5000-8000-000000000041"
_STATEMENT = "01939000-0000-5000-8000-000000000040"
_INVOICE = "01939000-0000-7000-8000-000000000007"
_ACCOUNT = "01939000-0000-7000-8000-000000000001"


class TransferWayOut(Answer):
    """A way to pay by transfer: its name by language, and what the payer needs, by name."""

    method: str
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str]


class TransferOut(Answer):
    """What to pay (minor units), where to, and the reference to write; no way: nothing is owed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": _INVOICE,
                    "reference": "PON-2026-000042",
                    "amount_minor": 2990,
                    "currency": "BRL",
                    "due_on": "2026-12-05",
                    "ways": [
                        {
                            "method": "bank-transfer",
                            "label": {"pt-BR": "Transferência bancária"},
                            "clearing_days": 2,
                            "details": {"bank": "001", "branch": "0452-1", "account": "73481-6"},
                        }
                    ],
                }
            ]
        }
    )

    invoice_id: UUID
    reference: str
    amount_minor: int
    currency: str
    due_on: date
    ways: list[TransferWayOut]


@router.get("/v1/invoices/{invoice_id}/bank-transfer", who=Who.USER, errors=(NotFound,))
async def get_transfer(invoice_id: UUID, call: Call) -> TransferOut:
    """How to pay the invoice by bank transfer: at once, nothing is begun by asking."""
    async with call.store.transaction(cause_of(call)) as tx:
        told = await transfer_instructions(invoice_id, tx)
    check_reader(call, told.account_id, brand=told.brand)
    return TransferOut.model_validate(told)


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


class ReadingOut(Answer):
    """What the entry may pay. `reasons`: codes of what speaks for it; `score`: their points.

    What the invoices do not take goes to the top-ups.
    """

    account_ids: list[UUID]
    invoice_ids: list[UUID]
    top_up_ids: list[UUID] = Field(default_factory=list)
    score: int
    reasons: list[str]


class ShareOut(Answer):
    """What of the entry is a payment, in minor units; `invoice_minor` of it for the invoice.

    `purpose`: invoice, or top_up, of which `invoice_id` is the id then.
    """

    account_id: UUID
    invoice_id: UUID
    payment_id: UUID
    amount_minor: int
    invoice_minor: int
    purpose: Purpose = "invoice"


class EntryOut(Answer):
    """An entry of a statement, with what the bank wrote as long as that is kept.

    `status`: open, allocated or set_aside. `reasons` say why it was left to staff, `readings` what
    it may pay, the best first; confirm one by its place.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "entry_id": _ENTRY,
                    "statement_id": _STATEMENT,
                    "method": "bank-transfer",
                    "booked_on": "2026-11-20",
                    "value_on": "2026-11-20",
                    "amount_minor": 2990,
                    "currency": "BRL",
                    "brings_money": True,
                    "status": "open",
                    "reasons": ["too_little_known"],
                    "readings": [
                        {
                            "account_ids": [_ACCOUNT],
                            "invoice_ids": [_INVOICE],
                            "top_up_ids": [],
                            "score": 40,
                            "reasons": ["amount_is_open"],
                        }
                    ],
                    "shares": [],
                    "decided_by": None,
                    "reason": None,
                    "payer_name": "ANA SOUZA",
                    "payer_account": "",
                    "remittance": "hospedagem",
                }
            ]
        }
    )

    entry_id: UUID
    statement_id: UUID
    method: str
    booked_on: date
    value_on: date
    amount_minor: int
    currency: str
    brings_money: bool
    status: Literal["open", "allocated", "set_aside"]
    reasons: list[str]
    readings: list[ReadingOut]
    shares: list[ShareOut]
    decided_by: str | None
    reason: str | None
    payer_name: str | None
    payer_account: str | None
    remittance: str | None


@router.get(
    "/v1/brands/{brand}/bank-entries", who=Who.STAFF, scope=BILLING_BANK, errors=(NotFound,)
)
async def get_entries(
    brand: BrandSlug,
    call: Call,
    status: Literal["open", "allocated", "set_aside"] = "open",
    limit: Limit = 50,
    after: UUID | None = None,
) -> list[EntryOut]:
    """The brand's entries of a status, oldest first; `after`: the last of the page before."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await page_of_entries(brand, status, db, after=after, limit=limit)
    return [_told(row) for row in rows]


@router.get("/v1/bank-entries/{entry_id}", who=Who.STAFF, scope=BILLING_BANK, errors=(NotFound,))
async def get_entry(entry_id: UUID, call: Call) -> EntryOut:
    """One entry; its ETag goes into the If-Match of what is decided about it."""
    async with acquire(call.db) as db:
        row, version = await entry_of(entry_id, db)
    call.own(None, row["brand"])
    call.etag(version)
    return _told(row)


def _told(row: Record) -> EntryOut:
    lists = {name: msgspec.json.decode(row[name]) for name in ("reasons", "readings", "shares")}
    return EntryOut.model_validate({**row, **lists})


_DECIDES = (NotFound, Stale, EntryIsDecided, EntryBringsNoMoney)
_PAYS = (
    *_DECIDES,
    SharesExceedEntry,
    AccountsDiffer,
    CurrenciesDiffer,
    InvoiceNamedTwice,
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
)


class ConfirmationBody(Body):
    """Which of the suggestions is right: its place in `readings`, from 0."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reading": 0}]})

    reading: Annotated[int, Field(ge=0, le=100)]


@router.post(
    "/v1/bank-entries/{entry_id}/confirmation",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_BANK,
    errors=(*_PAYS, ReadingUnknown),
)
async def post_confirmation(entry_id: UUID, body: ConfirmationBody, call: Call) -> None:
    """Take a suggestion: its invoices are paid, what they do not take is credit, as top-ups are."""
    command = ConfirmReading(
        entry_id=entry_id,
        brand=staff_brand_of(call),
        place=body.reading,
        expected_version=call.expected_version,
    )
    call.etag((await confirm_reading(command, call.tx)).version)


class AssignedPartBody(Body):
    """An invoice, and what of the entry is for it; left out: as much as is open.

    Or, by its `purpose`, a top-up, of which `invoice_id` is the id; left out: all that is left.
    """

    invoice_id: Id
    amount_minor: Charge | None = None
    purpose: Purpose = "invoice"


class AssignmentBody(Body):
    """The invoices and top-ups in the order in which they are paid; of one account if anything is
    left over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"invoices": [{"invoice_id": _INVOICE, "amount_minor": 1500}]}]
        }
    )

    invoices: Annotated[list[AssignedPartBody], Field(min_length=1, max_length=MOST_INVOICES)]


@router.post(
    "/v1/bank-entries/{entry_id}/assignment",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_BANK,
    errors=_PAYS,
)
async def post_assignment(entry_id: UUID, body: AssignmentBody, call: Call) -> None:
    """Say which invoices or top-ups the entry pays, in whole or in part; the rest is credit."""
    command = AssignEntry(
        entry_id=entry_id,
        brand=staff_brand_of(call),
        parts=[Part(**each.model_dump()) for each in body.invoices],
        expected_version=call.expected_version,
    )
    call.etag((await assign_entry(command, call.tx)).version)


@router.post(
    "/v1/bank-entries/{entry_id}/setting-aside",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_BANK,
    errors=(NotFound, Stale, EntryIsDecided),
)
async def post_setting_aside(entry_id: UUID, body: ReasonBody, call: Call) -> None:
    """The entry pays no invoice: staff looks at it no more."""
    command = SetEntryAside(
        entry_id=entry_id,
        brand=staff_brand_of(call),
        reason=body.reason,
        expected_version=call.expected_version,
    )
    call.etag((await set_entry_aside(command, call.tx)).version)


@router.post(
    "/v1/bank-entries/{entry_id}/reopening",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_BANK,
    errors=(
        NotFound,
        Stale,
        EntryIsOpen,
        CreditTooSmall,
        PaymentNotReversible,
        InvoiceIsCredited,
        InvoiceIsCancelled,
        InvoiceIsWrittenOff,
    ),
)
async def post_reopening(entry_id: UUID, body: ReasonBody, call: Call) -> None:
    """Take back what was decided: its payments by new events, and what they settled is owed."""
    command = ReopenEntry(
        entry_id=entry_id,
        brand=staff_brand_of(call),
        reason=body.reason,
        expected_version=call.expected_version,
    )
    call.etag((await reopen_entry(command, call.tx)).version)
