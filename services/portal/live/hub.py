"""Who wants to know that something of an account, or of a brand, has changed; and telling them.

The hub is told of every batch that a view has committed. It counts them, so that a page can say up
to which count it was rendered (its mark) and is told at once of anything that came between.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from services.portal.browser.refusals import TooManyStreams
from shared.envelope import Envelope
from shared.ids import new_id
from shared.wakeup import Wakeup

STREAMS_PER_USER = 5
REMEMBERED = 20_000
KEEP_ALIVE_S = 15.0
GATHER_S = 0.15


def account_topic(account_id: UUID) -> str:
    """What pages of an account listen to."""
    return f"account/{account_id}"


def brand_topic(brand: str) -> str:
    """What the operations pages of a brand listen to."""
    return f"brand/{brand}"


class LiveHub:
    """The changes of the last moments, and the wake-up of those who wait for them."""

    def __init__(self) -> None:
        self._epoch = new_id().hex[-8:]
        self._count = 0
        self._forgotten = 0
        self._last: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, Wakeup] = {}
        self._streams: Counter[UUID] = Counter()
        self._is_closed = False

    def close(self) -> None:
        """End every stream now: the process is to stop, and browsers come back by themselves."""
        self._is_closed = True
        for wakeup in self._waiting.values():
            wakeup.call()

    @property
    def mark(self) -> str:
        """The count as of now: read it before the rows of a page."""
        return f"{self._epoch}-{self._count}"

    def note(self, consumer: str, envelopes: Sequence[Envelope]) -> None:
        """A view has committed these events: tell whoever waits for their accounts or brands."""
        self.note_touched([(envelope.brand, envelope.account_id) for envelope in envelopes])

    def note_touched(self, touched: Iterable[tuple[str, UUID | None]]) -> None:
        """Something of these brands and accounts has changed, here or in another process."""
        self._count += 1
        topics = {
            topic
            for brand, account_id in touched
            for topic in (brand_topic(brand), account_id and account_topic(account_id))
            if topic
        }
        for topic in topics:
            self._remember(topic)
            if topic in self._waiting:
                self._waiting[topic].call()

    def has_changed(self, topic: str, mark: str) -> bool:
        """Whether anything of the topic was committed after the mark; a foreign mark is too old."""
        epoch, _, count = mark.partition("-")
        if epoch != self._epoch or not count.isdigit():
            return True
        return self._last.get(topic, self._forgotten) > int(count)

    async def changes(self, topic: str, mark: str) -> AsyncIterator[str]:
        """The mark after each change, close ones as one; empty when all was quiet for 15 s."""
        wakeup = self._waiting.setdefault(topic, Wakeup())
        while not self._is_closed:
            seen = wakeup.count
            if self.has_changed(topic, mark):
                await asyncio.sleep(GATHER_S)
                mark = self.mark
                yield mark
                continue
            await wakeup.wait_after(seen, timeout_s=KEEP_ALIVE_S)
            if not self.has_changed(topic, mark) and not self._is_closed:
                yield ""

    @contextmanager
    def stream_of(self, user_id: UUID) -> Iterator[None]:
        """One of the user's at most five streams. `TooManyStreams` for one more."""
        if self._streams[user_id] >= STREAMS_PER_USER:
            raise TooManyStreams()
        self._streams[user_id] += 1
        try:
            yield
        finally:
            self._streams[user_id] -= 1
            self._streams += Counter()

    def _remember(self, topic: str) -> None:
        self._last[topic] = self._count
        self._last.move_to_end(topic)
        if len(self._last) > REMEMBERED:
            _, count = self._last.popitem(last=False)
            self._forgotten = max(self._forgotten, count)
