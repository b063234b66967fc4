"""What staff does with services of its brand: stop them, let them run, delete them."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.held_services.terms import (
    ServiceHasEnded,
    ServiceNotActive,
    ServiceNotSuspended,
)
from services.billing.state import staff_brand_of
from services.billing.suspensions.commands import (
    GraceEndInvalid,
    LiftByStaff,
    PanelBusy,
    SuspendService,
    TerminateService,
    lift_by_staff,
    suspend_service,
    terminate_service,
)
from shared.contracts.permissions import BILLING_SERVICES
from shared.errors import NotFound, Stale
from shared.http import Body, Call, Day, Router, Who

router = Router(tags=["suspensions"])

Reason = Literal["abuse", "fraud", "security", "client_request", "other"]


class SuspensionBody(Body):
    """Why it is done. No payment lifts a suspension for one of these reasons."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "abuse"}]})

    reason: Reason


class SuspensionEndBody(Body):
    """`until`: it is not suspended for what is owed before that day.

    Without it a service in debt has as many days as the rules count from a due date.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2026-12-31"}]})

    until: Day | None = None


AS_THE_RULES_SAY = SuspensionEndBody()


@router.post(
    "/v1/staff/services/{service_id}/suspension",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_SERVICES,
    errors=(NotFound, Stale, ServiceNotActive, PanelBusy),
)
async def post_suspension(service_id: UUID, body: SuspensionBody, call: Call) -> None:
    """Have the panel stop a service. It is suspended when the panel has confirmed."""
    brand = staff_brand_of(call)
    command = SuspendService(
        service_id=service_id,
        brand=brand,
        reason=body.reason,
        today=await today_for(brand, call.tx),
        expected_version=call.expected_version,
    )
    call.etag((await suspend_service(command, call.tx)).version)


@router.post(
    "/v1/staff/services/{service_id}/suspension/end",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_SERVICES,
    errors=(NotFound, Stale, ServiceNotSuspended, PanelBusy, GraceEndInvalid),
)
async def post_suspension_end(
    service_id: UUID, call: Call, body: SuspensionEndBody = AS_THE_RULES_SAY
) -> None:
    """Have the panel run a suspended service again, whatever it was suspended for."""
    brand = staff_brand_of(call)
    command = LiftByStaff(
        service_id=service_id,
        brand=brand,
        today=await today_for(brand, call.tx),
        until=body.until,
        expected_version=call.expected_version,
    )
    call.etag((await lift_by_staff(command, call.tx)).version)


@router.post(
    "/v1/staff/services/{service_id}/termination",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_SERVICES,
    errors=(NotFound, Stale, ServiceNotActive, ServiceHasEnded, PanelBusy),
)
async def post_termination(service_id: UUID, body: SuspensionBody, call: Call) -> None:
    """Have the panel delete a service with its data. It is over when the panel has confirmed."""
    command = TerminateService(
        service_id=service_id,
        brand=staff_brand_of(call),
        reason=body.reason,
        expected_version=call.expected_version,
    )
    call.etag((await terminate_service(command, call.tx)).version)
