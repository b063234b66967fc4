"""Orders of the signed-in client's account."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.brands.currencies import CurrencyNotSold
from services.billing.carts.items import PRODUCT, CartItem, DomainNameInvalid, domain_name
from services.billing.catalogue.allotments import OutOfStock
from services.billing.catalogue.paths import ParentDoesNotFit
from services.billing.catalogue.product import CycleNotOffered, ProductRetired
from services.billing.contacts.contact import AccountNotReady
from services.billing.held_services.terms import ServiceNotPending
from services.billing.invoices.settlement import InvoiceAlreadyPaid, PaymentAwaited
from services.billing.orders.answers import OrderOut, OrderPlacedOut, order_out, order_placed
from services.billing.orders.commands import PlaceOrder, place_order
from services.billing.orders.giving_up import CancelOrder, cancel_order
from services.billing.orders.order import OrderAlreadyCancelled
from services.billing.state import account_of, check_reader, staff_brand_of
from shared.contracts.permissions import BILLING_ORDERS
from shared.database import acquire
from shared.errors import Forbidden, NotFound, Stale
from shared.http import Body, Call, Id, Line, Router, Who
from shared.ids import new_id

router = Router(tags=["orders"])

_ORDER_WITH_VERSION = """
select o.*, (select max(version) from events where stream_id = $1) as version
from order_list o where order_id = $1
"""


class OrderBody(Body):
    """The product, how long one period is, the domain name that it is for; as by default else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                    "cycle": "monthly",
                    "domain": "ana.example",
                    "accepts_terms": True,
                }
            ]
        }
    )

    product_id: Id
    cycle: Literal["monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"]
    domain: Line
    accepts_terms: bool = False

    def item(self, item_id: UUID) -> CartItem:
        """As what a cart would hold. `DomainNameInvalid`."""
        return CartItem(
            item_id=item_id,
            kind=PRODUCT,
            product_id=self.product_id,
            cycle=self.cycle,
            domain=domain_name(self.domain, is_needed=True),
        )


@router.post(
    "/v1/orders",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        DomainNameInvalid,
        CycleNotOffered,
        ProductRetired,
        ParentDoesNotFit,
        CurrencyNotSold,
        OutOfStock,
        NotFound,
        AccountNotReady,
    ),
)
async def post_order(body: OrderBody, call: Call) -> OrderPlacedOut:
    """Order one product. The invoice is issued at once; the service waits for its payment."""
    account_id, brand = account_of(call)
    command = PlaceOrder(
        id=new_id(),
        account_id=account_id,
        brand=brand,
        items=[body.item(new_id())],
        terms_accepted_at=call.tx.now if body.accepts_terms else None,
    )
    return order_placed(await place_order(command, call.tx), call)


@router.get("/v1/orders/{order_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_order(order_id: UUID, call: Call) -> OrderOut:
    """One order, for its account and for staff that reads, with its version as ETag."""
    async with acquire(call.db) as db:
        row = await db.fetchrow(_ORDER_WITH_VERSION, order_id)
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    call.etag(row["version"])
    return order_out(row)


NOT_GIVEN_UP = (
    NotFound,
    Stale,
    OrderAlreadyCancelled,
    InvoiceAlreadyPaid,
    PaymentAwaited,
    ServiceNotPending,
)


@router.post("/v1/orders/{order_id}/cancel", status_code=204, who=Who.CLIENT, errors=NOT_GIVEN_UP)
async def post_order_cancel(order_id: UUID, call: Call) -> None:
    """Give an unpaid order up, with its invoice. With If-Match only as it was read."""
    account_id, brand = account_of(call)
    command = CancelOrder(
        order_id=order_id,
        reason="client",
        today=await today_for(brand, call.tx),
        account_id=account_id,
        expected_version=call.expected_version,
    )
    call.etag((await cancel_order(command, call.tx)).version)


@router.post(
    "/v1/staff/orders/{order_id}/cancel",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_ORDERS,
    errors=NOT_GIVEN_UP,
)
async def post_staff_order_cancel(order_id: UUID, call: Call) -> None:
    """Give a client's unpaid order up, with its invoice. With If-Match only as it was read."""
    brand = staff_brand_of(call)
    command = CancelOrder(
        order_id=order_id,
        reason="staff",
        today=await today_for(brand, call.tx),
        brand=brand,
        expected_version=call.expected_version,
    )
    call.etag((await cancel_order(command, call.tx)).version)
