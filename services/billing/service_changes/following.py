"""From a change that was asked for to one that is made: paid or due, asked of the panel, confirmed.

Nothing here asks for money; a change that nobody pays for in time is given up.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.panel_goal import goal_of
from services.billing.held_services.terms import ServiceChange
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.policy import policy_for
from services.billing.why.because import because
from services.billing.why.codes import OF_CHANGE
from shared.ids import new_id
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class RequestChange:
    """The service whose change is paid for, or costs nothing, or whose day has come."""

    service_id: UUID
    today: date


async def request_change(command: RequestChange, tx: Transaction) -> bool:
    """Ask the panel for the change; what the panel need not know holds at once.

    Asked already, or no change is pending: nothing changes. Refused by the panel: asks again.
    """
    service = await tx.load(HeldService, command.service_id)
    change = service.pending_change
    if change is None or service.status != "active":
        return False
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    goal = goal_of(change.terms)
    why = because(tx, OF_CHANGE[change.kind], change=change.id)
    if provisioning.goal == goal and provisioning.in_flight is None:
        service.change(change.id, today=command.today, why=why)
    else:
        provisioning.request(request_id=new_id(), action="change_plan", goal=goal, why=why)
    await tx.save(service, provisioning)
    return True


@dataclass(frozen=True, kw_only=True)
class FollowChange:
    """A pending change on a business day: its day may have come, or its time be up."""

    service_id: UUID
    today: date


async def follow_change(command: FollowChange, tx: Transaction) -> UUID | None:
    """Ask the panel for what is paid for or due; the invoice that nobody paid in time, to be ended.

    So a change that the panel refused is asked for again on each day.
    """
    service = await tx.load(HeldService, command.service_id)
    change = service.pending_change
    if change is None:
        return None
    if change.invoice_id:
        invoice = await tx.load(Invoice, change.invoice_id)
        if not invoice.settlement.is_paid:
            is_over = await _is_time_up(service, change, today=command.today, tx=tx)
            return invoice.id if is_over else None
    if command.today >= change.effective_on and not service.unpaid:
        await request_change(RequestChange(service_id=service.id, today=command.today), tx)
    return None


async def _is_time_up(
    service: HeldService, change: ServiceChange, *, today: date, tx: Transaction
) -> bool:
    """Nobody paid until orders expire, or until the time that was reckoned with is over."""
    policy = await policy_for(tx, service.brand, account_id=service.account_id)
    expires_on = change.requested_on + timedelta(days=policy.rules.unpaid_order_days)
    is_over = service.next_due_on is not None and today >= service.next_due_on
    return today >= expires_on or is_over
