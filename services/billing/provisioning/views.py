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
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    ProvisioningFailed,
    ProvisioningRequested,
    ServiceActivated,
    ServiceChanged,
    ServiceEnded,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
)

ANSWERS: Group = frozenset(
    {
        ServiceActivated,
        ServiceChanged,
        ServiceSuspended,
        ServiceUnsuspended,
        ServiceTerminated,
        ServiceEnded,
        ServiceTransferred,
    }
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


def apply(envelope: Envelope, rows: Rows) -> None:
    """A service has at most one request in flight: any answer closes it, and so does the next."""
    match envelope.event:
        case ProvisioningRequested() as requested:
            rows.upsert(
                "provisioning_open",
                service_id=requested.service_id,
                brand=envelope.brand,
                request_id=requested.request_id,
                requested_at=envelope.occurred_at,
                event_id=envelope.id,
                correlation_id=envelope.correlation_id,
                traceparent=envelope.traceparent,
            )
        case (
            ServiceActivated()
            | ServiceChanged()
            | ServiceSuspended()
            | ServiceUnsuspended()
            | ServiceTerminated()
            | ServiceEnded()
            | ServiceTransferred()
            | ProvisioningFailed()
        ) as answer:
            rows.delete("provisioning_open", answer.service_id)


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
