"""The proxy does to a connection what it says, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.faults.proxy import BLACK_HOLE, DROPS_RESPONSES, FINE, Proxy, Weather, running_proxy


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that says everything back."""

    answering: set[asyncio.Task[None] | None] = set()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        with suppress(ConnectionError):
            while data := await reader.read(1000):
                writer.write(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with running_proxy(lambda: port) as proxy:
        yield proxy
    server.close()
    await asyncio.gather(*(task for task in answering if task))


async def _ask(proxy: Proxy, question: bytes = b"hello") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(question)
        async with asyncio.timeout(2):
            return await reader.readexactly(len(question))
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_fine_weather_changes_nothing(proxy: Proxy) -> None:
    assert await _ask(proxy, b"x" * 100_000) == b"x" * 100_000
    assert proxy.accepted == 1


async def test_latency_slows_each_direction(proxy: Proxy) -> None:
    proxy.weather = Weather(latency_s=0.1)
    begun = time.monotonic()
    assert await _ask(proxy) == b"hello"
    assert time.monotonic() - begun >= 0.2


async def test_what_a_black_hole_held_is_delivered_when_it_ends(proxy: Proxy) -> None:
    proxy.weather = BLACK_HOLE
    asked = asyncio.create_task(_ask(proxy))
    done, _ = await asyncio.wait({asked}, timeout=0.3)
    assert not done
    proxy.heal()
    assert await asked == b"hello"


async def test_a_reset_loses_the_answers_that_were_held(proxy: Proxy) -> None:
    proxy.weather = DROPS_RESPONSES
    asked = asyncio.create_task(_ask(proxy))
    await asyncio.wait({asked}, timeout=0.3)
    await asyncio.to_thread(proxy.reset)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asked


async def test_a_connection_is_cut_after_so_many_bytes_of_answer(proxy: Proxy) -> None:
    proxy.weather = Weather(cut_after_bytes=3)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    assert await _until_the_end(reader) in (b"hel", b"")
    writer.close()
    proxy.weather = FINE
    assert await _ask(proxy) == b"hello"


async def _until_the_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(-1)
    except ConnectionError:
        return b""


async def test_resets_come_as_often_as_they_are_wanted(proxy: Proxy) -> None:
    proxy.weather = Weather(reset_share=1.0)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _ask(proxy)


async def test_a_throttle_lets_only_so_many_bytes_pass(proxy: Proxy) -> None:
    proxy.weather = Weather(bytes_per_s=1000)
    begun = time.monotonic()
    assert await _ask(proxy, b"x" * 200) == b"x" * 200
    assert time.monotonic() - begun >= 0.4


async def test_no_connection_is_taken_when_it_refuses(proxy: Proxy) -> None:
    proxy.weather = Weather(refuses=True)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _ask(proxy)
