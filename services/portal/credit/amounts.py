"""An amount as a person types it."""

from decimal import Decimal

from babel.numbers import NumberFormatError, parse_decimal

from shared.i18n import Translations
from shared.money import minor_digits

MOST = Decimal(10) ** 10


def read_amount(text: str, currency: str, *, language: Translations) -> int | None:
    """Minor units of what was typed in the reader's way; None where it is no amount above zero.

    More digits after the comma than the currency has are none of its amounts.
    """
    try:
        amount = parse_decimal(text.strip(), locale=language.locale, strict=True)
    except NumberFormatError:
        return None
    minor = amount.scaleb(minor_digits(currency)) if amount.is_finite() else Decimal(0)
    is_amount = 0 < amount < MOST and minor == minor.to_integral_value()
    return int(minor) if is_amount else None
