"""What a request's body may hold: strict models and bounded texts; unknown fields are refused."""

import re
import unicodedata
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

LINE_LENGTH = 200
PARAGRAPH_LENGTH = 10_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ALLOWED_CONTROLS = {"\n", "\t"}


class Body(BaseModel):
    """The base of request bodies: exact JSON types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """The base of response bodies: only declared fields leave the house."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def one_line(text: str) -> str:
    """NFC, no control or format characters that could end a line or hide text."""
    text = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("has a control character")
    return text


def _paragraph(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in _ALLOWED_CONTROLS:
            raise ValueError("has a control character")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE_LENGTH),
    AfterValidator(one_line),
]
"""One line of 1 to 200 characters, NFC, trimmed."""

Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PARAGRAPH_LENGTH),
    AfterValidator(_paragraph),
]
"""Text of 1 to 10,000 characters, NFC, with line breaks."""

Id = Annotated[UUID, Strict(False)]
"""A UUID in its text form."""


def _written_day(value: object) -> object:
    """Only what is written as a date is one: pydantic would take an instant or a number as well."""
    if type(value) is not date and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("is no date such as 2026-12-05")
    return value


Day = Annotated[
    date,
    Strict(False),
    Field(ge=date(1900, 1, 1), le=date(2199, 12, 31)),
    BeforeValidator(_written_day),
]
"""A date as YYYY-MM-DD, of 1900 to 2199: others could not be reckoned with."""
