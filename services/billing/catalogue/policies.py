"""What a new date sets in motion in the catalogue: revisions that were planned for it."""

from services.billing.catalogue.commands import BeginCatalogueDay, begin_catalogue_day
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
from shared.consumers import Envelope, Policy
from shared.contracts.billing import BusinessDayStarted
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
