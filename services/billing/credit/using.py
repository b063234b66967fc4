"""Using an account's credit for an invoice. Amounts in minor units."""

from datetime import date
from uuid import UUID

from services.billing.credit.credit_balance import CreditBalance
from services.billing.invoices.invoice import Invoice
from services.billing.why.because import because
from services.billing.why.why import Why
from shared.ids import new_id
from shared.store import Transaction


async def use_credit(invoice: Invoice, tx: Transaction, *, today: date) -> CreditBalance | None:
    """Settle what the account's credit in its currency covers, in one use.

    The balance after it, for the caller to save with the invoice; None when nothing was used.
    """
    credit = await credit_of(invoice.account_id, invoice.currency, tx)
    if credit is None or not credit.balance_minor or not invoice.is_open:
        return None
    settle_by(
        credit,
        invoice,
        amount_minor=min(credit.balance_minor, invoice.open_minor),
        today=today,
        why=because(tx, "credit.applied", invoice=invoice.id),
    )
    return credit


def settle_by(
    credit: CreditBalance, invoice: Invoice, *, amount_minor: int, today: date, why: Why
) -> None:
    """Use so much of the credit for the invoice; the caller saves both."""
    use = new_id()
    invoice.apply_credit(application_id=use, amount_minor=amount_minor, today=today)
    credit.apply(
        application_id=use,
        invoice_id=invoice.id,
        amount_minor=amount_minor,
        is_prepayment=use in invoice.settlement.prepayments,
        why=why,
    )


async def credit_of(
    account_id: UUID | None, currency: str, tx: Transaction
) -> CreditBalance | None:
    """What the account has with us in the currency, if it ever had anything."""
    assert account_id is not None, "credit is an account's"
    return await tx.find(CreditBalance, CreditBalance.id_of(account_id, currency))
