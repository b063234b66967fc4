"""What is an account to be charged for that is on no invoice yet?"""

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
    BillableItemAdded,
    BillableItemInvoiced,
    BillableItemWithdrawn,
)

ITEMS: Group = frozenset({BillableItemAdded, BillableItemInvoiced, BillableItemWithdrawn})

TABLES = """
create table billable_item (
    item_id uuid primary key,
    account_id uuid not null,
    brand text not null,
    description text not null,
    net_minor bigint not null,
    currency text not null,
    tax_category text not null,
    bill_on date,
    status text not null,
    invoice_id uuid
);
create index billable_item_open on billable_item (account_id, currency) where status = 'open';
create index billable_item_due on billable_item (brand, bill_on) where status = 'open';
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case BillableItemAdded() as added:
            rows.insert(
                "billable_item",
                item_id=added.item_id,
                account_id=envelope.account,
                brand=envelope.brand,
                description=added.description,
                net_minor=added.net_minor,
                currency=added.currency,
                tax_category=added.tax_category,
                bill_on=added.bill_on,
                status="open",
            )
        case BillableItemInvoiced(item_id=item_id, invoice_id=invoice_id):
            rows.update("billable_item", item_id, status="invoiced", invoice_id=invoice_id)
        case BillableItemWithdrawn(item_id=item_id):
            rows.update("billable_item", item_id, status="withdrawn")


billable_item = View(
    name="billable_item",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=ITEMS,
    ignored=(ORDERS - ITEMS)
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
