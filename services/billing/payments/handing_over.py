"""Handing a payment that cannot go on by itself to the staff."""

from dataclasses import dataclass
from uuid import UUID

from services.billing.payments.payment import Payment
from services.billing.staff_tasks.commands import OpenTask, open_task
from services.billing.staff_tasks.kinds import Kind
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """`reason`: the kind of the task."""

    payment_id: UUID
    reason: Kind


async def hand_over(command: HandOver, tx: Transaction) -> None:
    """Open a task about an attempt that is open; it stays open, as money may come yet. Once."""
    payment = await tx.load(Payment, command.payment_id)
    if not payment.has_ended:
        await open_task(task_about(payment, command.reason), tx)


def task_about(payment: Payment, kind: Kind, **facts: str) -> OpenTask:
    """What a person needs to know to look into a payment."""
    known = {
        "method": payment.method,
        "gateway": payment.gateway,
        "gateway_reference": payment.gateway_reference,
        "status": payment.status,
        "amount_minor": str(payment.amount_minor),
        "currency": payment.currency,
    }
    return OpenTask(
        kind=kind,
        key=str(payment.id),
        brand=payment.brand,
        account_id=payment.account_id,
        facts={**known, **facts},
    )
