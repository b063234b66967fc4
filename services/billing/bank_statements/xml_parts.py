"""XML read piece by piece, in parts that are small: no document is ever held whole.

A document type is refused where it begins, so no entity is declared and none outside is fetched.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from services.billing.bank_statements.reading import (
    DEPTH,
    TEXT_CHARACTERS,
    unreadable,
)

PART_ELEMENTS = 300_000


@dataclass(slots=True)
class Part:
    """An element. Names are without the document's own namespace; another one stays in front."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    parts: list["Part"] = field(default_factory=list)

    def all(self, *path: str) -> Iterator["Part"]:
        """Every element at the path, in the order of the document."""
        if not path:
            yield self
            return
        for part in self.parts:
            if part.name == path[0]:
                yield from part.all(*path[1:])

    def at(self, *path: str) -> "Part | None":
        """The first element at the path."""
        return next(self.all(*path), None)

    def says(self, *path: str) -> str:
        """The text of the first element at the path that has one, its blanks single; else ""."""
        texts = (" ".join(part.text.split()) for part in self.all(*path))
        return next((text for text in texts if text), "")

    def needed(self, *path: str) -> "Part":
        """The first element at the path. StatementUnreadable if there is none."""
        found = self.at(*path)
        if found is None:
            raise unreadable(self.line, expected=f"{'/'.join(path)} in {self.name}")
        return found


@dataclass(frozen=True, slots=True)
class Began:
    """The start of an element that is given in parts; `path` is where it stands."""

    path: tuple[str, ...]
    namespace: str
    line: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Its end."""

    path: tuple[str, ...]
    line: int


IsOpened = Callable[[tuple[str, ...]], bool]


def parts_of(pieces: Iterable[bytes], *, is_opened: IsOpened) -> Iterator[Began | Part | Ended]:
    """The document in its order: `is_opened` says which paths begin and end, others come whole.

    Errors: StatementUnreadable where it is not well formed, has a document type, nests more than
    `DEPTH` elements, or has a text of more than `TEXT_CHARACTERS`.
    """
    reader = _Reader(is_opened)
    for piece in pieces:
        reader.feed(piece)
        yield from reader.take()
    reader.feed(b"", is_last=True)
    yield from reader.take()


class _Reader:
    """The handlers of one parser."""

    def __init__(self, is_opened: IsOpened) -> None:
        self._is_opened = is_opened
        self._ready: deque[Began | Part | Ended] = deque()
        self._path: list[str] = []
        self._open: list[Part] = []
        self._namespace = ""
        self._elements = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.EntityDeclHandler = self._refuse_document_type
        self._parser = parser

    def feed(self, piece: bytes, *, is_last: bool = False) -> None:
        """Read on; what is whole by then waits for `take`."""
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            expected = f"well-formed XML ({expat.ErrorString(error.code)})"
            raise unreadable(error.lineno, expected=expected) from error
        except (LookupError, ValueError) as error:
            raise unreadable(1, expected="an encoding that is known") from error

    def take(self) -> Iterator[Began | Part | Ended]:
        """What is ready, once."""
        while self._ready:
            yield self._ready.popleft()

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        namespace, _, local = qualified.rpartition(" ")
        if len(self._path) >= DEPTH:
            raise unreadable(self._line, expected=f"at most {DEPTH} elements in one another")
        self._path.append(local)
        if not self._open and self._is_opened(tuple(self._path)):
            self._namespace = namespace
            self._ready.append(Began(tuple(self._path), namespace, self._line))
            return
        name = local if namespace == self._namespace else qualified
        part = Part(name, self._line, attributes)
        if self._open:
            self._open[-1].parts.append(part)
        self._open.append(part)
        self._count_part()

    def _count_part(self) -> None:
        self._elements = 1 if len(self._open) == 1 else self._elements + 1
        if self._elements > PART_ELEMENTS:
            raise unreadable(self._line, expected=f"at most {PART_ELEMENTS} elements of one entry")

    def _end(self, _: str) -> None:
        if self._open:
            closed = self._open.pop()
            if not self._open:
                self._ready.append(closed)
        else:
            self._ready.append(Ended(tuple(self._path), self._line))
        self._path.pop()

    def _add(self, text: str) -> None:
        if not self._open:
            return
        part = self._open[-1]
        part.text += text
        if len(part.text) > TEXT_CHARACTERS:
            expected = f"a text of at most {TEXT_CHARACTERS} characters"
            raise unreadable(self._line, expected=expected)

    def _refuse_document_type(self, *_: object) -> None:
        raise unreadable(self._line, expected="no document type", found="<!DOCTYPE")
