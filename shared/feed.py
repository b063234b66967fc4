"""Reading a service's public log by position: the truth behind the bus, for gaps and rebuilds."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from shared.database import LOST, Pool, acquire
from shared.envelope import Record
from shared.errors import Unavailable
from shared.page import Page
from shared.peers import Peers

PAGE = 1000
LONGEST_PAGE = 10_000
LARGEST_PAGE_BYTES = 8 * 1024**2
"""A page over HTTP ends after the record that exceeds it; one is at most some 64 KiB."""
FETCHED_AT_ONCE = 500
REMEMBERED = 2000


class Feed(Protocol):
    """A log that can be read from any position."""

    async def heads(self) -> dict[int, int]:
        """The last position of each partition; partitions without events are left out."""
        ...

    async def page(self, partition: int, *, after: int, limit: int = PAGE) -> Sequence[Record]:
        """Up to `limit` records that follow position `after`, in order; at least one if any do."""
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
            try:
                rows = await db.fetch(
                    "select * from log where partition = $1 and position > $2 order by 2 limit $3",
                    partition,
                    after,
                    limit,
                )
            except LOST as error:
                raise Unavailable(what="database") from error
        return [record_of(row, self._service) for row in rows]

    async def lines(self, partition: int, *, after: int, limit: int) -> AsyncIterator[bytes]:
        """A page as others read it: a JSON object a line, never held as a whole.

        It ends early where it would become large, because who reads it holds it as a whole, and
        where the database is lost on the way: what is missing is the reader's next page.
        """
        left = LARGEST_PAGE_BYTES
        try:
            async for records in _parts(self, partition, after=after, limit=limit):
                part = _lines_of(records, largest=left)
                left -= len(part)
                yield part
                if left <= 0:
                    return
        except Unavailable:
            if left == LARGEST_PAGE_BYTES:
                raise


class RecentPages:
    """A feed whose last pages are remembered, so that the consumers of a service share a reading.

    The log never changes, so what was read once may be given again; at most 2,000 records are kept.
    Who does not believe that, as verification must not, asks the feed `behind`.
    """

    def __init__(self, feed: Feed) -> None:
        self.behind = feed
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._remembered = 0
        self._reading = asyncio.Lock()

    async def heads(self) -> dict[int, int]:
        """See `Feed.heads`; never remembered."""
        return await self.behind.heads()

    async def page(self, partition: int, *, after: int, limit: int = PAGE) -> Page:
        """See `Feed.page`; a remembered page may be shorter than what follows."""
        async with self._reading:
            page = self._pages.get(partition, NOTHING)
            if not page or not page[0].position <= after + 1 <= page[-1].position:
                page = Page(await self.behind.page(partition, after=after, limit=limit))
                self._remember(partition, page)
        if not page:
            return page
        start = after + 1 - page[0].position
        is_whole = start == 0 and len(page) <= limit
        return page if is_whole else Page(page[start : start + limit])

    def _remember(self, partition: int, page: Page) -> None:
        before = self._pages.pop(partition, NOTHING)
        self._pages[partition] = page
        self._remembered += len(page) - len(before)
        while self._remembered > REMEMBERED and len(self._pages) > 1:
            _, dropped = self._pages.popitem(last=False)
            self._remembered -= len(dropped)


NOTHING = Page()


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
        return [_LINES.decode(line) for line in answer.content.splitlines() if line]


def record_of(row: Any, source: str) -> Record:
    """The record of a row of the table `log`."""
    return Record(
        source=source,
        partition=row["partition"],
        position=row["position"],
        id=row["id"],
        type=row["type"],
        version=row["version"],
        account_id=row["account_id"],
        brand=row["brand"],
        occurred_at=row["occurred_at"],
        actor=row["actor"],
        causation_id=row["causation_id"],
        correlation_id=row["correlation_id"],
        traceparent=row["traceparent"],
        data=row["data"],
        hash=row["hash"].hex(),
    )


def _lines_of(records: Sequence[Record], *, largest: int) -> bytes:
    """As many as fit, and the one that exceeds it."""
    lines: list[bytes] = []
    for record in records:
        lines.append(_LINE.encode(record) + b"\n")
        largest -= len(lines[-1])
        if largest <= 0:
            break
    return b"".join(lines)


async def _parts(
    feed: Feed, partition: int, *, after: int, limit: int
) -> AsyncIterator[Sequence[Record]]:
    while limit > 0:
        records = await feed.page(partition, after=after, limit=min(limit, FETCHED_AT_ONCE))
        if not records:
            return
        yield records
        after, limit = records[-1].position, limit - len(records)


_LINE = msgspec.json.Encoder()
_LINES = msgspec.json.Decoder(Record)
