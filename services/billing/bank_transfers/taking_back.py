"""Taking back a payment of a bank entry: what it settled is owed again."""

from services.billing.automation.today import today_for
from services.billing.bank_transfers.shares import Share
from services.billing.credit.balances import balance_of
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.reversals import take_payment_back
from services.billing.payments.payment import Payment
from services.billing.payments.reversing import reverse_payment
from services.billing.why.why import Why
from shared.store import Transaction

TAKEN_BACK = "payment_taken_back"


async def take_back_share(share: Share, why: Why, tx: Transaction) -> None:
    """Undo one payment by new events.

    What it left over must still be credit: `CreditTooSmall` once that is used. Other errors:
    PaymentNotReversible, InvoiceIsCredited, InvoiceIsWrittenOff.
    """
    payment = await tx.load(Payment, share.payment_id)
    invoice = await tx.load(Invoice, share.invoice_id)
    today = await today_for(payment.brand, tx)
    settled_minor = 0
    if payment.id in invoice.settlement.payments:
        settled_minor = take_payment_back(invoice, payment.id, today=today)
    reverse_payment(payment, TAKEN_BACK)
    await tx.save(payment, invoice)
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
