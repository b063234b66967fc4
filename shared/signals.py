"""Hints between the processes of one service, over PostgreSQL's NOTIFY.

A hint that is lost costs time, never truth: whoever is woken by one also looks by itself now and
then. Nothing is sent while the process is alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec

from shared.database import Connection
from shared.wakeup import Wakeup

CHANNEL = "faktura"
MOST_BYTES = 7000
"""PostgreSQL takes less than 8,000 bytes in one notification."""

# No need to wait for the disk: what is lost with the server has nobody waiting for it any more.
_SEND = "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"

Listener = Callable[[Collection[str]], None]


class Signals:
    """What this process tells the others of its service and hears from them, by topic."""

    def __init__(self) -> None:
        self.waiting = Wakeup()
        """Called when there is something to be sent."""
        self.is_alone = True
        """While true, what is told is dropped at once."""
        self._outbox: dict[tuple[str, str], None] = {}
        self._listeners: dict[str, Listener] = {}
        self._own_pid = 0

    def mirror(self, topic: str, wakeup: Wakeup) -> None:
        """Let a call of `wakeup` in one process wake those who wait for it in every process."""
        wakeup.echo = lambda: self.tell(topic, [""])
        self.listen(topic, lambda _: wakeup.wake())

    def listen(self, topic: str, listener: Listener) -> None:
        """Have `listener` called with what other processes tell about the topic."""
        self._listeners[topic] = listener

    def tell(self, topic: str, items: Iterable[str]) -> None:
        """Tell the other processes; the same item twice before it is sent goes once."""
        if self.is_alone:
            return
        self._outbox.update(dict.fromkeys((topic, item) for item in items))
        self.waiting.call()

    async def attach(self, db: Connection) -> None:
        """Hear what is sent from now on, on this connection."""
        self._own_pid = db.get_server_pid()
        await db.add_listener(CHANNEL, self._hear)

    async def detach(self, db: Connection) -> None:
        """Hear nothing more on this connection."""
        await db.remove_listener(CHANNEL, self._hear)

    async def send(self, db: Connection) -> None:
        """Send all that has been told since the last time."""
        told, self._outbox = list(self._outbox), {}
        for payload in _payloads(told):
            await db.execute(_SEND, CHANNEL, payload)

    def _hear(self, *notification: Any) -> None:
        _, sender_pid, _, payload = notification
        if sender_pid == self._own_pid:
            return
        topic, items = msgspec.json.decode(payload, type=tuple[str, list[str]])
        listener = self._listeners.get(topic)
        if listener:
            listener(items)


def _payloads(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The messages by topic, as many as fit in each notification.

    >>> list(_payloads([("a", "x"), ("b", ""), ("a", "y")]))
    ['["a",["x","y"]]', '["b",[""]]']
    """
    for topic, group in groupby(sorted(told), key=lambda each: each[0]):
        batch: list[str] = []
        size = 0
        for _, item in group:
            if size + len(item) > MOST_BYTES:
                yield msgspec.json.encode((topic, batch)).decode()
                batch, size = [], 0
            batch.append(item)
            size += len(item) + 3
        yield msgspec.json.encode((topic, batch)).decode()
