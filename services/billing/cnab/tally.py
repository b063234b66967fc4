"""What is counted while a return file is read, and what is known of the file as a whole."""

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

MOST_DISCREPANCIES = 50
"""Of those the trailer lists; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnHeader:
    """Who sent the file, and when. `identity`: the same whenever the same file is read.

    `columns` is 240 or 400. `sequence` is the bank's number of the file, where it gives one.
    """

    identity: str
    bank: str
    columns: int
    company: str
    written_on: date | None
    sequence: str


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A line on which the file contradicts itself: what it says, and what was read."""

    line: int
    field: str
    said: int
    read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTrailer:
    """The end of a file that is whole. `digest` is over its lines without trailing blanks.

    `passed_over` counts lines that are right but say nothing of a boleto's payment. A file with
    discrepancies may have lost lines: what was read is right, what is missing nobody knows.
    """

    digest: str
    lines: int
    occurrences: int
    passed_over: int
    discrepancy_count: int
    discrepancies: tuple[Discrepancy, ...]


def fingerprint(*parts: str) -> str:
    """32 hexadecimal digits that stand for the parts, each where it is."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(slots=True)
class Tally:
    """The sums of a file that is being read. Their size does not grow with the file."""

    lines: int = 0
    occurrences: int = 0
    passed_over: int = 0
    discrepancy_count: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)
    _digest: Any = field(default_factory=sha256)

    def count(self, text: str) -> None:
        """One more line."""
        self.lines += 1
        self._digest.update(text.rstrip().encode() + b"\n")

    def compare(self, line: int, name: str, *, said: int, read: int) -> None:
        """Note it where the file says another number than was read."""
        if said == read:
            return
        self.discrepancy_count += 1
        if len(self.discrepancies) < MOST_DISCREPANCIES:
            self.discrepancies.append(Discrepancy(line, name, said, read))

    def trailer(self) -> ReturnTrailer:
        """All of it, at the end."""
        return ReturnTrailer(
            digest=self._digest.hexdigest(),
            lines=self.lines,
            occurrences=self.occurrences,
            passed_over=self.passed_over,
            discrepancy_count=self.discrepancy_count,
            discrepancies=tuple(self.discrepancies),
        )
