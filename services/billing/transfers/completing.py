"""What follows when the panel has a service's new owner."""

from dataclasses import replace
from datetime import date

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import TRANSFER
from services.billing.provisioning.provisioning import Goal, Provisioning
from services.billing.why.why import Why
from shared.store import Transaction


async def complete_transfer(
    service: HeldService, goal: Goal, *, today: date, why: Why | None, tx: Transaction
) -> None:
    """The panel has the new owner: the service ends here and runs there; saves both."""
    assert goal.successor_id and goal.account_id, "a transfer has a destination"
    successor = _successor(service, goal, today=today, why=why)
    same_there = Provisioning.prepare(
        account_id=goal.account_id,
        brand=service.brand,
        service_id=successor.id,
        plan=goal.plan,
        domain=service.terms.domain,
        options=goal.options,
        state="running",
    )
    service.terminate(today, reason=TRANSFER, successor_id=successor.id, why=why)
    await tx.save(successor, same_there, service)


def _successor(service: HeldService, goal: Goal, *, today: date, why: Why | None) -> HeldService:
    """The service as the other account holds it: what its period cost was on others' invoices."""
    successor = HeldService.order(
        id=goal.successor_id,
        account_id=goal.account_id,
        brand=service.brand,
        order_id=service.order_id,
        terms=replace(service.terms, first=[]),
        transferred_from=service.id,
    )
    successor.activate(
        today=today,
        next_due_on=service.next_due_on,
        anchor_day=service.anchor_day,
        charged=[replace(each, invoice_id=None) for each in service.charged],
        why=why,
    )
    return successor
