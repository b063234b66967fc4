"""Paying an invoice: start an attempt, then go to its payment page."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.billing.brands.brand import PaymentMethodNotOnline, PaymentMethodUnknown
from services.billing.gateways.registry import GatewayNotConfigured
from services.billing.invoices.settlement import (
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    PaymentAlreadyOpen,
    PaymentAwaited,
)
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.allocation import CurrenciesDiffer, InvoiceNamedTwice
from services.billing.payments.attempting import count_card_attempt
from services.billing.payments.card_attempts import TooManyCardAttempts
from services.billing.payments.commands import (
    MOST_INVOICES,
    NothingToPay,
    StartCombinedPayment,
    StartPayment,
    start_combined_payment,
    start_payment,
)
from services.billing.payments.payment import (
    Payment,
    PaymentGoesAnotherWay,
    PaymentHasEnded,
    ReturnPathInvalid,
)
from services.billing.state import account_of, cause_of, state_of
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Id, Line, Repeat, Router, Who
from shared.http.call import CallContext

router = Router(tags=["payments"])


class PaymentBody(Body):
    """How to pay: the id of one of the brand's methods."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"method": "card"}]})

    method: Line


class PaymentStartedOut(Answer):
    """The attempt; what is to be paid is what was open of the invoice, in minor units."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "payment_id": "01939000-0000-7000-8000-000000000019",
                    "status": "created",
                    "amount_minor": 2990,
                    "currency": "BRL",
                }
            ]
        }
    )

    payment_id: UUID
    status: str
    amount_minor: int
    currency: str


@router.post(
    "/v1/invoices/{invoice_id}/payments",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        NotFound,
        PaymentMethodUnknown,
        PaymentMethodNotOnline,
        InvoiceAlreadyPaid,
        InvoiceIsCancelled,
        PaymentAlreadyOpen,
    ),
)
async def post_payment(invoice_id: UUID, body: PaymentBody, call: Call) -> PaymentStartedOut:
    """Start to pay. As long as an attempt by the same method is open, it is that attempt."""
    account_id, _ = account_of(call)
    command = StartPayment(account_id=account_id, invoice_id=invoice_id, method=body.method)
    return _started(await start_payment(command, call.tx))


def _started(payment: Payment) -> PaymentStartedOut:
    return PaymentStartedOut(
        payment_id=payment.id,
        status=payment.status,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )


class CombinedPaymentBody(Body):
    """Which invoices, in the order in which they are settled; left out: all, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"method": "card", "invoice_ids": ["01939000-0000-7000-8000-000000000007"]}
            ]
        }
    )

    method: Line
    invoice_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_INVOICES)] | None = None


@router.post(
    "/v1/payments",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        NotFound,
        PaymentMethodUnknown,
        PaymentMethodNotOnline,
        InvoiceAlreadyPaid,
        InvoiceIsCancelled,
        PaymentAlreadyOpen,
        NothingToPay,
        InvoiceNamedTwice,
        CurrenciesDiffer,
    ),
)
async def post_combined_payment(body: CombinedPaymentBody, call: Call) -> PaymentStartedOut:
    """Start to pay several invoices at once, or all that are open; each is settled in its turn."""
    account_id, brand = account_of(call)
    command = StartCombinedPayment(account_id=account_id, brand=brand, **body.model_dump())
    payment = await start_combined_payment(command, call.tx)
    return _started(payment)


class HostedPageBody(Body):
    """Where on the brand's own site the payer comes back to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"return_url_path": "/invoices/01939000-0000-7000-8000-000000000007"}]
        }
    )

    return_url_path: Annotated[str, Field(min_length=1, max_length=500)]


class HostedPageOut(Answer):
    """The address of the gateway's payment page, or what the payer needs to know, by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://gateway.example/checkouts/chk_1"}]}
    )

    url: str | None = None
    instructions: dict[str, str] = Field(default_factory=dict)


@router.post(
    "/v1/payments/{payment_id}/hosted-page",
    who=Who.CLIENT,
    repeat=Repeat.OWN,
    errors=(
        NotFound,
        PaymentHasEnded,
        PaymentGoesAnotherWay,
        GatewayNotConfigured,
        InvoiceAlreadyPaid,
        InvoiceIsCancelled,
        ReturnPathInvalid,
        TooManyCardAttempts,
        OutcomeUnknown,
    ),
)
async def post_hosted_page(payment_id: UUID, body: HostedPageBody, call: Call) -> HostedPageOut:
    """Open the payment page; again, the same page. No transaction is open meanwhile."""
    account_id, _ = account_of(call)
    await count_card_attempt(call, payment_id)
    opened = await state_of(call).hosted_pages.open(
        payment_id,
        account_id=account_id,
        return_path=body.return_url_path,
        cause=cause_of(call),
    )
    return HostedPageOut(url=opened.url, instructions=opened.instructions)


@router.post(
    "/v1/payments/{payment_id}/withdrawal",
    who=Who.CLIENT,
    repeat=Repeat.OWN,
    errors=(NotFound, PaymentAwaited, GatewayNotConfigured, OutcomeUnknown),
)
async def post_withdrawal(payment_id: UUID, call: Call) -> PaymentStartedOut:
    """Close an open attempt, so that another way to pay can be chosen. Over already: as it ended.

    What was paid meanwhile is booked and shown. `PaymentAwaited`: its money may come yet.
    """
    account_id, _ = account_of(call)
    await _check_own(payment_id, account_id=account_id, call=call)
    payment = await state_of(call).inquiry.end(payment_id)
    if not payment.has_ended:
        raise PaymentAwaited()
    return _started(payment)


async def _check_own(payment_id: UUID, *, account_id: UUID, call: CallContext) -> None:
    async with call.store.transaction(cause_of(call)) as tx:
        payment = await tx.look_at(Payment, payment_id)
    if payment.account_id != account_id:
        raise NotFound()
