"""What the readers of bank files share: limits, refusals, and how amounts and days are written.

A reader takes the file in pieces and refuses it at the first thing that it cannot read for
certain, with the line and with what was expected there.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from shared.errors import Invalid
from shared.money import minor_digits

FILE_BYTES = 32 * 1024 * 1024
TEXT_CHARACTERS = 64 * 1024
ENTRIES = 200_000
DEPTH = 64

_SHOWN = 60


class StatementUnreadable(Invalid):
    """The bank file cannot be read; nothing of it was taken."""


class StatementTooLarge(Invalid):
    """The bank file is larger than a statement may be."""


def unreadable(line: int, *, expected: str, found: str = "") -> StatementUnreadable:
    """The refusal that says where the reader stood, what it wanted and what it met."""
    text = " ".join(found.split())
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return StatementUnreadable(line=line, expected=expected, found=shown)


def limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The file as it is, until it is too large: StatementTooLarge."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > FILE_BYTES:
            raise StatementTooLarge(bytes_allowed=FILE_BYTES)
        yield piece


def in_pieces(content: bytes, *, size: int = 65_536) -> Iterator[bytes]:
    """A file that is in memory already, cut for a reader."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def as_utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8 where a mark at its start says UTF-16; without such a mark."""
    waiting = iter(pieces)
    start = b""
    while len(start) < 4 and (piece := next(waiting, b"")):
        start += piece
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from _from_utf16(start, waiting)
        return
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from waiting


def _from_utf16(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        yield decoder.decode(start).encode()
        for piece in rest:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise unreadable(1, expected="text in UTF-16, as its first bytes say") from error


def text_of(raw: bytes, *, encoding: str) -> str:
    """UTF-8 where it is that, else what the file or its reader says: banks mix up the two.

    A byte that the encoding does not have becomes the replacement character, and so does the zero
    byte, which no database keeps in a text.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(encoding, errors="replace")
    return text.replace("\0", "\ufffd")


_NUMBER = re.compile(r"([+-]?) ?(\d*(?:[.,' ]\d*)*)")
_GROUPED = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*")
_FIGURES = 15
LARGEST_MINOR = 10**18 - 1
"""Fifteen figures before three decimals: no sum of it leaves the 64 bits of the database."""


def decimal_of(text: str) -> Decimal | None:
    """The number that is written; None if it is none, or longer than money is.

    A comma or point that stands once is before the decimals; other marks group by thousands.

    >>> [str(decimal_of(text)) for text in ("-250,75", "1.234,56", "1 234.56", "+12", "18.150")]
    ['-250.75', '1234.56', '1234.56', '12', '18.150']
    >>> [str(decimal_of(text)) for text in ("1.234", "1.234.567", "7,")]
    ['1.234', '1234567', '7']
    >>> [decimal_of(text) for text in ("$120", "1e3", "12.34.56", "1,23.456", "", ",")]
    [None, None, None, None, None, None]
    """
    found = _NUMBER.fullmatch(text.strip())
    if not found or not text.isascii():
        return None
    sign, number = found.groups()
    mark = max(number.rfind(","), number.rfind("."))
    if mark < 0 or number.count(number[mark]) > 1:
        mark = len(number)
    whole, decimals = number[:mark], number[mark + 1 :]
    if not (whole.isdigit() or _GROUPED.fullmatch(whole) or (decimals and not whole)):
        return None
    figures = re.sub(r"\D", "", whole)
    is_plain = decimals.isdigit() or not decimals
    if not is_plain or len(figures) > _FIGURES or len(decimals) > _FIGURES:
        return None
    return Decimal(f"{sign}{figures or 0}.{decimals}") if decimals else Decimal(f"{sign}{figures}")


def minor_of(text: str, currency: str, *, line: int) -> int:
    """The amount in minor units, exactly: more decimals than the currency has are refused."""
    amount = decimal_of(text)
    if amount is None:
        raise unreadable(line, expected="an amount", found=text)
    minor = amount.scaleb(minor_digits(currency))
    if abs(minor) > LARGEST_MINOR:
        raise unreadable(line, expected="an amount that there is", found=text)
    if minor != minor.to_integral_value():
        digits = minor_digits(currency)
        raise unreadable(line, expected=f"an amount of {digits} decimals ({currency})", found=text)
    return int(minor)


def currency_of(text: str, *, line: int) -> str:
    """Three letters (ISO 4217)."""
    code = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise unreadable(line, expected="a currency of three letters", found=text)
    return code


def day_of(figures: str) -> date | None:
    """The day of YYYYMMDD, or None where the calendar has none of that name.

    >>> day_of("20260228"), day_of("20260229")
    (datetime.date(2026, 2, 28), None)
    """
    try:
        return date(int(figures[:4]), int(figures[4:6]), int(figures[6:8]))
    except ValueError:
        return None


def account_number(text: str) -> str:
    """As it is compared: without blanks, letters large. An IBAN is told by its form alone.

    >>> account_number("de89 3704 0044 0532 0130 00")
    'DE89370400440532013000'
    """
    return "".join(text.split()).upper()


def joined(*texts: str) -> str:
    """One text, its blanks single."""
    return " ".join(" ".join(texts).split())
