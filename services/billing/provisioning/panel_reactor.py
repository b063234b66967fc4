"""Handing requests over to the panel: at least once, under an id that makes it once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

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
from services.billing.provisioning.commands import TakeAnswer, take_answer
from services.billing.provisioning.panel import Panel, PanelRequest
from shared.consumers import Effect, Envelope, Intent, Reactor
from shared.contracts.billing import ProvisioningRequested
from shared.store import Transaction


async def plan(envelope: Envelope) -> Sequence[Intent]:
    """One request to the panel for each that was decided."""
    match envelope.event:
        case ProvisioningRequested() as requested:
            payload = {
                "request_id": str(requested.request_id),
                "action": requested.action,
                "plan": requested.plan,
                "domain": requested.domain,
                "service_id": str(requested.service_id),
                "options": requested.options,
                "successor_id": str(requested.successor_id) if requested.successor_id else None,
            }
            return [Intent(key=str(requested.request_id), kind=requested.action, payload=payload)]
    return []


async def take_refusal(effect: Effect, reason: str, tx: Transaction) -> None:
    """The panel would not even take the request: that is its answer."""
    answer = TakeAnswer(
        service_id=UUID(effect.payload["service_id"]),
        request_id=UUID(effect.payload["request_id"]),
        refusal=reason,
    )
    await take_answer(answer, tx)


def panel_reactor(panel: Panel, *, notify_url: str) -> Reactor:
    """The reactor that talks to `panel`, whose answers go to `notify_url`."""

    async def perform(effect: Effect) -> dict[str, Any]:
        await panel.request(PanelRequest(**effect.payload, notify_url=notify_url))
        return {}

    return Reactor(
        name="panel",
        sources=("billing",),
        plan=plan,
        perform=perform,
        refused=take_refusal,
        handles=frozenset({ProvisioningRequested}),
        ignored=(PROVISIONING - {ProvisioningRequested})
        | BRANDS
        | CREDIT
        | DAYS
        | INVOICES
        | NOTICES
        | ORDERS
        | PAYMENTS
        | PRODUCTS
        | SERVICES,
    )
