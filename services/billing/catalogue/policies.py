"""What a new date and the end of a service mean to the catalogue: planned revisions, free stock."""

from services.billing.catalogue.commands import (
    BeginCatalogueDay,
    FreeStock,
    begin_catalogue_day,
    free_stock,
    pass_stock_on,
)
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
from services.billing.held_services.held_service import HeldService
from shared.consumers import Envelope, Policy
from shared.contracts.billing import (
    BusinessDayStarted,
    ServiceCancelled,
    ServiceChanged,
    ServiceChangeWithdrawn,
    ServiceEnded,
    ServiceTerminated,
    ServiceTransferred,
)
from shared.store import Transaction


async def when_day_started_begin_it_in_the_catalogue(envelope: Envelope, tx: Transaction) -> None:
    """Publish the products whose planned revision takes effect."""
    match envelope.event:
        case BusinessDayStarted(day=day):
            await begin_catalogue_day(BeginCatalogueDay(brand=envelope.brand, today=day), tx)


revise_as_planned = Policy(
    name="revise_as_planned",
    sources=("billing",),
    handle=when_day_started_begin_it_in_the_catalogue,
    handles=frozenset({BusinessDayStarted}),
    ignored=(DAYS - {BusinessDayStarted})
    | BRANDS
    | CREDIT
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)


async def when_service_is_over_free_its_stock(envelope: Envelope, tx: Transaction) -> None:
    """What a service holds no more can be sold again: it is over, or of another product now."""
    match envelope.event:
        case (
            ServiceCancelled(service_id=service_id)
            | ServiceEnded(service_id=service_id)
            | ServiceTerminated(service_id=service_id)
        ):
            await free_stock(FreeStock(service_id=service_id), tx)
        case ServiceChanged(service_id=service_id) | ServiceChangeWithdrawn(service_id=service_id):
            terms = (await tx.load(HeldService, service_id)).terms
            kept = FreeStock(
                service_id=service_id, kept=terms.product_id, kept_count=terms.quantity
            )
            await free_stock(kept, tx)
        case ServiceTransferred(service_id=service_id, successor_id=successor_id):
            await pass_stock_on(service_id, successor_id, tx=tx)


FREEING: Group = frozenset(
    {
        ServiceCancelled,
        ServiceEnded,
        ServiceTerminated,
        ServiceTransferred,
        ServiceChanged,
        ServiceChangeWithdrawn,
    }
)
free_what_is_over = Policy(
    name="free_what_is_over",
    sources=("billing",),
    handle=when_service_is_over_free_its_stock,
    handles=FREEING,
    ignored=(SERVICES - FREEING)
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
