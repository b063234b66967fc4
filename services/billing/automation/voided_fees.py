"""Late fees that late news take back: the invoice had been paid before the fee was charged."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.late_fees import fee_invoice_id
from services.billing.credit_notes.commands import IssueCreditNote, issue_credit_note
from services.billing.invoices.commands import CancelInvoice, cancel_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.settlement import Settlement
from services.billing.why.because import because
from services.billing.why.codes import Code
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction

REASON = "paid_in_time"


@dataclass(frozen=True, kw_only=True)
class VoidLateFee:
    """The invoice that, as is known now, was paid in time to owe no fee: on `paid_on`."""

    invoice_id: UUID
    paid_on: date
    today: date


async def void_late_fee(command: VoidLateFee, tx: Transaction) -> bool:
    """Take back the fee that would not have been charged, had the payment been known.

    One that is untouched becomes void; one that was paid, or in part, is taken back by a credit
    note, so that the money for it is the account's credit. None charged, taken back already,
    charged before the payment, or with money on its way (then the end of that payment asks again):
    nothing changes, False.
    """
    try:
        fee = await tx.load(Invoice, fee_invoice_id(command.invoice_id))
    except NotFound:
        return False
    if fee.issued_on <= command.paid_on or _is_over(fee.settlement):
        return False
    await _take_back(fee, command, tx)
    return True


def _is_over(fee: Settlement) -> bool:
    is_gone = fee.is_cancelled or fee.is_written_off or fee.is_taken_back
    return is_gone or fee.is_payment_awaited


async def _take_back(fee: Invoice, command: VoidLateFee, tx: Transaction) -> None:
    if fee.is_open and not fee.settlement.payments and not fee.settlement.credit_notes:
        why = _why_void(command, fee, rule="invoice.paid_in_time", tx=tx)
        cancel = CancelInvoice(invoice_id=fee.id, today=command.today, reason=REASON, why=why)
        await cancel_invoice(cancel, tx)
        return
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=fee.id,
        brand=fee.brand,
        today=command.today,
        reason=REASON,
        why=_why_void(command, fee, rule="credit_note.paid_in_time", tx=tx),
    )
    await issue_credit_note(note, tx)


def _why_void(command: VoidLateFee, fee: Invoice, *, rule: Code, tx: Transaction) -> Why:
    return because(
        tx, rule, paid_invoice=command.invoice_id, paid_on=command.paid_on, invoice=fee.id
    )
