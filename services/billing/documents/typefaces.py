"""The fonts of the papers, from npm by the lock file, and which characters they can show.

Inter for what is read, DejaVu Sans where Inter has no letter (Hebrew, Arabic, Georgian, symbols).
"""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typst

MODULES = Path(__file__).parents[3] / "node_modules"
INTER = MODULES / "@expo-google-fonts/inter"
DEJAVU = MODULES / "dejavu-fonts-ttf/ttf"
FILES = (
    INTER / "400Regular/Inter_400Regular.ttf",
    INTER / "600SemiBold/Inter_600SemiBold.ttf",
    DEJAVU / "DejaVuSans.ttf",
    DEJAVU / "DejaVuSans-Bold.ttf",
)
FAMILIES = {"Inter", "DejaVu Sans"}
BMP, FULL = (3, 1), (3, 10)
"""Platform and encoding of the tables of a font that go by Unicode."""


@cache
def fonts() -> typst.Fonts:
    """Our fonts and none of the machine's, so that a paper looks the same everywhere."""
    missing = [path.name for path in FILES if not path.is_file()]
    assert not missing, f"fonts are installed at set-up: {', '.join(missing)}"
    folders = sorted({path.parent for path in FILES})
    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=folders
    )
    assert {*found.families()} >= FAMILIES
    return found


@cache
def shown_characters() -> frozenset[int]:
    """The code points that every weight of one of the families has a glyph for."""
    inter, inter_bold, dejavu, dejavu_bold = (_characters(path) for path in FILES)
    return frozenset((inter & inter_bold) | (dejavu & dejavu_bold))


def _characters(path: Path) -> set[int]:
    """The code points in a font's cmap table (OpenType, formats 4 and 12)."""
    font = path.read_bytes()
    start = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    places = {}
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", font, start + 4 + 8 * number)
        places[platform, encoding] = start + offset
    if FULL in places:
        return set(_format_12(font, places[FULL]))
    return set(_format_4(font, places[BMP]))


def _table(font: bytes, name: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    for number in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag == name:
            return int(offset)
    raise AssertionError("a font has a table of its characters")


def _format_12(font: bytes, start: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", font, start + 12)
    for number in range(count):
        first, last, _ = struct.unpack_from(">III", font, start + 16 + 12 * number)
        yield from range(first, last + 1)


def _format_4(font: bytes, start: int) -> Iterator[int]:
    (double,) = struct.unpack_from(">H", font, start + 6)
    ends = struct.unpack_from(f">{double // 2}H", font, start + 14)
    starts = struct.unpack_from(f">{double // 2}H", font, start + 16 + double)
    for first, last in zip(starts, ends, strict=True):
        yield from range(first, last + 1 if last < 0xFFFF else first)
