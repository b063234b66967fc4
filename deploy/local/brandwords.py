"""The words that a brand file is written in: languages, currencies, slugs, texts, spans."""

from typing import Annotated
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

LEAST_CONTRAST = 4.5
"""Of the accent colour with white, for text (WCAG 2.2, 1.4.3)."""


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("is no time zone of the IANA database, as in America/Sao_Paulo")
    return text


def _currency(text: str) -> str:
    if text not in list_currencies():
        raise ValueError("is no ISO 4217 currency, as in BRL")
    return text


def _language(text: str) -> str:
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError("is no language tag, as in pt-BR") from None
    return text


def _email(text: str) -> str:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return text


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of `#rrggbb` with white (WCAG 2.2, relative luminance).

    >>> round(contrast_with_white("#000000"), 1)
    21.0
    """
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def _readable_colour(text: str) -> str:
    ratio = contrast_with_white(text)
    if ratio < LEAST_CONTRAST:
        raise ValueError(
            f"has a contrast of {ratio:.1f}:1 with white; {LEAST_CONTRAST}:1 is needed"
        )
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
Language = Annotated[str, AfterValidator(_language)]
Currency = Annotated[str, AfterValidator(_currency)]
Email = Annotated[str, AfterValidator(_email)]
HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
Colour = Annotated[
    str, StringConstraints(pattern=r"^#[0-9a-f]{6}$"), AfterValidator(_readable_colour)
]
Days = Annotated[int, Field(ge=0, le=365)]
Minor = Annotated[int, Field(ge=0, lt=10**12)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Words = dict[Language, Line]
"""A text by language tag."""


class Part(BaseModel):
    """The base of everything in the file: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
