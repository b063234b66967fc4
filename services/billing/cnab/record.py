"""A line of a CNAB file, read by columns. Columns are counted from 1, both ends included.

Source: FEBRABAN, Layout Padrão CNAB 240 (numbers right-aligned with zeros, two decimals implied,
dates DDMMAAAA); the 400-column files of the banks, whose dates are DDMMAA.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.errors import Invalid

Layout = Mapping[str, tuple[int, int]]
"""Field -> its first and last column."""

DIGITS = re.compile(r"[0-9]+")
NO_DATE = re.compile(r"0*|9+")
CENTURY = 2000


class ReturnFileInvalid(Invalid):
    """The file is not a return file of a bank, or it is damaged."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line: its number in the file, its text filled up with blanks, what stands where."""

    number: int
    text: str
    layout: Layout

    def text_of(self, field: str) -> str:
        """The characters of a field without the blanks around; nothing where there is no such."""
        if field not in self.layout:
            return ""
        first, last = self.layout[field]
        return self.text[first - 1 : last].strip()

    def number_of(self, field: str) -> int:
        """The number of a field, 0 where it is blank; an amount is in centavos.

        Errors: ReturnFileInvalid, which names line and column.
        """
        text = self.text_of(field)
        if not text:
            return 0
        if not DIGITS.fullmatch(text):
            raise self.refused(field, "digits")
        return int(text)

    def day_of(self, field: str) -> date | None:
        """The day of a field of six or eight digits; None where it is blank, zeros or nines.

        Errors: ReturnFileInvalid for what is no day of the calendar.
        """
        text = self.text_of(field)
        if NO_DATE.fullmatch(text):
            return None
        if len(text) not in {6, 8} or not DIGITS.fullmatch(text):
            raise self.refused(field, "date")
        year = int(text[4:]) + (CENTURY if len(text) == 6 else 0)
        try:
            return date(year, int(text[2:4]), int(text[:2]))
        except ValueError:
            raise self.refused(field, "date") from None

    def likely_day_of(self, field: str) -> date | None:
        """The day of a field on which nothing hangs; None also for what is no day."""
        try:
            return self.day_of(field)
        except ReturnFileInvalid:
            return None

    def codes_of(self, field: str, *, width: int) -> tuple[str, ...]:
        """The codes of a field one after the other; blank ones and those of zeros are none."""
        if field not in self.layout:
            return ()
        first, last = self.layout[field]
        text = self.text[first - 1 : last]
        codes = (text[place : place + width].strip() for place in range(0, len(text), width))
        return tuple(code for code in codes if code.strip("0"))

    def refused(self, field: str, reason: str) -> ReturnFileInvalid:
        """The error that names where this line is wrong."""
        column = self.layout[field][0] if field in self.layout else 1
        return ReturnFileInvalid(line=self.number, column=column, field=field, reason=reason)
