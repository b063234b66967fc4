"""An in-memory stand-in for nats-server with JetStream, under the client library's own code.

`MemoryClient` takes the place of the connection; what speaks JetStream over it is nats-py's own
`JetStreamContext`, except for the pull subscription. The server knows the requests that shared/
makes: streams, consumers, publications with ids, expected sequences and atomic batches. It may be
stopped, set back, wiped and purged. Doubles are for third parties only and this one is allowed
because `test_jetstream_differential.py` runs the same operations against the real server.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Protocol, cast

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from tests.simulation.virtual_time import pass_time

Headers = dict[str, str]
Answer = dict[str, Any] | None
_STATUS = "NATS/1.0\r\n"
_NO_STREAM = {"code": 404, "err_code": 10059, "description": "stream not found"}
_NO_CONSUMER = {"code": 404, "err_code": 10014, "description": "consumer not found"}
_NO_MESSAGE = {"code": 404, "err_code": 10037, "description": "no message found"}
_OTHER_STREAM = {"code": 400, "err_code": 10060, "description": "expected stream does not match"}
_REPEATED = {"code": 400, "err_code": 10201, "description": "atomic publish contains duplicate"}
_INCOMPLETE = {"code": 400, "err_code": 10176, "description": "atomic publish batch is incomplete"}


class NotModelled(BaseException):
    """The code under test asks for what the stand-in does not have; no loop outlives that."""


@dataclass(frozen=True)
class Stored:
    """A message in a stream."""

    sequence: int
    subject: str
    headers: Headers
    body: bytes
    at: datetime


@dataclass
class Consumer:
    """What one process pulls: which messages it is brought, and which is the next to look at."""

    next_sequence: int
    subjects: tuple[str, ...]

    def wants(self, subject: str) -> bool:
        """Whether one of its filters fits: `>` for any rest, `*` for any word."""
        return any(_fits(each.split("."), subject.split(".")) for each in self.subjects)


def _fits(wanted: list[str], words: list[str]) -> bool:
    if wanted[-1] == ">":
        return words[: len(wanted) - 1] == wanted[:-1]
    pairs = zip(wanted, words, strict=False)
    return len(wanted) == len(words) and all(one in ("*", other) for one, other in pairs)


@dataclass
class Stream:
    """Messages by sequence, and the ids that the duplicate window remembers."""

    name: str
    prefix: str
    created_at: datetime
    messages: dict[int, Stored] = field(default_factory=dict)
    last_sequence: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    last_id: str = ""
    consumers: dict[str, Consumer] = field(default_factory=dict)

    @property
    def first_sequence(self) -> int:
        """As the server reports it: after the last when there is none, 0 when there never was."""
        if self.messages:
            return next(iter(self.messages))
        return self.last_sequence + 1 if self.last_sequence else 0

    def copy(self) -> "Stream":
        consumers = {name: replace(each) for name, each in self.consumers.items()}
        return replace(self, messages=dict(self.messages), ids=dict(self.ids), consumers=consumers)


class BusWeather(Protocol):
    """What the way to the bus and back does."""

    def delay_s(self) -> float | None:
        """How long one way takes; None: what is sent is lost."""
        ...

    def deliver(self, messages: list[Stored]) -> list[Stored]:
        """What a fetch of these brings."""
        ...

    def check(self) -> None:
        """Raises when the client's process is dead."""
        ...


class StillAir:
    """Nothing ever happens."""

    def delay_s(self) -> float | None:
        """See `BusWeather.delay_s`."""
        return 0.0

    def deliver(self, messages: list[Stored]) -> list[Stored]:
        """See `BusWeather.deliver`."""
        return messages

    def check(self) -> None:
        """See `BusWeather.check`."""


