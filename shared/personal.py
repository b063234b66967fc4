"""`Personal[str]` marks a field that identifies a person: it is stored and published encrypted.

The cipher is AES-256-GCM under the key of the field's account; a field whose key has been deleted
reads as `[erased]`. Encrypted text is `~1.` and the URL-safe base64 of nonce, ciphertext and tag.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

T = TypeVar("T")

MARK = object()
Personal = Annotated[T, MARK]

ERASED = "[erased]"
_PREFIX = "~1."
_NONCE_BYTES = 12


@cache
def personal_fields(cls: type[Any]) -> tuple[str, ...]:
    """The names of the fields of `cls` that are `Personal[str]`, always in the same order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(name for name, hint in hints.items() if _is_personal(hint))


def _is_personal(hint: Any) -> bool:
    return get_origin(hint) is Annotated and MARK in get_args(hint)[1:]


def encrypt(text: str, key: bytes) -> str:
    """`text` under `key` (32 bytes), with a fresh nonce: equal texts give different results."""
    return _sealed(text, AESGCM(key))


def _sealed(text: str, under: AESGCM) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return _PREFIX + urlsafe_b64encode(nonce + under.encrypt(nonce, text.encode(), None)).decode()


class Cipher:
    """Encrypts under one key. The same text, asked for again, gives the same result.

    So what an event and its public form both say is encrypted once.
    """

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)
        self._known: dict[str, str] = {}

    def encrypted(self, text: str) -> str:
        """See `encrypt`."""
        if text not in self._known:
            self._known[text] = _sealed(text, self._key)
        return self._known[text]


def decrypt(text: str, key: bytes | None) -> str:
    """The plain text, or `[erased]` when there is no key any more."""
    if key is None:
        return ERASED
    assert text.startswith(_PREFIX), "a personal field is stored encrypted"
    sealed = urlsafe_b64decode(text[len(_PREFIX) :])
    plain = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    return plain.decode()
