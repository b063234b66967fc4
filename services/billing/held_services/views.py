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
from shared.consumers import Envelope, View
from shared.contracts.billing import (
    ServiceActivated,
    ServiceCancelled,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
)
from shared.database import Connection

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


async def apply_to_list(envelope: Envelope, db: Connection) -> None:
    """What an account holds."""
    match envelope.event:
        case ServiceOrdered() as service:
            await db.execute(
                """insert into service_list (service_id, account_id, brand, status, product_id,
                                             product_name, domain, cycle, recurring_minor, currency)
                   values ($1, $2, $3, 'pending', $4, $5, $6, $7, $8, $9)""",
                service.service_id,
                envelope.account,
                envelope.brand,
                service.product_id,
                msgspec.json.encode(service.product_name).decode(),
                service.domain,
                service.cycle,
                service.recurring_minor,
                service.currency,
            )
        case ServiceActivated(service_id=service_id, next_due_on=next_due_on):
            await db.execute(
                """update service_list set status = 'active', next_due_on = $2
                   where service_id = $1""",
                service_id,
                next_due_on,
            )
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            await db.execute(
                "update service_list set next_due_on = $2 where service_id = $1",
                service_id,
                next_due_on,
            )
        case ServiceSuspended() | ServiceUnsuspended() | ServiceTerminated() as changed:
            await _set_status("service_list", changed, db)
        case ServiceCancelled() as changed:
            await _set_status("service_list", changed, db)


async def apply_to_due(envelope: Envelope, db: Connection) -> None:
    """Which services the business day has to look at."""
    match envelope.event:
        case ServiceOrdered() as service:
            await db.execute(
                """insert into service_due (service_id, account_id, brand, status, currency)
                   values ($1, $2, $3, 'pending', $4)""",
                service.service_id,
                envelope.account,
                envelope.brand,
                service.currency,
            )
        case ServiceActivated(service_id=service_id, next_due_on=next_due_on):
            await db.execute(
                """update service_due set status = 'active', next_due_on = $2
                   where service_id = $1""",
                service_id,
                next_due_on,
            )
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            await db.execute(
                "update service_due set next_due_on = $2 where service_id = $1",
                service_id,
                next_due_on,
            )
        case ServiceSuspended() as suspended:
            await db.execute(
                """update service_due
                   set status = 'suspended', suspension_reason = $2, suspended_on = $3
                   where service_id = $1""",
                suspended.service_id,
                suspended.reason,
                suspended.suspended_on,
            )
        case ServiceUnsuspended(service_id=service_id):
            await db.execute(
                """update service_due
                   set status = 'active', suspension_reason = null, suspended_on = null
                   where service_id = $1""",
                service_id,
            )
        case ServiceTerminated() | ServiceCancelled() as ended:
            await _set_status("service_due", ended, db)


Changed = ServiceSuspended | ServiceUnsuspended | ServiceTerminated | ServiceCancelled
STATUS_AFTER: dict[type[Changed], str] = {
    ServiceSuspended: "suspended",
    ServiceUnsuspended: "active",
    ServiceTerminated: "terminated",
    ServiceCancelled: "cancelled",
}


async def _set_status(table: str, changed: Changed, db: Connection) -> None:
    await db.execute(
        f"update {table} set status = $2 where service_id = $1",  # noqa: S608
        changed.service_id,
        STATUS_AFTER[type(changed)],
    )


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
