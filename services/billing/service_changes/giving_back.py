"""Giving back what a change leaves over: by credit notes on the invoices that charged for it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.credit.balances import balance_of
from services.billing.credit_notes.commands import IssueCreditNote, issue_credit_note
from services.billing.credit_notes.corrected import as_corrected
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.orders.order import Order
from services.billing.service_changes.uncredited import cut, lines_left
from services.billing.why.because import because
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction

REASON = "service_change"


@dataclass(frozen=True, kw_only=True)
class GiveBackUnused:
    """A change that left `amount_minor` over, of what was paid for the service."""

    service_id: UUID
    change_id: UUID
    amount_minor: int
    today: date


async def give_back_unused(command: GiveBackUnused, tx: Transaction) -> None:
    """Credit the account with what the change owes it, with its tax. Once for each change.

    The latest invoice that charged for the service comes first, the order's last. What no invoice
    of this account charged for, as after a transfer, is credited as it is.
    """
    if not await tx.claim_once("change_given_back", str(command.change_id)):
        return
    service = await tx.load(HeldService, command.service_id)
    left_minor = command.amount_minor
    for invoice in await _latest_first(service, tx):
        left_minor -= await _credit(service, invoice, most=left_minor, today=command.today, tx=tx)
    if left_minor:
        await _credit_as_it_is(service, command.change_id, amount_minor=left_minor, tx=tx)


async def _latest_first(service: HeldService, tx: Transaction) -> list[Invoice]:
    """The invoices that charged for its time, or what stands for them since."""
    known = [each.invoice_id for each in reversed(service.charged) if each.invoice_id]
    ids = dict.fromkeys([*known, *await _of_order(service, tx)])
    invoices = [await as_corrected(id, tx) for id in ids]
    return list({invoice.id: invoice for invoice in invoices}.values())


async def _of_order(service: HeldService, tx: Transaction) -> list[UUID]:
    """The invoice of its order, for the first period; none where another account ordered it."""
    if all(each.invoice_id for each in service.charged):
        return []
    try:
        order = await tx.load(Order, service.order_id)
    except NotFound:
        return []
    return [order.invoice_id] if order.account_id == service.account_id else []


async def _credit(
    service: HeldService, invoice: Invoice, *, most: int, today: date, tx: Transaction
) -> int:
    """How much of it a note over this invoice gives back."""
    amounts = cut(await lines_left(invoice, service.id, tx), most)
    if not amounts:
        return 0
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=invoice.id,
        brand=service.brand,
        today=today,
        reason=REASON,
        amounts=amounts,
    )
    await issue_credit_note(note, tx)
    return sum(amounts.values())


async def _credit_as_it_is(
    service: HeldService, change_id: UUID, *, amount_minor: int, tx: Transaction
) -> None:
    assert service.account_id, "a service belongs to an account"
    currency = service.terms.currency
    credit = await balance_of(tx, service.account_id, brand=service.brand, currency=currency)
    credit.give(
        amount_minor=amount_minor,
        source=REASON,
        reference_id=change_id,
        reason=REASON,
        why=because(tx, "credit.change_left_over"),
    )
    await tx.save(credit)
