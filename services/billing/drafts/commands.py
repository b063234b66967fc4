"""What staff does with drafts of invoices."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.brands.currencies import check_currency
from services.billing.drafts.draft import DraftLine, InvoiceDraft
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class OpenDraft:
    """A draft for an account of the brand."""

    id: UUID
    account_id: UUID
    brand: str
    currency: str


async def open_draft(command: OpenDraft, tx: Transaction) -> InvoiceDraft:
    """An empty draft. `CurrencyNotSold`."""
    check_currency(await tx.load(Brand, Brand.id_of(command.brand)), command.currency)
    draft = InvoiceDraft.open(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        currency=command.currency,
    )
    await tx.save(draft)
    return draft


@dataclass(frozen=True, kw_only=True)
class OfDraft:
    """Which draft of the brand's is meant, and the version that staff saw, if that matters."""

    draft_id: UUID
    brand: str
    expected_version: int | None = None


async def draft_of(command: OfDraft, tx: Transaction) -> InvoiceDraft:
    """The draft, if it is of the brand, else `NotFound`."""
    draft = await tx.load(InvoiceDraft, command.draft_id, expected_version=command.expected_version)
    if draft.brand != command.brand:
        raise NotFound()
    return draft


@dataclass(frozen=True, kw_only=True)
class PutLine(OfDraft):
    """A line, new or instead of the one with its id."""

    line: DraftLine


async def add_line(command: PutLine, tx: Transaction) -> InvoiceDraft:
    """The draft with one line more."""
    draft = await draft_of(command, tx)
    draft.add_line(command.line)
    await tx.save(draft)
    return draft


async def change_line(command: PutLine, tx: Transaction) -> InvoiceDraft:
    """The draft with another line in place of the one with its id."""
    draft = await draft_of(command, tx)
    draft.change_line(command.line)
    await tx.save(draft)
    return draft


@dataclass(frozen=True, kw_only=True)
class RemoveLine(OfDraft):
    """The line that is no longer wanted."""

    line_id: UUID


async def remove_line(command: RemoveLine, tx: Transaction) -> InvoiceDraft:
    """The draft without the line."""
    draft = await draft_of(command, tx)
    draft.remove_line(command.line_id)
    await tx.save(draft)
    return draft


@dataclass(frozen=True, kw_only=True)
class MergeDrafts(OfDraft):
    """The draft whose lines go into this one."""

    from_id: UUID


async def merge_drafts(command: MergeDrafts, tx: Transaction) -> InvoiceDraft:
    """The draft with the lines of both; the other one is closed."""
    draft = await draft_of(command, tx)
    other = await draft_of(OfDraft(draft_id=command.from_id, brand=command.brand), tx)
    draft.merge(other)
    await tx.save(draft, other)
    return draft


@dataclass(frozen=True, kw_only=True)
class SplitDraft(OfDraft):
    """The lines that go into a new draft."""

    line_ids: list[UUID]
    into_id: UUID


async def split_draft(command: SplitDraft, tx: Transaction) -> InvoiceDraft:
    """The new draft; the old one keeps the other lines."""
    draft = await draft_of(command, tx)
    other = draft.split(line_ids=command.line_ids, into_id=command.into_id)
    await tx.save(other, draft)
    return other


async def discard_draft(command: OfDraft, tx: Transaction) -> None:
    """Give the draft up."""
    draft = await draft_of(command, tx)
    draft.discard()
    await tx.save(draft)


@dataclass(frozen=True, kw_only=True)
class IssueDraft(OfDraft):
    """When it is due, and what the invoice says beside its lines."""

    invoice_id: UUID
    today: date
    due_on: date
    notes: list[str] = field(default_factory=list)


async def issue_draft(command: IssueDraft, tx: Transaction) -> Invoice:
    """The invoice over exactly the lines of the draft. Due today at the earliest."""
    draft = await draft_of(command, tx)
    lines = [_line(each, draft) for each in draft.issue(command.invoice_id)]
    await tx.save(draft)
    return await issue_invoice(_invoice(command, draft, lines=lines), tx)


def _line(line: DraftLine, draft: InvoiceDraft) -> InvoiceLine:
    return InvoiceLine(
        kind="manual",
        description=line.description,
        net_minor=line.net_minor,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        tax_category=line.tax_category,
        why=Why(rule="draft.issued", facts={"draft": str(draft.id)}),
    )


def _invoice(command: IssueDraft, draft: InvoiceDraft, *, lines: list[InvoiceLine]) -> IssueInvoice:
    assert draft.account_id is not None, "a draft belongs to an account"
    return IssueInvoice(
        id=command.invoice_id,
        account_id=draft.account_id,
        brand=draft.brand,
        order_id=None,
        today=command.today,
        due_on=max(command.due_on, command.today),
        currency=draft.currency,
        lines=lines,
        notes=command.notes,
        is_exact=True,
    )
