"""The credit of an account in a currency, which may not have any yet."""

from uuid import UUID

from services.billing.credit.credit_balance import CreditBalance
from shared.errors import NotFound
from shared.store import Transaction


async def balance_of(
    tx: Transaction, account_id: UUID, *, brand: str, currency: str
) -> CreditBalance:
    """The balance as of this transaction, empty if nobody opened it; saving it opens it."""
    try:
        return await tx.load(CreditBalance, CreditBalance.id_of(account_id, currency))
    except NotFound:
        return CreditBalance.open(account_id=account_id, brand=brand, currency=currency)
