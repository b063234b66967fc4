"""Giving an order up that is not paid, by its client, by staff or when time is up."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.carts.items import RENEWAL
from services.billing.credit_notes.corrected import as_corrected
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import ServiceNotPending
from services.billing.invoices.commands import release_credit
from services.billing.invoices.invoice import Invoice
from services.billing.orders.items import service_of
from services.billing.orders.order import Order
from services.billing.rules.policy import policy_for
from services.billing.why.because import because
from services.billing.why.codes import OF_ORDER_END
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class CancelOrder:
    """`reason`: client, staff, or unpaid when time is up.

    `account_id`: None for staff and the automation; `brand`: that of the staff.
    """

    order_id: UUID
    reason: str
    today: date
    account_id: UUID | None = None
    brand: str | None = None
    expected_version: int | None = None


async def cancel_order(command: CancelOrder, tx: Transaction) -> Order:
    """Make the order, its invoice and its services void; what it would renew is as before.

    Refused once money has come, but for a pro forma, or may come; `ServiceNotPending` when
    something of it is served.
    """
    order = await tx.load(Order, command.order_id, expected_version=command.expected_version)
    if command.account_id not in {None, order.account_id}:
        raise NotFound()
    if command.brand not in {None, order.brand}:
        raise NotFound()
    why = await _why(order, command, tx=tx)
    order.cancel(today=command.today, reason=command.reason, why=why)
    invoice = await as_corrected(order.invoice_id, tx)
    if served := await _served(order, invoice, tx):
        raise ServiceNotPending(status=served[0].status)
    uses = invoice.cancel(today=command.today, reason=f"order_{command.reason}", why=why)
    services = [await tx.load(HeldService, service_of(item)) for item in order.items]
    for item, service in zip(order.items, services, strict=True):
        if item.kind == RENEWAL:
            await _not_renewed(service, invoice, tx=tx)
        else:
            service.cancel(today=command.today, reason=command.reason, why=why)
    await tx.save(order, invoice, *services)
    await release_credit(invoice, uses, tx=tx)
    return order


async def _served(order: Order, invoice: Invoice, tx: Transaction) -> list[HeldService]:
    """What of the order runs or was renewed, though something is owed: staff has corrected it."""
    services = [(item, await tx.load(HeldService, service_of(item))) for item in order.items]
    return [
        service
        for item, service in services
        if (
            invoice.id not in service.unpaid and not service.has_ended
            if item.kind == RENEWAL
            else service.status != "pending"
        )
    ]


async def _not_renewed(service: HeldService, invoice: Invoice, *, tx: Transaction) -> None:
    """The periods are not paid by this invoice; they can be invoiced again."""
    if renewal := service.unpaid.get(invoice.id):
        await tx.release("renewal", f"{service.id}/{renewal.period_start}")
        service.drop(invoice.id)


async def _why(order: Order, command: CancelOrder, *, tx: Transaction) -> Why:
    policy = await policy_for(tx, order.brand, account_id=order.account_id)
    rule = OF_ORDER_END.get(command.reason, "order.given_up")
    return because(tx, rule, policy=policy, days=policy.rules.unpaid_order_days)


async def expire_order(command: CancelOrder, tx: Transaction) -> Order | None:
    """The same when time is up. None: it was given up before, or money has come or may come.

    The gateway is asked just before, so that what the views say of the payment may be older. What
    staff has credited in part, or corrected when it was served, is staff's to end.
    """
    order = await tx.load(Order, command.order_id)
    invoice = await as_corrected(order.invoice_id, tx)
    settlement = invoice.settlement
    has_money = settlement.payments or settlement.is_payment_awaited or not settlement.open_minor
    if order.is_cancelled or has_money or settlement.credit_notes:
        return None
    if await _served(order, invoice, tx):
        return None
    return await cancel_order(command, tx)
