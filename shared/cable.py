"""What the bus brings one process: the messages of its own partitions of one source.

The server keeps nothing for the process: it delivers what is published from now on, asks for no
acknowledgement and forgets the consumer soon after it was last asked. What is true is in the
checkpoints, and what was missed is in the source's feed.
"""

import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared import bus
from shared.envelope import PARTITIONS, Record, from_message

FORGOTTEN_AFTER_S = 30.0

log = structlog.get_logger()


class Cable:
    """One process's consumer of the stream of `source`. No other process may have its `name`."""

    def __init__(self, client: Client, source: str, *, name: str) -> None:
        self.source = source
        self._name = name
        self._stream = bus.stream_of(source)
        self._js = client.jetstream(timeout=bus.PUBLISH_TIMEOUT_S)
        self._pull: JetStreamContext.PullSubscription | None = None

    async def lay(self, partitions: frozenset[int]) -> None:
        """Make the consumer anew, without what one of the same name may have left."""
        try:
            await self._js.delete_consumer(self._stream, self._name)
        except nats.js.errors.NotFoundError:
            log.debug("no such consumer before", name=self._name)
        await self.bring(partitions)
        self._pull = await self._js.pull_subscribe_bind(self._name, stream=self._stream)

    async def bring(self, partitions: frozenset[int]) -> None:
        """From now on bring these partitions: what the consumer is told before, it keeps."""
        if not partitions:
            return
        subjects = (
            [f"{self.source}.>"]
            if len(partitions) == PARTITIONS
            else [f"{self.source}.*.{partition}" for partition in sorted(partitions)]
        )
        await self._js.add_consumer(
            self._stream,
            ConsumerConfig(
                name=self._name,
                deliver_policy=DeliverPolicy.NEW,
                ack_policy=AckPolicy.NONE,
                filter_subjects=subjects,
                inactive_threshold=FORGOTTEN_AFTER_S,
                mem_storage=True,
                num_replicas=1,
            ),
        )

    async def fetch(self, limit: int) -> list[Record]:
        """Up to `limit` records as soon as there are any; none after three quiet seconds."""
        assert self._pull is not None, "the cable is laid"
        try:
            messages = await self._pull.fetch(limit, timeout=bus.FETCH_TIMEOUT_S)
        except TimeoutError:  # the client library raises asyncio's and one of its own
            return []
        return [record for message in messages if (record := self._record(message))]

    def _record(self, message: Msg) -> Record | None:
        """The message's record; what is none is left to the feed, which has all that is true."""
        try:
            return from_message(self.source, message.headers or {}, body=message.data)
        except (KeyError, ValueError):
            log.error("not an event", subject=message.subject)
            return None
