"""What the sandboxes' HTTP servers have in common: start, pages, refusals, keys."""

import asyncio
import hmac
import logging
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploy.local.sandbox.settings import SandboxSettings
from shared.logs import start_logs

T = TypeVar("T")

FOLDER = Path(__file__).parent
LARGEST_BODY_BYTES = 256 * 1024
PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Refused(HTTPException):
    """Answered as `{"error": {"code", "message"}}`."""

    def __init__(self, status_code: int, code: str, message: str) -> None:
        super().__init__(status_code, detail=message)
        self.code = code


def page(template: str, *, form_action: str = "", **values: Any) -> HTMLResponse:
    """A page that loads nothing but the sandboxes' own style sheet and runs no script."""
    policy = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; frame-src 'self';"
        f" base-uri 'none'; frame-ancestors 'none'; form-action 'self' {form_action}"
    )
    headers = {"Content-Security-Policy": policy.strip(), "Cache-Control": "no-store"}
    return HTMLResponse(PAGES.get_template(template).render(**values), headers=headers)


async def read_json(request: Request, kind: type[T]) -> T:
    """The request's body as `kind`, refused with 413 or 422 when it is not."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise Refused(413, "too_large", "The body is too large.")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except msgspec.DecodeError as error:
        raise Refused(422, "invalid_request", str(error)) from error


def require_key(request: Request, key: str) -> None:
    """Refuses a request that does not carry the API key."""
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
        raise Refused(401, "invalid_key", "The API key is missing or wrong.")


async def answer_refusal(request: Request, error: Exception) -> Response:
    """The JSON answer to a refusal, also to those of the router itself (404, 405)."""
    assert isinstance(error, HTTPException)
    code = error.code if isinstance(error, Refused) else "not_found"
    body = {"error": {"code": code, "message": error.detail}}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def create_server(routes: list[Route], lifespan: Any) -> Starlette:
    """The application of a sandbox: its routes, its style sheet, its readiness."""
    common = [
        Route("/health/ready", _ready),
        Route("/sandbox.css", _style),
    ]
    return Starlette(
        routes=[*routes, *common],
        lifespan=lifespan,
        exception_handlers={HTTPException: answer_refusal},
    )


def serve(app: Starlette, settings: SandboxSettings, *, name: str) -> None:
    """Serves until SIGTERM; requests that never end are cut after a second."""
    start_logs(name, "WARNING")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )


@asynccontextmanager
async def working(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` for as long as the server serves; the server ends when one of them fails."""
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_end_on_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_on_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logging.getLogger(__name__).critical(
            "work of the sandbox failed", exc_info=task.exception()
        )
        signal.raise_signal(signal.SIGTERM)


async def _ready(request: Request) -> Response:
    instance = os.environ.get("SANDBOX_INSTANCE", "")
    return JSONResponse({"status": "ready", "instance": instance})


async def _style(request: Request) -> Response:
    return FileResponse(FOLDER / "sandbox.css", media_type="text/css")
