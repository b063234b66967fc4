"""Which carts are open, and since when has nobody touched them?"""

from services.billing.event_groups import (
    BRANDS,
    CARTS,
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
from shared.contracts.billing import (
    CartAdopted,
    CartChanged,
    CartCheckedOut,
    CartExpired,
    CartOpened,
)

TABLES = """
create table cart_open (
    cart_id uuid primary key,
    account_id uuid,
    brand text not null,
    changed_on date not null
);
create index cart_open_since on cart_open (brand, changed_on);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case CartOpened(cart_id=cart_id, opened_on=opened_on):
            rows.insert(
                "cart_open",
                cart_id=cart_id,
                account_id=envelope.account_id,
                brand=envelope.brand,
                changed_on=opened_on,
            )
        case CartChanged(cart_id=cart_id, changed_on=changed_on):
            rows.update("cart_open", cart_id, changed_on=changed_on)
        case (
            CartAdopted(cart_id=cart_id)
            | CartCheckedOut(cart_id=cart_id)
            | CartExpired(cart_id=cart_id)
        ):
            rows.delete("cart_open", cart_id)


cart_open = View(
    name="cart_open",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=CARTS,
    ignored=(ORDERS - CARTS)
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
