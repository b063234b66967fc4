"""Cancelling a service, now or at the end of what is paid for, and taking that back."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.held_services.terms import (
    CancellationPending,
    NothingToWithdraw,
    ServiceNotActive,
)
from services.billing.invoices.settlement import PaymentAwaited
from services.billing.service_endings.commands import (
    CancellationNotOffered,
    CancelService,
    EndUnderWay,
    WithdrawCancellation,
    cancel_service,
    withdraw_cancellation,
)
from services.billing.state import account_of
from shared.errors import NotFound, Stale
from shared.http import Body, Call, Router, Who

router = Router(tags=["cancellations"])

Reason = Literal[
    "not_needed", "too_expensive", "missing_feature", "quality", "support", "moving", "other"
]
"""Why a service is given up, as a code: free words could name somebody and stay for ever."""


class CancellationBody(Body):
    """When the service is to end, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "period_end", "reason": "not_needed"}]}
    )

    at: Literal["now", "period_end"]
    reason: Reason


@router.post(
    "/v1/services/{service_id}/cancellation",
    status_code=204,
    who=Who.CLIENT,
    errors=(
        NotFound,
        Stale,
        ServiceNotActive,
        CancellationPending,
        CancellationNotOffered,
        PaymentAwaited,
    ),
)
async def post_cancellation(service_id: UUID, body: CancellationBody, call: Call) -> None:
    """Cancel a service; what is open of it is owed no more. With If-Match only as it was read."""
    account_id, brand = account_of(call)
    command = CancelService(
        service_id=service_id,
        account_id=account_id,
        **body.model_dump(),
        requested_by="client",
        today=await today_for(brand, call.tx),
        expected_version=call.expected_version,
    )
    call.etag((await cancel_service(command, call.tx)).version)


@router.post(
    "/v1/services/{service_id}/cancellation/withdrawal",
    status_code=204,
    who=Who.CLIENT,
    errors=(NotFound, Stale, NothingToWithdraw, EndUnderWay),
)
async def post_cancellation_withdrawal(service_id: UUID, call: Call) -> None:
    """Take a cancellation back before it takes effect. With If-Match only as it was read."""
    account_id, _ = account_of(call)
    command = WithdrawCancellation(
        service_id=service_id, account_id=account_id, expected_version=call.expected_version
    )
    call.etag((await withdraw_cancellation(command, call.tx)).version)
