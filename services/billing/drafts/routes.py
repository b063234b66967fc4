"""Drafts of invoices: staff prepares them, merges and splits them, and issues them."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from asyncpg import Record
from fastapi import Path, Query
from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.brands.currencies import CurrencyNotSold
from services.billing.contacts.contact import AccountNotReady, brand_of_account
from services.billing.drafts.commands import (
    IssueDraft,
    MergeDrafts,
    OfDraft,
    OpenDraft,
    PutLine,
    RemoveLine,
    SplitDraft,
    add_line,
    change_line,
    discard_draft,
    issue_draft,
    merge_drafts,
    open_draft,
    remove_line,
    split_draft,
)
from services.billing.drafts.draft import (
    DraftIsClosed,
    DraftIsEmpty,
    DraftLine,
    DraftsDiffer,
    DraftTooLong,
)
from services.billing.invoices.bodies import Amount, Currency, Quantity, TaxCategory, whole_minor
from services.billing.invoices.commands import InvoiceBelowZero
from services.billing.state import staff_brand_of
from shared.contracts.permissions import BILLING_INVOICE, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Day, Id, Line, Router, Who
from shared.ids import new_id

router = Router(tags=["drafts"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
CHANGES = (NotFound, Stale, DraftIsClosed)


class DraftLineOut(Answer):
    """A line as priced."""

    line_id: UUID
    description: str
    net_minor: int
    quantity: Decimal
    unit_minor: int | None
    tax_category: str


class DraftOut(Answer):
    """`status`: open, issued, discarded or merged (into the draft `into_id`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "draft_id": "01939000-0000-7000-8000-000000000015",
                    "account_id": "01939000-0000-7000-8000-000000000001",
                    "currency": "BRL",
                    "status": "open",
                    "invoice_id": None,
                    "into_id": None,
                }
            ]
        }
    )

    draft_id: UUID
    account_id: UUID
    currency: str
    status: str
    invoice_id: UUID | None
    into_id: UUID | None


class DraftDocument(DraftOut):
    """A draft with its lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "draft_id": "01939000-0000-7000-8000-000000000015",
                    "account_id": "01939000-0000-7000-8000-000000000001",
                    "currency": "BRL",
                    "status": "open",
                    "invoice_id": None,
                    "into_id": None,
                    "lines": [
                        {
                            "line_id": "01939000-0000-7000-8000-000000000016",
                            "description": "Migration",
                            "net_minor": 5000,
                            "quantity": "2",
                            "unit_minor": 2500,
                            "tax_category": "standard",
                        }
                    ],
                }
            ]
        }
    )

    lines: list[DraftLineOut]


@router.get("/v1/brands/{brand}/drafts", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_drafts(
    brand: BrandSlug,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[DraftOut]:
    """The open drafts of the brand, newest first; `after` is the last of the page before."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await db.fetch(
            """select * from draft where brand = $1 and status = 'open'
               and ($2::uuid is null or draft_id < $2) order by draft_id desc limit $3""",
            brand,
            after,
            limit,
        )
    return [DraftOut.model_validate(dict(row)) for row in rows]


@router.get("/v1/drafts/{draft_id}", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_draft(draft_id: UUID, call: Call) -> DraftDocument:
    """One draft, with its version as ETag."""
    async with acquire(call.db) as db:
        row = await db.fetchrow(_WITH_VERSION, draft_id)
        lines = await db.fetch(
            "select * from draft_line where draft_id = $1 order by line_id", draft_id
        )
    if row is None:
        raise NotFound()
    call.own(None, row["brand"])
    call.etag(row["version"])
    return _document(row, lines)


_WITH_VERSION = """
select d.*, (select max(version) from events where stream_id = $1) as version
from draft d where draft_id = $1
"""


def _document(row: Record, lines: list[Record]) -> DraftDocument:
    return DraftDocument.model_validate({**row, "lines": [dict(line) for line in lines]})


class DraftBody(Body):
    """The currency of the invoice."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"currency": "BRL"}]})

    currency: Currency


class DraftId(Answer):
    """Which draft it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"draft_id": "01939000-0000-7000-8000-000000000015"}]}
    )

    draft_id: UUID


@router.post(
    "/v1/accounts/{account_id}/drafts",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(NotFound, CurrencyNotSold),
)
async def post_draft(account_id: UUID, body: DraftBody, call: Call) -> DraftId:
    """Begin an invoice for an account."""
    brand = await brand_of_account(account_id, call.tx.read)
    call.own(None, brand)
    command = OpenDraft(id=new_id(), account_id=account_id, brand=brand, currency=body.currency)
    draft = await open_draft(command, call.tx)
    call.etag(draft.version)
    return DraftId(draft_id=draft.id)


