"""Which requests the panel has not answered: the janitor asks the panel about them."""

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
from shared.consumers import Envelope, View
from shared.contracts.billing import (
    ProvisioningFailed,
    ProvisioningRequested,
    ServiceActivated,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
)
from shared.database import Connection

ANSWERS: Group = frozenset(
    {ServiceActivated, ServiceSuspended, ServiceUnsuspended, ServiceTerminated}
)

TABLES = """
create table provisioning_open (
    service_id uuid primary key,
    brand text not null,
    request_id uuid not null,
    requested_at timestamptz not null,
    event_id uuid not null,
    correlation_id uuid not null,
    traceparent text not null
);
create index provisioning_open_requested on provisioning_open (requested_at);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    """A service has at most one request in flight, so any answer closes it."""
    match envelope.event:
        case ProvisioningRequested() as requested:
            await db.execute(
                """insert into provisioning_open (service_id, brand, request_id, requested_at,
                                                  event_id, correlation_id, traceparent)
                   values ($1, $2, $3, $4, $5, $6, $7)""",
                requested.service_id,
                envelope.brand,
                requested.request_id,
                envelope.occurred_at,
                envelope.id,
                envelope.correlation_id,
                envelope.traceparent,
            )
        case (
            ServiceActivated()
            | ServiceSuspended()
            | ServiceUnsuspended()
            | ServiceTerminated()
            | ProvisioningFailed()
        ) as answer:
            await db.execute(
                "delete from provisioning_open where service_id = $1", answer.service_id
            )


provisioning_open = View(
    name="provisioning_open",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=PROVISIONING | ANSWERS,
    ignored=BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | (SERVICES - ANSWERS),
)
