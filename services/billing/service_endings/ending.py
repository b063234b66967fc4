"""Asking the panel to end what is to end by now."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import CANCELLATION, FIXED_TERM, PARENT_ENDED
from services.billing.provisioning.provisioning import Provisioning
from services.billing.why.because import because
from services.billing.why.codes import OF_END
from shared.ids import new_id
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class EndService:
    """A service whose day may have come."""

    service_id: UUID
    today: date


async def end_service(command: EndService, tx: Transaction) -> bool:
    """Ask the panel to end what is cancelled, over its term or without its parent by today.

    Asked already: nothing changes; refused: asks again, so that each day tries anew.
    """
    service = await tx.load(HeldService, command.service_id)
    reason = await _reason_to_end(service, today=command.today, tx=tx)
    if reason is None:
        return False
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    why = because(tx, OF_END[reason], today=command.today)
    provisioning.request(request_id=new_id(), action="terminate", reason=reason, why=why)
    await tx.save(provisioning)
    return True


async def _reason_to_end(service: HeldService, *, today: date, tx: Transaction) -> str | None:
    if service.status not in {"active", "suspended"}:
        return None
    if service.cancellation and service.cancellation.ends_on <= today:
        return CANCELLATION
    if service.terms.ends_on and service.terms.ends_on <= today:
        return FIXED_TERM
    if service.terms.parent_id is None:
        return None
    parent = await tx.load(HeldService, service.terms.parent_id)
    return PARENT_ENDED if parent.has_ended else None
