"""Asking the panel for what the money decides, and believing nothing before it has answered."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import beginning
from services.billing.held_services.terms import OVERDUE, has_overdue, is_suspendable
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.overdue import is_overdue
from services.billing.orders.order import Order
from services.billing.provisioning.provisioning import Provisioning, Request
from services.billing.rules.policy import Policy, policy_for
from services.billing.service_changes.at_panel import adopt_change
from services.billing.transfers.completing import complete_transfer
from services.billing.why.because import Fact, because
from services.billing.why.why import Why
from shared.errors import Conflict
from shared.ids import new_id
from shared.store import Transaction


class NeverRequested(Conflict):
    """The panel has not answered any request for this service yet."""


@dataclass(frozen=True, kw_only=True)
class RequestCreation:
    """The service whose first invoice is paid."""

    service_id: UUID


async def request_creation(command: RequestCreation, tx: Transaction) -> None:
    """Ask for the service. Asked already or there already: nothing changes; refused: ask again."""
    provisioning = await tx.load(Provisioning, Provisioning.id_of(command.service_id))
    why = await _why_created(command.service_id, tx)
    provisioning.request(request_id=new_id(), action="create", why=why)
    await tx.save(provisioning)


async def _why_created(service_id: UUID, tx: Transaction) -> Why:
    service = await tx.load(HeldService, service_id)
    order = await tx.load(Order, service.order_id)
    return because(tx, "order.paid", order=order.number, invoice=order.invoice_id)


async def retry_creation(command: RequestCreation, tx: Transaction) -> None:
    """Ask again for a service that the panel refused to create; `NeverRequested` before that."""
    provisioning = await tx.load(Provisioning, Provisioning.id_of(command.service_id))
    if not provisioning.answered:
        raise NeverRequested()
    why = await _why_created(command.service_id, tx)
    provisioning.request(request_id=new_id(), action="create", why=why)
    await tx.save(provisioning)


@dataclass(frozen=True, kw_only=True)
class RequestSuspension:
    """The service, and the invoice for which it is to be suspended."""

    service_id: UUID
    invoice_id: UUID
    today: date


async def request_suspension(command: RequestSuspension, tx: Transaction) -> bool:
    """Ask for the suspension if the invoice is overdue and no payment of it is on its way.

    Not of a service that staff lets run in debt, until that is over.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    service = await tx.load(HeldService, command.service_id)
    if not is_overdue(invoice, command.today) or invoice.settlement.is_payment_awaited:
        return False
    if service.grace_ends_on and command.today < service.grace_ends_on:
        return False
    if not is_suspendable(
        service.status, service.unpaid, invoice_id=invoice.id, today=command.today
    ):
        return False
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    why = await _why_suspended(service, invoice, tx)
    provisioning.request(request_id=new_id(), action="suspend", reason=OVERDUE, why=why)
    await tx.save(provisioning)
    return True


async def _why_suspended(service: HeldService, invoice: Invoice, tx: Transaction) -> Why:
    policy = await _policy(service, tx)
    days = policy.rules.suspension_days
    facts: dict[str, Fact] = {"invoice": invoice.id, "due_on": invoice.due_on, "days": days}
    due_on = max(invoice.due_on, service.unpaid[invoice.id].due_on)
    if service.grace_ends_on and service.grace_ends_on > due_on + timedelta(days=days):
        facts["grace_ends_on"] = service.grace_ends_on
        return because(tx, "suspension.grace_over", policy=policy, **facts)
    return because(tx, "suspension.overdue", policy=policy, **facts)


async def _why_terminated(service: HeldService, tx: Transaction) -> Why:
    policy = await _policy(service, tx)
    facts = {"suspended_on": str(service.suspended_on), "days": str(policy.rules.termination_days)}
    return because(tx, "termination.overdue", policy=policy, **facts)


async def _policy(service: HeldService, tx: Transaction) -> Policy:
    return await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )


@dataclass(frozen=True, kw_only=True)
class RequestTermination:
    """A service that has been suspended for an unpaid invoice for as long as the brand waits."""

    service_id: UUID
    today: date


async def request_termination(command: RequestTermination, tx: Transaction) -> bool:
    """Ask for the end of a service that is still in debt and for which no payment is on its way.

    Not of one that staff is having run again although it is in debt.
    """
    service = await tx.load(HeldService, command.service_id)
    if service.suspension_reason != OVERDUE or not has_overdue(service.unpaid, command.today):
        return False
    invoices = [await tx.load(Invoice, invoice_id) for invoice_id in service.unpaid]
    if any(invoice.settlement.is_payment_awaited or not invoice.is_open for invoice in invoices):
        return False
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    if provisioning.is_being_lifted:
        return False
    why = await _why_terminated(service, tx)
    provisioning.request(request_id=new_id(), action="terminate", reason=OVERDUE, why=why)
    await tx.save(provisioning)
    return True


@dataclass(frozen=True, kw_only=True)
class TakeAnswer:
    """The panel's answer to one request; `refusal` is its reason, None when it was done."""

    service_id: UUID
    request_id: UUID
    refusal: str | None


async def take_answer(command: TakeAnswer, tx: Transaction) -> HeldService:
    """Let the service become what the panel has confirmed. A repeat changes nothing."""
    provisioning = await tx.load(Provisioning, Provisioning.id_of(command.service_id))
    service = await tx.load(HeldService, command.service_id)
    today = await today_for(service.brand, tx)
    asked, request_id, next_id = provisioning.in_flight, command.request_id, new_id()
    if command.refusal is not None:
        provisioning.refuse(request_id=request_id, reason=command.refusal, next_request_id=next_id)
    elif done := provisioning.confirm(request_id=request_id, next_request_id=next_id):
        await _carry_over(done, service, today=today, tx=tx)
    if asked and asked.action == "change_plan":
        await adopt_change(service, provisioning, today=today, why=asked.why, tx=tx)
    await tx.save(service, provisioning)
    return service


async def _carry_over(done: Request, service: HeldService, *, today: date, tx: Transaction) -> None:
    """What the panel has done is so from now on."""
    match done.action:
        case "create":
            _begin(service, today=today, why=done.why)
        case "suspend":
            service.suspend(reason=done.reason, today=today, why=done.why)
        case "unsuspend":
            service.unsuspend(today, why=done.why, until=done.grace_ends_on)
        case "change_plan":
            pass  # `adopt_change` looks at what the panel has now
        case "transfer":
            assert done.goal, "a transfer has a destination"
            await complete_transfer(service, done.goal, today=today, why=done.why, tx=tx)
        case _:
            service.terminate(today, reason=done.reason, why=done.why)


def _begin(service: HeldService, *, today: date, why: Why | None) -> None:
    first = beginning(service.terms, today)
    service.activate(
        today=today,
        next_due_on=first.next_due_on,
        anchor_day=first.anchor_day,
        charged=first.charged,
        why=why,
    )