class MemoryBus:
    """The server: its streams, whether it runs, and who waits for messages."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.streams: dict[str, Stream] = {}
        self.is_running = True
        self.starts = 0
        self._batches: dict[str, list[tuple[str, Headers, bytes]]] = {}
        self._waiting: list[asyncio.Future[None]] = []

    # ---------------------------------------------------------------------- what may happen to it

    def stop(self) -> None:
        """Killed: whoever waits is not told, and consumers in memory are gone."""
        self.is_running = False
        for stream in self.streams.values():
            stream.consumers.clear()
        self._waiting.clear()
        self._batches.clear()

    def start(self) -> None:
        """Runs again, with what its disk holds."""
        self.is_running = True
        self.starts += 1

    def snapshot(self) -> dict[str, Stream]:
        """What a disk holds at this moment."""
        return {name: stream.copy() for name, stream in self.streams.items()}

    def purge(self, name: str) -> None:
        """Every message of the stream is gone; the ids are remembered."""
        self.streams[name].messages.clear()

    # --------------------------------------------------------------------------------- its requests

    def answer(
        self, subject: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any] | None:
        """The reply to a request; None: nobody listens to the subject."""
        if subject.startswith("$JS.API."):
            return self._api(subject.removeprefix("$JS.API.").split("."), body)
        prefix = subject.partition(".")[0]
        stream = next((s for s in self.streams.values() if s.prefix == prefix), None)
        return None if stream is None else self._publish(stream, subject, dict(headers), body=body)

    def _api(self, words: list[str], body: bytes) -> dict[str, Any]:
        asked = json.loads(body) if body else {}
        match words:
            case ["STREAM", "CREATE" | "UPDATE", name]:
                if name not in self.streams:
                    prefix = asked["subjects"][0].partition(".")[0]
                    self.streams[name] = Stream(name, prefix, self.now())
                return self._info(self.streams[name])
            case ["STREAM", "INFO", name] if name in self.streams:
                return self._info(self.streams[name])
            case ["STREAM", "MSG", "GET", name] if name in self.streams:
                return _held(self.streams[name], asked["seq"])
            case ["CONSUMER", "CREATE", name, consumer] if name in self.streams:
                return self._consume(self.streams[name], consumer, asked["config"])
            case ["CONSUMER", "DELETE", name, consumer] if name in self.streams:
                found = self.streams[name].consumers.pop(consumer, None)
                return {"success": True} if found else {"error": _NO_CONSUMER}
        return {"error": _NO_STREAM}

    def _info(self, stream: Stream) -> dict[str, Any]:
        state = {
            "messages": len(stream.messages),
            "bytes": 0,
            "first_seq": stream.first_sequence,
            "last_seq": stream.last_sequence,
            "consumer_count": len(stream.consumers),
        }
        config = {"name": stream.name, "subjects": [f"{stream.prefix}.>"]}
        created = stream.created_at.isoformat().replace("+00:00", "Z")
        return {"config": config, "created": created, "state": state}

    def _consume(self, stream: Stream, name: str, config: dict[str, Any]) -> dict[str, Any]:
        """A consumer of what is new, or other filters for the one that there is."""
        assert (config["deliver_policy"], config["ack_policy"]) == ("new", "none")
        known = stream.consumers.get(name)
        first = known.next_sequence if known else stream.last_sequence + 1
        stream.consumers[name] = Consumer(first, tuple(config["filter_subjects"]))
        return _consumer_info(stream.name, name, config=config, created_at=self.now())

    def _publish(
        self, stream: Stream, subject: str, headers: Headers, *, body: bytes
    ) -> dict[str, Any]:
        batch = headers.pop("Nats-Batch-Id", None)
        if batch is None:
            return self._store(stream, [(subject, headers, body)], batch="")
        sequence = int(headers.pop("Nats-Batch-Sequence"))
        is_last = headers.pop("Nats-Batch-Commit", "") == "1"
        held = self._batches.setdefault(batch, [])
        held.append((subject, headers, body))
        if not is_last:
            return {}
        del self._batches[batch]
        if len(held) != sequence:
            return {"error": _INCOMPLETE}
        return self._store(stream, held, batch=batch)

    def _store(
        self, stream: Stream, messages: list[tuple[str, Headers, bytes]], *, batch: str
    ) -> dict[str, Any]:
        """All of them or none; one alone whose id is remembered is acknowledged and not stored."""
        if any(h.get("Nats-Expected-Stream", stream.name) != stream.name for _, h, _ in messages):
            return {"error": _OTHER_STREAM}
        ids = [headers["Nats-Msg-Id"] for _, headers, _ in messages if "Nats-Msg-Id" in headers]
        repeated = [id_ for id_ in ids if id_ in stream.ids]
        if repeated and not batch:
            return {"stream": stream.name, "seq": stream.ids[repeated[0]], "duplicate": True}
        expected = messages[0][1].get("Nats-Expected-Last-Sequence")
        if expected is not None and int(expected) != stream.last_sequence:
            said = f"wrong last sequence: {stream.last_sequence}"
            return {"error": {"code": 400, "err_code": 10071, "description": said}}
        if repeated or len(set(ids)) < len(ids):
            return {"error": _REPEATED}
        before = messages[0][1].get("Nats-Expected-Last-Msg-Id")
        if before is not None and before != stream.last_id:
            said = f"wrong last msg ID: {stream.last_id}"
            return {"error": {"code": 400, "err_code": 10070, "description": said}}
        for subject, headers, body in messages:
            stream.last_sequence += 1
            sequence = stream.last_sequence
            stream.messages[sequence] = Stored(sequence, subject, headers, body, self.now())
            stream.last_id = headers.get("Nats-Msg-Id", "")
            if stream.last_id:
                stream.ids[headers["Nats-Msg-Id"]] = sequence
        self.wake()
        return {"stream": stream.name, "seq": stream.last_sequence}

    # ------------------------------------------------------------------------------- its consumers

    def take(self, name: str, consumer: str, *, limit: int) -> list[Stored]:
        """Up to `limit` messages to deliver now."""
        stream = self.streams.get(name)
        known = stream.consumers.get(consumer) if stream else None
        if stream is None or known is None or not self.is_running:
            return []
        chosen: list[Stored] = []
        while known.next_sequence <= stream.last_sequence and len(chosen) < limit:
            stored = stream.messages.get(known.next_sequence)
            known.next_sequence += 1
            if stored is not None and known.wants(stored.subject):
                chosen.append(stored)
        return chosen

    async def wait(self, timeout_s: float) -> None:
        """Until something was stored, but no longer than this."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait([turn], timeout=timeout_s)
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    def wake(self) -> None:
        """Tell whoever waits that there is something."""
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


