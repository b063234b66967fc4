"""How far the views must have come to show what a command did: its Faktura-Position."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.envelope import PARTITIONS

if TYPE_CHECKING:
    from shared.consumers.group import Consumers

LONGEST = 500


def parse_positions(text: str) -> Mapping[str, Mapping[int, int]]:
    """`billing/17/4711,billing/3/12` by source and partition; what does not fit is left out.

    >>> parse_positions("billing/17/4711, nonsense")
    {'billing': {17: 4711}}
    """
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for part in text[:LONGEST].split(","):
        source, _, place = part.strip().partition("/")
        partition, _, position = place.partition("/")
        if partition.isdigit() and position.isdigit() and int(partition) < PARTITIONS:
            found[source][int(partition)] = int(position)
    return dict(found)


async def reached(consumers: "Consumers", text: str, *, timeout_s: float) -> bool:
    """Whether every view has dealt with the positions, waiting at most `timeout_s` per source."""
    known = parse_positions(text)
    return all(
        [
            await consumers.wait_until(source, positions, timeout_s=timeout_s)
            for source, positions in known.items()
            if source in consumers.sources
        ]
    )
