"""Refunds: staff gives back and approves, clients take back what the guarantee gives them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.contacts.contact import brand_of_account
from services.billing.credit.credit_balance import CreditTooSmall
from services.billing.credit_notes.credited import NothingToCredit
from services.billing.gateways.port import GatewayCannot
from services.billing.held_services.terms import CancellationPending, ServiceNotActive
from services.billing.invoices.bodies import ReasonBody
from services.billing.invoices.commands import NotAnInvoiceYet
from services.billing.invoices.settlement import PaymentAwaited
from services.billing.payments.payment_events import (
    PaymentNotReceived,
    PaymentNotRefundable,
    RefundExceedsPayment,
)
from services.billing.refunds.commands import (
    DeclineRefund,
    OrderRefund,
    decline_refund,
    order_refund,
)
from services.billing.refunds.giving_back import (
    GiveBack,
    RefundedInvoiceIsOpen,
    give_back_payment,
)
from services.billing.refunds.guarantee import (
    ClaimGuarantee,
    GuaranteeOver,
    NotTheFirstPayment,
    claim_guarantee,
)
from services.billing.refunds.refund import Refund, RefundIsDecided, RefundNeedsAnother
from services.billing.state import account_of, staff_brand_of, state_of
from shared.contracts.permissions import BILLING_APPROVE_REFUND, BILLING_READ, BILLING_REFUND
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Line, Router, Who
from shared.http.call import CallContext
from shared.ids import new_id

router = Router(tags=["refunds"])

UNCOVERED = (
    NothingToCredit,
    CreditTooSmall,
    RefundedInvoiceIsOpen,
    NotAnInvoiceYet,
    PaymentAwaited,
)
REFUSALS = (
    NotFound,
    PaymentNotReceived,
    PaymentNotRefundable,
    RefundExceedsPayment,
    GatewayCannot,
    *UNCOVERED,
)
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

    `by_hand`: staff has paid it out already; `reason` says how.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"way": "gateway", "amount_minor": 990, "reason": "Two days without site"}]
        }
    )

    way: Literal["gateway", "by_hand"]
    reason: Line
    amount_minor: Annotated[int, Field(gt=0, lt=10**12)] | None = None


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
    errors=REFUSALS,
)
async def post_refund(payment_id: UUID, body: RefundBody, call: Call) -> RefundOut:
    """Give back a part of a payment or all of it; what it had paid is taken back by credit note."""
    command = GiveBack(
        id=new_id(),
        payment_id=payment_id,
        brand=staff_brand_of(call),
        account_id=None,
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
        CancellationPending,
    ),
)
async def post_guarantee(payment_id: UUID, call: Call) -> RefundOut:
    """Take back the money of the first payment, within the days that the brand guarantees.

    What it was for ends at once.
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
    return _out(await claim_guarantee(command, call.tx))


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
    """`problem`: why it was declined, or the gateway's code of why it failed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_REFUND,
                    "reason": "Two days without site",
                    "refunded_on": None,
                    "problem": None,
                }
            ]
        }
    )

    reason: str
    refunded_on: date | None
    problem: str | None


Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/v1/refunds", who=Who.CLIENT)
async def get_refunds(
    call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[RefundListed]:
    """The account's refunds, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    return await _refunds(account_id, call, limit=limit, after=after)


@router.get(
    "/v1/accounts/{account_id}/refunds", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_refunds_of(
    account_id: UUID, call: Call, limit: Limit = 50, after: UUID | None = None
) -> list[RefundListed]:
    """The same of an account, for staff."""
    async with acquire(call.db) as db:
        call.own(None, await brand_of_account(account_id, db))
    return await _refunds(account_id, call, limit=limit, after=after)


async def _refunds(
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
