"""Money: integer minor units and an ISO 4217 currency. Each rounding names its mode; no floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from babel.numbers import format_currency

DIGITS = {
    **dict.fromkeys({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}, 0),
    **dict.fromkeys({"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}, 0),
    **dict.fromkeys({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}, 3),
    **dict.fromkeys({"CLF", "UYW"}, 4),
}
"""Currencies whose minor unit is not the hundredth part (ISO 4217, list one)."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, in its minor unit."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        assert self.currency == other.currency, "amounts of two currencies do not add"
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)


def round_half_even(amount: Decimal | Fraction) -> int:
    """The nearest whole minor unit; a half goes to the even one.

    >>> round_half_even(Decimal("2.5")), round_half_even(Decimal("3.5"))
    (2, 4)
    """
    return round(amount)  # of exact numbers, without digits: always half even, to an integer


def round_half_up(amount: Fraction) -> int:
    """The nearest whole minor unit; a half goes away from zero, so -x rounds as x does.

    It rounds as EN 16931 does (BR-CO-17 and its like): the half up, of the absolute amount.

    >>> round_half_up(Fraction(5, 2)), round_half_up(Fraction(-5, 2)), round_half_up(Fraction(7, 3))
    (3, -3, 2)
    """
    size, denominator = abs(amount.numerator), amount.denominator
    nearest = (2 * size + denominator) // (2 * denominator)
    return nearest if amount > 0 else -nearest


def minor_digits(currency: str) -> int:
    """How many decimals an amount of the currency has (ISO 4217), so how large its minor unit is.

    >>> minor_digits("BRL"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return DIGITS.get(currency, 2)


def apportion(minor: int, shares: Sequence[int], *, per: int) -> list[int]:
    """Whole amounts next to the exact ones, `shares` divided by `per`, that sum to `minor`.

    By largest remainder, for shares of either sign that sum to `minor` but for a rounding. Ties go
    to the earlier share.

    >>> apportion(10, [10, 10, 10], per=3)
    [4, 3, 3]
    >>> apportion(-1, [-5, 3], per=2)
    [-2, 1]
    """
    parts = [divmod(share, per) for share in shares]
    each, rest = divmod(minor - sum(whole for whole, _ in parts), len(parts))
    by_remainder = sorted(range(len(parts)), key=lambda place: -parts[place][1])
    lucky = set(by_remainder[:rest])
    return [whole + each + (place in lucky) for place, (whole, _) in enumerate(parts)]


def split(minor: int, weights: Sequence[int]) -> list[int]:
    """Share `minor` in proportion to `weights` by largest remainder; the shares sum exactly.

    Ties of remainders go to the earlier share. At least one weight is above zero, none below.

    >>> split(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    assert whole > 0 and min(weights) >= 0, "weights are not negative and not all zero"
    sign = -1 if minor < 0 else 1
    parts = [divmod(abs(minor) * weight, whole) for weight in weights]
    rest = abs(minor) - sum(share for share, _ in parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: -parts[place][1])
    lucky = set(by_remainder[:rest])
    return [sign * (share + (place in lucky)) for place, (share, _) in enumerate(parts)]


def format_money(minor: int, currency: str, *, locale: str) -> str:
    """The amount as a reader of `locale` (such as pt_BR) writes it, currency included.

    >>> format_money(2990, "BRL", locale="pt_BR")
    'R$\\xa029,90'
    """
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    return format_currency(amount, currency, locale=locale, decimal_quantization=False)
