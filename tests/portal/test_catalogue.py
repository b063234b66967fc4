"""The catalogue says everything that pages and code say, no more, and nothing half."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from tests.portal.messages import PORTAL, Message, messages_in_use

CATALOGUES = sorted(PORTAL.glob("locale/*/LC_MESSAGES/messages.po"))
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def entries(path: Path) -> list[Entry]:
    return [entry for entry in read(path) if entry.id]


def key_of(entry: Entry) -> Message:
    parts = (entry.id,) if isinstance(entry.id, str) else tuple(entry.id)
    return ("context:" + entry.context, parts[0]) if entry.context else parts


def translations(entry: Entry) -> list[str]:
    return [entry.string] if isinstance(entry.string, str) else list(entry.string or ())


def test_there_is_a_portuguese_catalogue() -> None:
    assert [path.parent.parent.name for path in CATALOGUES] == ["pt_BR"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_message_is_translated_and_no_other(path: Path) -> None:
    assert {key_of(entry) for entry in entries(path)} == messages_in_use()
    assert not read(path).obsolete
    for entry in entries(path):
        assert not entry.fuzzy, entry.id
        assert all(translations(entry)), entry.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_translations_have_the_placeholders_of_their_messages(path: Path) -> None:
    for entry in entries(path):
        wanted = set(_PLACEHOLDER.findall(key_of(entry)[-1]))
        for translation in translations(entry):
            assert set(_PLACEHOLDER.findall(translation)) == wanted, entry.id
