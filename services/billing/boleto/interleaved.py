"""Interleaved 2 of 5: the bars of a boleto as plain widths. Drawing them is another's work.

Source: ISO/IEC 16390; FEBRABAN's layout of the ficha de compensação (103 mm by 13 mm, no check
digit of its own: the barcode has one).
"""

from services.billing.boleto.digits import ASCII_DIGITS, BoletoInvalid

NARROW = 1
WIDE = 3

WIDE_PLACES = ((2, 3), (0, 4), (1, 4), (0, 1), (2, 4), (0, 2), (1, 2), (3, 4), (0, 3), (1, 3))
"""For each digit, which two of its five bars or spaces are wide."""

START = (NARROW, NARROW, NARROW, NARROW)
STOP = (WIDE, NARROW, NARROW)


def interleaved_bars(digits: str) -> tuple[int, ...]:
    """The widths of bars and spaces in turn, a bar first, in units of the narrow bar.

    Of each two digits the first is in the bars, the second in the spaces. The 44 digits of a boleto
    are 227 widths, 405 units. Errors: BoletoInvalid for an odd number of digits.

    >>> interleaved_bars("07")
    (1, 1, 1, 1, 1, 1, 1, 1, 3, 1, 3, 3, 1, 3, 3, 1, 1)
    """
    if len(digits) % 2 or not ASCII_DIGITS.fullmatch(digits):
        raise BoletoInvalid(field="barcode", reason="odd_number_of_digits")
    pairs = zip(digits[::2], digits[1::2], strict=True)
    between = (width for bars, spaces in pairs for width in _interleaved(int(bars), int(spaces)))
    return (*START, *between, *STOP)


def _interleaved(bars: int, spaces: int) -> tuple[int, ...]:
    return tuple(
        WIDE if place in WIDE_PLACES[digit] else NARROW
        for place in range(5)
        for digit in (bars, spaces)
    )
