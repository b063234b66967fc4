"""What is open of a service that ends or changes is owed no more; other services keep theirs."""

from datetime import date
from uuid import UUID

from services.billing.credit_notes.commands import IssueCreditNote, issue_credit_note
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.commands import CancelInvoice, cancel_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.service_changes.uncredited import lines_left
from shared.ids import new_id
from shared.store import Transaction


async def void_unpaid(service_id: UUID, *, today: date, reason: str, tx: Transaction) -> None:
    """Make the service's open invoices void: its renewals, and the one of a pending change.

    `PaymentAwaited` while money for one of them may be on its way: then nothing is done. A period
    may be invoiced again later.
    """
    service = await tx.load(HeldService, service_id)
    change = service.pending_change
    changed_on = [change.invoice_id] if change and change.invoice_id else []
    for invoice_id in [*service.unpaid, *changed_on]:
        invoice = await tx.load(Invoice, invoice_id)
        if invoice.is_open:
            await _void(invoice, service_id, today=today, reason=reason, tx=tx)
    for renewal in service.unpaid.values():
        await tx.release("renewal", f"{service_id}/{renewal.period_start}")


async def void_change(service_id: UUID, invoice_id: UUID, *, today: date, tx: Transaction) -> None:
    """Make the invoice of a change void. `InvoiceAlreadyPaid`, `PaymentAwaited`."""
    invoice = await tx.load(Invoice, invoice_id)
    await _void(invoice, service_id, today=today, reason="change_withdrawn", tx=tx)


async def _void(
    invoice: Invoice, service_id: UUID, *, today: date, reason: str, tx: Transaction
) -> None:
    """The whole invoice if it is only about the service, else its lines by a credit note."""
    invoice.settlement.check_quiet()
    is_alone = all(line.service_id == service_id for line in invoice.lines)
    is_touched = invoice.settlement.payments or invoice.settlement.credit_notes
    if invoice.is_pro_forma or (is_alone and not is_touched):
        await _cancel(invoice, today=today, reason=reason, tx=tx)
        return
    amounts = await lines_left(invoice, service_id, tx)
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=invoice.id,
        brand=invoice.brand,
        today=today,
        reason=reason,
        amounts={place: minor for place, minor in amounts.items() if minor},
    )
    await issue_credit_note(note, tx)


async def _cancel(invoice: Invoice, *, today: date, reason: str, tx: Transaction) -> None:
    """A pro forma over several services is cancelled as a whole: the others are billed anew."""
    cancel = CancelInvoice(invoice_id=invoice.id, today=today, reason=reason)
    await cancel_invoice(cancel, tx)
