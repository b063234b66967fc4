"""The one thing that a client should do next; the first that applies wins."""

from collections.abc import Sequence

import msgspec

from services.portal.held_services.views import HeldService
from services.portal.invoices.views import InvoiceRow
from services.portal.tickets.views import Ticket


class NextStep(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: overdue, pay, answer, setting_up, order or nothing; with what it is about."""

    kind: str
    invoice: InvoiceRow | None = None
    ticket: Ticket | None = None
    service: HeldService | None = None


def next_step(
    *,
    open_invoices: Sequence[InvoiceRow],
    tickets: Sequence[Ticket],
    services: Sequence[HeldService],
) -> NextStep:
    """Pay what is overdue, pay what is due first, read an answer, wait for a set-up, order."""
    by_due = sorted(open_invoices, key=lambda invoice: invoice.due_on)
    for status, kind in (("overdue", "overdue"), ("unpaid", "pay")):
        for invoice in (each for each in by_due if each.status == status):
            return NextStep(kind=kind, invoice=invoice)
    for ticket in (each for each in tickets if each.status == "answered"):
        return NextStep(kind="answer", ticket=ticket)
    for service in (each for each in services if each.status == "setting_up"):
        return NextStep(kind="setting_up", service=service)
    return NextStep(kind="order" if not services else "nothing")
