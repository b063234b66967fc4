"""The other services as the portal's tests need them: one small HTTP server that answers for all.

It is told what to answer; what it was asked is kept, so that a test can look at the request.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.ids import new_id
from tests.servers import free_port

PROBLEM = "application/problem+json"
CSRF = "csrf-of-the-session"


@dataclass(frozen=True)
class Asked:
    """One request that the portal made."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]
    query: str = ""


@dataclass
class Neighbours:
    """Answers by method and path; sessions by the cookie's value."""

    url: str
    answers: dict[tuple[str, str], Response] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(
        self, method: str, path: str, body: Any, *, status: int = 200, **headers: str
    ) -> None:
        """What to say to this request from now on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[method, path] = JSONResponse(body, status, named)

    def refuse(self, method: str, path: str, *, status: int, code: str, **more: Any) -> None:
        """Refuse this request from now on, with a problem of that code."""
        body = {"code": code, "title": "No.", "status": status, **more}
        self.answers[method, path] = JSONResponse(body, status, media_type=PROBLEM)

    def sign_in(
        self, cookie: str, *, account_id: UUID | None, scope: str = "client", brand: str = "ponto"
    ) -> None:
        """From now on a browser with this cookie is signed in."""
        self.sessions[cookie] = {
            "user_id": str(new_id()),
            "account_id": str(account_id) if account_id else None,
            "brand": brand,
            "language": "pt-BR",
            "scopes": [scope],
            "token": f"token-of-{cookie}",
            "csrf": CSRF,
        }

    def last(self, path: str) -> Asked:
        """The latest request to that path."""
        return next(each for each in reversed(self.asked) if each.path == path)

    def requests_to(self, path: str, method: str = "") -> list[Asked]:
        """All requests to that path, or those with the method."""
        return [each for each in self.asked if each.path == path and method in each.method]

    async def serve(self, request: Request) -> Response:
        """Answer one request."""
        raw = await request.body()
        is_file = request.headers.get("content-type") == "application/octet-stream"
        body: Any = raw if is_file else (await request.json() if raw else {})
        path, query = request.url.path, request.url.query
        self.asked.append(Asked(request.method, path, body, dict(request.headers), query))
        if path == "/internal/sessions/resolve":
            return self._resolve(body["session"])
        return self.answers.get((request.method, path)) or _no_such_address()

    def _resolve(self, cookie: str) -> Response:
        session = self.sessions.get(cookie)
        if session is None:
            body = {"code": "session_ended", "title": "Ended.", "status": 401}
            return JSONResponse(body, 401, media_type=PROBLEM)
        return JSONResponse(session)


def _no_such_address() -> Response:
    body = {"code": "no_such_address", "title": "None.", "status": 404}
    return JSONResponse(body, 404, media_type=PROBLEM)


@asynccontextmanager
async def neighbours() -> AsyncIterator[Neighbours]:
    """The server, for the time of the block."""
    port = free_port()
    told = Neighbours(f"http://127.0.0.1:{port}")
    methods = ["GET", "POST", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", told.serve, methods=methods)])
    async with listening(app, port):
        yield told


@asynccontextmanager
async def listening(app: Any, port: int) -> AsyncIterator[None]:
    """The application on a port of this machine, for the time of the block."""
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.should_exit = True
        await task
