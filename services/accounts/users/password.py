"""Which passwords are refused, and the normal form of the others (NIST SP 800-63B, 5.1.1.2).

Length is counted in characters of the NFC form; nothing is cut off.
"""

import re
import unicodedata
from collections.abc import Iterable

from services.accounts.users.common_words import COMMON_WORDS
from shared.errors import Invalid

MIN_CHARACTERS = 10
MAX_BYTES = 1_024
KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz")
LEET = str.maketrans("013457@$!", "oieastasi")


class PasswordTooShort(Invalid):
    """The password has fewer than 10 characters."""


class PasswordTooLong(Invalid):
    """The password has more than 1,024 bytes."""


class PasswordHasControlCharacter(Invalid):
    """The password has a control character."""


class PasswordGuessable(Invalid):
    """The password is a common one, a pattern, or made of the address or the company's name."""


def normal_password(password: str) -> str:
    """The form that is hashed: NFC. `PasswordTooLong` above 1,024 bytes, no control characters."""
    normal = unicodedata.normalize("NFC", password)
    if len(normal.encode()) > MAX_BYTES:
        raise PasswordTooLong(max_bytes=MAX_BYTES)
    if any(unicodedata.category(character) == "Cc" for character in normal):
        raise PasswordHasControlCharacter()
    return normal


def new_password(password: str, *, email: str, names: Iterable[str]) -> str:
    """The normal form of a password that may be chosen; `names` are those of the company.

    >>> new_password("correct horse battery", email="ana@example.com", names=["Ponto"])
    'correct horse battery'
    """
    normal = normal_password(password)
    if len(normal) < MIN_CHARACTERS:
        raise PasswordTooShort(min_characters=MIN_CHARACTERS)
    if _is_pattern(normal.casefold()) or _is_known(normal, email=email, names=names):
        raise PasswordGuessable()
    return normal


def _is_known(password: str, *, email: str, names: Iterable[str]) -> bool:
    """Whether nothing but digits and signs stands around one well-known word."""
    local, _, domain = email.partition("@")
    own = {_letters(word) for word in (email, local, domain, domain.partition(".")[0], *names)}
    return not own.union(COMMON_WORDS).isdisjoint(_cores(password) - {""})


def _cores(password: str) -> set[str]:
    """The words that the password may stand for: signs cut off, digits read as letters.

    >>> sorted(_cores("P@ssw0rd2026!"))
    ['password', 'passwordoi', 'pssw0rd2026', 'psswrd']
    """
    folded = password.casefold()
    trimmed = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    return {
        _letters(folded),
        _letters(trimmed.translate(LEET)),
        _letters(folded.translate(LEET)),
        re.sub(r"[\W_]", "", folded),
    }


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]", "", text.casefold())


def _is_pattern(text: str) -> bool:
    """One short piece repeated, a row of the keyboard or the alphabet, either way, or few signs.

    >>> [_is_pattern(text) for text in ("abcabcabcabc", "9876543210", "123456789a", "v3x-92mqwt")]
    [True, True, True, False]
    """
    if re.fullmatch(r"(.{1,5}?)\1+.{0,4}", text) or len(set(text)) < 4:
        return True
    inner = re.sub(r"^\D{1,2}(?=\d)|(?<=\d)\D{1,2}$", "", text)
    rows = [row * 2 for row in KEYBOARD_ROWS]
    return any(inner in row or inner in row[::-1] for row in rows)
