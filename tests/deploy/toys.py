"""Small programs and sandboxes for the tests of the local platform."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.installation import Installation
from deploy.local.ports import claimed_ports
from deploy.local.programs import Program
from deploy.local.state import Home
from tests.servers import free_port

ANSWERS_READY = """
import http.server, json, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps({"instance": "".join(sys.argv[2:])}).encode())
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
HEEDS_NOTHING = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True: time.sleep(1)
"""


def home_in(folder: Path) -> Home:
    """An installation's folder with nothing in it."""
    home = Home(folder / "faktura")
    home.make()
    return home


def installation_in(home: Home, *, processes: int = 1) -> Installation:
    """As a supervisor left it that has run there."""
    home.make()
    with claimed_ports(home, processes=processes):
        return Installation.open(home)


async def always_ready() -> bool:
    """The readiness of a program that is ready at once."""
    return True


def toy(name: str, code: str, *arguments: str, **changes: Any) -> Program:
    """A program that runs Python code."""
    options: dict[str, Any] = {"is_ready": always_ready, "environment": os.environ} | changes
    return Program(name=name, command=(sys.executable, "-c", code, *arguments), **options)


def has_ended(pid: int) -> bool:
    """Whether there is no such process any more (a zombie has ended)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def kill(pid: int | None) -> None:
    """Ends a process as a crash does."""
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application while a real server serves it."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    server.should_exit = True
    await task


@dataclass
class Receiver:
    """A merchant's webhook address; `answers` are its next status codes, then 200 for ever."""

    answers: list[int] = field(default_factory=list)
    taken: asyncio.Queue[tuple[bytes, dict[str, str]]] = field(default_factory=asyncio.Queue)
    url: str = ""

    async def hook(self, request: Request) -> Response:
        """Takes a webhook."""
        await self.taken.put((await request.body(), dict(request.headers)))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        """Listens for the time of the block."""
        app = Starlette(routes=[Route("/hook", self.hook, methods=["POST"])])
        async with serving(app) as client:
            self.url = f"{client.base_url}/hook"
            yield self

    async def next(self) -> tuple[bytes, dict[str, str]]:
        """The next webhook: raw body and headers."""
        return await asyncio.wait_for(self.taken.get(), 10)
