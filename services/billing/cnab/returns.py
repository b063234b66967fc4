"""Reads the return files (retorno) by which a bank tells what became of boletos.

A file of any length is read line by line in constant memory; 240 or 400 columns is found out from
its first line. Nothing is corrected: what is damaged is refused with line and column, and what a
file says of itself that does not hold (how many lines it has) is listed at its end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from services.billing.cnab.cnab_240 import Reader240, is_240
from services.billing.cnab.cnab_400 import Reader400, is_400
from services.billing.cnab.layouts import COLUMNS_240, COLUMNS_400
from services.billing.cnab.occurrences import Occurrence
from services.billing.cnab.record import ReturnFileInvalid
from services.billing.cnab.tally import ReturnHeader, ReturnTrailer

LONGEST_LINE = COLUMNS_400 + 200
"""More than any line has: a file without line ends is not read into memory as one."""

END_OF_FILE = "\x1a"
BYTE_ORDER_MARK = "\ufeff"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, in pieces of bounded size should it have no line ends."""
    while line := stream.readline(LONGEST_LINE):
        yield line


def read_return(
    lines: Iterable[bytes], *, bank: str = ""
) -> Iterator[ReturnHeader | Occurrence | ReturnTrailer]:
    """The header, each occurrence as it is read, and the trailer of a file that is whole.

    `bank` says whose layout it is where the header names another (a bank that clears for it).
    Lines may lack their trailing blanks. Errors: ReturnFileInvalid with line, column, field and
    reason, also for a file that ends without its trailer: what was given before that is right, but
    it is not all. Reading it again gives the same identities.
    """
    texts = _texts(lines)
    number, text = next(texts, (1, ""))
    reader = _reader(text, number=number, bank=bank)
    _fitting(text, number, reader=reader)
    yield reader.header
    for number, text in texts:
        if reader.is_over:
            raise ReturnFileInvalid(line=number, column=1, field="type", reason="after_trailer")
        occurrence = reader.take(_fitting(text, number, reader=reader), number=number)
        if occurrence is not None:
            yield occurrence
    if not reader.is_over:
        raise ReturnFileInvalid(line=number + 1, column=1, field="trailer", reason="missing")
    yield reader.tally.trailer()


def _texts(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    for number, line in enumerate(lines, start=1):
        text = _text_of(line).rstrip("\r\n" + END_OF_FILE)
        if not text.strip():
            continue
        if control := CONTROL.search(text):
            column = control.start() + 1
            raise ReturnFileInvalid(line=number, column=column, field="", reason="characters")
        yield number, text


def _text_of(line: bytes) -> str:
    """The files are in Latin-1. What was made UTF-8 on its way is read as that: as two bytes, an
    accent in a name would move every amount behind it by a column."""
    try:
        return line.decode().removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _reader(text: str, *, number: int, bank: str) -> Reader240 | Reader400:
    if is_400(text):
        return Reader400(text, number=number, bank=bank)
    if is_240(text):
        return Reader240(text, number=number, bank=bank)
    raise ReturnFileInvalid(line=number, column=1, field="header", reason="no_return_file")


def _fitting(text: str, number: int, *, reader: Reader240 | Reader400) -> str:
    columns = COLUMNS_240 if isinstance(reader, Reader240) else COLUMNS_400
    if len(text.rstrip()) > columns:
        raise ReturnFileInvalid(line=number, column=columns + 1, field="", reason="too_long")
    return text[:columns]
