"""Handing a service over to another account."""

from uuid import UUID

from pydantic import ConfigDict

from services.billing.held_services.terms import (
    CancellationPending,
    ChangePending,
    RenewalUnpaid,
    ServiceNotActive,
)
from services.billing.state import staff_brand_of
from services.billing.suspensions.commands import PanelBusy
from services.billing.transfers.commands import (
    AlreadyTheirs,
    ServiceHasAddons,
    TransferService,
    transfer_service,
)
from shared.contracts.permissions import BILLING_SERVICES
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Id, Router, Who

router = Router(tags=["transfers"])


class TransferBody(Body):
    """The account of the same brand that is to hold the service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account_id": "01939000-0000-7000-8000-000000000001"}]}
    )

    account_id: Id


class TransferOut(Answer):
    """The id that the service has there, once the panel has confirmed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"successor_id": "01939000-0000-7000-8000-000000000010"}]}
    )

    successor_id: UUID


@router.post(
    "/v1/staff/services/{service_id}/transfer",
    status_code=202,
    who=Who.STAFF,
    scope=BILLING_SERVICES,
    errors=(
        NotFound,
        Stale,
        ServiceNotActive,
        RenewalUnpaid,
        ChangePending,
        CancellationPending,
        ServiceHasAddons,
        AlreadyTheirs,
        PanelBusy,
    ),
)
async def post_transfer(service_id: UUID, body: TransferBody, call: Call) -> TransferOut:
    """Hand a service over, with the time that is paid for. With If-Match only as it was read."""
    command = TransferService(
        service_id=service_id,
        brand=staff_brand_of(call),
        account_id=body.account_id,
        expected_version=call.expected_version,
    )
    return TransferOut(successor_id=await transfer_service(command, call.tx))
