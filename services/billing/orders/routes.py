"""Orders of the signed-in client's account."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.catalogue.allotments import OutOfStock
from services.billing.catalogue.paths import ParentDoesNotFit
from services.billing.catalogue.product import CycleNotOffered, ProductRetired
from services.billing.contacts.contact import AccountNotReady
from services.billing.held_services.terms import ServiceNotPending
from services.billing.invoices.settlement import InvoiceAlreadyPaid, PaymentAwaited
from services.billing.orders.commands import CancelOrder, PlaceOrder, cancel_order, place_order
from services.billing.orders.order import DomainNameInvalid, OrderAlreadyCancelled
from services.billing.state import account_of
from shared.database import acquire
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Id, Line, Router, Who

router = Router(tags=["orders"])

_ORDER_WITH_VERSION = """
select o.*, (select max(version) from events where stream_id = $1) as version
from order_list o where order_id = $1
"""


class OrderBody(Body):
    """The product, how long one period is, and the domain name that it is for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "product_id": "01939000-0000-7000-8000-000000000003",
                    "cycle": "monthly",
                    "domain": "ana.example",
                }
            ]
        }
    )

    product_id: Id
    cycle: Literal["monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"]
    domain: Line


class OrderPlacedOut(Answer):
    """The order with the service and the invoice that it led to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_id": "01939000-0000-7000-8000-000000000011",
                    "number": "PON-O-2026-000042",
                    "service_id": "01939000-0000-7000-8000-000000000009",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                }
            ]
        }
    )

    order_id: UUID
    number: str
    service_id: UUID
    invoice_id: UUID


@router.post(
    "/v1/orders",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        DomainNameInvalid,
        CycleNotOffered,
        ProductRetired,
        ParentDoesNotFit,
        OutOfStock,
        NotFound,
        AccountNotReady,
    ),
)
async def post_order(body: OrderBody, call: Call) -> OrderPlacedOut:
    """Order a product. The invoice is issued at once; the service waits for its payment."""
    account_id, brand = account_of(call)
    command = PlaceOrder(account_id=account_id, brand=brand, **body.model_dump())
    order = await place_order(command, call.tx)
    call.etag(order.version)
    return OrderPlacedOut(
        order_id=order.id,
        number=order.number,
        service_id=order.service_id,
        invoice_id=order.invoice_id,
    )


class OrderOut(Answer):
    """`status`: placed or cancelled."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_id": "01939000-0000-7000-8000-000000000011",
                    "number": "PON-O-2026-000042",
                    "status": "placed",
                    "product_id": "01939000-0000-7000-8000-000000000003",
                    "service_id": "01939000-0000-7000-8000-000000000009",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "cycle": "monthly",
                    "domain": "ana.example",
                    "total_minor": 2990,
                    "currency": "BRL",
                }
            ]
        }
    )

    order_id: UUID
    number: str
    status: str
    product_id: UUID
    service_id: UUID
    invoice_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str


@router.get("/v1/orders/{order_id}", who=Who.CLIENT, errors=(NotFound,))
async def get_order(order_id: UUID, call: Call) -> OrderOut:
    """One order, with its version as ETag."""
    async with acquire(call.db) as db:
        row = await db.fetchrow(_ORDER_WITH_VERSION, order_id)
    if row is None:
        raise NotFound()
    call.own(row["account_id"], row["brand"])
    call.etag(row["version"])
    return OrderOut.model_validate(dict(row))


@router.post(
    "/v1/orders/{order_id}/cancel",
    status_code=204,
    who=Who.CLIENT,
    errors=(
        NotFound,
        Stale,
        OrderAlreadyCancelled,
        InvoiceAlreadyPaid,
        PaymentAwaited,
        ServiceNotPending,
    ),
)
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
