"""The messages that the portal's pages and code use, for the test of its catalogues."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

import services.portal

PORTAL = Path(services.portal.__file__).parent
OPTIONS = {"trimmed": "false", "extensions": "jinja2.ext.i18n", "trim_blocks": "true"}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
Message = tuple[str, ...]
"""(msgid), (msgid, plural) or ("context:" + context, msgid)."""


def messages_in_use() -> set[Message]:
    """Every message of the templates and of the Python files."""
    return {*_of_templates(), *_of_code()}


def _of_templates() -> Iterator[Message]:
    for path in PORTAL.joinpath("templates").rglob("*.html"):
        with path.open("rb") as file:
            for _, function, message, _ in babel_extract(file, tuple(KEYWORDS), (), OPTIONS):
                yield _message(function or "", message)


def _message(function: str, message: object) -> Message:
    if isinstance(message, str):
        return (message,)
    assert isinstance(message, tuple)
    parts = tuple(part for part in message if isinstance(part, str))
    if function == "pgettext":
        return ("context:" + parts[0], parts[1])
    return parts[: 2 if function == "ngettext" else 1]


def _of_code() -> Iterator[Message]:
    for path in PORTAL.rglob("*.py"):
        for _, message, _, context in extract_from_file("python", path, keywords=KEYWORDS):
            parts = (message,) if isinstance(message, str) else tuple(message)
            yield ("context:" + context, parts[0]) if context else parts
