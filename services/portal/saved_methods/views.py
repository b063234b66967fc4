"""What has the account saved to pay with, and is it charged automatically?"""

from datetime import date
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
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    AutopayChanged,
    PaymentMethodDeclined,
    PaymentMethodPreferred,
    PaymentMethodRemoved,
    PaymentMethodSaved,
)
from shared.reads import Reader

TABLES = """
create table saved_method (
    method_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    method text not null,
    card_brand text not null,
    last_four text not null,
    expires_on date,
    is_default boolean not null,
    decline text not null
);
create index saved_method_account on saved_method (account_id, method_id);
create table autopay (
    account_id uuid primary key,
    is_on boolean not null
);
"""
HANDLES: Events = frozenset(
    {
        AutopayChanged,
        PaymentMethodDeclined,
        PaymentMethodPreferred,
        PaymentMethodRemoved,
        PaymentMethodSaved,
    }
)


class SavedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A saved way to pay. `decline`: why it is charged no more, empty if nothing is wrong."""

    method_id: UUID
    account_id: UUID
    brand: str
    method: str
    card_brand: str
    last_four: str
    expires_on: date | None
    is_default: bool
    decline: str

    def is_usable(self, today: date) -> bool:
        """Whether it can be charged on that day."""
        return not self.decline and (self.expires_on is None or self.expires_on >= today)


def apply(envelope: Envelope, rows: Rows) -> None:
    """Follow the wallet; all of its events come in order from one source."""
    match envelope.event:
        case PaymentMethodSaved() as e:
            _save(envelope, e, rows=rows)
        case PaymentMethodRemoved(method_id=method_id):
            rows.delete("saved_method", method_id)
        case PaymentMethodPreferred(method_id=method_id):
            _prefer(envelope, method_id, rows=rows)
        case PaymentMethodDeclined(method_id=method_id, reason=reason):
            rows.update("saved_method", method_id, decline=reason)
        case AutopayChanged(is_on=is_on):
            rows.upsert("autopay", account_id=envelope.account, is_on=is_on)


def _save(envelope: Envelope, e: PaymentMethodSaved, *, rows: Rows) -> None:
    rows.insert(
        "saved_method",
        method_id=e.method_id,
        account_id=envelope.account,
        brand=envelope.brand,
        method=e.method,
        card_brand=e.card_brand,
        last_four=e.last_four,
        expires_on=e.expires_on,
        is_default=False,
        decline="",
    )
    if e.is_default:
        _prefer(envelope, e.method_id, rows=rows)


def _prefer(envelope: Envelope, method_id: UUID, *, rows: Rows) -> None:
    rows.update("saved_method", where={"account_id": envelope.account}, is_default=False)
    rows.update("saved_method", method_id, is_default=True)


async def saved_methods_of(db: Reader, account_id: UUID) -> list[SavedMethod]:
    """What the account has saved, oldest first."""
    records = await db.fetch(
        "select * from saved_method where account_id = $1 order by method_id", account_id
    )
    return [read_row(SavedMethod, record) for record in records]


async def is_autopay_on(db: Reader, account_id: UUID) -> bool:
    """Whether invoices are charged on their due day; so it is until somebody switches it off."""
    is_on = await db.fetchval("select is_on from autopay where account_id = $1", account_id)
    return is_on is not False


saved_method_list = View(
    name="saved_method_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=(
        BRANDS
        | CREDIT
        | DAYS
        | FINDINGS
        | INVOICES
        | NOTICES
        | ORDERS
        | PAYMENTS
        | PRODUCTS
        | SERVICES
    )
    - HANDLES,
)
