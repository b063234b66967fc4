"""What requests to the panel tell the world."""

from services.billing.provisioning.provisioning import Provisioning
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_provisioning(event: DomainEvent, provisioning: Provisioning) -> PublicEvent | None:
    """The public event of a request to the panel."""
    match event:
        case Provisioning.Requested(request_id=request_id, action=action):
            return billing.ProvisioningRequested(
                service_id=provisioning.service_id,
                request_id=request_id,
                action=action,
                plan=provisioning.plan,
                domain=provisioning.domain,
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
