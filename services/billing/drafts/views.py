"""What does staff have in preparation, and what is on it?"""

from collections.abc import Iterable
from uuid import UUID

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
    DraftChanged,
    DraftDiscarded,
    DraftIssued,
    DraftLine,
    DraftOpened,
)

DRAFTS: Group = frozenset({DraftOpened, DraftChanged, DraftDiscarded, DraftIssued})

TABLES = """
create table draft (
    draft_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    currency text not null,
    status text not null,
    invoice_id uuid,
    into_id uuid
);
create index draft_of_brand on draft (brand, draft_id);
create table draft_line (
    draft_id uuid not null,
    line_id uuid not null,
    description text not null,
    net_minor bigint not null,
    quantity numeric not null,
    unit_minor bigint,
    tax_category text not null,
    primary key (draft_id, line_id)
);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case DraftOpened(draft_id=draft_id, currency=currency, lines=lines):
            rows.insert(
                "draft",
                draft_id=draft_id,
                account_id=envelope.account,
                brand=envelope.brand,
                currency=currency,
                status="open",
            )
            _put(draft_id, lines, rows=rows)
        case DraftChanged(draft_id=draft_id, put=put, removed=removed):
            _put(draft_id, put, rows=rows)
            for line_id in removed:
                rows.delete("draft_line", draft_id, line_id)
        case DraftDiscarded(draft_id=draft_id, reason=reason, into_id=into_id):
            rows.update("draft", draft_id, status=reason, into_id=into_id)
        case DraftIssued(draft_id=draft_id, invoice_id=invoice_id):
            rows.update("draft", draft_id, status="issued", invoice_id=invoice_id)


def _put(draft_id: UUID, lines: Iterable[DraftLine], *, rows: Rows) -> None:
    for line in lines:
        rows.upsert(
            "draft_line",
            draft_id=draft_id,
            line_id=line.line_id,
            description=line.description,
            net_minor=line.net_minor,
            quantity=line.quantity,
            unit_minor=line.unit_minor,
            tax_category=line.tax_category,
        )


draft = View(
    name="draft",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=DRAFTS,
    ignored=(ORDERS - DRAFTS)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
