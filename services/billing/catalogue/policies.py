"""What a new date and the end of a service mean to the catalogue: planned revisions, free stock."""

from services.billing.catalogue.commands import (
    BeginCatalogueDay,
    FreeStock,
    begin_catalogue_day,
    free_stock,
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
)
from services.billing.held_services.held_service import HeldService
from shared.consumers import Envelope, Policy
from shared.contracts.billing import (
    BusinessDayStarted,
    ServiceCancelled,
    ServiceEnded,
    ServiceTerminated,
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
    """One more of its product can be sold."""
    match envelope.event:
        case (
            ServiceCancelled(service_id=service_id)
            | ServiceEnded(service_id=service_id)
            | ServiceTerminated(service_id=service_id)
        ):
            service = await tx.load(HeldService, service_id)
            freed = FreeStock(service_id=service_id, product_id=service.terms.product_id)
            await free_stock(freed, tx)


free_what_is_over = Policy(
    name="free_what_is_over",
    sources=("billing",),
    handle=when_service_is_over_free_its_stock,
    handles=frozenset({ServiceCancelled, ServiceEnded, ServiceTerminated}),
    ignored=(SERVICES - {ServiceCancelled, ServiceEnded, ServiceTerminated})
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
