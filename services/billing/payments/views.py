"""Which payment attempts are open: asked by the janitor that asks the gateway about them."""

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
from shared.contracts.billing import PaymentFailed, PaymentReceived, PaymentStarted
from shared.database import Connection

TABLES = """
create table payment_open (
    payment_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    invoice_id uuid not null,
    started_at timestamptz not null,
    event_id uuid not null,
    correlation_id uuid not null,
    traceparent text not null
);
create index payment_open_started on payment_open (started_at);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    match envelope.event:
        case PaymentStarted() as started:
            await db.execute(
                """insert into payment_open (payment_id, account_id, brand, invoice_id, started_at,
                                             event_id, correlation_id, traceparent)
                   values ($1, $2, $3, $4, $5, $6, $7, $8)""",
                started.payment_id,
                envelope.account,
                envelope.brand,
                started.invoice_id,
                envelope.occurred_at,
                envelope.id,
                envelope.correlation_id,
                envelope.traceparent,
            )
        case PaymentReceived(payment_id=payment_id) | PaymentFailed(payment_id=payment_id):
            await db.execute("delete from payment_open where payment_id = $1", payment_id)


payment_open = View(
    name="payment_open",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({PaymentStarted, PaymentReceived, PaymentFailed}),
    ignored=(PAYMENTS - {PaymentStarted, PaymentReceived, PaymentFailed})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
