"""Two questions about invoices: an account's invoices, and which are open for dunning."""

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
    InvoiceCancelled,
    InvoiceIssued,
    InvoicePaid,
    PaymentAllocated,
    PaymentFailed,
    PaymentPending,
)
from shared.database import Connection

INVOICE_LIST_TABLES = """
create table invoice_list (
    invoice_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    order_id uuid,
    status text not null,
    issued_on date not null,
    due_on date not null,
    paid_on date,
    currency text not null,
    total_minor bigint not null,
    open_minor bigint not null,
    lines jsonb not null
);
create index invoice_list_of_account on invoice_list (account_id, invoice_id);
"""

INVOICE_OPEN_TABLES = """
create table invoice_open (
    invoice_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    order_id uuid,
    issued_on date not null,
    due_on date not null,
    is_pending boolean not null default false
);
create index invoice_open_due on invoice_open (brand, due_on);
create table invoice_open_service (
    invoice_id uuid not null,
    service_id uuid not null,
    primary key (invoice_id, service_id)
);
create index invoice_open_of_service on invoice_open_service (service_id);
"""


async def apply_to_list(envelope: Envelope, db: Connection) -> None:
    """An account's invoices with what is open of each."""
    match envelope.event:
        case InvoiceIssued() as issued:
            await _list_issued(envelope, issued, db)
        case PaymentAllocated(invoice_id=invoice_id, amount_minor=amount_minor):
            await db.execute(
                "update invoice_list set open_minor = open_minor - $2 where invoice_id = $1",
                invoice_id,
                amount_minor,
            )
        case InvoicePaid(invoice_id=invoice_id, paid_on=paid_on):
            await db.execute(
                "update invoice_list set status = 'paid', paid_on = $2 where invoice_id = $1",
                invoice_id,
                paid_on,
            )
        case InvoiceCancelled(invoice_id=invoice_id):
            await db.execute(
                """update invoice_list set status = 'cancelled', open_minor = 0
                   where invoice_id = $1""",
                invoice_id,
            )
        case PaymentPending(invoice_id=invoice_id):
            await db.execute(
                """update invoice_list set status = 'payment_pending'
                   where invoice_id = $1 and status = 'unpaid'""",
                invoice_id,
            )
        case PaymentFailed(invoice_id=invoice_id):
            await db.execute(
                """update invoice_list set status = 'unpaid'
                   where invoice_id = $1 and status = 'payment_pending'""",
                invoice_id,
            )


async def _list_issued(envelope: Envelope, issued: InvoiceIssued, db: Connection) -> None:
    await db.execute(
        """insert into invoice_list (invoice_id, account_id, brand, number, order_id, status,
                                     issued_on, due_on, currency, total_minor, open_minor, lines)
           values ($1, $2, $3, $4, $5, 'unpaid', $6, $7, $8, $9, $9, $10)""",
        issued.invoice_id,
        envelope.account,
        envelope.brand,
        issued.number,
        issued.order_id,
        issued.issued_on,
        issued.due_on,
        issued.currency,
        issued.total_minor,
        msgspec.json.encode(issued.lines).decode(),
    )


async def apply_to_open(envelope: Envelope, db: Connection) -> None:
    """The invoices that still want money, with the services that hang on them."""
    match envelope.event:
        case InvoiceIssued() as issued:
            await _open_issued(envelope, issued, db)
        case InvoicePaid(invoice_id=invoice_id) | InvoiceCancelled(invoice_id=invoice_id):
            await db.execute("delete from invoice_open where invoice_id = $1", invoice_id)
            await db.execute("delete from invoice_open_service where invoice_id = $1", invoice_id)
        case PaymentPending(invoice_id=invoice_id):
            await db.execute(
                "update invoice_open set is_pending = true where invoice_id = $1", invoice_id
            )
        case PaymentFailed(invoice_id=invoice_id):
            await db.execute(
                "update invoice_open set is_pending = false where invoice_id = $1", invoice_id
            )


async def _open_issued(envelope: Envelope, issued: InvoiceIssued, db: Connection) -> None:
    await db.execute(
        """insert into invoice_open (invoice_id, account_id, brand, order_id, issued_on, due_on)
           values ($1, $2, $3, $4, $5, $6)""",
        issued.invoice_id,
        envelope.account,
        envelope.brand,
        issued.order_id,
        issued.issued_on,
        issued.due_on,
    )
    services = {line.service_id for line in issued.lines if line.service_id}
    await db.executemany(
        "insert into invoice_open_service (invoice_id, service_id) values ($1, $2)",
        [(issued.invoice_id, service_id) for service_id in sorted(services)],
    )


invoice_list = View(
    name="invoice_list",
    sources=("billing",),
    tables=INVOICE_LIST_TABLES,
    apply=apply_to_list,
    handles=INVOICES | {PaymentAllocated, PaymentPending, PaymentFailed},
    ignored=(PAYMENTS - {PaymentAllocated, PaymentPending, PaymentFailed})
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)

invoice_open = View(
    name="invoice_open",
    sources=("billing",),
    tables=INVOICE_OPEN_TABLES,
    apply=apply_to_open,
    handles=INVOICES | {PaymentPending, PaymentFailed},
    ignored=(PAYMENTS - {PaymentPending, PaymentFailed})
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
