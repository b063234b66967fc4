"""Which refunds has an account, and how do they stand?"""

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
    RefundDeclined,
    RefundDone,
    RefundFailed,
    RefundOrdered,
    RefundRequested,
)

REFUNDS: Group = frozenset(
    {RefundRequested, RefundOrdered, RefundDeclined, RefundDone, RefundFailed}
)

TABLES = """
create table refund (
    refund_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    payment_id uuid not null,
    way text not null,
    amount_minor bigint not null,
    currency text not null,
    reason text not null,
    status text not null,
    refunded_on date,
    problem text
);
create index refund_of_account on refund (account_id, refund_id);
create index refund_waiting on refund (brand, refund_id) where status = 'requested';
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    """A refund's row follows what becomes of it."""
    match envelope.event:
        case RefundRequested() as requested:
            rows.insert(
                "refund",
                refund_id=requested.refund_id,
                account_id=envelope.account,
                brand=envelope.brand,
                payment_id=requested.payment_id,
                way=requested.way,
                amount_minor=requested.amount_minor,
                currency=requested.currency,
                reason=requested.reason,
                status="requested",
            )
        case RefundOrdered(refund_id=refund_id):
            rows.update("refund", refund_id, status="ordered")
        case RefundDeclined(refund_id=refund_id, reason=reason):
            rows.update("refund", refund_id, status="declined", problem=reason)
        case RefundDone(refund_id=refund_id, refunded_on=refunded_on):
            rows.update("refund", refund_id, status="done", refunded_on=refunded_on)
        case RefundFailed(refund_id=refund_id, reason=reason):
            rows.update("refund", refund_id, status="failed", problem=reason)


refund_list = View(
    name="refund",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=REFUNDS,
    ignored=(PAYMENTS - REFUNDS)
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
