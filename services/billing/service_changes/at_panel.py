"""A change at the panel: what the panel has is so, and what nobody pays for is asked back.

When the lines of an invoice are taken back by a rule, what they were for does not come: its
periods, or its change. What staff lets go of is waived: the periods follow at no charge, as the
service would otherwise run on for ever without a bill (docs/decisions/0021). A change that was paid
for may be with the panel by then. It is not made, and a change of kind undo is pending in its place
until the panel has what the service is; nothing else is changed meanwhile.
"""

from datetime import date
from uuid import UUID

from services.billing.held_services.calendar import CYCLES_WITHOUT_PERIOD
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.panel_goal import goal_of
from services.billing.held_services.terms import NOW, UNDO, ServiceChange
from services.billing.invoices.invoice import Invoice
from services.billing.provisioning.provisioning import Provisioning
from services.billing.why.because import because
from services.billing.why.codes import OF_CHANGE
from services.billing.why.why import Why
from shared.ids import new_id
from shared.store import Transaction


async def adopt_change(
    service: HeldService,
    provisioning: Provisioning,
    *,
    today: date,
    why: Why | None,
    tx: Transaction,
) -> None:
    """Let the pending change hold if the panel has it; the caller saves the service.

    The panel may have done what another change had asked for, which is pending no more. So its goal
    is compared, and whether this one is paid for, or its day has come.
    """
    change = service.pending_change
    if change and provisioning.goal == goal_of(change.terms):
        invoice = await tx.load(Invoice, change.invoice_id) if change.invoice_id else None
        is_due = invoice.settlement.is_paid if invoice else today >= change.effective_on
        if is_due:
            service.change(change.id, today=today, why=why)


async def take_off(service_id: UUID, invoice_id: UUID, *, today: date, tx: Transaction) -> None:
    """A rule took back what the invoice charged: nothing that it was for comes any more."""
    service = await tx.load(HeldService, service_id)
    await _drop_change_of(service, invoice_id, today=today, tx=tx)
    service.drop(invoice_id)
    await tx.save(service)


async def let_go(service_id: UUID, invoice_id: UUID, *, today: date, tx: Transaction) -> None:
    """Staff let go of what the invoice charged: periods come all the same, a change does not.

    Nothing of such periods is ever given back. What is known no more changes nothing.
    """
    service = await tx.load(HeldService, service_id)
    if not service.has_ended:
        why = because(tx, "renewal.waived", invoice=invoice_id)
        service.renew(invoice_id, today=today, why=why, waived=True)
    await _drop_change_of(service, invoice_id, today=today, tx=tx)
    await tx.save(service)


async def _drop_change_of(
    service: HeldService, invoice_id: UUID, *, today: date, tx: Transaction
) -> None:
    change = service.pending_change
    if change and change.invoice_id == invoice_id:
        await _drop_change(service, change, today=today, tx=tx)


async def _drop_change(
    service: HeldService, change: ServiceChange, *, today: date, tx: Transaction
) -> None:
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service.id))
    undo = _undo(service, today) if _has_heard(provisioning, change) else None
    why = because(tx, OF_CHANGE[UNDO], change=change.id)
    service.drop(change.id, instead=undo, why=why)
    if undo:
        provisioning.request(
            request_id=new_id(), action="change_plan", goal=goal_of(undo.terms), why=why
        )
        await tx.save(provisioning)


def _has_heard(provisioning: Provisioning, change: ServiceChange) -> bool:
    """Whether the panel is at the change, or will be asked for it."""
    goal = goal_of(change.terms)
    asked = (provisioning.in_flight, provisioning.planned)
    return any(each and each.action == "change_plan" and each.goal == goal for each in asked)


def _undo(service: HeldService, today: date) -> ServiceChange:
    """Back to what the service is; its paid time stays as it is."""
    is_periodic = service.terms.cycle not in CYCLES_WITHOUT_PERIOD
    return ServiceChange(
        id=new_id(),
        kind=UNDO,
        terms=service.terms,
        effective=NOW,
        requested_on=today,
        effective_on=today,
        charged=[] if is_periodic else list(service.charged),
    )
