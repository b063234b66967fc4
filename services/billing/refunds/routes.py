"""Refunds: staff gives back and approves, clients take back what the guarantee gives them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query
from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.contacts.contact import brand_of_account
from services.billing.credit.credit_balance import CreditTooSmall
from services.billing.credit_notes.credited import NothingToCredit
from services.billing.gateways.port import GatewayCannot
from services.billing.held_services.terms import ServiceNotActive
from services.billing.invoices.bodies import Charge, ReasonBody
from services.billing.invoices.settlement import (
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAwaited,
)
from services.billing.payments.payment_events import (
    PaymentNotReceived,
    PaymentNotRefundable,
    RefundExceedsPayment,
)
from services.billing.refunds.commands import (
    DeclineRefund,
    OrderRefund,
    decline_refund,
    give_back_payment,
    order_refund,
)
from services.billing.refunds.covering import RefundedInvoiceIsOpen
from services.billing.refunds.giving_back import GiveBack, RefundExceedsInvoice, Source
from services.billing.refunds.guarantee import (
    ClaimGuarantee,
    GuaranteeOver,
    NotTheFirstPayment,
)
from services.billing.refunds.refund import Refund, RefundIsDecided, RefundNeedsAnother
from services.billing.state import account_of, staff_brand_of, state_of
from shared.contracts.permissions import BILLING_APPROVE_REFUND, BILLING_READ, BILLING_REFUND
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Id, Line, Router, Who
from shared.http.call import CallContext
from shared.ids import new_id

router = Router(tags=["refunds"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]

UNCOVERED = (
    NothingToCredit,
    CreditTooSmall,
    RefundedInvoiceIsOpen,
    RefundExceedsInvoice,
    PaymentNotRefundable,
    PaymentAwaited,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
)
REFUSALS = (NotFound, PaymentNotReceived, RefundExceedsPayment, *UNCOVERED)
_REFUND: dict[str, Any] = {
    "refund_id": "01939000-0000-7000-8000-000000000041",
    "payment_id": "01939000-0000-7000-8000-000000000019",
    "way": "gateway",
    "amount_minor": 2990,
    "currency": "BRL",
    "status": "ordered",
}


class RefundBody(Body):
    """How much goes back and which way; without an amount all that is left of the payment.

    `credit`: it stays as the account's credit. `by_hand`: staff has paid it out already. `reason`
    is a sentence that the client reads. Of what the payment paid it is taken by credit note, of
    `invoice_id` where it paid several; `source` credit: out of the account's credit alone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"way": "gateway", "amount_minor": 990, "reason": "Two days without site"}]
        }
    )

    way: Literal["gateway", "by_hand", "credit"]
    reason: Line
    amount_minor: Charge | None = None
    source: Source = "invoices"
    invoice_id: Id | None = None


