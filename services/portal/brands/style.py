"""A brand's colours and its mark, as the files that pages load."""

from html import escape

from services.portal.brands.colour import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    Rgb,
    css,
    parse,
    shades,
    text_on,
)


def style_sheet(accent: str) -> str:
    """The custom properties of the brand's colours, for the light and the dark theme."""
    colour = parse(accent)
    return _theme(":root", colour, surface=LIGHT_SURFACE) + _theme(
        '[data-bs-theme="dark"]', colour, surface=DARK_SURFACE
    )


def _theme(selector: str, accent: Rgb, *, surface: Rgb) -> str:
    fill, on_fill, strong, on_strong, tint = map(css, shades(accent, surface))
    return (
        f"{selector} {{ --brand: {fill}; --brand-text: {on_fill}; --brand-strong: {strong};"
        f" --brand-strong-fill: {strong}; --brand-strong-text: {on_strong};"
        f" --brand-tint: {tint}; --tblr-primary: {fill}; }}\n"
    )


def mark(name: str, accent: str) -> str:
    """The brand's mark as SVG: its first letter on its colour."""
    colour = parse(accent)
    letter = escape(name.strip()[:1].upper() or "F")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{css(colour)}"/>'
        f'<text x="16" y="22" text-anchor="middle" font-size="18" font-weight="700" '
        f'font-family="system-ui, sans-serif" fill="{css(text_on(colour))}">{letter}</text></svg>'
    )
