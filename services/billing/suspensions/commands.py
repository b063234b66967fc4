"""What staff decides of a running service: to stop it for a reason, to let it run, to delete it.

The panel is asked; the service is what the panel has confirmed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import (
    OVERDUE,
    ServiceHasEnded,
    ServiceNotActive,
    ServiceNotSuspended,
    check_active,
    has_overdue,
)
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.policy import policy_for
from services.billing.rules.rules import LONGEST_SPAN_DAYS
from services.billing.why.because import because
from services.billing.why.why import Why
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id
from shared.store import Transaction


class PanelBusy(Conflict):
    """The panel is at work on the service; ask again when it has answered."""


class GraceEndInvalid(Invalid):
    """A service is let run in debt until a later day than today, within ten years."""


@dataclass(frozen=True, kw_only=True)
class SuspendService:
    """`reason`: a stable code other than overdue."""

    service_id: UUID
    brand: str
    reason: str
    today: date
    expected_version: int | None = None


async def suspend_service(command: SuspendService, tx: Transaction) -> HeldService:
    """Ask the panel to stop it. One that is stopped for debt is stopped for this reason from now.

    No payment lifts it then. `ServiceNotActive`, `PanelBusy`.
    """
    service, provisioning = await _of_brand(command, tx)
    why = because(tx, "suspension.staff", reason=command.reason)
    if service.suspension_reason == OVERDUE:
        service.suspend(reason=command.reason, today=command.today, why=why)
    else:
        check_active(service.status)
        provisioning.request(request_id=new_id(), action="suspend", reason=command.reason, why=why)
    await tx.save(service, provisioning)
    return service


@dataclass(frozen=True, kw_only=True)
class LiftByStaff:
    """A suspended service that is to run again, whatever it was suspended for.

    `until`: the day before which it is not suspended for what is owed; None: as the rules say.
    """

    service_id: UUID
    brand: str
    today: date
    until: date | None = None
    expected_version: int | None = None


async def lift_by_staff(command: LiftByStaff, tx: Transaction) -> HeldService:
    """Ask the panel to run it. `ServiceNotSuspended`, `PanelBusy`, `GraceEndInvalid`.

    What it owes stays owed, but suspends it no sooner than `until`; without that, after as many
    days from today as the rules count from a due date.
    """
    service, provisioning = await _of_brand(command, tx)
    if service.status != "suspended":
        raise ServiceNotSuspended(status=service.status)
    grace_ends_on = await _grace_end(service, command, tx)
    why = _why_lifted(grace_ends_on, tx)
    provisioning.lift(request_id=new_id(), grace_ends_on=grace_ends_on, why=why)
    await tx.save(provisioning)
    return service


async def _grace_end(service: HeldService, command: LiftByStaff, tx: Transaction) -> date | None:
    """When it may be suspended for debt again; None where nothing is overdue and none is said."""
    today, until = command.today, command.until
    if until is not None:
        if not today < until <= today + timedelta(days=LONGEST_SPAN_DAYS):
            raise GraceEndInvalid(field="until")
        return until
    if not has_overdue(service.unpaid, today):
        return None
    policy = await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )
    return today + timedelta(days=policy.rules.suspension_days)


def _why_lifted(grace_ends_on: date | None, tx: Transaction) -> Why:
    if grace_ends_on is None:
        return because(tx, "suspension.lifted_by_staff")
    return because(tx, "suspension.grace", grace_ends_on=grace_ends_on)


@dataclass(frozen=True, kw_only=True)
class TerminateService:
    """`reason`: a stable code other than overdue."""

    service_id: UUID
    brand: str
    reason: str
    expected_version: int | None = None


async def terminate_service(command: TerminateService, tx: Transaction) -> HeldService:
    """Ask the panel to delete it with its data. `ServiceHasEnded`, `PanelBusy`."""
    service, provisioning = await _of_brand(command, tx)
    if service.has_ended:
        raise ServiceHasEnded(status=service.status)
    if service.status == "pending":
        raise ServiceNotActive(status=service.status)
    why = because(tx, "termination.staff", reason=command.reason)
    provisioning.request(request_id=new_id(), action="terminate", reason=command.reason, why=why)
    await tx.save(provisioning)
    return service


async def _of_brand(
    command: SuspendService | LiftByStaff | TerminateService, tx: Transaction
) -> tuple[HeldService, Provisioning]:
    """The service of the brand, of which the panel owes no answer."""
    service = await tx.load(
        HeldService, command.service_id, expected_version=command.expected_version
    )
    if service.brand != command.brand:
        raise NotFound()
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    if provisioning.in_flight:
        raise PanelBusy(action=provisioning.in_flight.action)
    return service, provisioning
