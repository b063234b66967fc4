"""How much of the account's own money do we hold, and what became of it? In minor units."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
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
    CreditAdded,
    CreditApplied,
    CreditGiven,
    CreditReleased,
    CreditWithdrawn,
)
from shared.reads import Reader

TABLES = """
create table credit_log (
    entry_id uuid primary key,
    account_id uuid not null,
    currency text not null,
    amount_minor bigint not null,
    kind text not null,
    invoice_id uuid,
    at timestamptz not null
);
create index credit_log_account on credit_log (account_id, at desc, entry_id desc);
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Credit that came (above zero) or went. `kind` is a word of ours; see `apply`."""

    entry_id: UUID
    currency: str
    amount_minor: int
    kind: str
    invoice_id: UUID | None
    at: datetime

    @property
    def id(self) -> UUID:
        """The entry's id, as links name it."""
        return self.entry_id


def apply(envelope: Envelope, rows: Rows) -> None:
    """One row for each change; all of an account's come in order from one source."""
    match envelope.event:
        case CreditAdded() as e:
            _note(envelope, rows, kind=e.reason, amount_minor=e.amount_minor, currency=e.currency)
        case CreditGiven() as e:
            _note(envelope, rows, kind=e.source, amount_minor=e.amount_minor, currency=e.currency)
        case CreditApplied() as e:
            _use(envelope, rows, kind="applied", amount_minor=-e.amount_minor)
        case CreditReleased() as e:
            _use(envelope, rows, kind="released", amount_minor=e.amount_minor)
        case CreditWithdrawn() as e:
            kind, less = _why_withdrawn(e.reason), -e.amount_minor
            _note(envelope, rows, kind=kind, amount_minor=less, currency=e.currency)


def _why_withdrawn(reason: str) -> str:
    """Taken with the payment that it came of; any other reason is a sentence of staff's."""
    return reason if reason in {"payment_taken_back", "charged_back"} else "withdrawn"


def _use(envelope: Envelope, rows: Rows, *, kind: str, amount_minor: int) -> None:
    use = envelope.event
    assert isinstance(use, CreditApplied | CreditReleased)
    _note(
        envelope,
        rows,
        kind=kind,
        amount_minor=amount_minor,
        currency=use.currency,
        invoice_id=use.invoice_id,
    )


def _note(envelope: Envelope, rows: Rows, **columns: Any) -> None:
    rows.insert(
        "credit_log",
        entry_id=envelope.id,
        account_id=envelope.account,
        at=envelope.occurred_at,
        **columns,
    )


async def credit_of(db: Reader, account_id: UUID, *, currency: str) -> int:
    """What the account has with us in the currency."""
    balance: int = await db.fetchval(
        """select coalesce(sum(amount_minor), 0)::bigint from credit_log
           where account_id = $1 and currency = $2""",
        account_id,
        currency,
    )
    return balance


async def credit_entries(db: Reader, account_id: UUID, *, page: Page) -> list[Entry]:
    """What came and went, latest first."""
    records = await db.fetch(
        """select * from credit_log where account_id = $1
              and ($3::uuid is null or (at, entry_id) <
                   (select a.at, a.entry_id from credit_log a
                    where a.entry_id = $3 and a.account_id = $1))
           order by at desc, entry_id desc limit $2""",
        account_id,
        page.limit,
        page.after,
    )
    return [read_row(Entry, record) for record in records]


credit_log = View(
    name="credit_log",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=CREDIT,
    ignored=BRANDS | DAYS | FINDINGS | PRODUCTS | ORDERS | SERVICES | INVOICES | NOTICES | PAYMENTS,
)
