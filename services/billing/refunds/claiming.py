"""What the money-back guarantee promises is done: the money goes back, what it was for ends."""

from datetime import date

from services.billing.automation.today import today_for
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import NOW
from services.billing.refunds.commands import request_refund
from services.billing.refunds.guarantee import GUARANTEE, ClaimGuarantee, guaranteed
from services.billing.refunds.refund import Refund
from services.billing.service_endings.commands import (
    CancelService,
    WithdrawCancellation,
    cancel_service,
    withdraw_cancellation,
)
from shared.store import Transaction


async def claim_guarantee(command: ClaimGuarantee, tx: Transaction) -> Refund:
    """Give all of the payment back and end what was bought; once, as then nothing is left of it.

    What `guaranteed`, `request_refund` and `cancel_service` refuse.
    """
    found = await guaranteed(command, tx)
    refund = await request_refund(found.request, tx)
    today = await today_for(command.brand, tx)
    for service in found.services:
        await _end(service, command, today=today, tx=tx)
    return refund


async def _end(
    service: HeldService, command: ClaimGuarantee, *, today: date, tx: Transaction
) -> None:
    """It ends today, whatever the brand offers else, and whatever was planned."""
    if service.has_ended:
        return
    if service.cancellation is not None:
        if service.cancellation.ends_on <= today:
            return
        await withdraw_cancellation(_withdrawal(service, command), tx)
    await cancel_service(_cancellation(service, command, today=today), tx)


def _withdrawal(service: HeldService, command: ClaimGuarantee) -> WithdrawCancellation:
    return WithdrawCancellation(service_id=service.id, account_id=command.account_id)


def _cancellation(service: HeldService, command: ClaimGuarantee, *, today: date) -> CancelService:
    return CancelService(
        service_id=service.id,
        account_id=command.account_id,
        at=NOW,
        reason=GUARANTEE,
        requested_by="client",
        today=today,
        is_right=True,
    )
