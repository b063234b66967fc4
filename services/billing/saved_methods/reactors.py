"""What the gateways are asked for because of saved ways to pay: to charge one, to forget one."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
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
from services.billing.gateways.registry import Gateways
from services.billing.saved_methods.collection import Collection
from services.billing.saved_methods.wallet import SavedMethod, Wallet
from shared.consumers import Effect, Envelope, Intent, Reactor
from shared.contracts.billing import AutopayDue, PaymentMethodRemoved
from shared.store import Cause, EventStore, Transaction

if TYPE_CHECKING:  # its chain of imports is long
    from services.billing.saved_methods.collecting import Collector


async def plan_collection(envelope: Envelope) -> Sequence[Intent]:
    """One try for each that is due."""
    match envelope.event:
        case AutopayDue(invoice_id=invoice_id, retry_days=retry_days, method_id=method_id):
            key = str(method_id or retry_days)
            payload = {"invoice_id": str(invoice_id), "key": key}
            return [Intent(key=f"{invoice_id}/{key}", kind="collect", payload=payload)]
    return []


def autopay_reactor(collector: "Collector") -> Reactor:
    """The reactor that collects what is due."""

    async def perform(effect: Effect) -> dict[str, Any]:
        assert effect.account_id is not None, "an invoice belongs to an account"
        due = Collection(
            account_id=effect.account_id,
            brand=effect.brand,
            invoice_id=UUID(effect.payload["invoice_id"]),
            key=effect.payload["key"],
        )
        return {"outcome": await collector.collect(due, cause=_cause(effect))}

    return Reactor(
        name="autopay",
        sources=("billing",),
        plan=plan_collection,
        perform=perform,
        handles=frozenset({AutopayDue}),
        ignored=(NOTICES - {AutopayDue})
        | BRANDS
        | CREDIT
        | DAYS
        | INVOICES
        | ORDERS
        | PAYMENTS
        | PRODUCTS
        | PROVISIONING
        | SERVICES,
    )


async def plan_forgetting(envelope: Envelope) -> Sequence[Intent]:
    """One word to the gateway for each that was removed."""
    match envelope.event:
        case PaymentMethodRemoved(method_id=method_id):
            payload = {"method_id": str(method_id)}
            return [Intent(key=str(method_id), kind="forget", payload=payload)]
    return []


def forgetting_reactor(store: EventStore, gateways: Gateways) -> Reactor:
    """The reactor that has gateways forget what an account has removed."""

    async def perform(effect: Effect) -> dict[str, Any]:
        method = await store.run(_cause(effect), partial(_removed, effect))
        gateway = gateways.named(method.gateway)
        if gateway.capabilities.saved_methods:
            await gateway.forget(method.token)
        return {"gateway": method.gateway}

    return Reactor(
        name="forget_methods",
        sources=("billing",),
        plan=plan_forgetting,
        perform=perform,
        handles=frozenset({PaymentMethodRemoved}),
        ignored=(PAYMENTS - {PaymentMethodRemoved})
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


async def _removed(effect: Effect, tx: Transaction) -> SavedMethod:
    assert effect.account_id is not None, "a wallet is an account's"
    wallet = await tx.load(Wallet, Wallet.id_of(effect.account_id))
    return wallet.forgotten[UUID(effect.payload["method_id"])]


def _cause(effect: Effect) -> Cause:
    return Cause(
        actor=f"reactor:{effect.kind}",
        causation_id=effect.cause_id,
        correlation_id=effect.correlation_id,
    )
