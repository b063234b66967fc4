"""Two questions about services: what an account holds, and which are due or suspended when."""

from typing import Any
from uuid import UUID

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
from shared.contracts import PublicEvent
from shared.contracts.billing import (
    ServiceActivated,
    ServiceCancellationRequested,
    ServiceCancellationWithdrawn,
    ServiceCancelled,
    ServiceChanged,
    ServiceChangeScheduled,
    ServiceChangeWithdrawn,
    ServiceEnded,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
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
    next_due_on date,
    parent_id uuid,
    quantity integer not null default 1,
    options jsonb not null default '[]',
    ends_on date,
    cancellation jsonb,
    change jsonb,
    suspension_reason text,
    grace_ends_on date,
    has_run boolean not null default false
);
create index service_list_of_account on service_list (account_id, service_id);
"""

SERVICE_DUE_TABLES = """
create table service_due (
    service_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    product_id uuid not null,
    status text not null,
    currency text not null,
    next_due_on date,
    suspension_reason text,
    suspended_on date,
    grace_ends_on date,
    parent_id uuid,
    term_ends_on date,
    cancelled_on date,
    change_on date,
    change_invoice_id uuid
);
create index service_due_term on service_due (brand, term_ends_on) where term_ends_on is not null;
create index service_due_cancelled on service_due (brand, cancelled_on)
    where cancelled_on is not null;
create index service_due_change on service_due (brand, change_on) where change_on is not null;
create index service_due_parent on service_due (parent_id) where parent_id is not null;
create index service_due_next on service_due (brand, product_id, status, next_due_on);
create index service_due_of_account on service_due (account_id, next_due_on);
create index service_due_halted on service_due (brand) where status = 'suspended';
create index service_due_ended on service_due (brand)
    where status in ('terminated', 'cancelled');
"""


def apply_to_list(envelope: Envelope, rows: Rows) -> None:
    """What an account holds, and what is to become of it."""
    match envelope.event:
        case ServiceOrdered() as service:
            _list_ordered(envelope, service, rows=rows)
        case ServiceActivated(ends_on=end) as activated:
            term: dict[str, Any] = {"ends_on": end} if end else {}
            _begin("service_list", activated, rows=rows, has_run=True, **term)
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_list", service_id, next_due_on=next_due_on)
        case ServiceCancellationRequested(service_id=service_id) as cancelled:
            said = {"at": cancelled.at, "ends_on": cancelled.ends_on, "reason": cancelled.reason}
            rows.update("service_list", service_id, cancellation=_json(said))
        case ServiceCancellationWithdrawn(service_id=service_id):
            rows.update("service_list", service_id, cancellation=None)
        case ServiceChangeScheduled(service_id=service_id) as change:
            rows.update("service_list", service_id, change=_json(change))
        case ServiceChangeWithdrawn(service_id=service_id):
            rows.update("service_list", service_id, change=None)
        case ServiceChanged() as changed:
            _list_changed(changed, rows)
        case other:
            _set_status("service_list", other, rows=rows)


def _list_ordered(envelope: Envelope, service: ServiceOrdered, *, rows: Rows) -> None:
    rows.insert(
        "service_list",
        service_id=service.service_id,
        account_id=envelope.account,
        brand=envelope.brand,
        status="pending",
        product_id=service.product_id,
        product_name=_json(service.product_name),
        domain=service.domain,
        cycle=service.cycle,
        recurring_minor=service.recurring_minor,
        currency=service.currency,
        parent_id=service.parent_id,
        quantity=service.quantity,
        options=_json(service.options),
        ends_on=service.ends_on,
    )


def _list_changed(changed: ServiceChanged, rows: Rows) -> None:
    rows.update(
        "service_list",
        changed.service_id,
        product_id=changed.product_id,
        product_name=_json(changed.product_name),
        cycle=changed.cycle,
        recurring_minor=changed.recurring_minor,
        next_due_on=changed.next_due_on,
        quantity=changed.quantity,
        options=_json(changed.options),
        change=None,
    )


def _begin(table: str, activated: ServiceActivated, *, rows: Rows, **more: Any) -> None:
    now = {"status": "active", "next_due_on": activated.next_due_on, **more}
    rows.update(table, activated.service_id, **now)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def apply_to_due(envelope: Envelope, rows: Rows) -> None:
    """Which services the business day has to look at, and for what."""
    match envelope.event:
        case ServiceOrdered() as service:
            rows.insert(
                "service_due",
                service_id=service.service_id,
                account_id=envelope.account,
                brand=envelope.brand,
                product_id=service.product_id,
                status="pending",
                currency=service.currency,
                parent_id=service.parent_id,
                term_ends_on=service.ends_on,
            )
        case ServiceActivated(ends_on=end) as activated:
            term: dict[str, Any] = {"term_ends_on": end} if end else {}
            _begin("service_due", activated, rows=rows, **term)
        case ServiceRenewed(service_id=service_id, next_due_on=next_due_on):
            rows.update("service_due", service_id, next_due_on=next_due_on)
        case ServiceSuspended(service_id=service_id, suspended_on=suspended_on) as suspended:
            rows.update("service_due", service_id, suspended_on=suspended_on)
            _set_status("service_due", suspended, rows=rows)
        case ServiceUnsuspended(service_id=service_id) as lifted:
            rows.update("service_due", service_id, suspended_on=None)
            _set_status("service_due", lifted, rows=rows)
        case other:
            _note_what_is_to_come(other, rows)
            _set_status("service_due", other, rows=rows)


def _note_what_is_to_come(event: PublicEvent, rows: Rows) -> None:
    """Ends and changes, with the day on which they are to be looked at."""
    match event:
        case ServiceCancellationRequested(service_id=service_id, ends_on=ends_on):
            rows.update("service_due", service_id, cancelled_on=ends_on)
        case ServiceCancellationWithdrawn(service_id=service_id):
            rows.update("service_due", service_id, cancelled_on=None)
        case ServiceChangeScheduled(service_id=service_id) as change:
            rows.update(
                "service_due",
                service_id,
                change_on=change.effective_on,
                change_invoice_id=change.invoice_id,
            )
        case ServiceChangeWithdrawn(service_id=service_id):
            rows.update("service_due", service_id, change_on=None, change_invoice_id=None)
        case ServiceChanged(service_id=service_id, next_due_on=next_due_on):
            rows.update(
                "service_due",
                service_id,
                change_on=None,
                change_invoice_id=None,
                next_due_on=next_due_on,
            )


def _set_status(table: str, event: PublicEvent, *, rows: Rows) -> None:
    """The status and, while it is suspended, why; while it runs in debt, until when."""
    match event:
        case ServiceSuspended(service_id=service_id, reason=reason):
            _halt(table, service_id, rows=rows, status="suspended", suspension_reason=reason)
        case ServiceUnsuspended(service_id=service_id, grace_ends_on=until):
            _halt(table, service_id, rows=rows, status="active", grace_ends_on=until)
        case ServiceTerminated(service_id=service_id):
            rows.update(table, service_id, status="terminated")
        case (
            ServiceCancelled(service_id=service_id)
            | ServiceEnded(service_id=service_id)
            | ServiceTransferred(service_id=service_id)
        ):
            rows.update(table, service_id, status="cancelled")


def _halt(table: str, service_id: UUID, *, rows: Rows, **now: Any) -> None:
    rows.update(table, service_id, **{"suspension_reason": None, "grace_ends_on": None, **now})


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
