"""Which invoice stands for one that was corrected."""

from uuid import UUID

from services.billing.credit_notes.credit_note import CreditNote
from services.billing.invoices.invoice import Invoice
from shared.store import Transaction


async def as_corrected(invoice_id: UUID, tx: Transaction) -> Invoice:
    """The invoice that stands for this one today: itself, or what it was corrected by."""
    invoice = await tx.load(Invoice, invoice_id)
    for note_id in invoice.settlement.credit_notes:
        note = await tx.load(CreditNote, note_id)
        if note.corrected_by:
            return await as_corrected(note.corrected_by, tx)
    return invoice
