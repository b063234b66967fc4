"""Taking back a payment of a bank entry: what it settled is owed again."""

from datetime import date

from services.billing.automation.today import today_for
from services.billing.bank_transfers.shares import Share
from services.billing.credit.balances import balance_of
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.reversals import take_payment_back
from services.billing.payments.payment import Payment
from services.billing.payments.reversing import reverse_payment
from services.billing.top_ups.by_transfer import note_credited
from services.billing.top_ups.top_up import TopUp
from services.billing.why.why import Why
from shared.store import Transaction

TAKEN_BACK = "payment_taken_back"


async def take_back_share(share: Share, why: Why, tx: Transaction) -> None:
    """Undo one payment by new events; a top-up that no payment counts for waits again.

    What it left over must still be credit: `CreditTooSmall` once that is used. Other errors:
    PaymentNotReversible, InvoiceIsCredited, InvoiceIsWrittenOff.
    """
    payment = await tx.load(Payment, share.payment_id)
    today = await today_for(payment.brand, tx)
    if share.purpose == "top_up":
        settled_minor = await _uncredit(share, today=today, tx=tx)
    else:
        settled_minor = await _unsettle(share, today=today, tx=tx)
    reverse_payment(payment, TAKEN_BACK)
    await tx.save(payment)
    if rest_minor := payment.amount_minor - settled_minor:
        credit = await balance_of(
            tx, share.account_id, brand=payment.brand, currency=payment.currency
        )
        credit.withdraw(
            withdrawal_id=payment.id,
            amount_minor=rest_minor,
            reason=TAKEN_BACK,
            why=why,
        )
        await tx.save(credit)


async def _unsettle(share: Share, *, today: date, tx: Transaction) -> int:
    """What the payment had settled of its invoice; of a void pro forma that is credit."""
    invoice = await tx.load(Invoice, share.invoice_id)
    if share.payment_id not in invoice.settlement.payments or invoice.settlement.is_cancelled:
        return 0
    settled_minor = take_payment_back(invoice, share.payment_id, today=today)
    await tx.save(invoice)
    return settled_minor


async def _uncredit(share: Share, *, today: date, tx: Transaction) -> int:
    """None of it had settled anything: all of it was credit."""
    top_up = await tx.load(TopUp, share.invoice_id)
    top_up.take_payment_back(share.payment_id, today=today)
    await tx.save(top_up)
    await note_credited(top_up, await tx.begin(), today=today)
    return 0
