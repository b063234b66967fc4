"""Routes that declare their access, and what every request goes through before and after them."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPMethod
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.database import LOST, is_lost
from shared.errors import DomainError, Invalid, Unavailable
from shared.http.access import Access, Gate, Rate, Repeat, Who
from shared.http.json_body import check_json
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import COMMANDS

KEY_LENGTH = 200

_USUAL_REPEAT = {
    HTTPMethod.GET: Repeat.READS,
    HTTPMethod.POST: Repeat.KEYED,
    HTTPMethod.PUT: Repeat.NATURAL,
    HTTPMethod.DELETE: Repeat.NATURAL,
}

Handler = Callable[[Request], Awaitable[Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class IdempotencyKeyMissing(Invalid):
    """This request needs an Idempotency-Key header of 1 to 200 characters."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used before with another request."""


class Router:
    """A service's routes. Each names who may call it; what it can answer stands in the OpenAPI."""

    def __init__(self, *, tags: Iterable[str] = ()) -> None:
        self.api = APIRouter(tags=list(tags))

    def get(self, path: str, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A read."""
        return self._declare(HTTPMethod.GET, path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A write that wants an Idempotency-Key, unless `repeat` says otherwise."""
        return self._declare(HTTPMethod.POST, path, **declared)

    def put(self, path: str, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A write that is safe to repeat by its nature."""
        return self._declare(HTTPMethod.PUT, path, **declared)

    def delete(self, path: str, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A removal, safe to repeat by its nature."""
        return self._declare(HTTPMethod.DELETE, path, **declared)

    def _declare(
        self,
        method: HTTPMethod,
        path: str,
        *,
        who: Who,
        errors: Iterable[type[DomainError]] = (),
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        rate = options.pop("rate", _usual_rate(method, who))
        repeat = options.pop("repeat", _USUAL_REPEAT[method])
        access = Access(who=who, rate=rate, repeat=repeat)

        def register(endpoint: Endpoint) -> Endpoint:
            self.api.add_api_route(
                path,
                endpoint,
                methods=[method.value],
                route_class_override=_route_class(access),
                responses=_responses(errors),
                **options,
            )
            return endpoint

        return register


class DeclaredRoute(APIRoute):
    """A route with its access: admits the caller, opens the transaction, keeps the answer."""

    access: Access

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The way of a request: admit, parse, then the route in its transaction."""
        handle = super().get_route_handler()
        access = self.access

        async def admitted(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            request.state.caller = await gate.admit(request, access)
            await check_json(request)
            try:
                if access.repeat in (Repeat.READS, Repeat.OWN):
                    return await handle(request)
                with _counted_command() as outcome:
                    response = await _write(request, handle, repeat=access.repeat)
                    outcome.replayed = "Idempotency-Replayed" in response.headers
                    return response
            except LOST as error:
                if is_lost(error):
                    raise Unavailable(what="database") from error
                raise

        return admitted


@dataclass
class _Outcome:
    replayed: bool = False


@contextmanager
def _counted_command() -> Iterator[_Outcome]:
    """Count the command by what became of it: accepted, replayed, a kind of refusal, or a fault."""
    outcome, word = _Outcome(), "fault"
    try:
        yield outcome
        word = "replayed" if outcome.replayed else "accepted"
    except DomainError as refusal:
        word = refusal.status.name.lower()
        raise
    finally:
        COMMANDS.add(1, {"outcome": word})


async def _write(request: Request, handle: Handler, *, repeat: Repeat) -> Response:
    """Run the write in its transaction; on what another left, if that one was first."""
    store: EventStore = request.app.state.store
    cause = Cause(actor=request.state.caller.actor, correlation_id=request.state.request_id)

    async def work(tx: Transaction) -> Response:
        request.state.tx = tx
        if repeat is Repeat.NATURAL:
            return _with_position(tx, await handle(request))
        return await _once(tx, request, handle=handle)

    return await store.run(cause, work)


async def _once(tx: Transaction, request: Request, *, handle: Handler) -> Response:
    """Carry out a request with a key that is new; for one that is known, the answer of then."""
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= KEY_LENGTH or not key.isprintable():
        raise IdempotencyKeyMissing()
    kept = await _claim_key(tx, request, key=key)
    if kept is not None:
        return kept
    response = _with_position(tx, await handle(request))
    await _keep(tx, request, key=key, response=response)
    return response


def _with_position(tx: Transaction, response: Response) -> Response:
    if tx.positions:
        service = tx.store.service
        at = ",".join(f"{service}/{part}/{pos}" for part, pos in tx.positions.items())
        response.headers["Faktura-Position"] = at
    return response


async def _claim_key(tx: Transaction, request: Request, *, key: str) -> Response | None:
    """None: the key is new and ours now. Otherwise the answer that was given for it."""
    caller = request.state.caller.actor
    asked = hashlib.sha256(
        f"{request.method} {request.url.path}\n".encode() + await request.body()
    ).digest()
    is_new = await tx.db.fetchval(
        """insert into idempotency_key (caller, key, request_hash) values ($1, $2, $3)
           on conflict do nothing returning true""",
        caller,
        key,
        asked,
    )
    if is_new:
        return None
    row = await tx.db.fetchrow(
        "select * from idempotency_key where caller = $1 and key = $2", caller, key
    )
    assert row is not None, "a key that could not be claimed exists"
    if row["request_hash"] != asked:
        raise IdempotencyKeyReused()
    headers = msgspec.json.decode(row["headers"])
    return Response(row["body"], row["status"], {**headers, "Idempotency-Replayed": "true"})


async def _keep(tx: Transaction, request: Request, *, key: str, response: Response) -> None:
    kept = ("content-type", "etag", "location", "faktura-position")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    await tx.db.execute(
        """update idempotency_key set status = $3, headers = $4, body = $5
           where caller = $1 and key = $2""",
        request.state.caller.actor,
        key,
        response.status_code,
        msgspec.json.encode(headers).decode(),
        bytes(response.body),
    )


def _usual_rate(method: HTTPMethod, who: Who) -> Rate:
    if who is Who.INTERNAL:
        return Rate.INTERNAL
    return Rate.READ if method is HTTPMethod.GET else Rate.WRITE


def _route_class(access: Access) -> type[DeclaredRoute]:
    return type("DeclaredRoute", (DeclaredRoute,), {"access": access})


def _responses(errors: Iterable[type[DomainError]]) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its OpenAPI, joined where several have one status."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        sentence = (error.__doc__ or "").strip().splitlines()[0]
        entry = found.setdefault(int(error.status), {"description": ""})
        entry["description"] = f"{entry['description']} {sentence}".strip()
        entry["content"] = {"application/problem+json": {}}
    return found
