"""What does the account hold, how does it stand, when is it due? Amounts are minor units."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
from services.portal.browser.rows import as_json, read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceOverdue,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    OrderPlaced,
    PaymentAllocated,
    PaymentReminderDue,
    PaymentTakenBack,
    ProvisioningFailed,
    ProvisioningRequested,
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
    SuspensionWarned,
)
from shared.reads import Reader

TABLES = """
create table service_list (
    service_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    order_id uuid not null,
    product_name jsonb not null,
    domain text not null,
    cycle text not null,
    recurring_minor bigint not null,
    currency text not null,
    status text not null,
    ordered_at timestamptz not null,
    activated_on date,
    next_due_on date,
    suspended_on date,
    suspended_reason text,
    terminated_on date,
    suspends_on date,
    warned_invoice_id uuid,
    failure_reason text,
    ends_on date,
    changes_on date,
    grace_ends_on date
);
create index service_list_account on service_list (account_id, ordered_at desc, service_id desc);
create index service_list_warned on service_list (warned_invoice_id);
create table service_order (
    service_id uuid primary key,
    order_number text not null
);
"""
HANDLES: Events = SERVICES | {OrderPlaced, SuspensionWarned, InvoicePaid, InvoiceCancelled}
IGNORED: Events = (
    (BRANDS | DAYS | FINDINGS | PRODUCTS | PAYMENTS | CREDIT) | (ORDERS - {OrderPlaced})
) | {
    CreditNoteIssued,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentTakenBack,
    PaymentReminderDue,
    InvoiceOverdue,
}


class HeldService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that an account holds; the name is by language.

    `grace_ends_on`: staff lets it run in debt; before that day it is not suspended for it.
    """

    service_id: UUID
    account_id: UUID
    brand: str
    order_id: UUID
    order_number: str | None
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    status: str
    ordered_at: datetime
    activated_on: date | None
    next_due_on: date | None
    suspended_on: date | None
    suspended_reason: str | None
    terminated_on: date | None
    suspends_on: date | None
    failure_reason: str | None
    ends_on: date | None
    changes_on: date | None
    grace_ends_on: date | None

    @property
    def id(self) -> UUID:
        """The service's id, as links name it."""
        return self.service_id

    @property
    def shown_status(self) -> str:
        """The status as pages show it: `failed` when the panel refused to set the service up."""
        return "failed" if self.status == "setting_up" and self.failure_reason else self.status

    def is_let_run(self, today: date) -> bool:
        """Whether staff lets it run, whatever is owed for it."""
        return self.status == "active" and bool(self.grace_ends_on and today < self.grace_ends_on)


def apply(envelope: Envelope, rows: Rows) -> None:
    """Follow the service's life; all of its events come in order from one source."""
    match envelope.event:
        case ServiceOrdered() as e:
            _order(envelope, e, rows=rows)
        case OrderPlaced(number=number) as order:
            for service_id in _new_services(order):
                rows.insert("service_order", service_id=service_id, order_number=number)
        case InvoicePaid(invoice_id=invoice_id) | InvoiceCancelled(invoice_id=invoice_id):
            rows.update(
                "service_list",
                where={"warned_invoice_id": invoice_id},
                suspends_on=None,
                warned_invoice_id=None,
            )
        case SuspensionWarned() as e:
            rows.update(
                "service_list",
                e.service_id,
                suspends_on=e.suspends_on,
                warned_invoice_id=e.invoice_id,
            )
        case _:
            _follow_panel(envelope, rows)


def _new_services(order: OrderPlaced) -> list[UUID]:
    """What the order led to; one of before there were several items had one service."""
    if not order.items:
        return [order.service_id]
    return [item.service_id for item in order.items if item.kind != "renewal"]


def _order(envelope: Envelope, e: ServiceOrdered, *, rows: Rows) -> None:
    rows.insert(
        "service_list",
        service_id=e.service_id,
        account_id=envelope.account,
        brand=envelope.brand,
        order_id=e.order_id,
        product_name=as_json(e.product_name),
        domain=e.domain,
        cycle=e.cycle,
        recurring_minor=e.recurring_minor,
        currency=e.currency,
        status="pending",
        ordered_at=envelope.occurred_at,
        ends_on=e.ends_on,
    )


