"""An amount as a person types it."""

import re
from decimal import Decimal

from babel.numbers import NumberFormatError, parse_decimal

from shared.i18n import Translations
from shared.money import minor_digits

MOST = Decimal(10) ** 10
_FIGURE = re.compile(r"[0-9][0-9.,'’\u00a0\u202f ]*")
"""Digits and what separates them in any of the languages; words such as NaN are none."""


def read_amount(text: str, currency: str, *, language: Translations) -> int | None:
    """Minor units of what was typed in the reader's way; None where it is no amount above zero.

    More digits after the comma than the currency has are none of its amounts.
    """
    if not _FIGURE.fullmatch(text.strip()):
        return None
    try:
        amount = parse_decimal(text.strip(), locale=language.locale, strict=True)
    except NumberFormatError:
        return None
    minor = amount.scaleb(minor_digits(currency))
    is_amount = 0 < amount < MOST and minor == minor.to_integral_value()
    return int(minor) if is_amount else None
