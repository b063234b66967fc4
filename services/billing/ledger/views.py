"""The ledger: every booking of every event, each event's sum zero."""

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
from services.billing.ledger.postings import postings_of
from shared.consumers import Envelope, View
from shared.contracts.billing import (
    CreditAdded,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentAllocated,
    PaymentReceived,
)
from shared.database import Connection

BOOKED: Group = frozenset(
    {CreditAdded, InvoiceCancelled, InvoiceIssued, PaymentAllocated, PaymentReceived}
)

TABLES = """
create table ledger_posting (
    event_id uuid not null,
    place smallint not null,
    account_id uuid not null,
    brand text not null,
    ledger_account text not null,
    invoice_id uuid,
    payment_id uuid,
    amount_minor bigint not null,
    currency text not null,
    posted_at timestamptz not null,
    primary key (event_id, place)
);
create index ledger_posting_of_account on ledger_posting (account_id, posted_at);
create index ledger_posting_of_invoice on ledger_posting (invoice_id);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    rows = [
        (
            envelope.id,
            place,
            envelope.account_id,
            envelope.brand,
            posting.ledger_account,
            posting.invoice_id,
            posting.payment_id,
            posting.amount_minor,
            posting.currency,
            envelope.occurred_at,
        )
        for place, posting in enumerate(postings_of(envelope.event))
    ]
    await db.executemany(
        """insert into ledger_posting (event_id, place, account_id, brand, ledger_account,
                                       invoice_id, payment_id, amount_minor, currency, posted_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        rows,
    )


ledger_posting = View(
    name="ledger_posting",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=BOOKED,
    ignored=(CREDIT | INVOICES | PAYMENTS) - BOOKED
    | BRANDS
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
