"""What a request's body may hold: strict models and bounded texts; unknown fields are refused."""

import unicodedata
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, StringConstraints

LINE_LENGTH = 200
PARAGRAPH_LENGTH = 10_000
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

Day = Annotated[date, Strict(False)]
"""A date as YYYY-MM-DD."""
