"""The application factory: what a service's composition root hands its parts to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from nats.aio.client import Client
from starlette.types import ASGIApp

from shared import bus
from shared.consumers.group import Consumers
from shared.contracts import SOURCES
from shared.database import acquire
from shared.errors import Unavailable
from shared.figures import Figures, note_verification
from shared.garbage import seldom_collected
from shared.heartbeat import HEARTBEATS, Watchdog
from shared.http.access import Gate
from shared.http.document import DocumentsFirst
from shared.http.internal import router as internal_router
from shared.http.limits import MAX_BODY_BYTES, Guards, has_card_in_address
from shared.http.parked import router as parked_router
from shared.http.problems import answer_problems
from shared.http.route import DeclaredRoute, Router
from shared.logs import start_logs
from shared.relay import Relay
from shared.settings import Settings
from shared.startup import wait_until_it_answers
from shared.store import EventStore
from shared.telemetry import start_telemetry
from shared.tokens import Signer, Verifier
from shared.verify import Check, Finding, verify_log, verify_parked, verify_views
from shared.wakeup import end, run_forever

DRAIN_S = 6
"""For requests under way; with what follows them, a stop takes less than ten seconds."""
POOL_CLOSE_S = 2
READY_WITHIN_S = 20.0
"""A loop that has been silent for longer is not at work."""
Loop = Callable[[], Awaitable[None]]


async def nothing_special() -> dict[str, Any]:
    """The default of `Service.report`."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts of a running service, as its app.py has built them.

    `state` is what its routes need besides the store; `loops` run for as long as the service does
    and are started again when they fail; `checks` are run by verification; `report` adds the
    service's own figures to its status; `drain` ends answers that would go on for ever when the
    process is told to stop; `close` ends what app.py has opened. `large_bodies`: path -> bytes that
    it takes, where that is more than elsewhere.
    """

    settings: Settings
    store: EventStore
    signer: Signer
    consumers: Consumers
    routers: Sequence[Router]
    state: Any = None
    loops: Mapping[str, Loop] = field(default_factory=dict)
    checks: Sequence[Check] = ()
    report: Callable[[], Awaitable[dict[str, Any]]] = nothing_special
    drain: Callable[[], None] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    max_body_bytes: int = MAX_BODY_BYTES
    large_bodies: Mapping[str, int] = field(default_factory=dict)


class GuardedApp(FastAPI):
    """An application inside its guards: even the answer to a fault of ours passes through them."""

    def __init__(self, service: Service, **options: Any) -> None:
        super().__init__(**options)
        self._guards = partial(
            Guards,
            hosts=service.settings.allowed_hosts,
            max_body_bytes=service.max_body_bytes,
            large_bodies=service.large_bodies,
        )

    def build_middleware_stack(self) -> ASGIApp:
        """See Starlette."""
        return self._guards(super().build_middleware_stack())


def create_app(service: Service) -> FastAPI:
    """The service's HTTP application; its lifespan runs the relay, the consumers and the loops."""
    app = GuardedApp(
        service,
        title=f"Faktura {service.settings.service}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan(service),
        telemetry={"logs": False, "exclude": has_card_in_address},
    )
    settings = service.settings
    verifier = Verifier(settings.service, peers=settings.peers, operator_jwk=settings.operator_jwk)
    app.state.gate = Gate(verifier)
    app.state.verifier = verifier
    app.state.store = service.store
    app.state.signer = service.signer
    app.state.verify = lambda: _verify(service)
    app.state.service = service.state
    app.state.settings = settings
    app.state.is_started = False
    app.state.ready = lambda: _check_ready(app, service)
    app.state.figures = Figures(settings, service.store, service.consumers, report=service.report)
    app.state.status = app.state.figures.status
    documents = [document for router in service.routers for document in router.documents]
    app.add_middleware(DocumentsFirst, documents=documents)
    for router in (*service.routers, internal_router, parked_router):
        check_declared_routes(router)
        app.include_router(router.api)
    answer_problems(app)
    return app


