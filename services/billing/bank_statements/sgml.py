"""Tags and the texts after them, of SGML whose elements may lack their end, and of XML.

No document type is taken and no entity declared, so nothing that is read can grow.
"""

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.billing.bank_statements.reading import (
    TEXT_CHARACTERS,
    text_of,
    unreadable,
)

_TAG = re.compile(r"(/?)([A-Za-z][A-Za-z0-9._-]*)(?:\s[^<>]*)?/?>(.*)", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,6});")
_DECLARED = re.compile(rb"(?:CHARSET:|encoding\s*=\s*[\"'])\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_DATA, _DATA_END = b"![CDATA[", b"]]>"
_REMARK, _REMARK_END = b"!--", b"-->"

_ASCII = rb"<OFX>\u0041+AGE-~{"

WESTERN = "cp1252"


@dataclass(slots=True)
class Tag:
    """A start or end tag, its name in capitals, with the text up to the next tag."""

    name: str
    is_end: bool
    line: int
    text: str


def tags(pieces: Iterable[bytes]) -> Iterator[Tag]:
    """The tags of a file in UTF-8 or in the encoding that its header names.

    What is before the first tag is the header. Errors: StatementUnreadable for a document type.
    """
    current: Tag | None = None
    encoding = WESTERN
    for line, token in _between_tags(pieces):
        if current is None and (declared := _DECLARED.search(token)):
            encoding = _python_encoding(declared.group(1).decode())
        found = _TAG.fullmatch(text_of(token, encoding=encoding))
        if found:
            if current:
                yield current
            is_end, name, text = found.groups()
            current = Tag(name.upper(), bool(is_end), line, _plain(text))
        elif current:
            current.text += _inner_text(token, encoding, line=line)
        elif token[:8].upper() == b"!DOCTYPE":
            raise unreadable(line, expected="no document type", found="<!DOCTYPE")
    if current:
        yield current


def _inner_text(token: bytes, encoding: str, *, line: int) -> str:
    """What a `<` that begins no tag means: marked data, a remark, or the character itself."""
    if token.startswith(_DATA):
        data, _, rest = token.removeprefix(_DATA).partition(_DATA_END)
        return text_of(data, encoding=encoding) + _plain(text_of(rest, encoding=encoding))
    if token.startswith(_REMARK):
        return _plain(text_of(token.partition(_REMARK_END)[2], encoding=encoding))
    if token[:8].upper() == b"!DOCTYPE":
        raise unreadable(line, expected="no document type", found="<!DOCTYPE")
    return "<" + _plain(text_of(token, encoding=encoding))


def _plain(text: str) -> str:
    """With the characters that its entities stand for; what is no entity stays (AT&T)."""
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text)


def _between_tags(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """What is before the first `<`, then what is from each `<` to the next; each with its line."""
    line, held, waiting = 1, b"", b""
    for piece in pieces:
        *tokens, waiting = (waiting + piece).split(b"<")
        for text in tokens:
            token = held + text
            if _is_unfinished(token):
                held = token + b"<"
                _check_length(held, line=line)
                continue
            yield line, token
            line, held = line + token.count(b"\n"), b""
        _check_length(waiting, line=line)
    yield line, held + waiting


def _check_length(text: bytes, *, line: int) -> None:
    if len(text) > TEXT_CHARACTERS:
        raise unreadable(line, expected=f"a text of at most {TEXT_CHARACTERS} characters")


def _is_unfinished(token: bytes) -> bool:
    """Whether the `<` after it is a part of marked data or of a remark."""
    is_data = token.startswith(_DATA) and _DATA_END not in token
    return is_data or (token.startswith(_REMARK) and _REMARK_END not in token)


def _python_encoding(declared: str) -> str:
    """`1252` and its like are code pages; what Python does not know is read as western."""
    name = f"cp{declared}" if declared.isdigit() else declared
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return WESTERN
    return WESTERN if codec.name in {"utf-8", "ascii"} or not _is_text(codec) else codec.name


def _is_text(codec: codecs.CodecInfo) -> bool:
    """Whether the codec keeps all of ASCII as it is, as every code page does.

    One with escapes of its own (UTF-7, unicode_escape) could make half a character of it.
    """
    try:
        return _ASCII.decode(codec.name, errors="replace") == _ASCII.decode()
    except (LookupError, UnicodeError):
        return False
