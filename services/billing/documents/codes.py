"""QR codes and boleto bars as SVG: one path each, in the units of one module or narrow bar."""

from services.billing.boleto.interleaved import interleaved_bars
from shared.qr import qr_path


def qr_code(text: str) -> str:
    """A QR code with its quiet zone, error correction M or better.

    A BR Code has at most 512 characters; a QR code holds them all.

    >>> qr_code("Ana").partition("viewBox=")[2].partition(" p")[0]
    '"0 0 29 29"'
    """
    size, path = qr_path(text)
    return _svg(size, size, path=path)


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


def _svg(width: int, height: int, *, path: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' preserveAspectRatio="none" shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
