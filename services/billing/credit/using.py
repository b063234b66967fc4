"""Using an account's credit for an invoice. Amounts in minor units."""

from datetime import date
from uuid import UUID

from services.billing.credit.credit_balance import CreditBalance
from services.billing.invoices.invoice import Invoice
from services.billing.why.because import because
from shared.ids import new_id
from shared.store import Transaction


async def use_credit(invoice: Invoice, tx: Transaction, *, today: date) -> CreditBalance | None:
    """Settle what the account's credit in its currency covers, in one use.

    The balance after it, for the caller to save with the invoice; None when nothing was used.
    """
    credit = await credit_of(invoice.account_id, invoice.currency, tx)
    if credit is None or not credit.balance_minor or not invoice.is_open:
        return None
    application_id = new_id()
    used_minor = invoice.apply_credit(
        application_id=application_id, amount_minor=credit.balance_minor, today=today
    )
    credit.apply(
        application_id=application_id,
        invoice_id=invoice.id,
        amount_minor=used_minor,
        why=because(tx, "credit.applied", invoice=invoice.id),
    )
    return credit


async def credit_of(
    account_id: UUID | None, currency: str, tx: Transaction
) -> CreditBalance | None:
    """What the account has with us in the currency, if it ever had anything."""
    assert account_id is not None, "credit is an account's"
    return await tx.find(CreditBalance, CreditBalance.id_of(account_id, currency))
