"""What must fit together in what a brand file says of bank accounts and PIX keys.

Which words a bank wants is billing's to know: its own checks are asked.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from deploy.local.brandmodel import Brand, PaymentMethod
from services.billing.boleto.agreements import BankAccountInvalid, check_bank_accounts
from services.billing.boleto.bank_account import BankAccount
from services.billing.brands.brand import PaymentMethod as Way
from services.billing.brands.brand import PaymentMethodLacks, check_way_to_pay
from services.billing.pix.receiver import PixReceiver
from services.billing.pix.receivers import PixReceiverInvalid, check_pix_receivers

Flaws = Iterator[tuple[tuple[str | int, ...], str]]


def wrong_banks(brand: Brand) -> Flaws:
    """Where a bank account, a PIX receiver or a way to pay by them cannot be used, and why."""
    accounts = [_as(BankAccount, each) for each in brand.bank_accounts]
    receivers = [_as(PixReceiver, each) for each in brand.pix_receivers]
    for place in range(len(accounts)):
        try:
            check_bank_accounts(accounts[: place + 1])
        except BankAccountInvalid as refused:
            yield _at("bank_accounts", place, refused=refused)
            return
    for place in range(len(receivers)):
        try:
            check_pix_receivers(receivers[: place + 1])
        except PixReceiverInvalid as refused:
            yield _at("pix_receivers", place, refused=refused)
            return
    for place, method in enumerate(brand.payment_methods):
        way = _way(method)
        try:
            check_way_to_pay(way, accounts, receivers=receivers)
        except PaymentMethodLacks as refused:
            yield _at("payment_methods", place, refused=refused)


def _way(method: PaymentMethod) -> Way:
    own = method.kind if method.kind in {"boleto", "pix"} else "sandbox"
    said = {name: value for name, value in method.model_dump().items() if value is not None}
    return msgspec.convert({"gateway": own, **said}, Way)


def _at(
    part: str, place: int, *, refused: BankAccountInvalid | PixReceiverInvalid | PaymentMethodLacks
) -> tuple[tuple[str | int, ...], str]:
    return ("brand", part, place, str(refused.facts["field"])), str(refused.facts["reason"])


def _as(kind: Any, part: Any) -> Any:
    return msgspec.convert(part.model_dump(), kind)
