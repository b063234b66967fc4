"""Strings of digits and the check digits that Brazilian banks put behind them.

Each rule names its source. The published tables of the banks are all made of two sums: modulo 10,
where the digits of the products are added, and modulo 11, where the products are.
"""

import re

from shared.errors import Invalid

ASCII_DIGITS = re.compile(r"[0-9]+")


class BoletoInvalid(Invalid):
    """The boleto is not one that a bank could have issued."""


def fixed_digits(text: str, width: int, *, field: str) -> str:
    """`text` filled up with zeros in front to `width` digits.

    Errors: BoletoInvalid where it is longer, empty or has anything but the digits 0 to 9.

    >>> fixed_digits("223350", 8, field="own_number")
    '00223350'
    """
    if len(text) > width or not ASCII_DIGITS.fullmatch(text):
        raise BoletoInvalid(field=field, reason="digits", width=width)
    return text.zfill(width)


def modulo_10(digits: str) -> int:
    """The check digit of weights 2, 1, 2 ... from the right; products of two digits add these.

    Source: Banco Central, Carta-Circular 2.926 (annex, fields 1 to 3 of the linha digitável).

    >>> modulo_10("001905009"), modulo_10("4014481606"), modulo_10("0680935031")
    (5, 9, 4)
    """
    weighted = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return -sum(product // 10 + product % 10 for product in weighted) % 10


def weighted_sum(digits: str, *, heaviest: int) -> int:
    """The sum of the digits, weighted 2, 3 ... `heaviest`, 2, 3 ... from the right.

    >>> weighted_sum("123", heaviest=9)
    16
    """
    return sum(
        int(digit) * (2 + place % (heaviest - 1)) for place, digit in enumerate(reversed(digits))
    )


def modulo_11(digits: str, *, heaviest: int = 9) -> int:
    """What is missing to a multiple of 11: 1 to 11. Each bank says what 10 and 11 become.

    >>> modulo_11("0019373700000001000500940144816060680935031")
    3
    """
    return 11 - weighted_sum(digits, heaviest=heaviest) % 11


def barcode_check_digit(digits: str) -> int:
    """The check digit of the other 43 digits of a barcode: 0, 10 and 11 are written as 1.

    Source: Banco Central, Carta-Circular 2.926 (annex, position 5 of the barcode).

    >>> barcode_check_digit("0019373700000001000500940144816060680935031")
    3
    """
    digit = modulo_11(digits)
    return 1 if digit > 9 else digit
