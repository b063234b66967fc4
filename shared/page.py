"""Records of a partition as they are read at once, with what was found out of them.

All consumers of a service read the same pages one after the other; each wants to know whether the
hash chain holds and whether anything on the page concerns it. Both are worked out once.
"""

from collections.abc import Sequence
from functools import cached_property

from shared.contracts.event import PublicEvent
from shared.envelope import Record, known_class

Classes = frozenset[type[PublicEvent] | None]
"""Classes of events; None stands for what this version of the program does not know."""


class Page(tuple[Record, ...]):  # noqa: SLOT001 (it keeps what was found out)
    """Records of one partition in the order of their positions. Unlike a list it stays the same."""

    @cached_property
    def classes(self) -> Classes:
        """Of which classes its events are."""
        return frozenset(map(known_class, self))

    @cached_property
    def followed(self) -> dict[tuple[int, bytes], int]:
        """Position and hash of a standing -> how many records follow it: see `Checkpoint`."""
        return {}


def classes_of(records: Sequence[Record]) -> Classes:
    """Of which classes the events of the records are."""
    return records.classes if isinstance(records, Page) else frozenset(map(known_class, records))
