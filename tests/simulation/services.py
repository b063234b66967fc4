"""The services of a simulation: billing with its own aggregates and policies, tickets, portal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID, uuid5

import msgspec

from services.billing.held_services.policies import serve_what_is_paid
from services.billing.outside_calls import OutcomeUnknown
from services.billing.provisioning.panel import PanelAnswer, PanelRequest
from services.billing.provisioning.panel_reactor import panel_reactor
from services.billing.publishing import publish as publish_billing
from shared.consumers import Effect, Envelope, Intent, Policy, Reactor
from shared.consumers.declarations import Consumer
from shared.consumers.group import Consumers
from shared.contracts import events_of
from shared.contracts.billing import ServiceActivated
from shared.contracts.tickets import TicketOpened
from shared.database import LOST
from shared.errors import Unavailable
from shared.feed import PAGE, LocalFeed
from shared.relay import Relay
from shared.store import EventStore, Transaction
from shared.wakeup import run_forever
from tests.shared.kernel import KeysInMemory
from tests.simulation.case import Case
from tests.simulation.case import publish as publish_case
from tests.simulation.history_view import history_view
from tests.simulation.memory_jetstream import MemoryBus, MemoryClient
from tests.simulation.memory_postgres import MemoryPool, MemoryServer
from tests.simulation.processes import Process, ProcessDied
from tests.simulation.virtual_time import VirtualClock
from tests.simulation.weather import Sky, ToBus, ToPostgres

SERVICES = ("billing", "tickets", "portal")
SOURCES = ("billing", "tickets")
BRAND = "ponto"
POOL_SIZE = 8
_CASES = UUID("0c5a4f6e-6d0d-4b54-9a8b-0d3f5f3f8f11")


class Outside:
    """The world that reactors act upon. It remembers what was asked of it, by effect."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky
        self.requests: dict[str, PanelRequest] = {}
        self.calls: dict[str, list[UUID]] = {}
        """key of an effect -> its id at each call"""

    async def request(self, request: PanelRequest) -> None:
        """See `services.billing.provisioning.panel.Panel.request`."""
        self._fail_before()
        self.requests[request.request_id] = request
        self._fail_after()

    async def answer(self, request_id: str) -> PanelAnswer | None:
        """See `services.billing.provisioning.panel.Panel.answer`."""
        return None

    async def greet(self, effect: Effect) -> dict[str, Any]:
        """What the reactor of tickets does."""
        self._fail_before()
        self.calls.setdefault(effect.key, []).append(effect.id)
        self._fail_after()
        return {"greeted": effect.key}

    def _fail_before(self) -> None:
        if self._sky.happens(self._sky.climate.call_lost):
            raise OutcomeUnknown(what="outside", cause="before")

    def _fail_after(self) -> None:
        if self._sky.happens(self._sky.climate.call_lost):
            raise self._sky.draw.choice(
                [OutcomeUnknown(what="outside", cause="after"), ValueError("garbage")]
            )


def case_of(service_id: UUID) -> UUID:
    """The case that is opened when the service runs."""
    return uuid5(_CASES, str(service_id))


def welcome(poisoned: set[str]) -> Policy:
    """Tickets' policy on billing's log: a case for each service that runs."""

    async def open_case(envelope: Envelope, tx: Transaction) -> None:
        if not isinstance(envelope.event, ServiceActivated):
            return
        if str(envelope.account) in poisoned:
            raise ValueError("poison")
        id_ = case_of(envelope.event.service_id)
        await tx.save(Case(id=id_, account_id=envelope.account, brand=envelope.brand))

    handles = frozenset({ServiceActivated})
    return Policy(
        name="welcome",
        sources=("billing",),
        handle=open_case,
        handles=handles,
        ignored=events_of("billing") - handles,
    )


def greeter(outside: Outside) -> Reactor:
    """Tickets' reactor on its own log: greets once for each case, and notes that it did."""

    async def plan(envelope: Envelope) -> Sequence[Intent]:
        match envelope.event:
            case TicketOpened(ticket_id=ticket_id):
                return [Intent(key=str(ticket_id), kind="greet")]
        return []

    async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
        case = await tx.load(Case, UUID(effect.key))
        case.reply("greeter")
        await tx.save(case)

    handles = frozenset({TicketOpened})
    return Reactor(
        name="greeter",
        sources=("tickets",),
        plan=plan,
        perform=outside.greet,
        record=record,
        handles=handles,
        ignored=events_of("tickets") - handles,
    )