def _held(stream: Stream, sequence: int) -> dict[str, Any]:
    stored = stream.messages.get(sequence)
    if stored is None:
        return {"error": _NO_MESSAGE}
    lines = "".join(f"{name}: {value}\r\n" for name, value in stored.headers.items())
    message = {
        "subject": stored.subject,
        "seq": sequence,
        "hdrs": b64encode(f"{_STATUS}{lines}\r\n".encode()).decode(),
        "data": b64encode(stored.body).decode(),
        "time": stored.at.isoformat().replace("+00:00", "Z"),
    }
    return {"message": message}


def _consumer_info(
    stream: str, durable: str, *, config: dict[str, Any], created_at: datetime
) -> dict[str, Any]:
    return {
        "stream_name": stream,
        "name": durable,
        "config": config,
        "created": created_at.isoformat().replace("+00:00", "Z"),
        "delivered": {"consumer_seq": 0, "stream_seq": 0},
        "ack_floor": {"consumer_seq": 0, "stream_seq": 0},
        "num_ack_pending": 0,
        "num_redelivered": 0,
        "num_waiting": 0,
        "num_pending": 0,
    }


class MemoryClient:
    """The part of `nats.aio.client.Client` that shared/ and nats-py's JetStream code use."""

    is_connected = True
    is_closed = False
    connected_server_version = SimpleNamespace(major=2, minor=15)

    def __init__(self, bus: MemoryBus, weather: BusWeather | None = None) -> None:
        self.bus = bus
        self.weather = weather or StillAir()
        self._last_arrival = 0.0
        self._starts = bus.starts

    @property
    def stats(self) -> dict[str, int]:
        """A server that was started again is another connection."""
        return {"reconnects": self.bus.starts}

    def jetstream(self, **options: Any) -> "MemoryJetStream":
        """See `nats.aio.client.Client.jetstream`."""
        return MemoryJetStream(cast(Client, self), **options)

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,
        headers: Mapping[str, str] | None = None,
    ) -> Msg:
        """See `nats.aio.client.Client.request`."""
        self.weather.check()
        reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._send(subject, headers or {}, payload, reply=reply)
        try:
            answer = await asyncio.wait_for(reply, timeout)
        except TimeoutError:
            raise nats.errors.TimeoutError from None
        self.weather.check()
        if answer is None:
            raise nats.errors.NoRespondersError
        return Msg(cast(Client, self), subject, "", json.dumps(answer).encode())

    async def publish(self, subject: str, payload: bytes = b"", **_: Any) -> None:
        """See `nats.aio.client.Client.publish`: no answer, nothing is known."""
        self.weather.check()
        self._send(subject, {}, payload, reply=None)

    async def _flush_pending(self) -> None:
        """Nothing is held back here."""

    def __getattr__(self, name: str) -> Any:
        raise NotModelled(f"the stand-in for the bus has no {name}")

    async def _send_command(self, frames: bytes) -> None:
        """What shared/stream.py writes itself: publications with headers (HPUB), one by one."""
        self.weather.check()
        while frames:
            line, _, rest = frames.partition(b"\r\n")
            _, subject, head_size, size = line.split()
            head, body = rest[: int(head_size)], rest[int(head_size) : int(size)]
            lines = head.decode().removeprefix(_STATUS).split("\r\n")
            headers = dict(each.split(": ", 1) for each in lines if each)
            self._send(subject.decode(), headers, body, reply=None)
            frames = rest[int(size) + 2 :]

    def _send(
        self,
        subject: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        reply: "asyncio.Future[Answer] | None",
    ) -> None:
        """One connection keeps the order of what it carries; what arrives is dealt with then."""
        delay_s = self.weather.delay_s()
        if delay_s is None:
            return
        loop = asyncio.get_running_loop()
        self._last_arrival = max(self._last_arrival + 1e-6, loop.time() + delay_s)
        loop.call_at(self._last_arrival, self._arrive, subject, headers, body, reply)

    def _arrive(
        self,
        subject: str,
        headers: Mapping[str, str],
        body: bytes,
        reply: "asyncio.Future[Answer] | None",
    ) -> None:
        if not self.bus.is_running:
            return
        answer = self.bus.answer(subject, headers, body)
        delay_s = self.weather.delay_s()
        if reply is not None and delay_s is not None:
            asyncio.get_running_loop().call_later(delay_s, _settle, reply, answer)


