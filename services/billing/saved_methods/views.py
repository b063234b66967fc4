"""What has an account saved to pay with, and is it charged automatically?"""

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
    SAVED_METHODS,
    SERVICES,
    Group,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    AutopayChanged,
    PaymentConfirmationWanted,
    PaymentMethodDeclined,
    PaymentMethodExpiring,
    PaymentMethodPreferred,
    PaymentMethodRemoved,
    PaymentMethodSaved,
)

TOLD: Group = frozenset({PaymentConfirmationWanted, PaymentMethodExpiring})
"""What its holder is told leaves a saved way to pay as it is."""

TABLES = """
create table saved_method (
    method_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    method text not null,
    kind text not null,
    card_brand text not null,
    last_four text not null,
    expires_on date,
    decline text not null default ''
);
create index saved_method_of_account on saved_method (account_id, method_id);
create index saved_method_expiring on saved_method (brand, expires_on);
create table wallet (
    account_id uuid primary key,
    brand text not null,
    is_autopay_on boolean not null default true,
    default_id uuid
);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case PaymentMethodSaved() as saved:
            rows.insert(
                "saved_method",
                method_id=saved.method_id,
                account_id=envelope.account,
                brand=envelope.brand,
                method=saved.method,
                kind=saved.kind,
                card_brand=saved.card_brand,
                last_four=saved.last_four,
                expires_on=saved.expires_on,
            )
            chosen = {"default_id": saved.method_id} if saved.is_default else {}
            rows.upsert("wallet", account_id=envelope.account, brand=envelope.brand, **chosen)
        case PaymentMethodRemoved(method_id=method_id):
            rows.delete("saved_method", method_id)
            was_default = {"default_id": method_id}
            rows.update("wallet", envelope.account, where=was_default, default_id=None)
        case PaymentMethodPreferred(method_id=method_id):
            rows.update("wallet", envelope.account, default_id=method_id)
        case PaymentMethodDeclined(method_id=method_id, reason=reason):
            rows.update("saved_method", method_id, decline=reason)
        case AutopayChanged(is_on=is_on):
            rows.upsert(
                "wallet", account_id=envelope.account, brand=envelope.brand, is_autopay_on=is_on
            )


saved_method = View(
    name="saved_method",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=SAVED_METHODS - TOLD,
    ignored=(PAYMENTS - SAVED_METHODS)
    | TOLD
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
