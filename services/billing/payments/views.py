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
    Group,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    PaymentFailed,
    PaymentOutcomeUnknown,
    PaymentPending,
    PaymentReceived,
    PaymentSent,
    PaymentStarted,
)

HANDLED: Group = frozenset(
    {
        PaymentStarted,
        PaymentSent,
        PaymentPending,
        PaymentOutcomeUnknown,
        PaymentReceived,
        PaymentFailed,
    }
)

TABLES = """
create table payment_open (
    payment_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    invoice_id uuid not null,
    gateway text not null,
    status text not null,
    since timestamptz not null,
    started_at timestamptz not null,
    event_id uuid not null,
    correlation_id uuid not null,
    traceparent text not null
);
create index payment_open_started on payment_open (started_at);
create table payment_open_invoice (
    payment_id uuid not null,
    invoice_id uuid not null,
    primary key (payment_id, invoice_id)
);
create index payment_open_of_invoice on payment_open_invoice (invoice_id);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case PaymentStarted() as started:
            rows.insert(
                "payment_open",
                payment_id=started.payment_id,
                account_id=envelope.account,
                brand=envelope.brand,
                invoice_id=started.invoice_id,
                gateway=started.gateway,
                status="open",
                since=envelope.occurred_at,
                started_at=envelope.occurred_at,
                event_id=envelope.id,
                correlation_id=envelope.correlation_id,
                traceparent=envelope.traceparent,
            )
            for id in (started.invoice_id, *started.further_invoices):
                rows.insert("payment_open_invoice", payment_id=started.payment_id, invoice_id=id)
        case PaymentSent(payment_id=payment_id):
            rows.update("payment_open", payment_id, status="open", since=envelope.occurred_at)
        case PaymentPending(payment_id=payment_id):
            rows.update("payment_open", payment_id, status="pending", since=envelope.occurred_at)
        case PaymentOutcomeUnknown(payment_id=payment_id):
            rows.update("payment_open", payment_id, status="unknown", since=envelope.occurred_at)
        case PaymentReceived(payment_id=payment_id) | PaymentFailed(payment_id=payment_id):
            rows.delete("payment_open", payment_id)
            rows.delete("payment_open_invoice", where={"payment_id": payment_id})


payment_open = View(
    name="payment_open",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLED,
    ignored=(PAYMENTS - HANDLED)
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
