"""What staff decides of a running service: to stop it for a reason, to let it run, to delete it.

The panel is asked; the service is what the panel has confirmed.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import (
    OVERDUE,
    ServiceHasEnded,
    ServiceNotActive,
    ServiceNotSuspended,
    check_active,
)
from services.billing.provisioning.provisioning import Provisioning
from services.billing.why.because import because
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.store import Transaction


class PanelBusy(Conflict):
    """The panel is at work on the service; ask again when it has answered."""


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
    """A suspended service that is to run again, whatever it was suspended for."""

    service_id: UUID
    brand: str
    expected_version: int | None = None


async def lift_by_staff(command: LiftByStaff, tx: Transaction) -> HeldService:
    """Ask the panel to run it. `ServiceNotSuspended`, `PanelBusy`."""
    service, provisioning = await _of_brand(command, tx)
    if service.status != "suspended":
        raise ServiceNotSuspended(status=service.status)
    why = because(tx, "suspension.lifted_by_staff")
    provisioning.request(request_id=new_id(), action="unsuspend", why=why)
    await tx.save(provisioning)
    return service


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
