"""QR codes as one path of a picture, in units of a module (ISO/IEC 18004)."""

import segno

QUIET_MODULES = 4
"""The white frame that the norm wants around a QR code."""


def qr_path(text: str) -> tuple[int, str]:
    """Side length with the white frame, and the dark modules; error correction M or better.

    >>> qr_path("Ana")[0]
    29
    """
    code = segno.make(text, error="m", micro=False, boost_error=False)
    runs = (
        f"M{start + QUIET_MODULES} {y + QUIET_MODULES}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix)
        for start, length in _runs(row)
    )
    return len(code.matrix) + 2 * QUIET_MODULES, "".join(runs)


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
