"""The catalogue says everything that the templates say, no more, and nothing half."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from services.notifications import app

ROOT = Path(app.__file__).parent
CATALOGUES = sorted(ROOT.glob("locale/*/LC_MESSAGES/messages.po"))
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_MARKUP = re.compile(r"[<>&\u00a0]")


def wanted() -> set[str | tuple[str, ...]]:
    """Every message that a template asks for."""
    found: set[str | tuple[str, ...]] = set()
    for path in ROOT.glob("templates/*.j2"):
        with path.open("rb") as file:
            options = {"newstyle_gettext": "true"}
            keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
            for _, message, _, _ in extract("jinja2", file, keywords=keywords, options=options):
                found.add(message)
    return found


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def messages(path: Path) -> list[Message]:
    return [message for message in read(path) if message.id]


def translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def originals(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def test_there_is_a_portuguese_catalogue() -> None:
    assert [path.parent.parent.name for path in CATALOGUES] == ["pt_BR"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_message_is_translated_and_no_other(path: Path) -> None:
    assert {message.id for message in messages(path)} == wanted()
    assert not read(path).obsolete
    for message in messages(path):
        assert not message.fuzzy, message.id
        assert all(translations(message)), message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_translation_has_the_blanks_of_its_message(path: Path) -> None:
    for message in messages(path):
        blanks = {name for text in originals(message) for name in _PLACEHOLDER.findall(text)}
        for text in translations(message):
            assert set(_PLACEHOLDER.findall(text)) <= blanks, message.id
        longest = originals(message)[-1], translations(message)[-1]
        assert set(_PLACEHOLDER.findall(longest[0])) == set(_PLACEHOLDER.findall(longest[1]))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_messages_carry_no_markup_which_would_reach_the_text_part(path: Path) -> None:
    for message in messages(path):
        for text in (*originals(message), *translations(message)):
            assert not _MARKUP.search(text), text
            assert text == text.strip()
