"""Transaction identities (txid), by which a PIX payment is found again.

Source: Banco Central, API Pix (txid: `^[a-zA-Z0-9]{26,35}$` of an immediate or dated charge) and
Manual de Padrões para Iniciação do Pix (at most 25 characters within a static code).
"""

import re
from uuid import UUID

from services.billing.pix.fields import BrCodeInvalid

UNSPECIFIED = "***"
"""What stands in a code that has no identity of its own, as in each dynamic one."""

IN_A_STATIC_CODE = re.compile(r"[A-Za-z0-9]{1,25}")
OF_A_CHARGE = re.compile(r"[A-Za-z0-9]{26,35}")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
STATIC_LENGTH = 25


def charge_txid(payment: UUID) -> str:
    """The 32 characters by which a PSP knows the charge of a payment.

    >>> charge_txid(UUID(int=10))
    '0000000000000000000000000000000a'
    """
    return payment.hex


def static_txid(payment: UUID) -> str:
    """The 25 characters by which a static code names a payment: its id to base 36.

    >>> static_txid(UUID(int=37))
    '0000000000000000000000011'
    """
    number, written = payment.int, ""
    for _ in range(STATIC_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        written = ALPHABET[digit] + written
    return written


def payment_of(txid: str) -> UUID:
    """The payment that `charge_txid` or `static_txid` named. Errors: BrCodeInvalid for another's.

    >>> payment_of("0000000000000000000000011").int, payment_of("0" * 31 + "a").int
    (37, 10)
    """
    base = {32: 16, STATIC_LENGTH: 36}.get(len(txid), 0)
    if not base or not txid.isascii() or not txid.isalnum():
        raise BrCodeInvalid(field="txid", reason="not_ours")
    try:
        return UUID(int=int(txid, base))
    except ValueError:
        raise BrCodeInvalid(field="txid", reason="not_ours") from None
