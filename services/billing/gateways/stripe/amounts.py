"""Our amounts as Stripe counts them, and back: it has its own idea of some minor units.

Source: Stripe, Supported currencies (zero-decimal, three-decimal, special cases). Where the two
units differ, an amount that cannot be told exactly is refused; none is ever rounded.
"""

from shared.errors import Invalid
from shared.money import minor_digits

_DIGITS_THERE = {
    **dict.fromkeys({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF"}, 0),
    **dict.fromkeys({"VND", "VUV", "XAF", "XOF", "XPF"}, 0),
    **dict.fromkeys({"BHD", "JOD", "KWD", "OMR", "TND"}, 3),
}
"""Currencies that are not counted in hundredths there. The króna (ISK) is, against ISO 4217."""

_GRAIN = {
    **dict.fromkeys({"BHD", "JOD", "KWD", "OMR", "TND"}, 10),
    "ISK": 100,
}
"""Amounts, as counted there, must be multiples of this; of one where nothing is said."""

_NOT_THERE = {"CLF", "IQD", "LYD", "UGX", "UYI", "UYW"}
"""Not taken, but for the shilling (UGX), of which the manual gives two units: better none."""


class AmountNotPayable(Invalid):
    """The gateway cannot take this amount of this currency."""


def amount_there(minor: int, currency: str) -> int:
    """The amount in Stripe's unit of the currency. `AmountNotPayable` if it cannot be told exactly.

    >>> amount_there(2990, "BRL"), amount_there(500, "JPY"), amount_there(5, "ISK")
    (2990, 500, 500)
    """
    if currency in _NOT_THERE:
        raise AmountNotPayable(currency=currency)
    here, there = minor_digits(currency), _DIGITS_THERE.get(currency, 2)
    amount, rest = _in_digits(minor, have=here, want=there)
    if rest or amount % _GRAIN.get(currency, 1):
        raise AmountNotPayable(currency=currency)
    return amount


def amount_here(amount: int, currency: str) -> int:
    """The amount in our minor units. `AmountNotPayable` if there is no such amount here.

    >>> amount_here(500, "ISK"), amount_here(5120, "KWD"), amount_here(7, "MGA")
    (5, 5120, 700)
    """
    if currency in _NOT_THERE:
        raise AmountNotPayable(currency=currency)
    here, there = minor_digits(currency), _DIGITS_THERE.get(currency, 2)
    minor, rest = _in_digits(amount, have=there, want=here)
    if rest:
        raise AmountNotPayable(currency=currency)
    return minor


def _in_digits(amount: int, *, have: int, want: int) -> tuple[int, int]:
    """The amount with another number of decimals, and what does not go into it."""
    more: int = 10 ** max(want - have, 0)
    fewer: int = 10 ** max(have - want, 0)
    return divmod(amount * more, fewer)