def _settle(reply: "asyncio.Future[Any]", answer: Any) -> None:
    if not reply.done():
        reply.set_result(answer)


class MemoryJetStream(JetStreamContext):
    """nats-py's JetStream, with a pull subscription that needs no messages to itself."""

    async def pull_subscribe_bind(self, consumer: Any = None, *_: Any, **bound: Any) -> Any:
        """See `nats.js.JetStreamContext.pull_subscribe_bind`."""
        return MemoryPull(cast(MemoryClient, self._nc), bound["stream"], consumer)


class MemoryPull:
    """Fetches from a durable."""

    def __init__(self, client: MemoryClient, stream: str, consumer: str) -> None:
        self._client = client
        self._stream = stream
        self._consumer = consumer

    async def fetch(self, batch: int = 1, timeout: float = 5) -> list[Msg]:
        """What is there, or else the first that comes; `TimeoutError` when nothing does.

        A fetch that was under way when the server died waits for its full time.
        """
        bus, weather = self._client.bus, self._client.weather
        loop = asyncio.get_running_loop()
        deadline, starts = loop.time() + timeout, bus.starts
        while True:
            weather.check()
            taken = (
                bus.take(self._stream, self._consumer, limit=batch) if bus.starts == starts else []
            )
            if delivered := weather.deliver(taken):
                await pass_time(weather.delay_s() or 0.0)
                return [self._message(stored) for stored in delivered]
            left = deadline - loop.time()
            if left <= 0:
                raise nats.errors.TimeoutError
            await bus.wait(left)

    def _message(self, stored: Stored) -> Msg:
        client = cast(Client, self._client)
        return Msg(client, stored.subject, "", stored.body, dict(stored.headers))
