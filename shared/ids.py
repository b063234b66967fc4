"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the millisecond of their making."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from asyncpg.pgproto import pgproto

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM = 0x0FFF << 64 | (1 << 62) - 1
_RANDOM_BYTES = 10
_IDS_AT_ONCE = 256

id_of_text: Callable[[str], UUID] = pgproto.UUID
"""The id that a text names, of the driver's subclass, as `new_id` says. `ValueError`: it is none.
"""


class _Supply:
    """The lower 80 bits of ids to come, drawn for many at once: each draw is a system call."""

    left: ClassVar[list[int]] = []


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits.

    It is of the driver's subclass of UUID, as ids read from the database are: that is made, written
    as text and sent several times faster.
    """
    if not _Supply.left:
        drawn = os.urandom(_RANDOM_BYTES * _IDS_AT_ONCE)
        _Supply.left.extend(
            int.from_bytes(drawn[at : at + _RANDOM_BYTES]) & _RANDOM | _VERSION_7 | _VARIANT
            for at in range(0, len(drawn), _RANDOM_BYTES)
        )
    milliseconds = time.time_ns() // 1_000_000
    return pgproto.UUID((milliseconds << 80 | _Supply.left.pop()).to_bytes(16))


def made_at(id: UUID) -> datetime | None:
    """When an id was made, if it says so (UUIDv7).

    >>> made_at(UUID("01939000-0000-7000-8000-000000000019")).isoformat()
    '2024-12-04T04:48:59.392000+00:00'
    """
    if id.version != 7:
        return None
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
