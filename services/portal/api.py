"""The JSON API /api/v1: the reads of the client area for other frontends and systems.

A bearer token or the session's cookie says whose. Lists are keyset pages; documents carry an ETag.
Amounts are integer minor units of `currency`.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from services.portal.brands.views import Brand, brand_of_slug
from services.portal.browser.desk import desk_of
from services.portal.browser.pages import brand_of_request, session_of
from services.portal.browser.paging import LARGEST, Page, cut
from services.portal.browser.refusals import UnknownBrand
from services.portal.catalogue.views import products_of
from services.portal.documents import account_document, invoice_document, ticket_document
from services.portal.held_services.views import services_of
from services.portal.history.emails import emails_of
from services.portal.invoices.views import invoices_of
from services.portal.tickets.views import tickets_of
from shared.errors import Forbidden, NotFound, Unauthenticated
from shared.http import Answer, Call, Id, Router, Who
from shared.http.call import CallContext
from shared.reads import Reads

router = Router(tags=["api"])
Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=LARGEST)]
After = Annotated[Id | None, Query()]
ERRORS = (Unauthenticated, Forbidden, NotFound)


class ClientsOnlyHere(Forbidden):
    """This address is for clients: staff has no account of its own."""


class Listed(Answer, Generic[Item]):
    """A page of a list; `next` is the `after` of the page that follows, if any."""

    items: list[Item]
    next: UUID | None


class AccountOut(Answer):
    """The client's billing account."""

    account_id: UUID
    number: str | None
    language: str
    name: str
    email: str
    phone: str
    tax_id: str
    address: str
    city: str
    state: str
    postal_code: str
    country: str
    opened_at: datetime


class PriceOut(Answer):
    """What one cycle costs."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int


class ProductOut(Answer):
    """A product on sale; texts by language."""

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[PriceOut]


class ServiceOut(Answer):
    """A service that the account holds; before `grace_ends_on` it runs whatever is owed for it."""

    service_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    status: str
    ordered_at: datetime
    activated_on: date | None
    next_due_on: date | None
    suspended_on: date | None
    grace_ends_on: date | None
    terminated_on: date | None


class InvoiceOut(Answer):
    """An invoice in a list. `status` includes overdue and payment_pending, which are derived."""

    invoice_id: UUID
    number: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    open_minor: int
    status: str
    paid_on: date | None


class LineOut(Answer):
    """One line; the period's end is exclusive."""

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None
    period_start: date | None
    period_end: date | None


class TaxOut(Answer):
    """The tax of one rate on the sum of its lines; `category` as in UNCL 5305 (EN 16931).

    An informative one is contained in the price and told: no part of the document's tax.
    """

    name: str
    category: str
    rate_percent: Decimal
    taxable_minor: int
    tax_minor: int
    note: str
    is_informative: bool = False


class PaymentOut(Answer):
    """One attempt to pay."""

    payment_id: UUID
    method: str
    amount_minor: int
    currency: str
    status: str
    started_at: datetime
    received_on: date | None
    receipt_number: str | None


class InvoiceDocument(InvoiceOut):
    """A whole invoice with its payments; `total_minor` is with tax."""

    lines: list[LineOut]
    billed_to_name: str
    billed_to_address: str
    billed_to_tax_id: str
    net_minor: int
    tax_minor: int
    taxes: list[TaxOut]
    notes: list[str]
    payee: dict[str, str]
    prices_include_tax: bool
    is_pro_forma: bool
    credited_minor: int
    payments: list[PaymentOut]


class TicketOut(Answer):
    """A ticket in a list."""

    ticket_id: UUID
    number: str
    department: str
    priority: str
    service_id: UUID | None
    subject: str
    status: str
    opened_at: datetime
    updated_at: datetime


class MessageOut(Answer):
    """What one side said: client or staff."""

    side: str
    author: str
    message: str
    at: datetime


class TicketDocument(TicketOut):
    """A ticket with its thread, the oldest first."""

    messages: list[MessageOut]


class EmailOut(Answer):
    """An e-mail to the account."""

    message_id: UUID
    template: str
    recipient: str
    subject: str
    sent_at: datetime
    failure_reason: str | None


def _reads(call: CallContext) -> Reads:
    """Where the views are read; what is a moment old will do."""
    return desk_of(call).reads


