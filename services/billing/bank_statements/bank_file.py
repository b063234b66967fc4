"""A bank file of any format that is read here: all of it, or the refusal of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from services.billing.bank_statements.camt import read_camt
from services.billing.bank_statements.mt940 import read_mt940
from services.billing.bank_statements.ofx import read_ofx
from services.billing.bank_statements.reading import as_utf8, unreadable
from services.billing.bank_statements.statement import Statement, StatementEntry, not_imported

Format = Literal["ofx", "camt", "mt940"]
WESTERN = "cp1252"
_SEEN_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """What a whole file says. A file that is half wrong is no bank file."""

    format: Format
    statements: tuple[Statement, ...]

    @property
    def entries(self) -> list[StatementEntry]:
        """Each entry of its statements once, also where two of them overlap."""
        return not_imported(chain.from_iterable(each.entries for each in self.statements), ())


def read_bank_file(pieces: Iterable[bytes], *, encoding: str = WESTERN) -> BankFile:
    """The whole file, by the format that its start shows.

    `encoding` is for MT940, which cannot say its own. Errors: StatementUnreadable,
    StatementTooLarge; what was read until then is given up.
    """
    waiting = as_utf8(pieces)
    start = b""
    while len(start) < _SEEN_BYTES and (piece := next(waiting, b"")):
        start += piece
    found = _format(start)
    readers: dict[Format, Callable[[Iterator[bytes]], Iterator[Statement]]] = {
        "ofx": read_ofx,
        "camt": read_camt,
        "mt940": lambda all_of_it: read_mt940(all_of_it, encoding=encoding),
    }
    statements = tuple(readers[found](chain([start], waiting)))
    return BankFile(format=found, statements=statements)


def _format(start: bytes) -> Format:
    """By what only that format has near its start."""
    upper = start.upper()
    if b"OFXHEADER" in upper or b"<OFX>" in upper:
        return "ofx"
    if start.lstrip().startswith(b"<"):
        return "camt"
    if b":20:" in start or start.lstrip().startswith((b"{1:", b":940:")):
        return "mt940"
    line = start[:80].decode("latin-1")
    raise unreadable(1, expected="a statement in OFX, CAMT.053 or MT940", found=line)