def check_declared_routes(router: Router) -> None:
    """Every route says who may call it: none came into the router past its own methods."""
    for route in router.api.routes:
        assert isinstance(route, DeclaredRoute), f"{route} does not declare its access"


def serve(build: Callable[[], Awaitable[Service]], settings: Settings) -> None:
    """Run one service as this process until it is told to stop; it drains for ten seconds."""
    start_logs(settings.service, settings.log_level)
    start_telemetry(settings.service, otlp_endpoint=settings.otlp_endpoint)
    uvloop.run(_serve(build, settings))


async def _serve(build: Callable[[], Awaitable[Service]], settings: Settings) -> None:
    await wait_until_it_answers(settings.database_url.get_secret_value())
    service = await build()
    config = server_settings(create_app(service))
    ports = [port for port in (settings.port, settings.ops_port) if port]
    sockets = [_listen(settings.host, port) for port in ports]
    with seldom_collected():
        await DrainingServer(config, drain=service.drain).serve(sockets=sockets)


def server_settings(app: ASGIApp) -> uvicorn.Config:
    """How every service's server runs."""
    return uvicorn.Config(
        app,
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=DRAIN_S,
        limit_concurrency=500,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


class DrainingServer(uvicorn.Server):
    """Ends endless answers when it is told to stop, so that they do not use up the drain."""

    def __init__(self, config: uvicorn.Config, *, drain: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._drain = drain
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn; called by the signal, between any two instructions."""
        if self._drain:
            self._loop.call_soon_threadsafe(self._drain)
        super().handle_exit(sig, frame)


def _lifespan(service: Service) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.consumers.load()
        client, dialling = bus.dial(service.settings)
        loops = _loops(app, service, client=client, dialling=dialling)
        tasks = [asyncio.create_task(run_forever(name, loop)) for name, loop in loops.items()]
        watchdog = Watchdog()
        watchdog.start()
        app.state.is_started = True
        yield
        app.state.is_started = False
        watchdog.end()
        await end([*tasks, dialling])
        await bus.close(client)
        if service.close:
            await service.close()
        await _close_pool(service.store)

    return lifespan


def _loops(
    app: FastAPI, service: Service, *, client: Client, dialling: "asyncio.Task[None]"
) -> dict[str, Loop]:
    """All loops of the service by name; those that need the bus wait for it."""
    loops: dict[str, Loop] = {
        **service.loops,
        **service.consumers.loops(client),
        "figures": app.state.figures.run,
    }
    if service.settings.service in SOURCES:
        relay = Relay(service.store, client)
        loops["relay"] = partial(relay.run, replicas=service.settings.nats_replicas)
    return {
        name: partial(bus.when_connected, dialling, loop) if _needs_bus(name) else loop
        for name, loop in loops.items()
    }


def _needs_bus(loop: str) -> bool:
    return loop == "relay" or loop.startswith("bus/")


async def _close_pool(store: EventStore) -> None:
    """Let the connections finish; cut them when the server does not answer."""
    try:
        await asyncio.wait_for(store.pool.close(), POOL_CLOSE_S)
    except TimeoutError:
        store.pool.terminate()


async def _check_ready(app: FastAPI, service: Service) -> None:
    """`Unavailable` unless the database answers and every loop is at work."""
    async with acquire(service.store.pool) as db:
        await db.fetchval("select 1")
    silent_s = max(HEARTBEATS.ages().values(), default=0.0)
    if not app.state.is_started or silent_s > READY_WITHIN_S:
        raise Unavailable(what="consumers")


async def _verify(service: Service) -> list[Finding]:
    store = service.store
    findings = await verify_log(store.pool, store.service)
    findings += await verify_views(service.consumers, store.pool, keyring=store.keyring)
    async with acquire(store.pool) as db:
        findings += await verify_parked(db)
        for check in service.checks:
            findings += await check(db)
    note_verification(store.service, findings)
    return findings