class RefundOut(Answer):
    """`status`: requested (it waits for another person), ordered, done, declined, failed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REFUND]})

    refund_id: UUID
    payment_id: UUID
    way: str
    amount_minor: int
    currency: str
    status: str


def _out(refund: Refund) -> RefundOut:
    return RefundOut(
        refund_id=refund.id,
        payment_id=refund.payment_id,
        way=refund.way,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        status=refund.status,
    )


@router.post(
    "/v1/payments/{payment_id}/refunds",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_REFUND,
    errors=(*REFUSALS, GatewayCannot),
)
async def post_refund(payment_id: UUID, body: RefundBody, call: Call) -> RefundOut:
    """Give back a part of a payment or all of it; what it had paid is taken back by credit note.

    Above the brand's limit it waits until another person approves.
    """
    command = GiveBack(
        id=new_id(),
        payment_id=payment_id,
        brand=staff_brand_of(call),
        **body.model_dump(),
        requested_by=call.caller.actor,
        refunding=_refunding(call),
    )
    return _out(await give_back_payment(command, call.tx))


def _refunding(call: CallContext) -> frozenset[str]:
    gateways = state_of(call).gateways
    return frozenset(each.name for each in gateways if each.capabilities.refunds)


@router.post(
    "/v1/payments/{payment_id}/guarantee",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        *REFUSALS,
        GuaranteeOver,
        NotTheFirstPayment,
        ServiceNotActive,
    ),
)
async def post_guarantee(payment_id: UUID, call: Call) -> RefundOut:
    """Take back the money of the first payment, within the days that the brand guarantees.

    What it was for ends at once. Where the way that it was paid by gives nothing back, it waits
    until staff has paid it out.
    """
    account_id, brand = account_of(call)
    command = ClaimGuarantee(
        id=new_id(),
        payment_id=payment_id,
        account_id=account_id,
        brand=brand,
        claimed_by=call.caller.actor,
        refunding=_refunding(call),
    )
    return _out(await state_of(call).claim_guarantee(command, call.tx))


@router.post(
    "/v1/refunds/{refund_id}/approval",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_APPROVE_REFUND,
    errors=(NotFound, RefundIsDecided, RefundNeedsAnother, *UNCOVERED),
)
async def post_approval(refund_id: UUID, call: Call) -> None:
    """Let a refund go that another person asked for."""
    brand = staff_brand_of(call)
    command = OrderRefund(
        refund_id=refund_id,
        brand=brand,
        approved_by=call.caller.actor,
        today=await today_for(brand, call.tx),
    )
    await order_refund(command, call.tx)


@router.post(
    "/v1/refunds/{refund_id}/rejection",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_APPROVE_REFUND,
    errors=(NotFound, RefundIsDecided),
)
async def post_rejection(refund_id: UUID, body: ReasonBody, call: Call) -> None:
    """Do not give it back."""
    command = DeclineRefund(
        refund_id=refund_id,
        brand=staff_brand_of(call),
        declined_by=call.caller.actor,
        reason=body.reason,
    )
    await decline_refund(command, call.tx)


class RefundListed(RefundOut):
    """`reason` is of who asked for it, or guarantee, or at_gateway where it was begun there.

    `problem`: why it was declined, or the gateway's code of why it failed.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_REFUND,
                    "account_id": "01939000-0000-7000-8000-000000000001",
                    "reason": "Two days without site",
                    "requested_at": "2026-11-22T14:03:05Z",
                    "refunded_on": None,
                    "problem": None,
                }
            ]
        }
    )

    account_id: UUID
    reason: str
    requested_at: datetime
    refunded_on: date | None
    problem: str | None


Limit = Annotated[int, Query(ge=1, le=100)]
Status = Literal["requested", "ordered", "done", "declined", "failed"]


@router.get("/v1/refunds", who=Who.CLIENT)
async def get_refunds(
    call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[RefundListed]:
    """The account's refunds, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    return await _refunds_of(account_id, call, limit=limit, after=after)


@router.get(
    "/v1/accounts/{account_id}/refunds", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_refunds_of(
    account_id: UUID, call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[RefundListed]:
    """The same of an account, for staff."""
    async with acquire(call.db) as db:
        call.own(None, await brand_of_account(account_id, db))
    return await _refunds_of(account_id, call, limit=limit, after=after)


async def _refunds_of(
    account_id: UUID, call: CallContext, *, limit: int, after: UUID | None
) -> list[RefundListed]:
    async with acquire(call.db) as db:
        rows = await db.fetch(
            """select * from refund where account_id = $1
               and ($2::uuid is null or refund_id < $2) order by refund_id desc limit $3""",
            account_id,
            after,
            limit,
        )
    return [RefundListed.model_validate(dict(row)) for row in rows]


_OF_BRAND = """
select * from refund where brand = $1 and status = $2
and ($3::uuid is null or refund_id > $3) order by refund_id limit $4
"""


@router.get("/v1/brands/{brand}/refunds", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_refunds_of_brand(
    brand: BrandSlug,
    call: Call,
    status: Status = "requested",
    limit: Limit = 50,
    after: UUID | None = None,
) -> list[RefundListed]:
    """The brand's refunds of one status, oldest first: first of all those that wait."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await db.fetch(_OF_BRAND, brand, status, after, limit)
    return [RefundListed.model_validate(dict(row)) for row in rows]
