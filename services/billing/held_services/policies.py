"""What a paid invoice sets in motion at services, and what hangs on one that is over."""

from datetime import date
from uuid import UUID

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
    Group,
)
from services.billing.held_services.commands import RenewService, renew_service
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.commands import (
    RequestCreation,
    request_creation,
)
from services.billing.service_changes.following import RequestChange, request_change
from services.billing.service_changes.giving_back import GiveBackUnused, give_back_unused
from services.billing.service_endings.commands import CloseEndedService, close_ended_service
from services.billing.suspensions.fees import ChargeReactivation, charge_reactivation
from services.billing.suspensions.lifting import LiftSuspension, lift_suspension
from shared.consumers import Envelope, Policy
from shared.contracts.billing import (
    InvoicePaid,
    ServiceChanged,
    ServiceEnded,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
)
from shared.store import Transaction


async def when_invoice_paid_serve(envelope: Envelope, tx: Transaction) -> None:
    """Create what was ordered; renew what was due; change what was wanted; lift suspensions."""
    match envelope.event:
        case InvoicePaid() as paid:
            invoice = await tx.load(Invoice, paid.invoice_id)
            for kind, service_id in _served(invoice):
                await _serve(kind, service_id, invoice_id=invoice.id, today=paid.paid_on, tx=tx)


def _served(invoice: Invoice) -> list[tuple[str, UUID]]:
    """What was paid for each service, once however many lines say so."""
    lines = [(line.kind, line.service_id) for line in invoice.lines if line.service_id]
    return list(dict.fromkeys(lines))


async def _serve(
    kind: str, service_id: UUID, *, invoice_id: UUID, today: date, tx: Transaction
) -> None:
    match kind:
        case "new" | "addon":
            await request_creation(RequestCreation(service_id=service_id), tx)
        case "renewal":
            renewal = RenewService(service_id=service_id, invoice_id=invoice_id, today=today)
            await renew_service(renewal, tx)
            await lift_suspension(LiftSuspension(service_id=service_id, today=today), tx)
        case "upgrade":
            await request_change(RequestChange(service_id=service_id, today=today), tx)
        case "reactivation_fee":
            await lift_suspension(LiftSuspension(service_id=service_id, today=today), tx)


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


async def when_service_ended_close_it(envelope: Envelope, tx: Transaction) -> None:
    """Nothing is owed any more for what will not be, and addons end with what they belong to."""
    match envelope.event:
        case (
            ServiceEnded(service_id=service_id, ended_on=day)
            | ServiceTerminated(service_id=service_id, terminated_on=day)
            | ServiceTransferred(service_id=service_id, transferred_on=day)
        ):
            await close_ended_service(CloseEndedService(service_id=service_id, today=day), tx)


ENDS: Group = frozenset({ServiceEnded, ServiceTerminated, ServiceTransferred})
close_what_ended = Policy(
    name="close_what_ended",
    sources=("billing",),
    handle=when_service_ended_close_it,
    handles=ENDS,
    ignored=(SERVICES - ENDS)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING,
)


async def when_service_changed_settle_it(envelope: Envelope, tx: Transaction) -> None:
    """Give back what a change left over; charge for running again after a suspension for debt."""
    match envelope.event:
        case ServiceChanged(net_minor=net_minor) as changed if net_minor < 0:
            owed = GiveBackUnused(
                service_id=changed.service_id,
                change_id=changed.change_id,
                amount_minor=-net_minor,
                today=changed.changed_on,
            )
            await give_back_unused(owed, tx)
        case ServiceUnsuspended(reason="overdue", suspended_on=suspended_on) as lifted:
            assert suspended_on, "what was suspended has a day"
            fee = ChargeReactivation(service_id=lifted.service_id, suspended_on=suspended_on)
            await charge_reactivation(fee, tx)


SETTLED: Group = frozenset({ServiceChanged, ServiceUnsuspended})
settle_what_changed = Policy(
    name="settle_what_changed",
    sources=("billing",),
    handle=when_service_changed_settle_it,
    handles=SETTLED,
    ignored=(SERVICES - SETTLED)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING,
)
