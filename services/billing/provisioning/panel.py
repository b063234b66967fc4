"""The port to the hosting panel, and the panel behind it: requests of ours, answered later.

A repeated request does nothing twice. Silence and garbage are `OutcomeUnknown`; a request that the
panel will never take is `Refused`.
"""

from typing import Literal, Protocol

import msgspec
from pydantic import SecretStr

from services.billing.outside_calls import OutsideSystem
from shared.consumers import Refused


class PanelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel is asked to do with one service."""

    request_id: str
    action: str
    plan: str
    domain: str
    service_id: str
    notify_url: str
    options: dict[str, str] = msgspec.field(default_factory=dict)
    successor_id: str | None = None


class PanelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a request stands: accepted (not done yet), done or refused with the panel's reason."""

    request_id: str
    service_id: str
    status: Literal["accepted", "done", "refused"]
    reason: str | None = None


class Panel(Protocol):
    """What billing wants of a hosting panel."""

    async def request(self, request: PanelRequest) -> None:
        """Hand it over; its outcome comes by webhook. Handing it over again is harmless."""
        ...

    async def answer(self, request_id: str) -> PanelAnswer | None:
        """How the request stands; None when the panel never got it."""
        ...


class HostingPanel:
    """The sandbox panel's protocol (`/api/requests`)."""

    def __init__(self, *, url: str, key: SecretStr) -> None:
        self._system = OutsideSystem(name="panel", url=url, key=key)

    async def request(self, request: PanelRequest) -> None:
        """See `Panel.request`."""
        answer = await self._system.call(
            "POST", "/api/requests", json=msgspec.structs.asdict(request)
        )
        if answer.status in {400, 409, 422}:
            raise Refused(f"panel_{answer.status}")
        if answer.status not in {200, 202}:
            raise self._system.unknown(f"status {answer.status}")

    async def answer(self, request_id: str) -> PanelAnswer | None:
        """See `Panel.answer`."""
        answer = await self._system.call("GET", f"/api/requests/{request_id}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._system.unknown(f"status {answer.status}")
        try:
            return msgspec.json.decode(answer.content, type=PanelAnswer)
        except msgspec.DecodeError as error:
            raise self._system.unknown("answer not understood") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._system.close()
