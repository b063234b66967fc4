"""What requests to the panel tell the world."""

import msgspec

from services.billing.provisioning.provisioning import Provisioning
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_provisioning(event: DomainEvent, provisioning: Provisioning) -> PublicEvent | None:
    """The public event of a request to the panel."""
    match event:
        case Provisioning.Requested(request_id=request_id, action=action, goal=goal, why=why):
            goal = goal or provisioning.goal
            return billing.ProvisioningRequested(
                service_id=provisioning.service_id,
                request_id=request_id,
                action=action,
                plan=goal.plan,
                options=goal.options,
                successor_id=goal.successor_id,
                domain=provisioning.domain,
                why=msgspec.convert(why, billing.Why | None, from_attributes=True),
            )
        case Provisioning.Refused(request_id=request_id, action=action, reason=reason):
            return billing.ProvisioningFailed(
                service_id=provisioning.service_id,
                request_id=request_id,
                action=action,
                reason=reason,
            )
        case _:
            return None
