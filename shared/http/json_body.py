"""One parser for JSON bodies: what is ambiguous or could hurt further on is refused here."""

import json
from typing import Any

from starlette.requests import Request

from shared.card_numbers import refuse_card_numbers
from shared.errors import Invalid

MAX_DEPTH = 20
MAX_INTEGER_DIGITS = 18


class MalformedJson(Invalid):
    """The body is not the JSON that this service accepts."""


async def check_json(request: Request, *, is_signed: bool = False) -> None:
    """Parse the body of a JSON request once, strictly; `MalformedJson` says what is wrong.

    `CardNumberRefused` if a card's number stands in it, but for what another system has signed:
    nobody types there, and it must be kept as it came.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (media_type == "application/json" or media_type.endswith("+json")):
        return
    body = await request.body()
    if body:
        request._json = parse_strictly(body)
        if not is_signed:
            refuse_card_numbers(request._json)


def parse_strictly(body: bytes) -> Any:
    """JSON in UTF-8 without NaN, repeated names, lone surrogates, NUL or more than 20 levels."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(reason="not_utf8") from error
    if _depth(text) > MAX_DEPTH:
        raise MalformedJson(reason="too_deep")
    try:
        parsed = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(reason="syntax", position=error.pos) from error
    if "\\u" in text or "\x00" in text:
        _check_texts(parsed)
    return parsed


def _depth(text: str) -> int:
    """The most brackets that are open at once; those inside strings count, which errs safely."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson(reason="repeated_name")
    return found


def _constant(name: str) -> None:
    raise MalformedJson(reason="not_a_number", value=name)


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise MalformedJson(reason="number_too_long")
    return int(digits)


def _check_texts(value: Any) -> None:
    match value:
        case str():
            if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise MalformedJson(reason="unusable_character")
        case dict():
            for name, content in value.items():
                _check_texts(name)
                _check_texts(content)
        case list():
            for content in value:
                _check_texts(content)
