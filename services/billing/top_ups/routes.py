"""Topping up the credit: any amount within the brand's limits, no invoice."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict, Field

from services.billing.brands.brand import (
    BANK_TRANSFER,
    Brand,
    PaymentMethodNotOnline,
    PaymentMethodUnknown,
)
from services.billing.brands.currencies import CurrencyNotSold
from services.billing.invoices.bodies import Currency
from services.billing.state import account_of, cause_of
from services.billing.top_ups.by_transfer import awaited
from services.billing.top_ups.commands import (
    BalanceTooHigh,
    TopUpOutOfRange,
    WantedTopUp,
    WantTopUp,
    want_top_up,
)
from shared.http import Answer, Body, Call, Line, Router, Who
from shared.ids import new_id

router = Router(tags=["top-ups"])


class TopUpBody(Body):
    """How much, in minor units, and how it is paid. Without a currency in the brand's own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount_minor": 50000, "method": "wallet"}]}
    )

    amount_minor: Annotated[int, Field(gt=0, lt=10**12)]
    method: Line
    currency: Currency | None = None


class TopUpOut(Answer):
    """`payment_id`: open its page as that of any payment; null where it is paid by transfer.

    A transfer names `reference`; `instructions` say where it goes.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "top_up_id": "01939000-0000-7000-8000-000000000051",
                    "payment_id": "01939000-0000-7000-8000-000000000019",
                    "amount_minor": 50000,
                    "currency": "RUB",
                    "reference": "T80000000051",
                    "instructions": {},
                }
            ]
        }
    )

    top_up_id: UUID
    payment_id: UUID | None
    amount_minor: int
    currency: str
    reference: str
    instructions: dict[str, str]


def _told(wanted: WantedTopUp, amount_minor: int) -> TopUpOut:
    return TopUpOut(
        top_up_id=wanted.top_up.id,
        payment_id=wanted.payment.id if wanted.payment else None,
        amount_minor=amount_minor,
        currency=wanted.top_up.currency,
        reference=wanted.top_up.number,
        instructions=wanted.instructions,
    )


@router.post(
    "/v1/top-ups",
    status_code=201,
    who=Who.CLIENT,
    errors=(
        PaymentMethodUnknown,
        PaymentMethodNotOnline,
        CurrencyNotSold,
        TopUpOutOfRange,
        BalanceTooHigh,
    ),
)
async def post_top_up(body: TopUpBody, call: Call) -> TopUpOut:
    """Want to top up the credit; what comes is credited once, with a receipt."""
    account_id, brand = account_of(call)
    command = WantTopUp(id=new_id(), account_id=account_id, brand=brand, **body.model_dump())
    wanted = await want_top_up(command, call.tx)
    return _told(wanted, body.amount_minor)


class AwaitedTopUpOut(Answer):
    """A top-up by transfer whose money is awaited, in minor units, and what its payer needs.

    `method`: the way that was chosen; null where that is not known, and then `instructions` are
    those of the brand's first.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "top_up_id": "01939000-0000-7000-8000-000000000051",
                    "method": "bank-transfer",
                    "amount_minor": 50000,
                    "currency": "BRL",
                    "reference": "T80000000051",
                    "wanted_on": "2026-11-21",
                    "instructions": {"bank": "001", "branch": "0452-1", "account": "73481-6"},
                }
            ]
        }
    )

    top_up_id: UUID
    method: str | None
    amount_minor: int
    currency: str
    reference: str
    wanted_on: date
    instructions: dict[str, str]


@router.get("/v1/top-ups", who=Who.CLIENT)
async def get_awaited_top_ups(
    call: Call, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[AwaitedTopUpOut]:
    """The account's top-ups by transfer that wait for their money, latest first.

    One is gone when money of it is credited, or a year after it was wanted. What is paid another
    way is an attempt as any: it is among the account's payments.
    """
    account_id, slug = account_of(call)
    async with call.store.transaction(cause_of(call)) as tx:
        brand = await tx.look_at(Brand, Brand.id_of(slug))
        rows = await awaited(account_id, await tx.begin(), limit=limit)
    return [
        AwaitedTopUpOut(**row, instructions=_instructions(brand, row["method"])) for row in rows
    ]


def _instructions(brand: Brand, method: str | None) -> dict[str, str]:
    ways = [way for way in brand.settings.payment_methods if way.kind == BANK_TRANSFER]
    meant = [way for way in ways if way.id == method] or ways
    return dict(meant[0].details) if meant else {}
