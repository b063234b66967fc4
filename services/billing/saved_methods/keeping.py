"""What the gateway keeps for an account, as its wallet has it, and what it says of it later."""

from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.gateways.port import Reported
from services.billing.gateways.port import SavedMethod as KeptThere
from services.billing.payments.payment import Payment
from services.billing.saved_methods.wallet import SavedMethod, Wallet
from shared.ids import new_id
from shared.store import Transaction


async def wallet_of(account_id: UUID, brand: str, tx: Transaction) -> Wallet:
    """The account's wallet as of this transaction, empty if nobody opened it."""
    wallet = await tx.find(Wallet, Wallet.id_of(account_id))
    return wallet or Wallet.open(account_id=account_id, brand=brand)


def saved_method_of(kept: KeptThere, *, method: str, gateway: str) -> SavedMethod:
    """What a gateway keeps, as an account's wallet has it."""
    return SavedMethod(
        id=new_id(),
        method=method,
        gateway=gateway,
        token=kept.token,
        kind=kept.kind,
        card_brand=kept.brand,
        last_four=kept.last4,
        expires_on=last_day_of(kept.expires_year, kept.expires_month),
        fingerprint=kept.fingerprint,
    )


def last_day_of(year: int | None, month: int | None) -> date | None:
    """The last day on which a card of this expiry can be charged (ISO/IEC 7813: month's end).

    None where there is none, or none that a calendar has.

    >>> last_day_of(2028, 2)
    datetime.date(2028, 2, 29)
    """
    if year is None or month is None or not (1 <= month <= 12 and 2000 <= year <= 2199):
        return None
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(first_of_next.toordinal() - 1)


async def heed_word(payment: Payment, reported: Reported, tx: Transaction) -> None:
    """Save what the payer let the gateway keep; note a card that will never be charged again.

    In the transaction that books the word, so once; a full wallet takes no more.
    """
    assert payment.account_id is not None, "a payment belongs to an account"
    if reported.status == "succeeded" and reported.saved_method is not None:
        await _keep(payment, reported, tx)
    if reported.status == "failed" and reported.decline == "hard" and payment.token:
        await _stop(payment, reported, tx)


async def _keep(payment: Payment, reported: Reported, tx: Transaction) -> None:
    assert payment.account_id is not None and reported.saved_method is not None
    wallet = await wallet_of(payment.account_id, payment.brand, tx)
    saved = saved_method_of(reported.saved_method, method=payment.method, gateway=payment.gateway)
    if not wallet.is_full:
        wallet.save(saved, is_preferred=False, today=await today_for(payment.brand, tx))
        await tx.save(wallet)


async def _stop(payment: Payment, reported: Reported, tx: Transaction) -> None:
    assert payment.account_id is not None, "a payment belongs to an account"
    wallet = await tx.find(Wallet, Wallet.id_of(payment.account_id))
    if wallet is None:
        return
    for method in wallet.methods.values():
        if (method.gateway, method.token) == (payment.gateway, payment.token):
            wallet.decline(
                method.id,
                payment_id=payment.id,
                reason=reported.failure_code or "declined",
                today=await today_for(payment.brand, tx),
            )
            await tx.save(wallet)
