"""Two questions about services: what an account holds, and which are due or suspended when."""

import msgspec

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
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    ServiceActivated,
    ServiceCancelled,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
)

NOT_ABOUT_SERVICES = (
    BRANDS | CREDIT | DAYS | INVOICES | NOTICES | ORDERS | PAYMENTS | PRODUCTS | PROVISIONING
)

SERVICE_LIST_TABLES = """
create table service_list (
    service_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    status text not null,
    product_id uuid not null,
    product_name jsonb not null,
    domain text not null,
    cycle text not null,
    recurring_minor bigint not null,
    currency text not null,
    next_due_on date
);
create index service_list_of_account on service_list (account_id, service_id);
"""

SERVICE_DUE_TABLES = """
create table service_due (
    service_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    status text not null,
    currency text not null,
    next_due_on date,
    suspension_reason text,
    suspended_on date
);
create index service_due_next on service_due (brand, status, next_due_on);
"""


def apply_to_list(envelope: Envelope, rows: Rows) -> None:
    """What an account holds."""
    match envelope.event:
        case ServiceOrdered() as service:
            rows.insert(
                "service_list",
                service_id=service.service_id,
                account_id=envelope.account,
                brand=envelope.brand,
                status="pending",
                product_id=service.product_id,
                product_name=msgspec.json.encode(service.product_name).decode(),
                domain=service.domain,
                cycle=service.cycle,
                recurring_minor=service.recurring_minor,
                currency=service.currency,
            )
        case ServiceActivated(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_list", service_id, status="active", next_due_on=next_due_on)
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_list", service_id, next_due_on=next_due_on)
        case ServiceSuspended() | ServiceUnsuspended() | ServiceTerminated() as changed:
            _set_status("service_list", changed, rows=rows)
        case ServiceCancelled() as changed:
            _set_status("service_list", changed, rows=rows)


def apply_to_due(envelope: Envelope, rows: Rows) -> None:
    """Which services the business day has to look at."""
    match envelope.event:
        case ServiceOrdered() as service:
            rows.insert(
                "service_due",
                service_id=service.service_id,
                account_id=envelope.account,
                brand=envelope.brand,
                status="pending",
                currency=service.currency,
            )
        case ServiceActivated(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_due", service_id, status="active", next_due_on=next_due_on)
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_due", service_id, next_due_on=next_due_on)
        case ServiceSuspended() as suspended:
            rows.update(
                "service_due",
                suspended.service_id,
                status="suspended",
                suspension_reason=suspended.reason,
                suspended_on=suspended.suspended_on,
            )
        case ServiceUnsuspended(service_id=service_id):
            rows.update(
                "service_due",
                service_id,
                status="active",
                suspension_reason=None,
                suspended_on=None,
            )
        case ServiceTerminated() | ServiceCancelled() as ended:
            _set_status("service_due", ended, rows=rows)


Changed = ServiceSuspended | ServiceUnsuspended | ServiceTerminated | ServiceCancelled
STATUS_AFTER: dict[type[Changed], str] = {
    ServiceSuspended: "suspended",
    ServiceUnsuspended: "active",
    ServiceTerminated: "terminated",
    ServiceCancelled: "cancelled",
}


def _set_status(table: str, changed: Changed, *, rows: Rows) -> None:
    rows.update(table, changed.service_id, status=STATUS_AFTER[type(changed)])


service_list = View(
    name="service_list",
    sources=("billing",),
    tables=SERVICE_LIST_TABLES,
    apply=apply_to_list,
    handles=SERVICES,
    ignored=NOT_ABOUT_SERVICES,
)

service_due = View(
    name="service_due",
    sources=("billing",),
    tables=SERVICE_DUE_TABLES,
    apply=apply_to_due,
    handles=SERVICES,
    ignored=NOT_ABOUT_SERVICES,
)
