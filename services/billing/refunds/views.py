"""Which refunds has an account, and how do they stand? Which payment was its first?"""

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
    PaymentReceived,
    PaymentReversed,
    RefundDeclined,
    RefundDone,
    RefundFailed,
    RefundOrdered,
    RefundRequested,
)

REFUNDS: Group = frozenset(
    {RefundRequested, RefundOrdered, RefundDeclined, RefundDone, RefundFailed}
)
FIRSTS: Group = frozenset({PaymentReceived, PaymentReversed})

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
    problem text,
    requested_at timestamptz not null
);
create index refund_of_account on refund (account_id, refund_id);
create index refund_of_brand on refund (brand, status, refund_id);
"""

FIRST_TABLES = """
create table first_payment (
    account_id uuid primary key,
    payment_id uuid
);
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
                requested_at=envelope.occurred_at,
            )
        case RefundOrdered(refund_id=refund_id):
            rows.update("refund", refund_id, status="ordered")
        case RefundDeclined(refund_id=refund_id, reason=reason):
            rows.update("refund", refund_id, status="declined", problem=reason)
        case RefundDone(refund_id=refund_id, refunded_on=refunded_on):
            rows.update("refund", refund_id, status="done", refunded_on=refunded_on)
        case RefundFailed(refund_id=refund_id, reason=reason):
            rows.update("refund", refund_id, status="failed", problem=reason)


def apply_to_first(envelope: Envelope, rows: Rows) -> None:
    """The first payment of an account that brought money; those that follow change nothing."""
    match envelope.event:
        case PaymentReceived(payment_id=payment_id):
            rows.upsert("first_payment", account_id=envelope.account)
            rows.update(
                "first_payment", envelope.account, payment_id=lambda known: known or payment_id
            )
        case PaymentReversed(payment_id=payment_id):
            rows.delete("first_payment", envelope.account, where={"payment_id": payment_id})


_OTHERS: Group = (
    BRANDS | CREDIT | DAYS | INVOICES | NOTICES | ORDERS | PRODUCTS | PROVISIONING | SERVICES
)
refund_list = View(
    name="refund",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=REFUNDS,
    ignored=(PAYMENTS - REFUNDS) | _OTHERS,
)
first_payment = View(
    name="first_payment",
    sources=("billing",),
    tables=FIRST_TABLES,
    apply=apply_to_first,
    handles=FIRSTS,
    ignored=(PAYMENTS - FIRSTS) | _OTHERS,
)
