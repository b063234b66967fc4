"""Keyset pages: so many rows after the last one of the page before."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

LARGEST = 100


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`limit` rows after the row with the id `after`, or the first ones."""

    limit: int = 20
    after: UUID | None = None


class _WithId(Protocol):
    @property
    def id(self) -> UUID: ...


Listed = TypeVar("Listed", bound=_WithId)


def cut(rows: Sequence[Listed], limit: int) -> tuple[Sequence[Listed], UUID | None]:
    """The page and the id to continue after, from rows read with a limit of one more."""
    page = rows[:limit]
    return page, page[-1].id if len(rows) > limit else None
