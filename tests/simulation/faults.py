"""What befalls the installation as a whole while it works: drawn from the seed, one by one."""

import random
from collections.abc import Awaitable, Callable

from tests.simulation.memory_jetstream import Stream
from tests.simulation.services import SERVICES, Installation, Service
from tests.simulation.virtual_time import pass_time

Fault = Callable[[], Awaitable[None]]


class Mischief:
    """Crashes and starts, servers that stop or are set back, networks that part."""

    def __init__(self, house: Installation, draw: random.Random) -> None:
        self._house = house
        self._draw = draw
        self._disk: dict[str, Stream] = {}
        self.is_over = False
        self.most_processes = draw.choice([1, 1, 2])
        faults: list[Fault] = [
            self.crash,
            self.crash_all,
            self.restart_bus,
            self.set_bus_back,
            self.wipe_stream,
            self.purge_stream,
            self.forget_consumers,
            self.restart_postgres,
            self.kill_backend,
            self.hang_backend,
            self.cut_from_bus,
        ]
        self._faults = draw.sample(faults, draw.randrange(1, len(faults) + 1))

    async def do(self, count: int, within_s: float) -> None:
        """So many faults, at any moments."""
        for _ in range(count):
            await pass_time(self._draw.uniform(0, 2 * within_s / count))
            await self._draw.choice(self._faults)()

    def heal(self) -> None:
        """Everything runs and reaches everything."""
        self.is_over = True
        self._house.bus.start() if not self._house.bus.is_running else None
        for process in self._house.processes:
            process.to_bus.is_cut = False

    async def supervise(self) -> None:
        """Start again what has died, a little later, and keep enough of each running."""
        while True:
            for dead in self._house.bury():
                await pass_time(0 if self.is_over else self._draw.uniform(0, 2))
                self._house.start(dead.service, self._draw.randrange(10, 100))
            await pass_time(0.1)

    def begin(self) -> None:
        """The first processes."""
        for service in SERVICES:
            for number in range(self.most_processes):
                self._house.start(service, number)

    # ---------------------------------------------------------------------------------- the faults

    async def crash(self) -> None:
        """kill -9 of one process."""
        if living := self._living():
            self._draw.choice(living).crash()

    async def crash_all(self) -> None:
        """kill -9 of everything at once."""
        for process in self._living():
            process.crash()

    async def restart_bus(self) -> None:
        """The bus is killed and comes back, perhaps with what its disk held a while ago."""
        bus = self._house.bus
        self._note("bus restart")
        bus.stop()
        await pass_time(self._draw.uniform(0, 3))
        bus.start()

    async def set_bus_back(self) -> None:
        """The bus loses what came after a moment ago; ids of it may be remembered all the same."""
        bus = self._house.bus
        self._disk = bus.snapshot()
        await pass_time(self._draw.uniform(0, 3))
        self._note("bus set back")
        bus.stop()
        lost = bus.streams
        bus.streams = {name: stream.copy() for name, stream in self._disk.items()}
        if self._draw.random() < 0.5:
            for name, stream in bus.streams.items():
                stream.ids = dict(lost[name].ids)
        bus.start()

    async def wipe_stream(self) -> None:
        """A stream is gone, with its consumers."""
        if streams := sorted(self._house.bus.streams):
            self._note("stream wiped")
            del self._house.bus.streams[self._draw.choice(streams)]

    async def purge_stream(self) -> None:
        """A stream's messages are gone."""
        if streams := sorted(self._house.bus.streams):
            self._note("stream purged")
            self._house.bus.purge(self._draw.choice(streams))

    async def forget_consumers(self) -> None:
        """A stream's consumers are gone."""
        if streams := sorted(self._house.bus.streams):
            self._note("consumers gone")
            self._house.bus.streams[self._draw.choice(streams)].consumers.clear()

    async def restart_postgres(self) -> None:
        """Every connection of a database is cut, and for a while none is made."""
        service = self._draw.choice(SERVICES)
        self._note("postgres restart")
        self._house.sky.refusing.add(service)
        for session in list(self._house.databases[service].sessions):
            session.connection.lose()
        await pass_time(self._draw.uniform(0, 2))
        self._house.sky.refusing.discard(service)

    async def kill_backend(self) -> None:
        """kill -9 of one backend."""
        sessions = self._house.databases[self._draw.choice(SERVICES)].sessions
        if sessions:
            self._note("backend killed")
            self._draw.choice(sessions).connection.lose()

    async def hang_backend(self) -> None:
        """One backend is gone, and its client does not know."""
        server = self._house.databases[self._draw.choice(SERVICES)]
        if server.sessions:
            self._note("backend half open")
            server.drop_session(self._draw.choice(server.sessions))

    async def cut_from_bus(self) -> None:
        """One process does not reach the bus for some seconds."""
        if living := self._living():
            cut = self._draw.choice(living)
            self._note("cut from the bus")
            cut.to_bus.is_cut = True
            await pass_time(self._draw.uniform(0, 5))
            cut.to_bus.is_cut = False

    def _living(self) -> list[Service]:
        return [process for process in self._house.processes if process.is_alive]

    def _note(self, what: str) -> None:
        self._house.sky.trace.note(what)
