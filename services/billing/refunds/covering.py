"""Where the money of a refund comes from: the account's credit, after a credit note for it.

Amounts in minor units.
"""

from datetime import date
from uuid import UUID

from services.billing.credit.credit_balance import CreditTooSmall
from services.billing.credit.using import credit_of
from services.billing.credit_notes.commands import (
    IssueCreditNote,
    earlier_lines,
    issue_credit_note,
)
from services.billing.invoices.invoice import Invoice
from services.billing.refunds.credited_amounts import amounts_covering
from services.billing.refunds.giving_back import RefundExceedsInvoice
from services.billing.refunds.refund import Refund
from services.billing.why.because import because
from shared.errors import Conflict
from shared.ids import new_id
from shared.store import Transaction

REASON = "refund"


class RefundedInvoiceIsOpen(Conflict):
    """An invoice that the payment paid in part is still open; void or credit that first."""


async def take_back_invoices(refund: Refund, *, today: date, tx: Transaction) -> None:
    """Credit notes over the refund's invoices, in their order, as far as they keep its payment.

    What they keep no longer has become the account's credit before, and comes out of that. What is
    to become credit can not have done so before: `RefundExceedsInvoice`.
    """
    rest_minor = refund.amount_minor
    for invoice_id in refund.invoice_ids:
        invoice = await tx.load(Invoice, invoice_id)
        kept_minor = min(rest_minor, invoice.settlement.kept_of(refund.payment_id))
        if kept_minor and invoice.is_open:
            raise RefundedInvoiceIsOpen(number=invoice.number)
        if kept_minor:
            await take_back_invoice(invoice.id, kept_minor, today=today, tx=tx)
        rest_minor -= kept_minor
    if rest_minor and refund.way == "credit":
        raise RefundExceedsInvoice(short_minor=rest_minor)


async def take_back_invoice(
    invoice_id: UUID, amount_minor: int, *, today: date, tx: Transaction
) -> None:
    """A credit note over so much of the invoice; what had been paid of it is credit then."""
    invoice = await tx.load(Invoice, invoice_id)
    earlier = await earlier_lines(invoice, tx)
    amounts = amounts_covering(
        amount_minor, invoice.lines, details=invoice.details, earlier=earlier
    )
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=invoice.id,
        brand=invoice.brand,
        today=today,
        reason=REASON,
        amounts=amounts,
    )
    await issue_credit_note(note, tx)


async def withdraw_for(refund: Refund, amount_minor: int, *, tx: Transaction) -> None:
    """Take so much out of the account's credit. `CreditTooSmall`."""
    credit = await credit_of(refund.account_id, refund.currency, tx)
    if credit is None:
        raise CreditTooSmall(balance_minor=0, currency=refund.currency)
    why = because(tx, "credit.refunded", payment=refund.payment_id)
    credit.withdraw(withdrawal_id=refund.id, amount_minor=amount_minor, reason=REASON, why=why)
    await tx.save(credit)


async def give_back(refund: Refund, *, tx: Transaction) -> None:
    """What was to go back is the account's credit again."""
    if not refund.withdrawn_minor:
        return
    credit = await credit_of(refund.account_id, refund.currency, tx)
    assert credit is not None, "something was taken out of it"
    credit.give(
        amount_minor=refund.withdrawn_minor,
        source="refund",
        reference_id=refund.id,
        reason=str(refund.id),
        why=because(tx, "credit.refund_failed", payment=refund.payment_id),
    )
    await tx.save(credit)
