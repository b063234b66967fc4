"""Which text can be read on a brand's accent colour (WCAG 2.1, contrast 4.5:1). Pure."""

import re

INK = "#1f2937"
WHITE = "#ffffff"
BLACK = "#000000"
FALLBACK_ACCENT = "#1f4b99"
_READABLE = 4.5
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def accent(colour: str) -> str:
    """The brand's colour, or a calm blue when it is not written as #rrggbb.

    >>> accent("#0a7f5a"), accent("red;}")
    ('#0a7f5a', '#1f4b99')
    """
    return colour if _HEX.fullmatch(colour) else FALLBACK_ACCENT


def as_text(colour: str) -> str:
    """`colour` where it can be read on white, else dark ink.

    >>> as_text("#0a6f4a"), as_text("#ffcc00")
    ('#0a6f4a', '#1f2937')
    """
    return colour if contrast(colour, WHITE) >= _READABLE else INK


def text_on(colour: str) -> str:
    """White where it can be read on `colour`, else black: one of them always can.

    >>> text_on("#0a6f4a"), text_on("#ffcc00")
    ('#ffffff', '#000000')
    """
    return WHITE if contrast(colour, WHITE) >= _READABLE else BLACK


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.1, 1.4.3).

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
