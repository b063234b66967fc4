"""Money: integer minor units and an ISO 4217 currency. Each rounding names its mode; no floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from babel.numbers import format_currency, get_currency_precision


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
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=locale)
