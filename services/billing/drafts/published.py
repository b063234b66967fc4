"""What drafts tell the world."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.billing.drafts.draft import DraftLine, InvoiceDraft
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_draft(event: DomainEvent, draft: InvoiceDraft) -> PublicEvent | None:
    """The public event of a draft."""
    match event:
        case InvoiceDraft.Opened(lines=lines):
            return billing.DraftOpened(
                draft_id=draft.id, currency=draft.currency, lines=_told(lines)
            )
        case InvoiceDraft.LineAdded(line=line) | InvoiceDraft.LineChanged(line=line):
            return _changed(draft, put=[line])
        case InvoiceDraft.LineRemoved(line_id=line_id):
            return _changed(draft, removed=[line_id])
        case InvoiceDraft.Merged(lines=lines):
            return _changed(draft, put=lines)
        case InvoiceDraft.SplitOff(line_ids=line_ids):
            return _changed(draft, removed=line_ids)
        case InvoiceDraft.Discarded(reason=reason, into_id=into_id):
            return billing.DraftDiscarded(draft_id=draft.id, reason=reason, into_id=into_id)
        case InvoiceDraft.Issued(invoice_id=invoice_id):
            return billing.DraftIssued(draft_id=draft.id, invoice_id=invoice_id)
        case _:
            return None


def _changed(
    draft: InvoiceDraft, *, put: Sequence[DraftLine] = (), removed: Sequence[UUID] = ()
) -> PublicEvent:
    return billing.DraftChanged(draft_id=draft.id, put=_told(put), removed=list(removed))


def _told(lines: Sequence[DraftLine]) -> list[billing.DraftLine]:
    return msgspec.convert(list(lines), list[billing.DraftLine], from_attributes=True)
