"""Many connections that ask one server as fast as it answers: `wrk`, or a client on asyncio."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import quantiles

CONNECTIONS = 16
ANSWERS_WITHIN_S = 30
_LUA = """
local asks = {{}}
{asks}
local at = 0
request = function()
  at = at % #asks + 1
  return asks[at]
end
done = function(summary, latency)
  print("errors " .. summary.errors.status + summary.errors.read + summary.errors.timeout)
  print("p99 " .. latency:percentile(99.0))
  print("requests " .. summary.requests)
  print("micros " .. summary.duration)
end
"""


@dataclass(frozen=True)
class Ask:
    """A request: its path, and the bearer token if it needs one."""

    path: str
    token: str

    @property
    def headers(self) -> str:
        """The header lines, without the end of the head."""
        said = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        return f"Host: 127.0.0.1\r\n{said}"

    @property
    def text(self) -> str:
        """The whole request."""
        return f"GET {self.path} HTTP/1.1\r\n{self.headers}\r\n"


@dataclass(frozen=True)
class Load:
    """What came of it."""

    per_s: float
    p99_ms: float


def wrk(address: str, asks: Sequence[Ask], *, folder: Path, seconds: int) -> Load:
    """By wrk, on one thread."""
    script = folder / "asks.lua"
    lines = (f"asks[{at}] = {json.dumps(ask.text)}" for at, ask in enumerate(asks, start=1))
    script.write_text(_LUA.format(asks="\n".join(lines)))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = {name: float(number) for name, number in re.findall(r"^(\w+) ([\d.]+)$", done.stdout,
                                                              re.MULTILINE)}  # fmt: skip
    assert said["errors"] == 0, done.stdout
    return Load(said["requests"] / said["micros"] * 1e6, said["p99"] / 1000)


def plain_client(address: str, asks: Sequence[Ask], *, folder: Path, seconds: int) -> Load:
    """By this file as a process of its own."""
    told = folder / "asks.json"
    told.write_text(json.dumps([address, seconds, [ask.text for ask in asks]]))
    command = [sys.executable, "-m", "bench.http_load", str(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout))


async def until_it_answers(address: str) -> None:
    """Wait until something listens there."""
    port = int(address.rpartition(":")[2])
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def _ask_for(address: str, seconds: int, *, texts: Sequence[str]) -> Load:
    port, until = int(address.rpartition(":")[2]), time.perf_counter() + seconds
    endless, took = cycle(text.encode() for text in texts), []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            begun = time.perf_counter()
            writer.write(next(endless))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length is not None, head
            await reader.readexactly(int(length.group(1)))
            took.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return Load(len(took) / seconds, quantiles(took, n=100)[98] * 1000)


def main() -> None:
    """Print the figures as JSON."""
    address, seconds, texts = json.loads(Path(sys.argv[1]).read_text())
    load = asyncio.run(_ask_for(address, seconds, texts=texts))
    sys.stdout.write(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