class Answer:
    """What an HTTP call to another service gives."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def json(self) -> Any:
        return msgspec.json.decode(self.content)


class Peers:
    """Calls to the other services' feeds, answered by any of their processes that lives."""

    def __init__(self, house: "Installation", caller: Process) -> None:
        self._house = house
        self._caller = caller

    async def call(
        self, peer: str, method: str, path: str, *, params: Mapping[str, Any] | None = None
    ) -> Answer:
        """See `shared.peers.Peers.call`; the two routes are those of shared/http/internal.py."""
        self._caller.check()
        sky = self._house.sky
        living = self._house.living(peer)
        if not living or sky.happens(sky.climate.call_lost):
            raise Unavailable(what=peer)
        feed = LocalFeed(cast(Any, sky.draw.choice(living).pool), peer)
        try:
            if path == "/internal/feed/heads":
                return Answer(msgspec.json.encode(await feed.heads()))
            assert (path, params is not None) == ("/internal/feed", True)
            given = dict(params or {})
            limit = min(given["limit"], PAGE)
            records = await feed.page(given["partition"], after=given["after"], limit=limit)
        except ProcessDied:
            self._caller.check()
            raise Unavailable(what=peer) from None
        return Answer(b"\n".join(msgspec.json.encode(record) for record in records))


class Service(Process):
    """One process of a service, put together as shared/http/app.py does it."""

    def __init__(self, house: "Installation", service: str, number: int) -> None:
        super().__init__(f"{service}/{number}", house.sky.trace.note)
        self.service = service
        self._house = house
        self.to_bus = ToBus(house.sky, self)
        weather = ToPostgres(house.sky, self, service)
        self.backends_linger_s = house.sky.draw.choice([0.0, 0.0, 1.0, 5.0])
        server = house.databases[service]
        self.pool = MemoryPool(server, size=POOL_SIZE, weather=weather, name=self.name)
        self.store = EventStore(
            cast(Any, self.pool),
            service=service,
            publish=publish_billing if service == "billing" else publish_case,
            keyring=house.keyring,
            clock=house.clock,
        )

    async def run(self) -> None:
        """Start what the service runs; ends the process when it cannot start."""
        client = cast(Any, MemoryClient(self._house.bus, self.to_bus))
        consumers = Consumers(
            self._house.consumers_of(self.service),
            self.store,
            cast(Any, Peers(self._house, self)),
        )
        await consumers.load()
        loops: dict[str, Callable[[], Awaitable[None]]] = dict(consumers.loops(client))
        if self.service in SOURCES:
            loops["relay"] = Relay(self.store, client).run
        for name, loop in loops.items():
            self.spawn(run_forever(name, loop))

    async def start(self) -> None:
        """Run, and die of what the start raises."""
        try:
            await self.run()
        except (Unavailable, *LOST):
            self.crash()


class Installation:
    """The databases, the bus, the outside world, and whichever processes run at the moment."""

    def __init__(
        self, sky: Sky, clock: VirtualClock, bus: MemoryBus, databases: dict[str, MemoryServer]
    ) -> None:
        self.sky = sky
        self.clock = clock
        self.bus = bus
        self.databases = databases
        self.keyring = KeysInMemory()
        self.outside = Outside(sky)
        self.poisoned: set[str] = set()
        """Owners whose events the view and the policy of tickets cannot deal with."""
        self.processes: list[Service] = []
        self.errors: list[BaseException] = []

    def consumers_of(self, service: str) -> list[Consumer]:
        """What the service declares."""
        match service:
            case "billing":
                panel = panel_reactor(self.outside, notify_url="http://billing")
                return [serve_what_is_paid, panel]
            case "tickets":
                return [welcome(self.poisoned), greeter(self.outside)]
            case _:
                return [history_view(self.poisoned)]

    def living(self, service: str) -> list[Service]:
        """The processes of the service that run."""
        return [p for p in self.processes if p.service == service and p.is_alive]

    def start(self, service: str, number: int) -> Service:
        """One more process."""
        made = Service(self, service, number)
        self.sky.trace.note("start", made.name)
        self.processes.append(made)
        made.spawn(made.start())
        return made

    def bury(self) -> list[Service]:
        """Take out the dead, keep what went wrong in them, and return them."""
        dead = [process for process in self.processes if not process.is_alive]
        self.processes = [process for process in self.processes if process.is_alive]
        for process in dead:
            self.errors += process.errors
        return dead
