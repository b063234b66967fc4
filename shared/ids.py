"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the millisecond of their making."""

import os
import time
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM = 0x0FFF << 64 | (1 << 62) - 1
_RANDOM_BYTES = 10
_IDS_AT_ONCE = 256


class _Supply:
    """Random bytes of the system, fetched for many ids at once: each fetch is a system call."""

    left = b""


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    if not _Supply.left:
        _Supply.left = os.urandom(_RANDOM_BYTES * _IDS_AT_ONCE)
    chance = int.from_bytes(_Supply.left[:_RANDOM_BYTES])
    _Supply.left = _Supply.left[_RANDOM_BYTES:]
    return UUID(int=milliseconds << 80 | chance & _RANDOM | _VERSION_7 | _VARIANT)
