"""A notice's template in its two forms: the HTML part by MJML, and the text part. Pure.

The words of a notice stand once, in `templates/<template>.j2`; the layouts around them are
`letter.mjml.j2` and `letter.txt.j2`, so both parts say the same. Values are escaped in the HTML
part; a value that is missing is an error, never an empty space.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from mjml import mjml2html

from shared.i18n import Catalogues, Translations

_HERE = Path(__file__).parent.parent
CATALOGUES = Catalogues(_HERE / "locale", default="en")
TEXT_WIDTH = 76
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WIDE_GAP = re.compile(r"\n{3,}")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What the reader sees: the subject, the HTML part, and the text part that says the same."""

    language: str
    subject: str
    html: str
    text: str


def render(template: str, context: dict[str, Any], *, words: Translations) -> Letter:
    """The letter of `template` in the language of `words`."""
    html = _environment(words.language, "letter.mjml.j2").get_template(f"{template}.j2")
    text = _environment(words.language, "letter.txt.j2").get_template(f"{template}.j2")
    return Letter(
        language=words.language,
        subject=_subject(text, context),
        html=mjml2html(_printable(html.render(context)), fonts={}),
        text=_tidy_text(text.render(context)),
    )


@cache
def _environment(language: str, letter: str) -> Environment:
    """Templates in one language around one layout; the HTML layout escapes every value."""
    is_html = letter.endswith(".mjml.j2")
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=is_html,  # noqa: S701 - the other form is text/plain
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    CATALOGUES.for_language(language).install(environment)
    environment.globals["letter"] = letter
    html_filters: dict[str, Callable[[str], str]] = {
        "paragraphs": _html_paragraphs,
        "lines": _html_lines,
    }
    text_filters = {"paragraphs": _text_paragraphs, "lines": _quoted_lines}
    environment.filters.update(html_filters if is_html else text_filters)
    return environment


def _html_paragraphs(text: str) -> str:
    """Each line as a paragraph; `text` is what a template has escaped."""
    lines = (line.strip() for line in text.split("\n"))
    return Markup("").join(Markup(f"<p>{line}</p>") for line in lines if line)  # noqa: S704


def _html_lines(text: str) -> str:
    return Markup("<br />").join(escape(line) for line in text.splitlines())


def _text_paragraphs(text: str) -> str:
    lines = (line.strip() for line in text.split("\n"))
    return "\n\n".join(_wrap(line) for line in lines if line)


def _wrap(line: str) -> str:
    return textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)


def _quoted_lines(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _subject(template: Template, context: dict[str, Any]) -> str:
    """The subject. A line break inside a value stays, so that the mail is refused."""
    subject = "".join(template.blocks["subject"](template.new_context(context)))
    return _plain_spaces(subject).strip(" \n")


def _tidy_text(text: str) -> str:
    return _WIDE_GAP.sub("\n\n", _plain_spaces(_printable(text))).strip() + "\n"


def _plain_spaces(text: str) -> str:
    """No-break spaces, which amounts carry, as spaces: mail programs search and wrap by those."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def _printable(text: str) -> str:
    """What no XML text may have (XML 1.0, 2.2), as the replacement character."""
    return _NOT_IN_XML.sub("\ufffd", text)
