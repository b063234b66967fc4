"""In what the gateway's word differs from ours. Amounts in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first thing in which the gateway's word differs from ours."""

    field: str
    expected: str
    found: str


def first_difference(
    fields: Sequence[str], ours: Sequence[str], *, theirs: Sequence[str]
) -> Mismatch | None:
    """The first of the fields that the two have otherwise, or None.

    >>> first_difference(("amount", "currency"), ("1", "BRL"), theirs=("1", "USD"))
    Mismatch(field='currency', expected='BRL', found='USD')
    """
    for field, expected, found in zip(fields, ours, theirs, strict=True):
        if expected != found:
            return Mismatch(field=field, expected=expected, found=found)
    return None
