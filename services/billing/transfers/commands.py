"""Handing a service over to another account of the brand, with the time that is paid for.

Events stay with the account that they happened to. So the service ends here and begins there under
an id of its own, `transferred_from` the old one; at the panel it is the same all along, and only
when the panel has confirmed the new owner does either side change.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.billing.contacts.contact import brand_of_account
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import (
    TRANSFER,
    CancellationPending,
    ChangePending,
    RenewalUnpaid,
    check_active,
)
from services.billing.provisioning.provisioning import Provisioning
from services.billing.suspensions.commands import PanelBusy
from services.billing.why.because import because
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.store import Transaction


class ServiceHasAddons(Conflict):
    """The service has addons or is one; end those first, or transfer what it belongs to."""


class AlreadyTheirs(Conflict):
    """The account holds the service already."""


@dataclass(frozen=True, kw_only=True)
class TransferService:
    """The service, and the account that is to hold it."""

    service_id: UUID
    brand: str
    account_id: UUID
    expected_version: int | None = None


async def transfer_service(command: TransferService, tx: Transaction) -> UUID:
    """Ask the panel to hand it over; the id that the service will have.

    `ServiceNotActive`, `RenewalUnpaid`, `ChangePending`, `CancellationPending`, `ServiceHasAddons`,
    `PanelBusy`; `NotFound` for an account of another brand.
    """
    service = await _service_to_give(command, tx)
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    if provisioning.in_flight:
        raise PanelBusy(action=provisioning.in_flight.action)
    successor_id = new_id()
    provisioning.request(
        request_id=new_id(),
        action="transfer",
        reason=TRANSFER,
        goal=replace(provisioning.goal, successor_id=successor_id, account_id=command.account_id),
        why=because(tx, "transfer.staff", account=command.account_id),
    )
    await tx.save(provisioning)
    return successor_id


async def _service_to_give(command: TransferService, tx: Transaction) -> HeldService:
    """The service, if it runs, belongs to nothing else and nothing of it is open."""
    service = await tx.load(
        HeldService, command.service_id, expected_version=command.expected_version
    )
    if {service.brand, await brand_of_account(command.account_id, tx.read)} != {command.brand}:
        raise NotFound()
    _check_quiet(service, command.account_id)
    if service.terms.parent_id or await tx.read.fetchval(_HAS_ADDONS, service.id):
        raise ServiceHasAddons()
    return service


def _check_quiet(service: HeldService, account_id: UUID) -> None:
    check_active(service.status)
    if service.account_id == account_id:
        raise AlreadyTheirs()
    if service.unpaid:
        raise RenewalUnpaid()
    if service.pending_change:
        raise ChangePending()
    if service.cancellation:
        raise CancellationPending()


_HAS_ADDONS = """
select exists (select from service_due
               where parent_id = $1 and status not in ('terminated', 'cancelled'))
"""
