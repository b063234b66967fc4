"""Entries of statements that staff decides about."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Path, Query
from pydantic import ConfigDict, Field

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
from services.billing.bank_transfers.looking import entry_of, page_of_entries
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
from services.billing.state import staff_brand_of
from shared.contracts.permissions import BILLING_BANK
from shared.database import acquire
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Id, Router, Who

router = Router(tags=["bank transfers"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Limit = Annotated[int, Query(ge=1, le=100)]
_ENTRY = "01939000-0000-5000-8000-000000000041"
_STATEMENT = "01939000-0000-5000-8000-000000000040"
_INVOICE = "01939000-0000-7000-8000-000000000007"
_ACCOUNT = "01939000-0000-7000-8000-000000000001"


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
