"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the millisecond of their making."""

import os
import time
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_a = int.from_bytes(os.urandom(2)) & 0x0FFF
    random_b = int.from_bytes(os.urandom(8)) & (_VARIANT - 1 >> 1)
    return UUID(int=milliseconds << 80 | _VERSION_7 | random_a << 64 | _VARIANT | random_b)
