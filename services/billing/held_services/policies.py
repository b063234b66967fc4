"""What a paid invoice sets in motion: a first one the panel's work, a renewal the next period."""

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
)
from services.billing.held_services.commands import RenewService, renew_service
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.commands import (
    LiftSuspension,
    RequestCreation,
    lift_suspension,
    request_creation,
)
from shared.consumers import Envelope, Policy
from shared.contracts.billing import InvoicePaid
from shared.store import Transaction


async def when_invoice_paid_serve(envelope: Envelope, tx: Transaction) -> None:
    """Create what was ordered; renew what was due and lift its suspension at once."""
    match envelope.event:
        case InvoicePaid() as paid:
            invoice = await tx.load(Invoice, paid.invoice_id)
            for line in invoice.lines:
                if line.service_id is None:
                    continue
                if line.kind == "new":
                    await request_creation(RequestCreation(service_id=line.service_id), tx)
                elif line.kind == "renewal":
                    renewal = RenewService(
                        service_id=line.service_id, invoice_id=invoice.id, today=paid.paid_on
                    )
                    await renew_service(renewal, tx)
                    lift = LiftSuspension(service_id=line.service_id, today=paid.paid_on)
                    await lift_suspension(lift, tx)


serve_what_is_paid = Policy(
    name="serve_what_is_paid",
    sources=("billing",),
    handle=when_invoice_paid_serve,
    handles=frozenset({InvoicePaid}),
    ignored=(INVOICES - {InvoicePaid})
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
