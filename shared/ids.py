"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the millisecond of their making."""

import os
import time
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM = 0x0FFF << 64 | (1 << 62) - 1


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    return UUID(int=milliseconds << 80 | chance & _RANDOM | _VERSION_7 | _VARIANT)
