"""A brand's accent colour and the shades that keep its text readable.

Contrast ratios and relative luminance are those of WCAG 2.2; text needs 4.5:1.
"""

from collections.abc import Sequence
from typing import NamedTuple

TEXT_RATIO = 4.5
LIGHT_SURFACE = (255, 255, 255)
DARK_SURFACE = (24, 32, 41)
FALLBACK = (6, 111, 209)

Rgb = tuple[int, int, int]


class Shades(NamedTuple):
    """The accent itself, the text on it, and the accent as text on one theme's surface."""

    fill: Rgb
    on_fill: Rgb
    strong: Rgb
    on_strong: Rgb
    tint: Rgb


def parse(colour: str) -> Rgb:
    """`#0a5` or `#00aa55` as red, green and blue; anything else is the house's blue.

    >>> parse("#0a5"), parse("url(x)")
    ((0, 170, 85), (6, 111, 209))
    """
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        return FALLBACK
    return red, green, blue


def css(colour: Rgb) -> str:
    """The colour for a style sheet.

    >>> css((0, 170, 85))
    '#00aa55'
    """
    return "#" + bytes(colour).hex()


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, from 1 to 21.

    >>> round(contrast((0, 0, 0), (255, 255, 255)), 1)
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def shades(accent: Rgb, surface: Rgb) -> Shades:
    """What a theme with this surface makes of the accent; every text on it reaches 4.5:1."""
    tint = mix(accent, surface, share=0.14)
    strong = _readable(accent, (tint, surface))
    return Shades(accent, text_on(accent), strong, text_on(strong), tint)


def text_on(fill: Rgb) -> Rgb:
    """White where it is readable on `fill`, else black, which then is.

    >>> text_on((255, 193, 7))
    (0, 0, 0)
    """
    white = (255, 255, 255)
    return white if contrast(white, fill) >= TEXT_RATIO else (0, 0, 0)


def mix(colour: Rgb, other: Rgb, *, share: float) -> Rgb:
    """`share` of `colour` (0 to 1) and the rest of `other`."""
    red, green, blue = (
        round(a * share + b * (1 - share)) for a, b in zip(colour, other, strict=True)
    )
    return red, green, blue


def _readable(accent: Rgb, surfaces: Sequence[Rgb]) -> Rgb:
    """The accent, moved towards black or white until it can be read on all of the surfaces."""
    goal = (0, 0, 0) if _luminance(surfaces[0]) > 0.4 else (255, 255, 255)
    steps = [mix(goal, accent, share=step / 20) for step in range(21)]
    enough = TEXT_RATIO + 0.1
    return next(c for c in steps if all(contrast(c, under) >= enough for under in surfaces))


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
