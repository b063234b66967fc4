"""A TCP proxy that makes a network bad on purpose, in a thread of its own.

It never takes bytes out of the middle of a connection, as no network does: what is held is
delivered when the weather is fine again, or lost with the connection when `reset` cuts it.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 65_536
STARTS_WITHIN_S = 10
LOOK_AGAIN_S = 0.02

Way = Literal["requests", "responses"]
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What happens to what passes. The default: nothing.

    `holds` are the directions in which nothing passes (both: a black hole); `cut_after_bytes`
    counts what one connection has answered; `reset_share` is how many of the chunks meet a reset
    (0.05: one in twenty); `bytes_per_s` throttles each direction of each connection.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    holds: frozenset[Way] = frozenset()
    refuses: bool = False
    reset_share: float = 0.0
    cut_after_bytes: int | None = None
    bytes_per_s: float | None = None


FINE = Weather()
BLACK_HOLE = Weather(holds=frozenset[Way](("requests", "responses")))
DROPS_RESPONSES = Weather(holds=frozenset[Way](("responses",)))
DROPS_REQUESTS = Weather(holds=frozenset[Way](("requests",)))


class _Cut(Exception):
    """The weather ends this connection."""


@dataclass(eq=False)
class _Connection:
    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    answered_bytes: int = 0
    is_cut: bool = False

    def abort(self) -> None:
        """Both ends see a reset, and what was on its way is lost."""
        self.is_cut = True
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            with suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@dataclass(eq=False)
class Proxy:
    """Listens on `port` and passes everything on to the port that `target` names."""

    target: Callable[[], int]
    random: random.Random
    weather: Weather = FINE
    port: int = 0
    accepted: int = 0
    """How many connections there have been."""
    _open: set[_Connection] = field(default_factory=set)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    def heal(self) -> None:
        """Fine weather: what was held is delivered."""
        self.weather = FINE

    def reset(self) -> None:
        """Cut every connection with a reset; what was held on them is lost."""
        assert self._loop is not None, "the proxy runs"
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(STARTS_WITHIN_S)

    def stop(self) -> None:
        """End the proxy and all connections."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)

    async def serve(self, started: Callable[[], None]) -> None:
        """Run until `stop`; `started` is called as soon as the port is known."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await self._end.wait()
        server.close()
        await self._reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reset(self) -> None:
        for connection in tuple(self._open):
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None, "the server runs each connection as a task"
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            onward = None if self.weather.refuses else await self._onward()
            if onward is not None:
                await self._connect(reader, writer, onward)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _onward(self) -> _Streams | None:
        try:
            return await asyncio.open_connection(LOOPBACK, self.target())
        except OSError:
            return None

    async def _connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, onward: _Streams
    ) -> None:
        connection = _Connection((writer, onward[1]))
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, onward[1], way="requests", of=connection))
                both.create_task(self._pump(onward[0], writer, way="responses", of=connection))
            writer.close()
            await writer.wait_closed()  # what was written is sent
        except* (_Cut, OSError):
            connection.abort()
        finally:
            self._open.discard(connection)
            onward[1].close()
            with suppress(OSError):
                await onward[1].wait_closed()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        way: Way,
        of: _Connection,
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            await self._suffer(way, len(data), of=of)
            if way == "responses":
                data = self._until_cut(data, of)
            writer.write(data)
            await writer.drain()
            if of.answered_bytes < 0:
                raise _Cut
        with suppress(OSError):
            writer.write_eof()

    async def _suffer(self, way: Way, length: int, *, of: _Connection) -> None:
        weather = self.weather
        if weather.reset_share and self.random.random() < weather.reset_share:
            raise _Cut
        delay_s = weather.latency_s + weather.jitter_s * self.random.random()
        if weather.bytes_per_s:
            delay_s += length / weather.bytes_per_s
        if delay_s:
            await asyncio.sleep(delay_s)
        while way in self.weather.holds:
            if of.is_cut:
                raise _Cut
            await asyncio.sleep(LOOK_AGAIN_S)

    def _until_cut(self, data: bytes, connection: _Connection) -> bytes:
        """The part that still passes; the count turns negative where the connection is to end."""
        limit = self.weather.cut_after_bytes
        if limit is None:
            return data
        passes = data[: max(limit - connection.answered_bytes, 0)]
        connection.answered_bytes += len(data)
        if connection.answered_bytes >= limit:
            connection.answered_bytes = -1
        return passes


@contextmanager
def running_proxy(target: Callable[[], int], *, seed: int = 0) -> Iterator[Proxy]:
    """A proxy for the time of the block. `target` is asked for at each connection."""
    proxy = Proxy(target, random.Random(seed))
    started = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy.serve(started.set)), daemon=True)
    thread.start()
    assert started.wait(STARTS_WITHIN_S), "the proxy did not start"
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(STARTS_WITHIN_S)
