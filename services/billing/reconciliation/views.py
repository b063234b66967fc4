"""Which days are compared with a gateway, and which payments came through it on which day?"""

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
    RECONCILED,
    SERVICES,
    Group,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    DayReconciled,
    PaymentReceived,
    PaymentReversed,
    PaymentStarted,
    ReconciliationAsked,
)

THROUGH: Group = frozenset({PaymentStarted, PaymentReceived, PaymentReversed})

RECONCILIATION_TABLES = """
create table reconciliation (
    reconciliation_id uuid primary key,
    brand text not null,
    gateway text not null,
    day date not null,
    asked_at timestamptz not null,
    outcome text,
    totals jsonb not null default '[]',
    differences integer,
    event_id uuid not null,
    correlation_id uuid not null
);
create index reconciliation_due on reconciliation (day) where outcome is null;
create index reconciliation_of_brand on reconciliation (brand, day, gateway);
"""

PAYMENT_TABLES = """
create table gateway_payment (
    payment_id uuid primary key,
    brand text not null,
    gateway text not null,
    gateway_reference text,
    received_on date
);
create index gateway_payment_there on gateway_payment (gateway, gateway_reference);
create index gateway_payment_received on gateway_payment (brand, gateway, received_on);
"""


def apply_to_reconciliation(envelope: Envelope, rows: Rows) -> None:
    """Days that are to be compared, and what came of them."""
    match envelope.event:
        case ReconciliationAsked() as asked:
            rows.insert(
                "reconciliation",
                reconciliation_id=asked.reconciliation_id,
                brand=envelope.brand,
                gateway=asked.gateway,
                day=asked.day,
                asked_at=envelope.occurred_at,
                event_id=envelope.id,
                correlation_id=envelope.correlation_id,
            )
        case DayReconciled() as done:
            rows.update(
                "reconciliation",
                done.reconciliation_id,
                outcome=done.outcome,
                totals=msgspec.json.encode(done.totals).decode(),
                differences=done.differences,
            )


def apply_to_payment(envelope: Envelope, rows: Rows) -> None:
    """Through which gateway a payment goes, what it is called there, and when its money came."""
    match envelope.event:
        case PaymentStarted() as started:
            rows.insert(
                "gateway_payment",
                payment_id=started.payment_id,
                brand=envelope.brand,
                gateway=started.gateway,
            )
        case PaymentReceived(payment_id=payment_id) as received:
            rows.update(
                "gateway_payment",
                payment_id,
                gateway_reference=received.gateway_reference,
                received_on=received.received_on,
            )
        case PaymentReversed(payment_id=payment_id):
            rows.update("gateway_payment", payment_id, received_on=None)


reconciliation = View(
    name="reconciliation",
    sources=("billing",),
    tables=RECONCILIATION_TABLES,
    apply=apply_to_reconciliation,
    handles=RECONCILED,
    ignored=(NOTICES - RECONCILED)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)

gateway_payment = View(
    name="gateway_payment",
    sources=("billing",),
    tables=PAYMENT_TABLES,
    apply=apply_to_payment,
    handles=THROUGH,
    ignored=(PAYMENTS - THROUGH)
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
