"""HTTP calls to systems that are not ours: bounded in time and size, never redirected.

What comes back is data to be checked; anything odd means that we do not know what happened there.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from shared.errors import Unavailable
from shared.telemetry import current_traceparent

TOTAL_S = 10
LARGEST_ANSWER_BYTES = 1024 * 1024


class OutcomeUnknown(Unavailable):
    """The other side did not answer in a way that can be trusted; it may or may not have acted."""


@dataclass(frozen=True, kw_only=True)
class OutsideAnswer:
    """A complete answer of the other side, not looked into yet."""

    status: int
    content: bytes


class OutsideSystem:
    """One system that is not ours, reached under `url` with a bearer `key`."""

    def __init__(self, *, name: str, url: str, key: SecretStr) -> None:
        self._name = name
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {key.get_secret_value()}"},
            timeout=TOTAL_S,
            follow_redirects=False,
            trust_env=False,
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OutsideAnswer:
        """The answer within ten seconds in all and one MiB, else `OutcomeUnknown`. Tried once."""
        try:
            request = self._http.build_request(
                method,
                path,
                json=json,
                params=params,
                headers={"traceparent": current_traceparent(), **(headers or {})},
            )
            async with asyncio.timeout(TOTAL_S):
                answer, content = await exchange(self._http, request, what=self._name)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise self.unknown(type(error).__name__) from error
        return OutsideAnswer(status=answer.status_code, content=content)

    def unknown(self, cause: str) -> OutcomeUnknown:
        """The error that says why the other side's word is no word."""
        return OutcomeUnknown(what=self._name, cause=cause)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, *, what: str
) -> tuple[httpx.Response, bytes]:
    """The answer and its content, if that is at most one MiB; else `OutcomeUnknown` of `what`."""
    answer = await http.send(request, stream=True)
    try:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > LARGEST_ANSWER_BYTES:
                raise OutcomeUnknown(what=what, cause="answer too large")
    finally:
        await answer.aclose()
    return answer, bytes(content)
