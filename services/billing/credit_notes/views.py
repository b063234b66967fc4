"""A client's credit notes."""

from typing import Any

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
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import CreditNoteIssued

TABLES = """
create table credit_note (
    credit_note_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    number text not null,
    invoice_id uuid not null,
    invoice_number text not null,
    issued_on date not null,
    currency text not null,
    lines jsonb not null,
    taxes jsonb not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    returned_minor bigint not null,
    reason text not null,
    prices_include_tax boolean not null,
    corrected_by uuid
);
create index credit_note_of_account on credit_note (account_id, credit_note_id);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case CreditNoteIssued() as note:
            rows.insert(
                "credit_note",
                credit_note_id=note.credit_note_id,
                account_id=envelope.account,
                brand=envelope.brand,
                number=note.number,
                invoice_id=note.invoice_id,
                invoice_number=note.invoice_number,
                issued_on=note.issued_on,
                currency=note.currency,
                lines=_json(note.lines),
                taxes=_json(note.taxes),
                tax_minor=note.tax_minor,
                total_minor=note.total_minor,
                returned_minor=note.returned_minor,
                reason=note.reason,
                prices_include_tax=note.prices_include_tax,
                corrected_by=note.corrected_by,
            )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


credit_note = View(
    name="credit_note",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({CreditNoteIssued}),
    ignored=(INVOICES - {CreditNoteIssued})
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
