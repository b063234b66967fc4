"""What every service answers about itself: health, feed, status, verification, its public key."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.envelope import PARTITIONS
from shared.errors import NotFound
from shared.feed import LONGEST_PAGE, PAGE, LocalFeed
from shared.http.access import Who
from shared.http.call import Call
from shared.http.route import Router

router = Router(tags=["internal"])

LAST_POSITION = 2**63 - 1


@router.get("/health/live", who=Who.PUBLIC)
async def get_live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@router.get("/health/ready", who=Who.PUBLIC)
async def get_ready(call: Call) -> dict[str, str]:
    """This process can do its work: its database answers and its loops run.

    `instance` says which process answers: on its port there could be another's.
    """
    await call.request.app.state.ready()
    return {"status": "ready", "instance": call.request.app.state.settings.instance}


@router.get("/metrics", who=Who.PUBLIC)
async def get_metrics(call: Call) -> Response:
    """The process's figures for Prometheus. `NotFound` on any port but the one for operators."""
    _, port = call.request.scope["server"]
    if port is None or port != call.request.app.state.settings.ops_port:
        raise NotFound()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/jwks.json", who=Who.PUBLIC)
async def get_jwks(call: Call) -> dict[str, Any]:
    """The key that this service's tokens are checked with (RFC 7517)."""
    jwks: dict[str, Any] = call.request.app.state.signer.jwks()
    return jwks


@router.get("/internal/feed/heads", who=Who.INTERNAL)
async def get_feed_heads(call: Call) -> dict[int, int]:
    """The last position of each partition that has events."""
    return await LocalFeed(call.db, call.store.service).heads()


@router.get("/internal/feed", who=Who.INTERNAL)
async def get_feed(
    call: Call,
    partition: Annotated[int, Query(ge=0, lt=PARTITIONS)],
    after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> StreamingResponse:
    """Records of one partition after a position, one JSON object a line, in order."""
    parts = LocalFeed(call.db, call.store.service).lines(partition, after=after, limit=limit)
    first = await anext(parts, b"")  # what cannot be begun is refused with a status

    async def lines() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@router.get("/internal/status", who=Who.INTERNAL)
async def get_status(call: Call) -> dict[str, Any]:
    """What is unpublished, how far each consumer is behind, what is parked or waits."""
    status: dict[str, Any] = await call.request.app.state.status()
    return status


@router.get("/internal/verify", who=Who.INTERNAL)
async def get_verify(call: Call) -> dict[str, Any]:
    """Every check of the service; `findings` is empty when all holds."""
    findings = await call.request.app.state.verify()
    return {"service": call.store.service, "findings": findings}
