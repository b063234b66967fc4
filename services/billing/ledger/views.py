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
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    BoletoCollected,
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentDisputeClosed,
    PaymentDisputed,
    PaymentReceived,
    PaymentRefunded,
    PaymentReversed,
    PaymentTakenBack,
)

BOOKED: Group = CREDIT | {
    BoletoCollected,
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentRefunded,
    PaymentDisputed,
    PaymentDisputeClosed,
    PaymentReceived,
    PaymentReversed,
    PaymentTakenBack,
}

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
create index ledger_posting_of_payment on ledger_posting (payment_id)
    where ledger_account = 'gateway_clearing';
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    for place, posting in enumerate(postings_of(envelope.event)):
        rows.insert(
            "ledger_posting",
            event_id=envelope.id,
            place=place,
            account_id=envelope.account_id,
            brand=envelope.brand,
            ledger_account=posting.ledger_account,
            invoice_id=posting.invoice_id,
            payment_id=posting.payment_id,
            amount_minor=posting.amount_minor,
            currency=posting.currency,
            posted_at=envelope.occurred_at,
        )


ledger_posting = View(
    name="ledger_posting",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=BOOKED,
    ignored=(INVOICES | PAYMENTS) - BOOKED
    | BRANDS
    | DAYS
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
