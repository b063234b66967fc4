"""A service's stream as its one writer sees it: it grows only where the writer knows its end.

Each publication says which sequence it follows (Nats-Expected-Last-Sequence). So the server
refuses whatever would break the order: what arrives late after a time-out, what a second relay
sends, what a store that was set back no longer fits. Many messages go as one atomic batch
(ADR-50), a few as single messages on the way at once.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import RawStreamMsg

from shared import bus
from shared.ids import new_id

SINGLE_BELOW = 20
"""An atomic batch costs the server 1.4 ms whatever it holds; so many single messages cost more."""
MAX_BATCH = 1000
"""The server's limit for an atomic batch."""
LOOK_TIMEOUT_S = 1.0
"""While a cluster elects a leader nobody answers; asking again finds the new one sooner."""
READ_AT_ONCE = 100
AT_ONCE = 100
"""So many messages are made before other work of the process has its turn."""

_WRONG_LAST = (10070, 10071)
"""Another message id, another sequence."""
_REPEATED_ID = 10201


class StreamMoved(Exception):
    """The stream does not end where its writer believes; nothing of this was stored."""


class IdsRemembered(Exception):
    """The server remembers one of the batch's message ids; nothing of the batch was stored."""


class Outgoing(NamedTuple):
    """A message. `headers` are whole lines, each ended by CR LF."""

    subject: str
    id: str
    headers: str
    body: bytes


class Found(NamedTuple):
    """An event that the stream holds, as its headers name it."""

    sequence: int
    event_id: UUID
    partition: int
    position: int


class State(NamedTuple):
    """Where the stream begins and ends. `first` is `last` + 1 when it is empty."""

    created_at: datetime
    first: int
    last: int
    messages: int


class OwnStream:
    """The stream of `service`. Every wait has a time limit; a time-out means: perhaps stored."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._js = client.jetstream(timeout=bus.PUBLISH_TIMEOUT_S)
        self._looking = client.jetstream(timeout=LOOK_TIMEOUT_S)
        self._service = service
        self.name = bus.stream_of(service)

    @property
    def connection(self) -> int:
        """How often the connection was made again: another number, perhaps another server."""
        return int(self._client.stats["reconnects"])

    async def assert_exists(self, *, replicas: int) -> None:
        """Make the stream, or bring it to its configuration."""
        await bus.assert_stream(self._js, self._service, replicas=replicas)

    async def state(self) -> State:
        """As the server that leads the stream knows it. `NotFoundError`: there is no stream."""
        info = await self._looking.stream_info(self.name)
        assert info.created is not None, "the server says when it made the stream"
        held = info.state
        return State(info.created, held.first_seq, held.last_seq, held.messages)

    async def append(self, messages: Sequence[Outgoing], *, after: int) -> int:
        """Store all after the sequence `after`, in order; returns the last one's sequence.

        `StreamMoved`, `IdsRemembered`: a batch was not stored; of single messages, a beginning may
        have been. Any other error leaves open what was stored.
        """
        try:
            if len(messages) < SINGLE_BELOW:
                return await self._append_singly(messages, after=after)
            return await self._append_batch(messages, after=after)
        except nats.js.errors.APIError as error:
            if error.err_code in _WRONG_LAST:
                raise StreamMoved from error
            if error.err_code == _REPEATED_ID:
                raise IdsRemembered from error
            raise

    async def append_one(self, message: Outgoing) -> tuple[int, bool]:
        """Store one wherever the stream ends: its sequence, and whether its id was remembered."""
        ack = await self._request(message, {})
        return ack.seq, bool(ack.duplicate)

    async def at(self, sequence: int) -> Found | None:
        """The event at `sequence`, from the server that leads; None when there is none."""
        try:
            return _found(await self._js.get_msg(self.name, seq=sequence))
        except nats.js.errors.NotFoundError:
            return None

    async def between(self, after: int, upto: int) -> list[Found]:
        """The events with after < sequence <= upto, in order; at most `READ_AT_ONCE` sequences."""
        assert upto - after <= READ_AT_ONCE, f"too many at once: {after} to {upto}"
        wanted = range(after + 1, upto + 1)
        found = await asyncio.gather(*(self.at(sequence) for sequence in wanted))
        return [event for event in found if event]

    async def _append_singly(self, messages: Sequence[Outgoing], *, after: int) -> int:
        # Each also names the message before it: were the first refused because the stream had
        # grown by one, the second would otherwise just fit.
        first = [{"Nats-Expected-Last-Sequence": str(after)}]
        follow = [
            {
                "Nats-Expected-Last-Sequence": str(after + place),
                "Nats-Expected-Last-Msg-Id": before.id,
            }
            for place, before in enumerate(messages[:-1], 1)
        ]
        requests = map(self._request, messages, [*first, *follow])
        acks = await asyncio.gather(*requests, return_exceptions=True)
        for place, ack in enumerate(acks, 1):
            if isinstance(ack, BaseException):
                raise ack
            if ack.duplicate:
                raise IdsRemembered
            assert ack.seq == after + place, f"stored at {ack.seq}, not at {after + place}"
        return after + len(messages)

    async def _append_batch(self, messages: Sequence[Outgoing], *, after: int) -> int:
        batch = new_id().hex
        if not self._client.is_connected:
            raise nats.errors.ConnectionReconnectingError
        # The client's own publish checks each header by a regular expression: it takes twice as
        # long as all of the rest. The lines are ours, and checked by who made them.
        frames = _frames(messages[:-1], batch, after=after)
        while some := b"".join(islice(frames, AT_ONCE)):
            await self._client._send_command(some)
            await self._client._flush_pending()
            await asyncio.sleep(0)
        closing = {
            "Nats-Batch-Id": batch,
            "Nats-Batch-Sequence": str(len(messages)),
            "Nats-Batch-Commit": "1",
        }
        ack = await self._request(messages[-1], closing)
        assert ack.seq == after + len(messages), f"a batch after {after} ends at {ack.seq}"
        return ack.seq

    async def _request(self, message: Outgoing, extra: dict[str, str]) -> nats.js.api.PubAck:
        lines = dict(line.split(": ", 1) for line in message.headers.split("\r\n")[:-1])
        return await self._js.publish(
            message.subject,
            message.body,
            stream=self.name,
            headers={"Nats-Msg-Id": message.id, **extra, **lines},
        )


def _frames(messages: Iterable[Outgoing], batch: str, *, after: int) -> Iterator[bytes]:
    """The messages of an atomic batch but the last, as the client protocol writes them (HPUB)."""
    expected = f"Nats-Expected-Last-Sequence: {after}\r\n"
    for sequence, (subject, id, headers, body) in enumerate(messages, 1):
        head = (
            f"NATS/1.0\r\nNats-Batch-Id: {batch}\r\nNats-Batch-Sequence: {sequence}\r\n"
            f"{expected}Nats-Msg-Id: {id}\r\n{headers}\r\n"
        ).encode()
        expected = ""
        yield b"HPUB %b %d %d\r\n%b%b\r\n" % (
            subject.encode(),
            len(head),
            len(head) + len(body),
            head,
            body,
        )


def _found(message: RawStreamMsg) -> Found | None:
    headers = message.headers or {}
    try:
        partition, position = int(headers["faktura-partition"]), int(headers["faktura-position"])
        return Found(message.seq or 0, UUID(headers["ce-id"]), partition, position)
    except (KeyError, ValueError):
        return None
