"""Which accounts have credit: asked by the business day, which applies it to what is open."""

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
    CreditAdded,
    CreditApplied,
    CreditGiven,
    CreditReleased,
    CreditWithdrawn,
)

TABLES = """
create table credit_held (
    account_id uuid not null,
    currency text not null,
    brand text not null,
    balance_minor bigint not null default 0,
    primary key (account_id, currency)
);
create index credit_held_of_brand on credit_held (brand) where balance_minor > 0;
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case CreditAdded() | CreditGiven() | CreditReleased() as grown:
            _change(envelope, grown.currency, minor=grown.amount_minor, rows=rows)
        case CreditApplied() | CreditWithdrawn() as shrunk:
            _change(envelope, shrunk.currency, minor=-shrunk.amount_minor, rows=rows)


def _change(envelope: Envelope, currency: str, *, minor: int, rows: Rows) -> None:
    rows.upsert("credit_held", account_id=envelope.account, currency=currency, brand=envelope.brand)
    rows.update(
        "credit_held", envelope.account, currency, balance_minor=lambda balance: balance + minor
    )


credit_held = View(
    name="credit_held",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=CREDIT,
    ignored=BRANDS
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
