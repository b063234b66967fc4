"""How the numbers of a brand's documents are written, as in {prefix}-{mark}{year}-{number:06d}.

The text of a format is foreign: nothing but these places and plain letters is understood.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from shared.errors import Invalid

LONGEST = 60
_PIECE = re.compile(
    r"\{(?P<place>prefix|mark|year|month|number:0(?P<width>[1-9]|1[0-2])d)\}"
    r"|(?P<text>[A-Za-z0-9 ./_-]+)"
)


class NumberFormatInvalid(Invalid):
    """The format has a place that is not known, twice or missing, or a letter that is not plain."""


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """Plain texts and places, in order; `width`: the least digits of the running number."""

    pieces: tuple[str, ...]
    width: int

    @property
    def has_year(self) -> bool:
        return "{year}" in self.pieces

    def text(self, *, prefix: str, mark: str, day: date, count: int) -> str:
        """The number of a document of `day`.

        The mark of its kind stands in front where the format has no place for it, so that two
        kinds of documents never share a number.
        """
        return self._template.format(
            prefix=prefix, mark=mark, year=day.year, month=day.month, number=count
        )

    @cached_property
    def _template(self) -> str:
        """For `str.format`, which nothing foreign reaches: plain texts have no braces."""
        widths = {"{year}": "{year:04d}", "{month}": "{month:02d}"}
        widths["{number}"] = f"{{number:0{self.width}d}}"
        text = "".join(widths.get(piece, piece) for piece in self.pieces)
        return text if "{mark}" in self.pieces else "{mark}" + text


@lru_cache(maxsize=1024)
def parse_number_format(text: str) -> NumberFormat:
    """The format that a text stands for. `NumberFormatInvalid`.

    >>> march = date(2026, 3, 1)
    >>> form = parse_number_format("FV/{number:01d}/{month}/{year}")
    >>> form.text(prefix="WIS", mark="", day=march, count=12)
    'FV/12/03/2026'
    >>> form.text(prefix="WIS", mark="C-", day=march, count=1)
    'C-FV/1/03/2026'
    """
    if len(text) > LONGEST:
        raise NumberFormatInvalid(field="number_format", reason="it is too long")
    pieces: list[str] = []
    width = position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise NumberFormatInvalid(field="number_format", at=position)
        place = (piece["place"] or "").partition(":")[0]
        pieces.append(f"{{{place}}}" if place else piece["text"])
        width = int(piece["width"] or width)
        position = piece.end()
    _check(pieces)
    return NumberFormat(pieces=tuple(pieces), width=width)


def _check(pieces: list[str]) -> None:
    places = [piece for piece in pieces if piece.startswith("{")]
    if len(places) != len(set(places)):
        raise NumberFormatInvalid(field="number_format", reason="a place stands there twice")
    if "{number}" not in places:
        raise NumberFormatInvalid(field="number_format", reason="the number has no place")