async def _account_id(call: CallContext) -> UUID:
    """Whose account is asked for: by the token, else by the session's cookie."""
    caller = call.request.state.caller
    if caller.user_id is None:
        session = await session_of(call, await brand_of_request(call))
        if session is None:
            raise Unauthenticated()
        account_id = session.account_id
    else:
        account_id = caller.account_id
    if account_id is None:
        raise ClientsOnlyHere()
    return account_id


async def _today(call: CallContext) -> date:
    """The local date of the caller's brand."""
    slug = call.request.state.caller.brand
    brand: Brand | None = await (
        brand_of_slug(_reads(call), slug) if slug else brand_of_request(call)
    )
    if brand is None:
        raise UnknownBrand()
    return brand.today(call.now)


def _listed(rows: Sequence[Any], limit: int) -> dict[str, Any]:
    page, last = cut(rows, limit)
    return {"items": page, "next": last}


def _tagged(call: CallContext, body: bytes) -> Response:
    """The document with an ETag of its bytes; 304 for a reader that has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if call.request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


@router.document("/api/v1/account", who=Who.PUBLIC, errors=ERRORS, response_model=AccountOut)
async def get_account(call: Call) -> Response:
    """The caller's account."""
    return _tagged(call, await account_document(_reads(call), await _account_id(call)))


@router.get("/api/v1/products", who=Who.PUBLIC, response_model=Listed[ProductOut])
async def get_products(call: Call) -> Any:
    """What the brand of this host sells; for anybody."""
    brand = await brand_of_request(call)
    return {"items": await products_of(_reads(call), brand.slug), "next": None}


@router.get("/api/v1/services", who=Who.PUBLIC, errors=ERRORS, response_model=Listed[ServiceOut])
async def get_services(call: Call, limit: Limit = 20, after: After = None) -> Any:
    """The caller's services, latest first."""
    page = Page(limit=limit + 1, after=after)
    return _listed(await services_of(_reads(call), await _account_id(call), page=page), limit)


@router.get("/api/v1/invoices", who=Who.PUBLIC, errors=ERRORS, response_model=Listed[InvoiceOut])
async def get_invoices(call: Call, status: str = "", limit: Limit = 20, after: After = None) -> Any:
    """The caller's invoices, latest first; `status` may be `open` for all that want money."""
    page = Page(limit=limit + 1, after=after)
    account_id, today = await _account_id(call), await _today(call)
    rows = await invoices_of(_reads(call), account_id, today=today, page=page, status=status)
    return _listed(rows, limit)


@router.document(
    "/api/v1/invoices/{invoice_id}", who=Who.PUBLIC, errors=ERRORS, response_model=InvoiceDocument
)
async def get_invoice(invoice_id: Id, call: Call) -> Response:
    """One invoice of the caller, with its lines and payments."""
    account_id = await _account_id(call)
    document = await invoice_document(_reads(call), invoice_id, account_id=account_id, now=call.now)
    return _tagged(call, document)


@router.get("/api/v1/tickets", who=Who.PUBLIC, errors=ERRORS, response_model=Listed[TicketOut])
async def get_tickets(call: Call, limit: Limit = 20, after: After = None) -> Any:
    """The caller's tickets, the latest change first."""
    page = Page(limit=limit + 1, after=after)
    return _listed(await tickets_of(_reads(call), await _account_id(call), page=page), limit)


@router.document(
    "/api/v1/tickets/{ticket_id}", who=Who.PUBLIC, errors=ERRORS, response_model=TicketDocument
)
async def get_ticket(ticket_id: Id, call: Call) -> Response:
    """One ticket of the caller, with its thread."""
    account_id = await _account_id(call)
    return _tagged(call, await ticket_document(_reads(call), ticket_id, account_id=account_id))


@router.get("/api/v1/emails", who=Who.PUBLIC, errors=ERRORS, response_model=Listed[EmailOut])
async def get_emails(call: Call, limit: Limit = 20, after: After = None) -> Any:
    """The e-mails to the caller's account, latest first."""
    page = Page(limit=limit + 1, after=after)
    return _listed(await emails_of(_reads(call), await _account_id(call), page=page), limit)


@router.get("/api/v1/openapi.json", who=Who.PUBLIC, include_in_schema=False)
async def get_description(call: Call) -> dict[str, Any]:
    """This API in OpenAPI 3.1."""
    routes = [route for route in router.api.routes if "/api/v1" in getattr(route, "path", "")]
    return get_openapi(title="Faktura client API", version="1", routes=routes)
