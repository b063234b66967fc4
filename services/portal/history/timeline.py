"""What happened to the account, its invoices and its services, in order?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.portal.browser.rows import as_json, read_row
from services.portal.topics import EVERY
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import InvoiceIssued
from shared.personal import personal_fields
from shared.reads import Reader

TABLES = """
create table timeline (
    event_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    occurred_at timestamptz not null,
    source text not null,
    type text not null,
    actor text not null,
    position bigint not null,
    causation_id uuid,
    invoice_id uuid,
    service_id uuid,
    ticket_id uuid,
    facts jsonb not null
);
create index timeline_account on timeline (account_id, occurred_at desc, source, position desc);
create index timeline_invoice on timeline (invoice_id, occurred_at, source, position);
create index timeline_service on timeline (service_id, occurred_at, source, position);
"""
_BULKY = frozenset({"lines"})


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an account. `facts` are its fields without personal data and invoice lines."""

    event_id: UUID
    account_id: UUID
    occurred_at: datetime
    source: str
    type: str
    actor: str
    causation_id: UUID | None
    facts: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.occurred_at


def apply(envelope: Envelope, rows: Rows) -> None:
    """Add the event, if it belongs to an account."""
    if envelope.account_id is None:
        return
    facts = _facts(envelope)
    rows.insert(
        "timeline",
        event_id=envelope.id,
        account_id=envelope.account_id,
        brand=envelope.brand,
        occurred_at=envelope.occurred_at,
        source=envelope.source,
        type=envelope.type,
        actor=envelope.actor,
        position=envelope.position,
        causation_id=envelope.causation_id,
        invoice_id=facts.get("invoice_id"),
        service_id=facts.get("service_id") or _first_service(envelope),
        ticket_id=facts.get("ticket_id"),
        facts=as_json(facts),
    )


def _facts(envelope: Envelope) -> Mapping[str, Any]:
    left_out = _BULKY.union(personal_fields(type(envelope.event)))
    fields = msgspec.structs.asdict(envelope.event)
    return {name: value for name, value in fields.items() if name not in left_out}


def _first_service(envelope: Envelope) -> UUID | None:
    """An invoice's story is told on the page of the service that its first line is for."""
    match envelope.event:
        case InvoiceIssued(lines=lines):
            return next((line.service_id for line in lines if line.service_id), None)
    return None


async def story_of_account(db: Reader, account_id: UUID, *, limit: int = 200) -> list[Entry]:
    """The account's latest events, latest first."""
    records = await db.fetch(
        """select * from timeline where account_id = $1
           order by occurred_at desc, source, position desc limit $2""",
        account_id,
        limit,
    )
    return [read_row(Entry, record) for record in records]


async def story_of_invoice(db: Reader, invoice_id: UUID) -> list[Entry]:
    """The invoice's events, oldest first."""
    records = await db.fetch(
        """select * from timeline where invoice_id = $1
           order by occurred_at, source, position limit 200""",
        invoice_id,
    )
    return [read_row(Entry, record) for record in records]


async def story_of_service(db: Reader, service_id: UUID) -> list[Entry]:
    """The service's events, oldest first."""
    records = await db.fetch(
        """select * from timeline where service_id = $1
           order by occurred_at, source, position limit 500""",
        service_id,
    )
    return [read_row(Entry, record) for record in records]


timeline = View(
    name="timeline",
    sources=("accounts", "billing", "tickets", "notifications"),
    tables=TABLES,
    apply=apply,
    handles=EVERY,
)
