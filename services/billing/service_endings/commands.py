"""How services come to their end: cancelled now or later, at the end of a term, with a parent."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.ownership import owned_service
from services.billing.held_services.terms import (
    NOW,
    Cancellation,
    NothingToWithdraw,
    check_wish,
)
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.policy import Policy, policy_for
from services.billing.service_endings.ending import EndService, end_service
from services.billing.service_endings.voiding import void_unpaid
from services.billing.why.because import because
from shared.errors import Conflict
from shared.ids import new_id
from shared.store import Transaction


class CancellationNotOffered(Conflict):
    """Services of this kind cannot be cancelled like this."""


class EndUnderWay(Conflict):
    """The panel is at work on the end of the service; it can no longer be taken back."""


@dataclass(frozen=True, kw_only=True)
class CancelService:
    """`at`: now or period_end. `account_id` None: staff; `requested_by`: client or staff.

    `is_right`: it may be so whatever the brand offers, as by its money-back guarantee.
    """

    service_id: UUID
    account_id: UUID | None
    at: str
    reason: str
    requested_by: str
    today: date
    expected_version: int | None = None
    is_right: bool = False


async def cancel_service(command: CancelService, tx: Transaction) -> HeldService:
    """Let the service end; what is open of it is owed no more, and it is not renewed again.

    Nor are its addons from its end on.

    `CancellationPending`, `CancellationNotOffered`, `ServiceNotActive`; `PaymentAwaited` while
    money for it may be on its way.
    """
    service = await owned_service(command, tx)
    policy = await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )
    wish = _cancellation(service, command, policy=policy)
    await void_unpaid(service.id, today=command.today, reason="service_cancelled", tx=tx)
    service = await _without_change(service.id, tx)
    why = because(tx, "cancellation.requested", policy=policy, at=command.at)
    service.request(wish, why=why)
    await tx.save(service)
    await _void_of_addons(service.id, wish.ends_on, today=command.today, tx=tx)
    await end_service(EndService(service_id=service.id, today=command.today), tx)
    return await tx.load(HeldService, service.id)


def _cancellation(service: HeldService, command: CancelService, *, policy: Policy) -> Cancellation:
    if not command.is_right and command.at not in policy.rules.cancellations:
        raise CancellationNotOffered(at=command.at, offered=policy.rules.cancellations)
    ends_on = command.today if command.at == NOW else service.next_due_on or command.today
    wish = Cancellation(
        id=new_id(),
        at=command.at,
        ends_on=max(ends_on, command.today),
        reason=command.reason,
        requested_by=command.requested_by,
    )
    check_wish(
        wish,
        status=service.status,
        cancellation=service.cancellation,
        change=service.pending_change,
        unpaid=service.unpaid,
    )
    return wish


async def _void_of_addons(service_id: UUID, ends_on: date, *, today: date, tx: Transaction) -> None:
    """Nobody pays for the time of an addon in which there is nothing that it belongs to."""
    for addon_id in await _addons_of(service_id, tx):
        addon = await tx.load(HeldService, addon_id)
        if any(renewal.period_start >= ends_on for renewal in addon.unpaid.values()):
            await void_unpaid(addon_id, today=today, reason="service_cancelled", tx=tx)


async def _addons_of(service_id: UUID, tx: Transaction) -> list[UUID]:
    rows = await tx.read.fetch(
        "select service_id from service_due where parent_id = $1 order by service_id", service_id
    )
    return [row["service_id"] for row in rows]


async def _without_change(service_id: UUID, tx: Transaction) -> HeldService:
    """The service without a change that nothing was paid for yet."""
    service = await tx.load(HeldService, service_id)
    change = service.pending_change
    is_billed = change and service.billed_until and service.billed_until > change.effective_on
    if change and change.effective != NOW and not is_billed:
        service.drop(change.id, why=because(tx, "cancellation.requested"))
        await tx.save(service)
    return service


@dataclass(frozen=True, kw_only=True)
class WithdrawCancellation:
    """The service that is to go on after all. `account_id` None: staff."""

    service_id: UUID
    account_id: UUID | None
    expected_version: int | None = None


async def withdraw_cancellation(command: WithdrawCancellation, tx: Transaction) -> HeldService:
    """Let the service go on. `NothingToWithdraw`; `EndUnderWay` once the panel was asked."""
    service = await owned_service(command, tx)
    if service.cancellation is None:
        raise NothingToWithdraw()
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    for request in (provisioning.in_flight, provisioning.planned):
        if request and request.action == "terminate":
            raise EndUnderWay()
    service.drop(service.cancellation.id, why=because(tx, "cancellation.withdrawn"))
    await tx.save(service)
    return service


@dataclass(frozen=True, kw_only=True)
class CloseEndedService:
    """A service that is over."""

    service_id: UUID
    today: date


async def close_ended_service(command: CloseEndedService, tx: Transaction) -> None:
    """What is open of it is owed no more, and its addons end with it.

    While money may be on its way an invoice stays; the business day looks again.
    """
    service = await tx.load(HeldService, command.service_id)
    if not await _is_money_awaited(service, tx):
        await void_unpaid(service.id, today=command.today, reason="service_ended", tx=tx)
    for addon_id in await _addons_of(service.id, tx):
        await end_service(EndService(service_id=addon_id, today=command.today), tx)


async def _is_money_awaited(service: HeldService, tx: Transaction) -> bool:
    invoices = [await tx.load(Invoice, invoice_id) for invoice_id in service.unpaid]
    return any(invoice.settlement.is_payment_awaited for invoice in invoices)
