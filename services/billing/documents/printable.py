"""Text of others as it can stand on a page: what it says stays, what only disturbs goes.

A page has no place for control characters, and marks that turn the direction of what follows would
let a name rewrite the amount beside it. What no font has is shown as a white box.
"""

import unicodedata
from functools import lru_cache

from services.billing.documents.typefaces import shown_characters

UNKNOWN = "\N{WHITE SQUARE}"
INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
"""Control, format, unassigned, private and half characters: no reader sees them."""
BLANK = frozenset({"Zl", "Zp", "Zs"})


@lru_cache(maxsize=4096)
def printable(text: str) -> str:
    """One line of text, NFC, that the fonts can show.

    >>> printable("Ana\\u202e\\n Souza \\u4e2d")
    'Ana Souza □'
    """
    shown = "".join(_shown(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(word for word in shown.split(" ") if word)


def plain(text: str) -> str:
    """One line of text, NFC, without characters that no reader sees: for machines.

    >>> plain("Ana\\u202e\\n  Souza")
    'Ana Souza'
    """
    characters = (
        " " if character in "\n\t" or unicodedata.category(character) in BLANK else character
        for character in unicodedata.normalize("NFC", text)
    )
    shown = (c for c in characters if unicodedata.category(c) not in INVISIBLE)
    return " ".join("".join(shown).split())


def printable_lines(text: str) -> list[str]:
    """The lines of a text that are not empty, each as it can be printed."""
    return [line for line in map(printable, text.splitlines()) if line]


def _shown(character: str) -> str:
    if ord(character) < 0x7F and character >= " ":
        return character
    category = unicodedata.category(character)
    if category in BLANK or character in "\n\t":
        return "\N{NO-BREAK SPACE}" if character in "\u00a0\u202f" else " "
    if category in INVISIBLE:
        return ""
    return character if ord(character) in shown_characters() else UNKNOWN
