"""What the `faktura` command asks of the running services, signed as the issuer `operator`."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx

from deploy.local.installation import Installation
from deploy.local.keys import OPERATOR, SERVICES
from deploy.local.state import CannotRun
from shared.contracts import SOURCES
from shared.envelope import Record
from shared.errors import Unavailable
from shared.feed import RemoteFeed, read_all
from shared.ids import new_id
from shared.peers import Peers
from shared.tokens import INTERNAL, Signer

ANSWER_WITHIN_S = 30.0
VERIFIED_WITHIN_S = 1800.0

Heads = dict[str, dict[int, int]]
"""Per service and partition the last position."""


class Operator:
    """A client of every service and sandbox of one installation."""

    def __init__(self, installation: Installation, http: httpx.AsyncClient, peers: Peers) -> None:
        self.installation = installation
        self._http = http
        self._signer = _signer(installation)
        self._feeds = {source: RemoteFeed(peers, source) for source in SOURCES}

    async def ask(
        self, service: str, request: str, *, body: Any = None, within_s: float = ANSWER_WITHIN_S
    ) -> Any:
        """The service's answer to `METHOD /path` as JSON. Raises `Refusal` with its words."""
        token = self._signer.issue(
            service, subject=f"service:{OPERATOR}", scopes=[INTERNAL], ttl_s=60
        )
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        return await self._send(service, request, body=body, headers=headers, limit_s=within_s)

    async def ask_publicly(self, service: str, request: str, *, body: Any = None) -> Any:
        """The same without a signature: as anybody's browser would ask."""
        headers = {"Idempotency-Key": str(new_id())}
        return await self._send(
            service, request, body=body, headers=headers, limit_s=ANSWER_WITHIN_S
        )

    async def ask_sandbox(self, sandbox: str, request: str) -> Any:
        """A sandbox's answer as JSON."""
        secrets = self.installation.secrets
        keys = {"gateway": secrets.gateway_key, "panel": secrets.panel_key}
        headers = {"Authorization": f"Bearer {keys[sandbox]}"} if sandbox in keys else {}
        return await self._send(
            sandbox, request, body=None, headers=headers, limit_s=ANSWER_WITHIN_S
        )

    async def statuses(self) -> dict[str, dict[str, Any]]:
        """What each service says of itself."""
        answers = await asyncio.gather(
            *(self.ask(name, "GET /internal/status") for name in SERVICES)
        )
        return dict(zip(SERVICES, answers, strict=True))

    async def verify(self, service: str) -> list[dict[str, Any]]:
        """What the service's own verification has found."""
        answer = await self.ask(service, "GET /internal/verify", within_s=VERIFIED_WITHIN_S)
        findings: list[dict[str, Any]] = answer["findings"]
        return findings

    async def heads(self) -> Heads:
        """Where the public log of each service ends now."""
        found: Heads = {}
        for source, feed in self._feeds.items():
            with _in_words(source):
                found[source] = await feed.heads()
        return found

    async def events(
        self, *, after: Heads, upto: Heads, sources: Iterable[str] = SOURCES
    ) -> list[Record]:
        """The public events between two sets of heads, in the order of their instants."""
        found: list[Record] = []
        for source in sources:
            with _in_words(source):
                found += await self._events_of(
                    source, after=after.get(source, {}), upto=upto[source]
                )
        return sorted(found, key=_place)

    async def _events_of(
        self, source: str, *, after: Mapping[int, int], upto: Mapping[int, int]
    ) -> list[Record]:
        feed = self._feeds[source]
        return [
            record
            for partition, head in upto.items()
            async for record in read_all(feed, partition, after=after.get(partition, 0), upto=head)
        ]

    async def _send(
        self,
        name: str,
        request: str,
        *,
        body: Any,
        headers: Mapping[str, str],
        limit_s: float,
    ) -> Any:
        method, path = request.split(" ", maxsplit=1)
        try:
            answer = await self._http.request(
                method,
                self.installation.url(name) + path,
                json=body,
                headers=dict(headers),
                timeout=limit_s,
            )
        except httpx.TransportError:
            raise _silent(name) from None
        if answer.is_error:
            raise Refusal(name, answer)
        return answer.json() if answer.content else None


class Refusal(CannotRun):
    """A service's refusal, with its stable code and what it says about it."""

    def __init__(self, name: str, answer: httpx.Response) -> None:
        self.status = answer.status_code
        problem = _problem(answer)
        self.code = str(problem.get("code", ""))
        known = {k: v for k, v in problem.items() if k not in {"type", "status", "request_id"}}
        said = json.dumps(known, ensure_ascii=False) if known else answer.text[:300]
        super().__init__(f"{name} answered {answer.status_code}: {said}")


def _silent(name: str) -> CannotRun:
    return CannotRun(f"{name} does not answer. Is the platform up? See `faktura status`.")


@contextmanager
def _in_words(source: str) -> Iterator[None]:
    try:
        yield
    except Unavailable:
        raise _silent(source) from None


@asynccontextmanager
async def operating(installation: Installation) -> AsyncIterator[Operator]:
    """An operator for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        peers = Peers(installation.peers(), _signer(installation))
        stack.push_async_callback(peers.close)
        yield Operator(installation, http, peers)


def _signer(installation: Installation) -> Signer:
    return Signer(OPERATOR, json.loads(installation.secrets.signing_keys[OPERATOR]))


def _place(record: Record) -> tuple[Any, ...]:
    return (record.occurred_at, record.source, record.partition, record.position)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    body = answer.json()
    return body if isinstance(body, dict) else {}
