"""How the services are: each process tells of itself; what does not answer is shown as down."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shared.contracts import SOURCES
from shared.peers import Peers

PORTAL = "portal"
SLOW_S = 30
"""A consumer that is further behind is an alarm."""


class ConsumerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer, and how far it is behind: in events (None while its source is down), in time."""

    name: str
    kind: str
    lag: int | None
    parked: int
    lag_s: float = 0.0
    stopped: dict[str, str] = {}


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Connections to the database: in use, idle, and allowed."""

    used: int
    idle: int
    limit: int


class ProcessHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One process: how its loops, its pool and its writes are."""

    instance: str
    append_p99_ms: float | None
    retries: int
    oldest_heartbeat_s: float
    pool: Pool

    @property
    def name(self) -> str:
        """What the supervisor calls it."""
        return self.instance.rpartition("/")[2]


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """A view that is being built anew beside the live one."""

    view: str
    events: int
    total: int
    ended_at: datetime | None = None

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return self.events * 100 // self.total if self.total else 100


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it describes itself, or that it does not."""

    service: str
    is_up: bool
    unpublished: int = 0
    oldest_unpublished_s: float = 0.0
    relayed_per_s: float = 0.0
    effects_pending: int = 0
    effects_parked: int = 0
    consumers: list[ConsumerHealth] = []
    rebuilds: list[Rebuild] = []
    processes: list[ProcessHealth] = []
    silent: int = 0
    """How many of its processes do not answer."""

    @property
    def lag(self) -> int:
        """The largest known lag of its consumers, in events."""
        return max((each.lag or 0 for each in self.consumers), default=0)

    @property
    def lag_s(self) -> float:
        """The largest lag of its consumers, in seconds."""
        return max((each.lag_s for each in self.consumers), default=0.0)

    @property
    def parked(self) -> int:
        """How many events its consumers could not apply."""
        return sum(each.parked for each in self.consumers)

    @property
    def is_stopped(self) -> bool:
        """Whether a consumer waits for a person to look at its source."""
        return any(each.stopped for each in self.consumers)

    @property
    def is_behind(self) -> bool:
        """Whether it is behind by more than what is usual."""
        return max(self.lag_s, self.oldest_unpublished_s) > SLOW_S or self.lag > 100


async def health_of_all(peers: Peers, own_status: Mapping[str, Any]) -> list[Health]:
    """Every service's health, asked at the same time; the portal's own first."""
    own, *others = await asyncio.gather(
        _siblings(peers, own_status), *(_ask(peers, service) for service in SOURCES)
    )
    return [_health(PORTAL, own), *(_health(s, a) for s, a in zip(SOURCES, others, strict=True))]


Answers = Sequence[Mapping[str, Any] | None]


async def _ask(peers: Peers, service: str) -> Answers:
    answers = await peers.ask_each(service, "/internal/status")
    return [None if answer is None else answer.json() for answer in answers]


async def _siblings(peers: Peers, own_status: Mapping[str, Any]) -> Answers:
    """This process's status and those of the portal's others."""
    if len(peers.addresses.all_of(PORTAL)) == 1:
        return [own_status]
    own = own_status["process"]["instance"]
    answers = await _ask(peers, PORTAL)
    others = [each for each in answers if each is None or each["process"]["instance"] != own]
    return [own_status, *others]


def _health(service: str, answers: Answers) -> Health:
    known = [answer for answer in answers if answer is not None]
    if not known:
        return Health(service=service, is_up=False, silent=len(answers))
    status = known[0]
    effects = status.get("effects", {})
    rebuilds = msgspec.convert(status.get("rebuilds", []), list[Rebuild], strict=False)
    return Health(
        service=service,
        is_up=True,
        unpublished=status.get("unpublished", 0),
        oldest_unpublished_s=status.get("oldest_unpublished_s", 0.0),
        relayed_per_s=max(answer.get("relayed_per_s", 0.0) for answer in known),
        effects_pending=effects.get("pending", 0),
        effects_parked=effects.get("parked", 0),
        consumers=msgspec.convert(status.get("consumers", []), list[ConsumerHealth]),
        rebuilds=[rebuild for rebuild in rebuilds if rebuild.ended_at is None],
        processes=[
            msgspec.convert(answer["process"], ProcessHealth)
            for answer in known
            if "process" in answer
        ],
        silent=len(answers) - len(known),
    )
