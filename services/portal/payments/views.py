"""Which attempts were there to pay an invoice, and what became of each? Amounts are minor units."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from services.portal.browser.rows import read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    PaymentDisputeClosed,
    PaymentDisputed,
    PaymentFailed,
    PaymentPending,
    PaymentReceived,
    PaymentRefunded,
    PaymentReversed,
    PaymentStarted,
)
from shared.reads import Reader

TABLES = """
create table payment_list (
    payment_id uuid primary key,
    invoice_id uuid not null,
    account_id uuid not null,
    brand text not null,
    method text not null,
    amount_minor bigint not null,
    currency text not null,
    status text not null,
    started_at timestamptz not null,
    received_on date,
    receipt_number text,
    failure_reason text
);
create index payment_list_invoice on payment_list (invoice_id, started_at desc);
"""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay."""

    payment_id: UUID
    invoice_id: UUID
    method: str
    amount_minor: int
    currency: str
    status: str
    started_at: datetime
    received_on: date | None
    receipt_number: str | None
    failure_reason: str | None


def apply(envelope: Envelope, rows: Rows) -> None:
    """Follow each attempt; all of its events come in order from one source."""
    match envelope.event:
        case PaymentStarted() as e:
            rows.insert(
                "payment_list",
                payment_id=e.payment_id,
                invoice_id=e.invoice_id,
                account_id=envelope.account,
                brand=envelope.brand,
                method=e.method,
                amount_minor=e.amount_minor,
                currency=e.currency,
                status="started",
                started_at=envelope.occurred_at,
            )
        case PaymentPending(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="pending")
        case PaymentReceived() as e:
            rows.update(
                "payment_list",
                e.payment_id,
                status="succeeded",
                amount_minor=e.amount_minor,
                received_on=e.received_on,
                receipt_number=e.receipt_number,
            )
        case PaymentReversed(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="reversed")
        case PaymentFailed() as e:
            rows.update("payment_list", e.payment_id, status="failed", failure_reason=e.reason)
        case PaymentRefunded(payment_id=payment_id, is_whole=is_whole):
            status = "refunded" if is_whole else "refunded_in_part"
            rows.update("payment_list", payment_id, status=status)
        case PaymentDisputed(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="disputed")
        case PaymentDisputeClosed(payment_id=payment_id, outcome=outcome):
            status = "succeeded" if outcome == "won" else "charged_back"
            rows.update("payment_list", payment_id, status=status)


async def payments_of(db: Reader, invoice_id: UUID) -> list[Payment]:
    """The attempts to pay the invoice, latest first."""
    records = await db.fetch(
        "select * from payment_list where invoice_id = $1 order by started_at desc limit 50",
        invoice_id,
    )
    return [read_row(Payment, record) for record in records]


payment_list = View(
    name="payment_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=PAYMENTS,
    ignored=BRANDS | DAYS | FINDINGS | PRODUCTS | ORDERS | SERVICES | INVOICES | NOTICES | CREDIT,
)
