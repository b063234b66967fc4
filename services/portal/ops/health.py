"""How the services are: each tells of itself, and one that does not answer is shown as down."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.contracts import SOURCES
from shared.errors import DomainError
from shared.peers import Peers

PORTAL = "portal"


class ConsumerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer: how many events it is behind (unknown while its source is down)."""

    name: str
    kind: str
    lag: int | None
    parked: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it describes itself, or why it does not."""

    service: str
    is_up: bool
    trouble: str = ""
    unpublished: int = 0
    effects_pending: int = 0
    effects_parked: int = 0
    consumers: list[ConsumerHealth] = []

    @property
    def lag(self) -> int:
        """The largest known lag of its consumers, in events."""
        return max((each.lag or 0 for each in self.consumers), default=0)

    @property
    def parked(self) -> int:
        """How many events its consumers could not apply."""
        return sum(each.parked for each in self.consumers)


async def health_of_all(peers: Peers, own_status: Mapping[str, Any]) -> list[Health]:
    """Every service's health, asked at the same time; the portal's own first."""
    others = await asyncio.gather(*(_ask(peers, service) for service in SOURCES))
    return [_health(PORTAL, own_status), *others]


async def _ask(peers: Peers, service: str) -> Health:
    try:
        answer = await peers.call(service, "GET", "/internal/status")
    except DomainError as error:
        return Health(service=service, is_up=False, trouble=error.code)
    return _health(service, answer.json())


def _health(service: str, status: Mapping[str, Any]) -> Health:
    effects = status.get("effects", {})
    return Health(
        service=service,
        is_up=True,
        unpublished=status.get("unpublished", 0),
        effects_pending=effects.get("pending", 0),
        effects_parked=effects.get("parked", 0),
        consumers=msgspec.convert(status.get("consumers", []), list[ConsumerHealth]),
    )
