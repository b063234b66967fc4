"""Calls to the other services: signed, traced and with a time limit on each."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import stamina

from shared.errors import (
    Conflict,
    Declined,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from shared.networks import VOUCHER_HEADER
from shared.telemetry import current_traceparent
from shared.tokens import INTERNAL, Signer

TIMEOUT_S = 5
ATTEMPTS = 3
NO_MORE_AFTER_S = 7
"""Of silent processes two are asked, and no third: who waits for the answer waits ten seconds."""
_KINDS: dict[int, type[DomainError]] = {
    int(kind.status): kind
    for kind in (
        Invalid,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        Stale,
        Declined,
        TooMany,
        Unavailable,
    )
}


class RemoteProblem(DomainError):
    """Another service refused."""

    def __init__(self, body: Mapping[str, Any], status: int) -> None:
        super().__init__(**body.get("facts", {}))
        self.status = _KINDS.get(status, Unavailable).status  # type: ignore[misc]
        self.remote_code = str(body.get("code", "unavailable"))
        self.errors: list[dict[str, str]] = body.get("errors", [])
        self.remote_message = str(body.get("title", self.message))
        self.args = (self.remote_message,)

    @property
    def code(self) -> str:
        """The code that the other service gave."""
        return self.remote_code


class Addresses:
    """Where the processes of each service answer: the one that did last, then the others."""

    def __init__(self, known: Mapping[str, Sequence[str] | str]) -> None:
        self._known = {
            peer: (given,) if isinstance(given, str) else tuple(given)
            for peer, given in known.items()
        }
        self._first: dict[str, int] = {}

    def __contains__(self, peer: str) -> bool:
        return peer in self._known

    def of(self, peer: str) -> str:
        """The address to ask now."""
        known = self._known[peer]
        return known[self._first.get(peer, 0) % len(known)]

    def all_of(self, peer: str) -> Sequence[str]:
        """The addresses of all its processes."""
        return self._known[peer]

    def pass_over(self, peer: str, address: str) -> None:
        """Ask the next one from now on: this one did not answer."""
        if self.of(peer) == address:
            self._first[peer] = self._first.get(peer, 0) + 1


class Peers:
    """The other services by name."""

    def __init__(self, addresses: Mapping[str, Sequence[str] | str], signer: Signer) -> None:
        self.addresses = Addresses(addresses)
        self._signer = signer
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    async def call(
        self,
        peer: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer of `peer`; refusals are raised as `RemoteProblem`, silence as `Unavailable`.

        The body is `json`, or `content` as it is. Without a user's `token` the call is signed as
        this service's own. A GET is tried again, at the peer's next process if it has one, when the
        connection fails; anything else only when none came about, because its outcome is not known
        otherwise.
        """
        is_safe_to_repeat = httpx.TransportError if method == "GET" else httpx.ConnectError
        answer: httpx.Response | None = None
        try:
            async for attempt in stamina.retry_context(
                on=is_safe_to_repeat,
                attempts=ATTEMPTS,
                timeout=NO_MORE_AFTER_S,
                wait_initial=0.05,
                wait_max=0.5,
                wait_jitter=0.1,
            ):
                with attempt, self._at(peer) as address:
                    answer = await self._http.request(
                        method,
                        f"{address}{path}",
                        json=json,
                        content=content,
                        params=params,
                        headers={
                            **self._credentials(peer, token),
                            "traceparent": current_traceparent(),
                            **(headers or {}),
                        },
                    )
        except httpx.HTTPError as error:
            raise Unavailable(what=peer) from error
        assert answer is not None, "an attempt answered or raised"
        if answer.is_error:
            raise RemoteProblem(_problem_of(answer), answer.status_code)
        return answer

    def vouch(self, peer: str) -> dict[str, str]:
        """The header by which `peer` believes what we say of the visitor in a user's call."""
        return {VOUCHER_HEADER: self._own_token(peer)}

    async def ask_each(self, peer: str, path: str) -> list[httpx.Response | None]:
        """What each process of the peer answers to GET `path`; None for one that does not."""
        addresses = self.addresses.all_of(peer)
        return await asyncio.gather(*(self._ask_at(peer, f"{each}{path}") for each in addresses))

    async def _ask_at(self, peer: str, url: str) -> httpx.Response | None:
        try:
            answer = await self._http.get(url, headers=self._credentials(peer, None))
        except httpx.HTTPError:
            return None
        return None if answer.is_error else answer

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @contextmanager
    def _at(self, peer: str) -> Iterator[str]:
        address = self.addresses.of(peer)
        try:
            yield address
        except httpx.TransportError:
            self.addresses.pass_over(peer, address)
            raise

    def _credentials(self, peer: str, token: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {token or self._own_token(peer)}"}

    def _own_token(self, peer: str) -> str:
        own = f"service:{self._signer.issuer}"
        return self._signer.issue(peer, subject=own, scopes=[INTERNAL], ttl_s=60)


def _problem_of(answer: httpx.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    body = answer.json()
    return body if isinstance(body, dict) else {}
