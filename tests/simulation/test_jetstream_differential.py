"""The in-memory JetStream gives what the real server gives, to the same client code."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import nats.js.errors
import pytest
from nats.aio.client import Client

from shared import bus
from shared.cable import Cable
from shared.envelope import PARTITIONS
from shared.stream import IdsRemembered, Outgoing, OwnStream, StreamMoved
from tests.servers import Bus, free_port
from tests.shared.test_bus import settings_for
from tests.simulation.memory_jetstream import MemoryBus, MemoryClient

STEPS = 400
SERVICE = "tickets"


class Side:
    """A connection to one of the two, and its consumer."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js = client.jetstream(timeout=3)
        self.stream = OwnStream(client, SERVICE)
        self.cable = Cable(client, SERVICE, name="tickets-0")

    async def clear(self) -> None:
        """Begin without a stream."""
        try:
            await self.js.delete_stream(self.stream.name)
        except nats.js.errors.NotFoundError:
            return

    async def append(self, drawn: random.Random) -> Any:
        """Some messages at what may or may not be the end of the stream."""
        count = drawn.choice([1, 1, 2, 3, 25])
        messages = [_message(drawn) for _ in range(count)]
        after = (await self.stream.state()).last - drawn.choice([0, 0, 0, 0, 0, 1])
        return await self.stream.append(messages, after=after)

    async def append_one(self, drawn: random.Random) -> Any:
        return await self.stream.append_one(_message(drawn))

    async def state(self, drawn: random.Random) -> Any:
        return (await self.stream.state())[1:]

    async def at(self, drawn: random.Random) -> Any:
        return await self.stream.at(drawn.randrange(1, 60))

    async def lay(self, drawn: random.Random) -> Any:
        await self.cable.lay(_partitions(drawn))

    async def bring(self, drawn: random.Random) -> Any:
        await self.cable.bring(_partitions(drawn))

    async def fetch(self, drawn: random.Random) -> Any:
        assert self.cable._pull is not None
        messages = await self.cable._pull.fetch(drawn.randrange(2, 12), timeout=0.2)
        return [(m.subject, m.data, (m.headers or {}).get("ce-id")) for m in messages]

    async def purge(self, drawn: random.Random) -> Any:
        if drawn.random() < 0.3:
            await self.purge_now()

    async def purge_now(self) -> None:
        await self.js.purge_stream(self.stream.name)

    async def do(self, name: str, seed: int) -> Any:
        try:
            return await getattr(self, name)(random.Random(seed))
        except TimeoutError:  # the client library raises asyncio's and one of its own
            return TimeoutError.__name__
        except (StreamMoved, IdsRemembered, nats.js.errors.Error) as error:
            return type(error).__name__


class Stand(Side):
    """The stand-in, whose operators need no protocol."""

    def __init__(self, server: MemoryBus) -> None:
        super().__init__(MemoryClient(server))  # type: ignore[arg-type]
        self._server = server

    async def clear(self) -> None:
        """See `Side.clear`."""

    async def purge_now(self) -> None:
        self._server.purge(self.stream.name)


def _partitions(drawn: random.Random) -> frozenset[int]:
    return drawn.choice([frozenset(range(PARTITIONS)), frozenset({3, 5}), frozenset({4})])


def _message(drawn: random.Random) -> Outgoing:
    number = drawn.randrange(60) if drawn.random() < 0.1 else drawn.getrandbits(60)
    partition = drawn.choice([3, 4, 5])
    headers = f"ce-id: 00000000-0000-7000-8000-{number % 2**48:012x}\r\n"
    headers += "faktura-partition: 3\r\nfaktura-position: 7\r\n"
    return Outgoing(f"{SERVICE}.TicketClosed.{partition}", str(number), headers, b"{}")


OPERATIONS: list[Callable[..., Any]] = [
    Side.append,
    Side.append,
    Side.append_one,
    Side.state,
    Side.at,
    Side.fetch,
    Side.fetch,
    Side.bring,
    Side.lay,
    Side.purge,
]


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """A server on which everybody may do everything, purge included."""
    folder, port = tmp_path_factory.mktemp("open"), free_port()
    config = folder / "nats.conf"
    store = json.dumps(str(folder / "store"))
    config.write_text(f"listen: 127.0.0.1:{port}\njetstream {{ store_dir: {store} }}\n")
    server = Bus(port, config, subprocess.Popen([sys.executable, "-c", ""]))
    server.process.wait()
    server.start()
    yield server
    server.kill()


async def test_the_stand_in_answers_the_client_as_the_server_does(open_server: Bus) -> None:
    client = await bus.connect(settings_for(SERVICE, open_server))
    real, stand = Side(client), Stand(MemoryBus(lambda: datetime.now(UTC)))  # noqa: TID251
    await real.clear()
    for side in (real, stand):
        await bus.assert_stream(side.js, SERVICE, replicas=1)
        await side.cable.lay(frozenset({3, 5}))
    draw, said = random.Random(1), Counter[str]()
    for _ in range(STEPS):
        name, seed = draw.choice(OPERATIONS).__name__, draw.getrandbits(32)
        answers = [await side.do(name, seed) for side in (real, stand)]
        assert answers[0] == answers[1], (name, seed)
        said[f"{name}: {answers[0]}" if isinstance(answers[0], str) else name] += 1
    assert {"append: StreamMoved", "append: IdsRemembered", "fetch: TimeoutError"} <= said.keys()
    await real.clear()
    await bus.close(client)
