"""Giving up what is open of an invoice, as a loss that is booked."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.invoices.commands import NotAnInvoiceYet, invoice_of_brand
from services.billing.invoices.invoice import Invoice
from services.billing.service_changes.at_panel import let_go
from services.billing.why.because import because
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class WriteOffInvoice:
    """Staff gives up what is open. `reason` is a sentence of theirs."""

    invoice_id: UUID
    brand: str
    today: date
    reason: str
    expected_version: int | None = None


async def write_off_invoice(command: WriteOffInvoice, tx: Transaction) -> Invoice:
    """Nothing is owed any more, and the services on it go on; they are billed for what follows.

    Refused while money may be on its way, or a second time.
    `NotAnInvoiceYet` for a pro forma: nothing is booked of it that could be written off.
    """
    invoice = await invoice_of_brand(
        command.invoice_id, command.brand, tx=tx, expected_version=command.expected_version
    )
    if not invoice.settlement.is_booked:
        raise NotAnInvoiceYet()
    invoice.write_off(command.reason, because(tx, "invoice.written_off", reason=command.reason))
    await tx.save(invoice)
    for service_id in sorted({line.service_id for line in invoice.lines if line.service_id}):
        await let_go(service_id, invoice.id, today=command.today, tx=tx)
    return invoice
