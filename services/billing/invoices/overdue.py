"""Whether an invoice is overdue: derived, never stored."""

from datetime import date

from services.billing.invoices.invoice import Invoice


def is_overdue(invoice: Invoice, today: date) -> bool:
    """Whether money is still owed after the due date."""
    return invoice.is_open and invoice.due_on < today
