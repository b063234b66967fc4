"""Pure ASGI guards around every service: sizes, time, hosts, request ids, security headers."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import unquote_plus

import msgspec
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.card_numbers import CardNumberRefused, has_card_number
from shared.errors import DomainError, Invalid, problem
from shared.ids import new_id

MAX_BODY_BYTES = 1024 * 1024
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
MAX_URL_BYTES = 8 * 1024
READ_DEADLINE_S = 15.0

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cache-Control": "no-store",
}
_RAW_SECURITY_HEADERS = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]

log = structlog.get_logger()


class BodyTooLarge(Invalid):
    """The body is larger than this service takes (1 MiB)."""

    status = 413  # type: ignore[assignment]


class UrlTooLong(Invalid):
    """The address is longer than this service takes."""

    status = 414  # type: ignore[assignment]


class HeadersTooLarge(Invalid):
    """The headers are more or longer than this service takes."""

    status = 431  # type: ignore[assignment]


class UnknownHost(Invalid):
    """This service does not answer under that host name."""

    status = 400  # type: ignore[assignment]


class AmbiguousLength(Invalid):
    """The request says in two ways where its body ends."""

    status = 400  # type: ignore[assignment]


class RequestTooSlow(Invalid):
    """The body did not arrive in time."""

    status = 408  # type: ignore[assignment]


class Guards:
    """Refuses what no route should have to look at, and dresses every answer.

    `large_bodies`: path -> bytes, for the few that take files.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        max_body_bytes: int,
        large_bodies: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._max_body_bytes = max_body_bytes
        self._large_bodies = large_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        named = str(request_id)
        structlog.contextvars.bind_contextvars(request_id=named)
        dressed = _Dressed(send, named)
        body = _MeasuredBody(receive, self._limit(scope))
        try:
            self._check(scope)
            await self._app(scope, body.receive, dressed)
        except (BodyTooLarge, UrlTooLong, HeadersTooLarge, UnknownHost, AmbiguousLength,
                RequestTooSlow, CardNumberRefused) as error:  # fmt: skip
            if not dressed.started:
                await _answer(dressed, error, request_id=named)

    def _check(self, scope: Scope) -> None:
        raw = scope["headers"]
        if len(raw) > MAX_HEADERS or sum(len(k) + len(v) for k, v in raw) > MAX_HEADER_BYTES:
            raise HeadersTooLarge()
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_URL_BYTES:
            raise UrlTooLong()
        if has_card_in_address(scope):
            raise CardNumberRefused(field="address")
        headers = dict(raw)
        if b"transfer-encoding" in headers and b"content-length" in headers:
            raise AmbiguousLength()
        given = headers.get(b"host", b"").decode("latin-1")
        host = given.rpartition(":")[0] or given
        hosts = sum(name == b"host" for name, _ in raw)
        if hosts != 1 or not self._is_known(host.lower()):
            raise UnknownHost()
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit(scope):
            raise BodyTooLarge()

    def _limit(self, scope: Scope) -> int:
        return self._large_bodies.get(scope["path"], self._max_body_bytes)

    def _is_known(self, host: str) -> bool:
        if host in self._hosts:
            return True
        parent = host.partition(".")[2]
        return bool(parent) and f"*.{parent}" in self._hosts


def has_card_in_address(scope: Scope) -> bool:
    """Whether a card's number stands in path or query, as they were typed.

    Such a request is refused, and has no span: the span would hold the address.
    """
    query: bytes = scope.get("query_string", b"")
    return has_card_number(f"{scope['path']} {unquote_plus(query.decode('latin-1'))}")


class _MeasuredBody:
    """Counts the body as it arrives and wants it whole within the deadline."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._deadline = asyncio.get_running_loop().time() + READ_DEADLINE_S
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise RequestTooSlow() from error
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise BodyTooLarge()
        self._complete = not message.get("more_body", False)
        return message


class _Dressed:
    """Adds the request id and the security headers that a route has not set itself."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = message.get("headers", ())
            names = {name.lower() for name, _ in given}
            message["headers"] = [
                *given,
                (b"faktura-request", self._request_id.encode()),
                *(header for header in _RAW_SECURITY_HEADERS if header[0] not in names),
            ]
        await self._send(message)


async def _answer(send: Send, error: DomainError, *, request_id: str) -> None:
    body = msgspec.json.encode(problem(error, request_id=request_id))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    status = int(error.status)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
