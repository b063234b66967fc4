"""What invoices tell the world."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_invoice(event: DomainEvent, invoice: Invoice) -> PublicEvent | None:
    """The public event of an invoice."""
    match event:
        case Invoice.Issued() as issued:
            return _invoice_issued(issued, invoice)
        case Invoice.PaymentAllocated(payment_id=payment_id, amount_minor=amount_minor):
            return billing.PaymentAllocated(
                invoice_id=invoice.id,
                payment_id=payment_id,
                amount_minor=amount_minor,
                currency=invoice.currency,
                is_prepayment=payment_id in invoice.settlement.prepayments,
            )
        case Invoice.PaymentTakenBack(payment_id=payment_id, amount_minor=amount_minor):
            return _taken_back(invoice, payment_id, amount_minor=amount_minor)
        case Invoice.Paid(paid_on=paid_on):
            return billing.InvoicePaid(
                invoice_id=invoice.id,
                number=invoice.number,
                paid_on=paid_on,
                total_minor=invoice.total_minor,
                currency=invoice.currency,
            )
        case Invoice.Cancelled(cancelled_on=cancelled_on, reason=reason, why=why):
            return billing.InvoiceCancelled(
                invoice_id=invoice.id,
                number=invoice.number,
                total_minor=invoice.total_minor,
                currency=invoice.currency,
                cancelled_on=cancelled_on,
                reason=reason,
                tax_minor=invoice.totals.tax_minor,
                was_booked=invoice.settlement.is_booked,
                why=_why(why),
            )
        case Invoice.Reopened() as reopened:
            return _invoice_reopened(reopened, invoice)
        case Invoice.Numbered(number=number, numbered_on=day):
            return _invoice_numbered(invoice, number=number, numbered_on=day)
        case Invoice.WrittenOff(amount_minor=amount_minor, reason=reason, why=why):
            return billing.InvoiceWrittenOff(
                invoice_id=invoice.id,
                number=invoice.number,
                amount_minor=amount_minor,
                currency=invoice.currency,
                reason=reason,
                why=_why(why),
            )
        case _:
            return _notice_of(event, invoice)


def _invoice_issued(issued: Any, invoice: Invoice) -> PublicEvent:
    return billing.InvoiceIssued(
        invoice_id=invoice.id,
        number=issued.number,
        order_id=issued.order_id,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        currency=issued.currency,
        lines=msgspec.convert(issued.lines, list[billing.InvoiceLine], from_attributes=True),
        total_minor=invoice.total_minor,
        billed_to_name=issued.billed_to_name,
        billed_to_address=issued.billed_to_address,
        billed_to_tax_id=issued.billed_to_tax_id,
        tax_minor=invoice.totals.tax_minor,
        **_details(issued.details),
    )


def _invoice_reopened(reopened: Any, invoice: Invoice) -> PublicEvent:
    return billing.InvoiceReopened(
        invoice_id=invoice.id,
        number=invoice.number,
        payment_id=reopened.payment_id,
        amount_minor=reopened.amount_minor,
        currency=invoice.currency,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        reopened_on=reopened.reopened_on,
        lines=msgspec.convert(invoice.lines, list[billing.InvoiceLine], from_attributes=True),
        about_invoice_id=invoice.details.about_invoice_id,
        is_prepayment=not invoice.settlement.is_booked,
    )


def _invoice_numbered(invoice: Invoice, *, number: str, numbered_on: date) -> PublicEvent:
    """With what is booked by it: nothing, if that was done at the issue."""
    is_booked = invoice.details.is_booked_at_issue
    return billing.InvoiceNumbered(
        invoice_id=invoice.id,
        number=number,
        numbered_on=numbered_on,
        currency=invoice.currency,
        total_minor=0 if is_booked else invoice.total_minor,
        tax_minor=0 if is_booked else invoice.totals.tax_minor,
        prepaid_minor=invoice.settlement.prepaid_minor,
    )


def _taken_back(invoice: Invoice, payment_id: UUID, *, amount_minor: int) -> PublicEvent:
    """With what a list of open invoices has to know of one that is open again."""
    lines = [line for line in invoice.lines if line.service_id]
    return billing.PaymentTakenBack(
        invoice_id=invoice.id,
        payment_id=payment_id,
        amount_minor=amount_minor,
        currency=invoice.currency,
        is_prepayment=not invoice.settlement.is_booked,
        order_id=invoice.unpaid_order_id,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        is_fee=invoice.details.about_invoice_id is not None,
        lines=msgspec.convert(lines, list[billing.InvoiceLine], from_attributes=True),
    )


def _details(details: InvoiceDetails) -> dict[str, Any]:
    fields = {name: getattr(details, name) for name in details.__dataclass_fields__}
    taxes = msgspec.convert(details.taxes, list[billing.TaxRow], from_attributes=True)
    return {**fields, "taxes": taxes}


def _why(why: Why | None) -> billing.Why | None:
    return None if why is None else msgspec.convert(why, billing.Why, from_attributes=True)


def _notice_of(event: DomainEvent, invoice: Invoice) -> PublicEvent | None:
    match event:
        case Invoice.Reminded(days_before=days_before, why=why):
            return billing.PaymentReminderDue(
                invoice_id=invoice.id,
                number=invoice.number,
                due_on=invoice.due_on,
                days_before=days_before,
                open_minor=invoice.open_minor,
                currency=invoice.currency,
                why=_why(why),
            )
        case Invoice.OverdueNoticed(days_after=days_after, why=why):
            return billing.InvoiceOverdue(
                invoice_id=invoice.id,
                number=invoice.number,
                due_on=invoice.due_on,
                days_after=days_after,
                open_minor=invoice.open_minor,
                currency=invoice.currency,
                why=_why(why),
            )
        case _:
            return None
