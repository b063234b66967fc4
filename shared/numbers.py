"""The gapless numbers that one transaction takes: late, and for many of its commands at once.

A series is one row. It is locked from the moment when numbers are taken to the commit, so that the
order of numbers is the order of commits; until then nobody else has one. A chunk of commands is
therefore led to where each wants its number, and only then are they drawn, by one statement.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from types import coroutine
from typing import Any

from shared.database import Connection

YIELDS_EVERY = 8
"""After so many works the requests of this process have their turn."""

_WAIT_LONGER = "set local lock_timeout = '6s'"
"""Another chunk holds the series until all of it is recorded, which takes longer than a command."""
_NEXT = """
insert into series as s (name, last_number) values ($1, $2)
on conflict (name) do update set last_number = s.last_number + $2 returning last_number
"""
_NEXT_OF_CONTINUED = """
insert into series as s (name, last_number)
select $1::text, $2 + coalesce((
    select last_number from series where name = $3::text
      and not exists (select from series other where starts_with(other.name, $3 || '/'))), 0)
on conflict (name) do update set last_number = s.last_number + $2 returning last_number
"""

Work = Coroutine[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number of a series. Awaited, it is what a work rests at until it is led on with one."""

    series: str
    continues: str | None

    def __await__(self) -> "Generator[Wanted, int, int]":
        return (yield self)


class Numbers:
    """`begin` gives the connection with the transaction that the numbers are taken in."""

    def __init__(self, begin: Callable[[], Awaitable[Connection]]) -> None:
        self._begin = begin
        self._leader: asyncio.Task[Any] | None = None

    async def next(self, series: str, *, continues: str | None) -> int:
        """See `Transaction.next_number`."""
        wanted = Wanted(series, continues)
        if self._leader and self._leader is asyncio.current_task():
            return await wanted
        return (await self._take(wanted, 1))[0]

    async def take(self, series: str, count: int) -> range:
        """The next `count` numbers of `series`, in order; what else `next` says."""
        return await self._take(Wanted(series, None), count)

    async def lead(self, works: Sequence[Work]) -> None:
        """Do the works one after the other; but who wants a number waits until all others do.

        So the numbers are taken late and at once, and locked for a short time. They and all that is
        recorded are in the order of the works. The first error ends all.
        """
        assert self._leader is None, "works are led by one"
        self._leader = asyncio.current_task()
        try:
            rests = await _lead_on([(work, None) for work in works])
            if rests:
                await (await self._begin()).execute(_WAIT_LONGER)
            while rests:
                rests = await _lead_on(await self._draw(rests))
        finally:
            self._leader = None
            for work in works:
                work.close()

    async def _draw(self, rests: "Sequence[tuple[Work, Wanted]]") -> "list[tuple[Work, int]]":
        """A number for each that rests: of each series in the order of the works."""
        counts: dict[Wanted, int] = defaultdict(int)
        for _, wanted in rests:
            counts[wanted] += 1
        drawn = {wanted: iter(await self._take(wanted, n)) for wanted, n in counts.items()}
        return [(work, next(drawn[wanted])) for work, wanted in rests]

    async def _take(self, wanted: Wanted, count: int) -> range:
        db = await self._begin()
        last: int
        if wanted.continues is None:
            last = await db.fetchval(_NEXT, wanted.series, count)
        else:
            last = await db.fetchval(_NEXT_OF_CONTINUED, wanted.series, count, wanted.continues)
        return range(last - count + 1, last + 1)


async def _lead_on(
    works: "Sequence[tuple[Work, int | None]]",
) -> "list[tuple[Work, Wanted]]":
    """Lead one after the other on, with its number: those that rest again, and what they want."""
    rests: list[tuple[Work, Wanted]] = []
    for place, (work, number) in enumerate(works, start=1):
        if wanted := await _until_it_rests(work, number):
            rests.append((work, wanted))
        if place % YIELDS_EVERY == 0:
            await asyncio.sleep(0)
    return rests


@coroutine
def _until_it_rests(work: Work, number: int | None) -> Generator[Any, Any, Wanted | None]:
    """Run the work, waiting for whatever it waits for; None when it has ended."""
    go_on, value = work.send, number
    while True:
        try:
            awaited = go_on(value)
        except StopIteration:
            return None
        if isinstance(awaited, Wanted):
            return awaited
        go_on, value = work.send, None
        try:
            yield awaited
        except asyncio.CancelledError as error:  # the only one that comes from the event loop
            go_on, value = work.throw, error  # type: ignore[assignment]
