"""Issuing invoices and making them void, and telling clients about them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.contacts.contact import Contact, contact_of
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.numbers import next_document_number
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class IssueInvoice:
    """An invoice of `today` over `lines`, in minor units of `currency`."""

    id: UUID
    account_id: UUID
    brand: str
    order_id: UUID | None
    today: date
    due_on: date
    currency: str
    lines: list[InvoiceLine]


async def issue_invoice(command: IssueInvoice, tx: Transaction) -> Invoice:
    """The invoice with the next number of its brand, addressed to the account as of now."""
    brand = await tx.load(Brand, Brand.id_of(command.brand))
    contact = await contact_of(command.account_id, tx.read)
    number = await next_document_number(tx, brand, series="invoice", today=command.today)
    invoice = _invoice(command, contact, number=number)
    await tx.save(invoice)
    return invoice


def _invoice(command: IssueInvoice, contact: Contact, *, number: str) -> Invoice:
    return Invoice.issue(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        number=number,
        order_id=command.order_id,
        issued_on=command.today,
        due_on=command.due_on,
        currency=command.currency,
        lines=command.lines,
        billed_to=(contact.name, contact.address, contact.tax_id),
    )


@dataclass(frozen=True, kw_only=True)
class CancelInvoice:
    """`reason` is a stable code, such as service_ended."""

    invoice_id: UUID
    today: date
    reason: str


async def cancel_invoice(command: CancelInvoice, tx: Transaction) -> None:
    """Make it void, also for the services that it would renew. Not open: nothing changes."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if not invoice.is_open or invoice.settlement.is_payment_awaited:
        return
    invoice.cancel(today=command.today, reason=command.reason)
    renewed = {line.service_id for line in invoice.lines if line.service_id}
    services = [await tx.load(HeldService, service_id) for service_id in sorted(renewed)]
    for service in services:
        service.drop_renewal(invoice.id)
    await tx.save(invoice, *services)


@dataclass(frozen=True, kw_only=True)
class GiveNotice:
    """`offset_days` names the notice: -7 a week before the due date, 3 three days after it."""

    invoice_id: UUID
    offset_days: int
    today: date


async def give_notice(command: GiveNotice, tx: Transaction) -> bool:
    """Remind of the invoice or of its being overdue; once for each notice, for ever."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if not invoice.is_open or invoice.settlement.is_payment_awaited:
        return False
    if not await tx.claim_once("notice", f"{invoice.id}/{command.offset_days}"):
        return False
    invoice.give_notice(command.today)
    await tx.save(invoice)
    return True
