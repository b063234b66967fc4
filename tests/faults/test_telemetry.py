"""Telemetry that nobody takes: no request is slower for it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from statistics import median, quantiles

import httpx
import pytest

from tests.conftest import PROJECT, Database, OpenDatabase, wait_until
from tests.servers import free_port

ROUNDS = 5
REQUESTS = 100
SLOWER_BY_S = 0.005
NOISE = 2.0
"""Between two rounds of the same thing on a busy machine."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Sink = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
taken: list[bytes] = []


async def _black_hole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything, answers nothing."""
    while data := await reader.read(65536):
        taken.append(data)
    writer.close()
    await writer.wait_closed()


async def _faulty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers that it cannot, which exporters try again."""
    taken.append(await reader.read(65536))
    writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def _listening(sink: Sink | None) -> AsyncIterator[str]:
    """The address of a sink; of nobody for None."""
    port = free_port()
    if sink is None:
        yield f"http://127.0.0.1:{port}"
        return
    at_work: list[Awaitable[None]] = []

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_work.append(asyncio.ensure_future(sink(reader, writer)))

    server = await asyncio.start_server(take, "127.0.0.1", port)
    yield f"http://127.0.0.1:{port}"
    server.close()
    await asyncio.gather(*at_work)


@contextmanager
def _service(database: Database, *otlp: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.faults.telemetry_child", str(port), database.url, *otlp]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=-3)
    try:
        yield f"http://127.0.0.1:{port}/heads"
    finally:
        process.terminate()
        process.wait()


async def _p99_s(http: httpx.AsyncClient, url: str) -> float:
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        assert (await http.get(url)).status_code == 200
        took.append(time.perf_counter() - begun)
    return quantiles(took, n=100)[98]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "sink",
    [
        pytest.param(_black_hole, id="silent"),
        pytest.param(None, id="down", marks=pytest.mark.long),
        pytest.param(_faulty, id="faulty", marks=pytest.mark.long),
    ],
)
async def test_f71_a_sink_that_takes_no_telemetry_slows_no_request(
    database: OpenDatabase, sink: Sink | None
) -> None:
    taken.clear()
    kernel = await database("kernel")
    async with _listening(sink) as address, httpx.AsyncClient(trust_env=False) as http:
        with _service(kernel) as plain, _service(kernel, address) as traced:

            async def both_answer() -> bool:
                try:
                    return all([(await http.get(url)).is_success for url in (plain, traced)])
                except httpx.TransportError:
                    return False

            await wait_until(both_answer, within_s=60)
            await _p99_s(http, traced)
            without, with_it = [], []
            for _ in range(ROUNDS):
                without.append(await _p99_s(http, plain))
                with_it.append(await _p99_s(http, traced))
    assert bool(taken) == (sink is not None)
    assert median(with_it) <= median(without) * NOISE + SLOWER_BY_S
