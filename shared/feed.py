"""Reading a service's public log by position: the truth behind the bus, for gaps and rebuilds."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from shared.database import LOST, Pool, acquire
from shared.envelope import Record
from shared.errors import Unavailable
from shared.peers import Peers

PAGE = 500


class Feed(Protocol):
    """A log that can be read from any position."""

    async def heads(self) -> dict[int, int]:
        """The last position of each partition; partitions without events are left out."""
        ...

    async def page(self, partition: int, *, after: int, limit: int = PAGE) -> list[Record]:
        """Up to `limit` records that follow position `after`, in order."""
        ...


async def read_all(feed: Feed, partition: int, *, after: int, upto: int) -> AsyncIterator[Record]:
    """Every record with after < position <= upto, in order."""
    while after < upto:
        records = await feed.page(partition, after=after, limit=min(PAGE, upto - after))
        if not records:
            return
        for record in records:
            yield record
        after = records[-1].position


class LocalFeed:
    """A service's own log, straight from its database."""

    def __init__(self, pool: Pool, service: str) -> None:
        self._pool = pool
        self._service = service

    async def heads(self) -> dict[int, int]:
        """See `Feed.heads`."""
        async with acquire(self._pool) as db:
            try:
                rows = await db.fetch(
                    "select partition, position from partition_head where position > 0"
                )
            except LOST as error:
                raise Unavailable(what="database") from error
        return {row["partition"]: row["position"] for row in rows}

    async def page(self, partition: int, *, after: int, limit: int = PAGE) -> list[Record]:
        """See `Feed.page`."""
        async with acquire(self._pool) as db:
            rows = await db.fetch(
                "select * from log where partition = $1 and position > $2 order by 2 limit $3",
                partition,
                after,
                limit,
            )
        return [record_of(row, self._service) for row in rows]


class RemoteFeed:
    """Another service's log, through its `/internal/feed`."""

    def __init__(self, peers: Peers, source: str) -> None:
        self._peers = peers
        self._source = source

    async def heads(self) -> dict[int, int]:
        """See `Feed.heads`."""
        answer = await self._peers.call(self._source, "GET", "/internal/feed/heads")
        return {int(partition): position for partition, position in answer.json().items()}

    async def page(self, partition: int, *, after: int, limit: int = PAGE) -> list[Record]:
        """See `Feed.page`."""
        params = {"partition": partition, "after": after, "limit": limit}
        answer = await self._peers.call(self._source, "GET", "/internal/feed", params=params)
        return [_decode(line) for line in answer.content.splitlines() if line]


def record_of(row: Any, source: str) -> Record:
    """The record of a row of the table `log`."""
    fields = {**row, "source": source, "hash": row["hash"].hex()}
    return Record(**fields)


def _decode(line: bytes) -> Record:
    return msgspec.json.decode(line, type=Record)
