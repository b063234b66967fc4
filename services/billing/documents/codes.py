"""QR codes and boleto bars as SVG: one path each, in the units of one module or narrow bar."""

import segno

from services.billing.boleto.interleaved import interleaved_bars

QUIET_MODULES = 4
"""The white frame that ISO/IEC 18004 wants around a QR code."""


def qr_code(text: str) -> str:
    """A QR code with its quiet zone, error correction M or better.

    A BR Code has at most 512 characters; a QR code holds them all.

    >>> qr_code("Ana").partition("viewBox=")[2].partition(" p")[0]
    '"0 0 29 29"'
    """
    code = segno.make(text, error="m", micro=False, boost_error=False)
    size = len(code.matrix) + 2 * QUIET_MODULES
    runs = (
        f"M{start + QUIET_MODULES} {y + QUIET_MODULES}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix)
        for start, length in _runs(row)
    )
    return _svg(size, size, path="".join(runs))


def boleto_bars(digits: str) -> str:
    """The 44 digits of a boleto as Interleaved 2 of 5, one unit high: the page stretches it.

    Errors: BoletoInvalid.
    """
    x, path = 0, ""
    for place, width in enumerate(interleaved_bars(digits)):
        if place % 2 == 0:
            path += f"M{x} 0h{width}v1h-{width}z"
        x += width
    return _svg(x, 1, path=path)


def _runs(row: bytearray) -> list[tuple[int, int]]:
    """Where dark modules of a row begin, and how many there are."""
    found: list[tuple[int, int]] = []
    for x, is_dark in enumerate(row):
        if not is_dark:
            continue
        if found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((x, 1))
    return found


def _svg(width: int, height: int, *, path: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' preserveAspectRatio="none" shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
