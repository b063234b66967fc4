"""What a seed does to the installation: latencies, losses, refusals, one draw after the other."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from tests.simulation.memory_jetstream import Stored
from tests.simulation.memory_postgres import MemoryConnection
from tests.simulation.virtual_time import VirtualLoop, pass_time

BEGIN = "BEGIN;"
COMMIT = "COMMIT;"
APPEND = "select append($1::event_row[], $2::log_row[], $3::jsonb)"


@dataclass(frozen=True, kw_only=True)
class Climate:
    """How likely each fault is, each time that there is occasion for it."""

    connection_lost: float = 0.0
    commit_unknown: float = 0.0
    message_lost: float = 0.0
    delivery_lost: float = 0.0
    delivery_repeated: float = 0.0
    delivery_shuffled: float = 0.0
    delivery_altered: float = 0.0
    call_lost: float = 0.0
    crash_point: float = 0.0
    slow: float = 0.0


CALM = Climate()


def draw_climate(draw: random.Random) -> Climate:
    """Some seeds are mild in one respect and wild in another, so that faults meet and do not."""

    def some(*chances: float) -> float:
        return draw.choice((0.0, *chances))

    return Climate(
        connection_lost=some(0.002, 0.01),
        commit_unknown=some(0.02, 0.1),
        message_lost=some(0.02, 0.1),
        delivery_lost=some(0.05, 0.3),
        delivery_repeated=some(0.2),
        delivery_shuffled=some(0.5),
        delivery_altered=some(0.1, 0.4),
        call_lost=some(0.1, 0.3),
        crash_point=some(0.002, 0.01),
        slow=some(0.01, 0.05),
    )


class Trace:
    """Everything that happened, in order, as one hash; and how often what kind did."""

    def __init__(self, loop: VirtualLoop, *, keeps: bool) -> None:
        self._loop = loop
        self._hash = hashlib.sha256()
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self._keeps = keeps

    def note(self, what: str, detail: str = "") -> None:
        """Add a line; `what` is counted."""
        self.counts[what] += 1
        line = f"{self._loop.seconds:.6f} {what} {detail}\n"
        self._hash.update(line.encode())
        if self._keeps:
            self.lines.append(line)

    def digest(self) -> str:
        """The same for two runs in which the same happened."""
        return self._hash.hexdigest()


class Sky:
    """The weather of the whole installation; it clears up for good."""

    def __init__(self, draw: random.Random, trace: Trace, climate: Climate) -> None:
        self.draw = draw
        self.trace = trace
        self.climate = climate
        self.refusing: set[str] = set()
        """The databases that take no connections."""

    def clear_up(self) -> None:
        """No more faults."""
        self.climate = CALM
        self.refusing.clear()

    def happens(self, chance: float) -> bool:
        """Whether it happens this time."""
        return chance > 0 and self.draw.random() < chance

    def latency_s(self) -> float:
        """One way: a fraction of a millisecond to some; now and then a second or more."""
        if self.happens(self.climate.slow):
            return self.draw.uniform(0.1, 2.5)
        return self.draw.uniform(0.0002, 0.003)


class Mortal(Protocol):
    """A process that the weather is asked for."""

    name: str

    def check(self) -> None:
        """Raises when it is dead."""
        ...


class ToPostgres:
    """Between one process and its database."""

    def __init__(self, sky: Sky, process: Mortal, database: str) -> None:
        self._sky = sky
        self._process = process
        self._database = database

    def check(self) -> None:
        """See `Weather.check`."""
        self._process.check()

    async def connect(self) -> None:
        """See `Weather.connect`."""
        self._process.check()
        await pass_time(self._sky.latency_s())
        if self._database in self._sky.refusing:
            self._sky.trace.note("connection refused", self._process.name)
            raise self._sky.draw.choice(
                [ConnectionRefusedError("nobody"), asyncpg.CannotConnectNowError("starting")]
            )

    async def out(self, connection: MemoryConnection, query: str, arguments: Sequence[Any]) -> None:
        """See `Weather.out`."""
        self._process.check()
        if query == BEGIN:
            return
        await pass_time(self._sky.latency_s())
        self._sky.trace.note("statement", f"{self._process.name} {query[:48]}")
        climate = self._sky.climate
        if query in (COMMIT, APPEND) and self._sky.happens(climate.commit_unknown / 2):
            late_s = self._sky.draw.uniform(0, 2)
            connection.lose_but_for(query, arguments, after_s=late_s)
            self._lose("carried out late")
        if self._sky.happens(climate.connection_lost):
            connection.lose()
            self._lose("connection lost before")

    async def back(self, connection: MemoryConnection, query: str) -> None:
        """See `Weather.back`."""
        climate = self._sky.climate
        commits = query in (COMMIT, APPEND)
        if commits or self._sky.happens(0.1):
            await pass_time(self._sky.latency_s())
        if self._sky.happens(climate.commit_unknown if commits else climate.connection_lost):
            connection.lose()
            self._lose("answer lost")

    def _lose(self, what: str) -> None:
        self._sky.trace.note(what, self._process.name)
        raise self._sky.draw.choice(
            [
                asyncpg.ConnectionDoesNotExistError("connection was closed"),
                asyncpg.InternalClientError("got result for unknown protocol state"),
                TimeoutError("the server did not answer"),
            ]
        )


class ToBus:
    """Between one process and the bus."""

    def __init__(self, sky: Sky, process: Mortal) -> None:
        self._sky = sky
        self._process = process
        self.is_cut = False

    def check(self) -> None:
        """See `BusWeather.check`."""
        self._process.check()

    def delay_s(self) -> float | None:
        """See `BusWeather.delay_s`."""
        if self.is_cut or self._sky.happens(self._sky.climate.message_lost):
            self._sky.trace.note("bus message lost", self._process.name)
            return None
        return self._sky.latency_s()

    def deliver(self, messages: list[Stored]) -> list[Stored]:
        """See `BusWeather.deliver`: lost, repeated, in another order, altered."""
        if not messages:
            return messages
        sky, climate = self._sky, self._sky.climate
        sky.trace.note("fetch", f"{self._process.name} {[m.sequence for m in messages]}")
        if self.is_cut:
            return []
        kept = [m for m in messages if not sky.happens(climate.delivery_lost)]
        if kept and sky.happens(climate.delivery_repeated):
            kept += sky.draw.choices(kept, k=sky.draw.randrange(1, 4))
        if sky.happens(climate.delivery_shuffled):
            sky.draw.shuffle(kept)
        return [self._altered(m) if sky.happens(climate.delivery_altered) else m for m in kept]

    def _altered(self, message: Stored) -> Stored:
        """Another body, another place near its own, another event, or no event at all."""
        draw, headers = self._sky.draw, message.headers
        self._sky.trace.note("message altered", self._process.name)
        match draw.randrange(4):
            case 0:
                return replace(message, body=message.body.replace(b'"', b"'", 1))
            case 1:
                position = int(headers["faktura-position"]) + draw.choice((-2, -1, 1))
                return replace(message, headers={**headers, "faktura-position": str(position)})
            case 2:
                other = str(UUID(int=draw.getrandbits(128)))
                return replace(message, headers={**headers, "ce-id": other})
            case _:
                return replace(message, headers={})
