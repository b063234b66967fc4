"""A brand's own bank accounts, as the files of its bank name them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.errors import Invalid

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


class TransferAccountInvalid(Invalid):
    """A bank account of the brand cannot be one, or stands there twice."""


@dataclass(frozen=True, kw_only=True)
class TransferAccount:
    """An account of which statements are imported.

    `number`: an IBAN, or the number without blanks as the bank's files have it; with `bank_code`
    and `branch` where they are needed to tell it from others.
    """

    number: str
    currency: str
    bank_code: str = ""
    branch: str = ""


def compared(text: str) -> str:
    """As numbers of accounts, banks and branches are compared: no marks, letters large, no zeros.

    >>> compared("0452-1"), compared("de89 3704 0044 0532 0130 00")
    ('4521', 'DE89370400440532013000')
    """
    return re.sub(r"[^A-Z0-9]", "", text.upper()).lstrip("0")


def check_accounts(accounts: Sequence[TransferAccount], *, currencies: Collection[str]) -> None:
    """Each is of a currency that is sold in, an IBAN has its check digits, none is there twice.

    Errors: TransferAccountInvalid.
    """
    names = [(compared(each.bank_code), compared(each.number)) for each in accounts]
    if len(set(names)) != len(names):
        raise TransferAccountInvalid(field="accounts", reason="twice")
    for each in accounts:
        if each.currency not in currencies:
            raise TransferAccountInvalid(field="currency", reason="not_sold", found=each.currency)
        if not compared(each.number):
            raise TransferAccountInvalid(field="number", reason="empty")
        if is_iban_form(each.number) and not is_iban(each.number):
            raise TransferAccountInvalid(field="number", reason="check_digits")


def is_iban_form(number: str) -> bool:
    """Whether it is written as an IBAN: two letters of a country, two figures, the rest."""
    return _IBAN.fullmatch(compared(number)) is not None


def is_iban(number: str) -> bool:
    """Whether the check digits are right: ISO 7064, modulo 97-10, as ISO 13616 has it.

    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    plain = compared(number)
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
