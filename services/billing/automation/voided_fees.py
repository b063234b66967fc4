"""Late fees that are taken back: the invoice had been paid before, or was never owed.

What staff makes void, or credits whole, was never owed, so nothing of it was late, and what was
paid of the fee is the account's credit. What a rule ends (its service is over), what is refunded,
corrected or written off had been owed: the fee stands. Of an invoice that was corrected, the one
that stands for it today says what was owed.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.late_fees import fee_invoice_id
from services.billing.credit_notes.commands import (
    IssueCreditNote,
    earlier_lines,
    issue_credit_note,
)
from services.billing.credit_notes.corrected import as_corrected
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.invoices.commands import CancelInvoice, cancel_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.settlement import Settlement
from services.billing.why.because import because
from services.billing.why.codes import OF_CREDIT_NOTE, OF_VOID_INVOICE, Code
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class VoidLateFee:
    """The late invoice, and when it was paid, as is known now; None: it was never owed."""

    invoice_id: UUID
    paid_on: date | None
    today: date


async def void_late_fee(command: VoidLateFee, tx: Transaction) -> bool:
    """Take back the fee that would not have been charged, had that been known.

    One that is untouched, or a pro forma, becomes void; one that was paid, or in part, is taken
    back by a credit note. The money for it is the account's credit. Of a fee that staff has
    corrected only its own lines are, not what was written beside them. None charged, taken back
    already, charged before the payment, or with money on its way (then the end of that payment asks
    again): nothing changes, False.
    """
    try:
        charged = await tx.load(Invoice, fee_invoice_id(command.invoice_id))
    except NotFound:
        return False
    if command.paid_on and charged.issued_on <= command.paid_on:
        return False
    fee = await as_corrected(charged.id, tx)
    if _is_over(fee.settlement):
        return False
    return await _take_back(fee, command, tx)


async def was_never_owed(invoice: Invoice, tx: Transaction) -> bool:
    """Whether staff has made it void, taken all of it back, or corrected another one to nothing."""
    if invoice.settlement.is_cancelled:
        return invoice.void_reason not in OF_VOID_INVOICE
    if not invoice.settlement.is_taken_back:
        return invoice.total_minor == 0
    notes = await tx.load_many(CreditNote, list(invoice.settlement.credit_notes))
    return all(
        note.reason not in OF_CREDIT_NOTE and note.corrected_by is None for note in notes.values()
    )


def _is_over(fee: Settlement) -> bool:
    is_gone = fee.is_cancelled or fee.is_written_off or fee.is_taken_back
    return is_gone or fee.is_payment_awaited


async def _take_back(fee: Invoice, command: VoidLateFee, tx: Transaction) -> bool:
    reason = "paid_in_time" if command.paid_on else "never_owed"
    is_alone = all(line.kind == "late_fee" for line in fee.lines)
    if fee.is_open and is_alone and not fee.settlement.is_touched:
        why = _why(OF_VOID_INVOICE[reason], command, fee=fee, tx=tx)
        cancel = CancelInvoice(invoice_id=fee.id, today=command.today, reason=reason, why=why)
        await cancel_invoice(cancel, tx)
        return True
    amounts = await _fee_left(fee, tx)
    if fee.is_pro_forma or not amounts:
        return False
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=fee.id,
        brand=fee.brand,
        today=command.today,
        reason=reason,
        amounts=amounts,
        why=_why(OF_CREDIT_NOTE[reason], command, fee=fee, tx=tx),
    )
    await issue_credit_note(note, tx)
    return True


async def _fee_left(fee: Invoice, tx: Transaction) -> dict[int, int]:
    """Place of each line over the fee -> what of it no credit note has taken back, as priced."""
    taken: dict[int, int] = defaultdict(int)
    for line in await earlier_lines(fee, tx):
        taken[line.place] += line.amount_minor
    charged = {p: line.net_minor for p, line in enumerate(fee.lines) if line.kind == "late_fee"}
    return {place: minor - taken[place] for place, minor in charged.items() if minor > taken[place]}


def _why(rule: Code, command: VoidLateFee, *, fee: Invoice, tx: Transaction) -> Why:
    if command.paid_on is None:
        return because(tx, rule, late_invoice=command.invoice_id, invoice=fee.id)
    paid_on = command.paid_on
    return because(tx, rule, paid_invoice=command.invoice_id, paid_on=paid_on, invoice=fee.id)
