"""Which bank files came, what became of each entry of them, and who is known to pay for whom?"""

from typing import Any

import msgspec

from services.billing.event_groups import (
    BANK,
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
    BankEntryAllocated,
    BankEntryRecorded,
    BankEntryReopened,
    BankEntrySetAside,
    BankEntrySuggested,
    BankStatementImported,
    PayerForgotten,
    PayerRemembered,
)

PAYERS: Group = frozenset({PayerRemembered, PayerForgotten})
ELSEWHERE: Group = (
    (PAYMENTS - BANK)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES
)

STATEMENT_TABLES = """
create table bank_statement (
    statement_id uuid primary key,
    brand text not null,
    format text not null,
    parts jsonb not null,
    entries integer not null,
    new_entries integer not null,
    imported_at timestamptz not null,
    imported_by text not null,
    event_id uuid not null,
    correlation_id uuid not null
);
create index bank_statement_of_brand on bank_statement (brand, imported_at, statement_id);
"""

ENTRY_TABLES = """
create table bank_entry (
    entry_id uuid primary key,
    brand text not null,
    statement_id uuid not null,
    method text not null,
    booked_on date not null,
    value_on date not null,
    amount_minor bigint not null,
    currency text not null,
    brings_money boolean not null,
    status text not null,
    reasons jsonb not null default '[]',
    readings jsonb not null default '[]',
    shares jsonb not null default '[]',
    decided_by text,
    reason text
);
create index bank_entry_of_brand on bank_entry (brand, status, booked_on, entry_id);
create index bank_entry_of_statement on bank_entry (statement_id);
"""

PAYER_TABLES = """
create table known_payer (
    payer_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    payer_account text not null,
    payer_name text not null
);
create index known_payer_of_brand on known_payer (brand);
"""


def apply_to_statement(envelope: Envelope, rows: Rows) -> None:
    """The files that were taken in."""
    match envelope.event:
        case BankStatementImported() as imported:
            rows.insert(
                "bank_statement",
                statement_id=imported.statement_id,
                brand=envelope.brand,
                format=imported.format,
                parts=_json(imported.parts),
                entries=imported.entries,
                new_entries=imported.new_entries,
                imported_at=envelope.occurred_at,
                imported_by=envelope.actor,
                event_id=envelope.id,
                correlation_id=envelope.correlation_id,
            )


def apply_to_entry(envelope: Envelope, rows: Rows) -> None:
    """The entries, and what was decided about each."""
    match envelope.event:
        case BankEntryRecorded() as recorded:
            rows.insert(
                "bank_entry",
                entry_id=recorded.entry_id,
                brand=envelope.brand,
                statement_id=recorded.statement_id,
                method=recorded.method,
                booked_on=recorded.booked_on,
                value_on=recorded.value_on,
                amount_minor=recorded.amount_minor,
                currency=recorded.currency,
                brings_money=recorded.brings_money,
                status="open",
            )
        case BankEntrySuggested(entry_id=entry_id, reasons=reasons, readings=readings):
            rows.update("bank_entry", entry_id, reasons=_json(reasons), readings=_json(readings))
        case BankEntryAllocated(entry_id=entry_id, shares=shares):
            _decide(envelope, entry_id, rows=rows, status="allocated", shares=_json(shares))
        case BankEntrySetAside(entry_id=entry_id, reason=reason):
            _decide(envelope, entry_id, rows=rows, status="set_aside", reason=reason)
        case BankEntryReopened(entry_id=entry_id, reason=reason):
            _decide(envelope, entry_id, rows=rows, status="open", shares="[]", reason=reason)


def _decide(envelope: Envelope, entry_id: Any, *, rows: Rows, **columns: Any) -> None:
    rows.update("bank_entry", entry_id, decided_by=envelope.actor, **columns)


def apply_to_payer(envelope: Envelope, rows: Rows) -> None:
    """Who paid for an account by bank transfer before."""
    match envelope.event:
        case PayerRemembered() as met:
            rows.upsert(
                "known_payer",
                payer_id=met.payer_id,
                account_id=envelope.account,
                brand=envelope.brand,
                payer_account=met.payer_account,
                payer_name=met.payer_name,
            )
        case PayerForgotten(payer_id=payer_id):
            rows.delete("known_payer", payer_id)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


bank_statement = View(
    name="bank_statement",
    sources=("billing",),
    tables=STATEMENT_TABLES,
    apply=apply_to_statement,
    handles=frozenset({BankStatementImported}),
    ignored=(BANK - {BankStatementImported}) | ELSEWHERE,
)

bank_entry = View(
    name="bank_entry",
    sources=("billing",),
    tables=ENTRY_TABLES,
    apply=apply_to_entry,
    handles=BANK - PAYERS - {BankStatementImported},
    ignored=PAYERS | {BankStatementImported} | ELSEWHERE,
)

known_payer = View(
    name="known_payer",
    sources=("billing",),
    tables=PAYER_TABLES,
    apply=apply_to_payer,
    handles=PAYERS,
    ignored=(BANK - PAYERS) | ELSEWHERE,
)