def _follow_panel(envelope: Envelope, rows: Rows) -> None:
    """What the panel was asked and has confirmed."""
    match envelope.event:
        case ProvisioningRequested(service_id=service_id, action="create"):
            rows.update(
                "service_list",
                service_id,
                where={"status": "pending"},
                status="setting_up",
                failure_reason=None,
            )
        case ProvisioningFailed(service_id=service_id, action="create", reason=reason):
            rows.update("service_list", service_id, failure_reason=reason)
        case ServiceActivated() as e:
            rows.update(
                "service_list",
                e.service_id,
                status="active",
                activated_on=e.activated_on,
                next_due_on=e.next_due_on,
                failure_reason=None,
            )
        case ServiceRenewed() as e:
            rows.update("service_list", e.service_id, next_due_on=e.next_due_on)
        case _:
            _follow_suspension(envelope, rows)


def _follow_suspension(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case ServiceSuspended() as e:
            rows.update(
                "service_list",
                e.service_id,
                status="suspended",
                suspended_on=e.suspended_on,
                suspended_reason=e.reason,
                suspends_on=None,
                grace_ends_on=None,
            )
        case ServiceUnsuspended(service_id=service_id, grace_ends_on=until):
            rows.update(
                "service_list",
                service_id,
                status="active",
                suspended_on=None,
                suspended_reason=None,
                grace_ends_on=until,
            )
        case ServiceCancelled(service_id=service_id):
            rows.update("service_list", service_id, status="cancelled")
        case ServiceTerminated() as e:
            rows.update(
                "service_list",
                e.service_id,
                status="terminated",
                terminated_on=e.terminated_on,
                next_due_on=None,
            )
        case (
            ServiceEnded(service_id=service_id, ended_on=day)
            | ServiceTransferred(service_id=service_id, transferred_on=day)
        ):
            rows.update(
                "service_list",
                service_id,
                status="cancelled",
                terminated_on=day,
                next_due_on=None,
            )
        case _:
            _follow_wishes(envelope, rows)


def _follow_wishes(envelope: Envelope, rows: Rows) -> None:
    """What the service is to become, and what became of it."""
    match envelope.event:
        case ServiceCancellationRequested(service_id=service_id, ends_on=ends_on):
            rows.update("service_list", service_id, ends_on=ends_on)
        case ServiceCancellationWithdrawn(service_id=service_id):
            rows.update("service_list", service_id, ends_on=None)
        case ServiceChangeScheduled(service_id=service_id, effective_on=effective_on):
            rows.update("service_list", service_id, changes_on=effective_on)
        case ServiceChangeWithdrawn(service_id=service_id):
            rows.update("service_list", service_id, changes_on=None)
        case ServiceChanged() as e:
            rows.update(
                "service_list",
                e.service_id,
                product_name=as_json(e.product_name),
                cycle=e.cycle,
                recurring_minor=e.recurring_minor,
                next_due_on=e.next_due_on,
                changes_on=None,
            )


class ServiceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many services an account holds, and when the next one is due."""

    all: int
    active: int
    suspended: int
    setting_up: int
    next_due_on: date | None


_READ = """select s.*, o.order_number
           from service_list s left join service_order o using (service_id)"""


async def services_of(
    db: Reader, account_id: UUID, *, page: Page, status: str = ""
) -> list[HeldService]:
    """The account's services, latest first."""
    records = await db.fetch(
        f"""{_READ} where account_id = $1
              and ($2 = '' or s.status = $2 or ($2 = 'pending' and s.status = 'setting_up'))
              and ($4::uuid is null or (s.ordered_at, s.service_id) <
                   (select a.ordered_at, a.service_id from service_list a
                    where a.service_id = $4 and a.account_id = $1))
            order by s.ordered_at desc, s.service_id desc limit $3""",  # noqa: S608 (constants of this file)
        account_id,
        status,
        page.limit,
        page.after,
    )
    return [read_row(HeldService, record) for record in records]


async def service_by_id(db: Reader, service_id: UUID) -> HeldService | None:
    """The service, unless the view has not seen it."""
    record = await db.fetchrow(f"{_READ} where s.service_id = $1", service_id)
    return read_row(HeldService, record) if record else None


async def service_counts(db: Reader, account_id: UUID) -> ServiceCounts:
    """The figures of the home page."""
    record = await db.fetchrow(
        """select count(*) as all, count(*) filter (where status = 'active') as active,
             count(*) filter (where status = 'suspended') as suspended,
             count(*) filter (where status = 'setting_up') as setting_up,
             min(next_due_on) filter (where status = 'active') as next_due_on
           from service_list where account_id = $1""",
        account_id,
    )
    assert record is not None, "an aggregate query has a row"
    return read_row(ServiceCounts, record)


service_list = View(
    name="service_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
