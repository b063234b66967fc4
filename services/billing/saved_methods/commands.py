"""Saving ways to pay, choosing and removing them, and what their banks say of them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.autopay import AskAutopayAtOnce, ask_autopay_at_once
from services.billing.automation.today import today_for
from services.billing.saved_methods.keeping import wallet_of
from services.billing.saved_methods.wallet import SavedMethod, Wallet
from services.billing.why.because import because
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class KeepMethod:
    """What the gateway keeps for the account. `is_preferred`: the holder wants it as default."""

    account_id: UUID
    brand: str
    saved: SavedMethod
    is_preferred: bool


async def keep_method(command: KeepMethod, tx: Transaction) -> Wallet:
    """Save it. The same token again changes nothing; `TooManySavedMethods`."""
    wallet = await wallet_of(command.account_id, command.brand, tx)
    today = await today_for(command.brand, tx)
    wallet.save(command.saved, is_preferred=command.is_preferred, today=today)
    await tx.save(wallet)
    return wallet


@dataclass(frozen=True, kw_only=True)
class RemoveMethod:
    """A saved way to pay that its holder wants forgotten."""

    account_id: UUID
    brand: str
    method_id: UUID


async def remove_method(command: RemoveMethod, tx: Transaction) -> None:
    """Forget it here; the gateway is told after. `SavedMethodUnknown`."""
    wallet = await wallet_of(command.account_id, command.brand, tx)
    wallet.remove(command.method_id, today=await today_for(command.brand, tx))
    await tx.save(wallet)


@dataclass(frozen=True, kw_only=True)
class ChooseDefault:
    """The saved way to pay that shall be charged automatically."""

    account_id: UUID
    brand: str
    method_id: UUID


async def choose_default(command: ChooseDefault, tx: Transaction) -> None:
    """Charge this one from now on. `SavedMethodUnknown`, `SavedMethodUnusable`."""
    wallet = await wallet_of(command.account_id, command.brand, tx)
    wallet.choose_default(command.method_id, today=await today_for(command.brand, tx))
    await tx.save(wallet)


@dataclass(frozen=True, kw_only=True)
class SwitchAutopay:
    """Whether the account's invoices are charged without being asked."""

    account_id: UUID
    brand: str
    to_on: bool


async def switch_autopay(command: SwitchAutopay, tx: Transaction) -> None:
    """Switch it; what is saved stays saved. As it is already: nothing."""
    wallet = await wallet_of(command.account_id, command.brand, tx)
    wallet.switch_autopay(to_on=command.to_on)
    await tx.save(wallet)


@dataclass(frozen=True, kw_only=True)
class TellOfExpiry:
    """The month, from its first day, with which cards of the brand end."""

    brand: str
    expiring_from: date


_EXPIRING = """
select account_id, method_id from saved_method
where brand = $1 and decline = '' and expires_on >= $2::date
  and expires_on < $2::date + interval '1 month'
order by account_id, method_id
"""


async def tell_of_expiry(command: TellOfExpiry, tx: Transaction) -> int:
    """Have each holder told of each card, once; how many cards the view knows of."""
    rows = await tx.read.fetch(_EXPIRING, command.brand, command.expiring_from)
    why = because(tx, "card.expires", expires_from=command.expiring_from)
    wallets = await tx.load_many(Wallet, [Wallet.id_of(row["account_id"]) for row in rows])
    for row in rows:
        if wallet := wallets.get(Wallet.id_of(row["account_id"])):
            wallet.notice_expiry(row["method_id"], why)
    await tx.save(*wallets.values())
    return len(rows)


@dataclass(frozen=True, kw_only=True)
class CollectAtOnce:
    """The saved way to pay that the account is charged by from now on."""

    account_id: UUID
    brand: str
    method_id: UUID


_OPEN = """
select invoice_id from invoice_open
where account_id = $1 and brand = $2 and not is_pending and order_id is null order by invoice_id
"""


async def collect_at_once(command: CollectAtOnce, tx: Transaction) -> int:
    """Have what is due collected by it, each invoice once; how many. Not if it is not charged."""
    wallet = await wallet_of(command.account_id, command.brand, tx)
    today = await today_for(command.brand, tx)
    charged = wallet.charged_automatically(today)
    if charged is None or charged.id != command.method_id:
        return 0
    asked = 0
    for row in await tx.read.fetch(_OPEN, command.account_id, command.brand):
        ask = AskAutopayAtOnce(
            invoice_id=row["invoice_id"], method_id=command.method_id, today=today
        )
        asked += await ask_autopay_at_once(ask, tx)
    return asked