class DraftLineBody(Body):
    """So many at so much each, as priced; below zero takes off."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"description": "Migration", "quantity": "2.5", "unit_minor": 12000}]
        }
    )

    description: Line
    quantity: Quantity = "1"
    unit_minor: Amount
    tax_category: TaxCategory = "standard"

    def line(self, line_id: UUID) -> DraftLine:
        """The line with its sum."""
        return DraftLine(
            line_id=line_id,
            description=self.description,
            net_minor=whole_minor(self.quantity, self.unit_minor),
            quantity=Decimal(self.quantity),
            unit_minor=self.unit_minor,
            tax_category=self.tax_category,
        )


class LineId(Answer):
    """Which line it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"line_id": "01939000-0000-7000-8000-000000000016"}]}
    )

    line_id: UUID


@router.post(
    "/v1/drafts/{draft_id}/lines",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(*CHANGES, DraftTooLong),
)
async def post_line(draft_id: UUID, body: DraftLineBody, call: Call) -> LineId:
    """Add a line at the end."""
    line = body.line(new_id())
    command = PutLine(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
        line=line,
    )
    call.etag((await add_line(command, call.tx)).version)
    return LineId(line_id=line.line_id)


@router.put(
    "/v1/drafts/{draft_id}/lines/{line_id}",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=CHANGES,
)
async def put_line(draft_id: UUID, line_id: UUID, body: DraftLineBody, call: Call) -> None:
    """Let a line say something else."""
    command = PutLine(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
        line=body.line(line_id),
    )
    call.etag((await change_line(command, call.tx)).version)


@router.delete(
    "/v1/drafts/{draft_id}/lines/{line_id}",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=CHANGES,
)
async def delete_line(draft_id: UUID, line_id: UUID, call: Call) -> None:
    """Take a line out. A second time there is none."""
    command = RemoveLine(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
        line_id=line_id,
    )
    call.etag((await remove_line(command, call.tx)).version)


class MergeBody(Body):
    """The other draft, whose lines go into this one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from_id": "01939000-0000-7000-8000-000000000015"}]}
    )

    from_id: Id


@router.post(
    "/v1/drafts/{draft_id}/merge",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(*CHANGES, DraftsDiffer, DraftTooLong),
)
async def post_merge(draft_id: UUID, body: MergeBody, call: Call) -> None:
    """Take all lines of another draft of the account, which is closed by it."""
    command = MergeDrafts(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
        from_id=body.from_id,
    )
    call.etag((await merge_drafts(command, call.tx)).version)


class SplitBody(Body):
    """The lines that go into a new draft."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"line_ids": ["01939000-0000-7000-8000-000000000016"]}]}
    )

    line_ids: Annotated[list[Id], Field(min_length=1, max_length=200)]


@router.post(
    "/v1/drafts/{draft_id}/split",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=CHANGES,
)
async def post_split(draft_id: UUID, body: SplitBody, call: Call) -> DraftId:
    """A new draft with some of the lines, which this one no longer has."""
    command = SplitDraft(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
        line_ids=body.line_ids,
        into_id=new_id(),
    )
    await split_draft(command, call.tx)
    return DraftId(draft_id=command.into_id)


@router.post(
    "/v1/drafts/{draft_id}/discard",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=CHANGES,
)
async def post_discard(draft_id: UUID, call: Call) -> None:
    """Give a draft up."""
    command = OfDraft(
        draft_id=draft_id,
        brand=staff_brand_of(call),
        expected_version=call.expected_version,
    )
    await discard_draft(command, call.tx)


class IssueBody(Body):
    """When the invoice is due, today at the earliest, and sentences that it says."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"due_on": "2026-12-05", "notes": ["Order 4711"]}]}
    )

    due_on: Day
    notes: Annotated[list[Line], Field(max_length=20)] = Field(default_factory=list)


class IssuedOut(Answer):
    """The invoice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "number": "PON-2026-000042",
                    "total_minor": 5000,
                    "due_on": "2026-12-21",
                }
            ]
        }
    )

    invoice_id: UUID
    number: str
    total_minor: int
    due_on: date


@router.post(
    "/v1/drafts/{draft_id}/issue",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(*CHANGES, DraftIsEmpty, InvoiceBelowZero, AccountNotReady),
)
async def post_issue(draft_id: UUID, body: IssueBody, call: Call) -> IssuedOut:
    """Make an invoice of a draft, with the next number; it can never be changed again."""
    invoice = await issue_draft(await _issue(draft_id, body, call=call), call.tx)
    return IssuedOut(
        invoice_id=invoice.id,
        number=invoice.number,
        total_minor=invoice.total_minor,
        due_on=invoice.due_on,
    )


async def _issue(draft_id: UUID, body: IssueBody, *, call: Call) -> IssueDraft:
    brand = staff_brand_of(call)
    return IssueDraft(
        draft_id=draft_id,
        brand=brand,
        expected_version=call.expected_version,
        invoice_id=new_id(),
        today=await today_for(brand, call.tx),
        due_on=body.due_on,
        notes=body.notes,
    )
