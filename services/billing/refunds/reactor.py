"""Asking gateways for refunds that were ordered: at least once, under an id that makes it once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from services.billing.automation.today import today_for
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
)
from services.billing.gateways.port import RefundRequest, ReportedRefund
from services.billing.gateways.registry import Gateways
from services.billing.refunds.commands import news_of, take_refund_news
from shared.consumers import Effect, Envelope, Intent, Reactor
from shared.contracts.billing import RefundOrdered
from shared.store import Transaction


async def plan(envelope: Envelope) -> Sequence[Intent]:
    """One request to the gateway for each that was ordered; what goes back by hand needs none."""
    match envelope.event:
        case RefundOrdered(way="gateway") as ordered:
            payload = {
                "gateway": ordered.gateway,
                "reference": str(ordered.refund_id),
                "payment_id": ordered.gateway_reference,
                "amount_minor": ordered.amount_minor,
                "currency": ordered.currency,
            }
            return [Intent(key=str(ordered.refund_id), kind="refund", payload=payload)]
    return []


async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
    """Book what the gateway answered."""
    reported = msgspec.convert(outcome, ReportedRefund)
    today = await today_for(effect.brand, tx)
    news = news_of(UUID(effect.payload["reference"]), reported, today=today)
    await take_refund_news(news, tx)


def refund_reactor(gateways: Gateways) -> Reactor:
    """The reactor that asks the gateways."""

    async def perform(effect: Effect) -> dict[str, Any]:
        wanted = dict(effect.payload)
        gateway = gateways.named(wanted.pop("gateway"))
        reported = await gateway.refund(RefundRequest(**wanted))
        answer: dict[str, Any] = msgspec.to_builtins(reported)
        return answer

    return Reactor(
        name="refunds",
        sources=("billing",),
        plan=plan,
        perform=perform,
        record=record,
        handles=frozenset({RefundOrdered}),
        ignored=(PAYMENTS - {RefundOrdered})
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
