"""Routes that declare their access, and what every request goes through before and after them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPMethod
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.database import LOST, PoolReads, is_lost
from shared.errors import (
    ConcurrentWrite,
    DomainError,
    Forbidden,
    TooMany,
    Unauthenticated,
    Unavailable,
    problem,
)
from shared.http.access import Access, Gate, Rate, Repeat, Who
from shared.http.document import Document
from shared.http.json_body import check_json
from shared.http.repeats import keep_answer, kept_answer, key_of, with_position
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import COMMANDS

_USUAL_REPEAT = {
    HTTPMethod.GET: Repeat.READS,
    HTTPMethod.POST: Repeat.KEYED,
    HTTPMethod.PUT: Repeat.NATURAL,
    HTTPMethod.DELETE: Repeat.NATURAL,
}

Handler = Callable[[Request], Awaitable[Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Router:
    """A service's routes. Each names who may call it; what it can answer stands in the OpenAPI."""

    def __init__(self, *, tags: Iterable[str] = ()) -> None:
        self.api = APIRouter(tags=list(tags))
        self.documents: list[Document] = []

    def get(self, path: str, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A read."""
        return self._declare(HTTPMethod.GET, path, **declared)

    def document(self, path: str, *, who: Who, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """A hot read of one document. The parameters of its path are ids, and it takes no others.

        It returns the finished response: see shared.http.document for the short way that it takes.
        """
        access = Access(who=who, rate=_usual_rate(HTTPMethod.GET, who), repeat=Repeat.READS)
        declare = self.get(path, who=who, **declared)

        def register(endpoint: Endpoint) -> Endpoint:
            self.documents.append(Document(path, access, endpoint))
            return declare(endpoint)

        return register

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
        access = Access(who=who, rate=rate, repeat=repeat, scope=options.pop("scope", ""))

        def register(endpoint: Endpoint) -> Endpoint:
            self.api.add_api_route(
                path,
                endpoint,
                methods=[method.value],
                route_class_override=_route_class(access),
                responses=_responses((*errors, *_always(access))),
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
            await check_json(request, is_signed=access.is_signed)
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
    key = await key_of(request) if repeat is Repeat.KEYED else None

    async def work(tx: Transaction) -> Response:
        request.state.tx = tx
        kept = await kept_answer(key, tx.read, store=store) if key else None
        if kept is not None:
            return kept
        answer = await handle(request)
        if key:
            keep_answer(key, answer, tx=tx)
        return answer

    try:
        answer = await store.run(cause, work)
    except DomainError as error:
        if key is None or (
            isinstance(error, Unavailable) and not isinstance(error, ConcurrentWrite)
        ):
            raise
        # The same request may have been first, and this one refused because of what it did.
        kept = await kept_answer(key, PoolReads(store.pool), store=store)
        if kept is None:
            raise
        return kept
    return with_position(answer, request.state.tx)


def _usual_rate(method: HTTPMethod, who: Who) -> Rate:
    if who is Who.INTERNAL:
        return Rate.INTERNAL
    return Rate.READ if method is HTTPMethod.GET else Rate.WRITE


def _route_class(access: Access) -> type[DeclaredRoute]:
    return type("DeclaredRoute", (DeclaredRoute,), {"access": access})


def _always(access: Access) -> tuple[type[DomainError], ...]:
    """How the gate refuses, whatever the route is about."""
    if access.who is Who.PUBLIC:
        return (TooMany,)
    return (Unauthenticated, Forbidden, TooMany)


def _responses(errors: Iterable[type[DomainError]]) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its OpenAPI, joined where several have one status."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in dict.fromkeys(errors):
        refusal = error()
        entry = found.setdefault(int(error.status), {"description": "", "content": {}})
        entry["description"] = f"{entry['description']} {refusal.message}".strip()
        problems = entry["content"].setdefault(
            "application/problem+json", {"schema": PROBLEM, "examples": {}}
        )
        problems["examples"][refusal.code] = {
            "summary": refusal.message,
            "value": problem(refusal, request_id="01939000-0000-7000-8000-000000000000"),
        }
    return found


PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal (RFC 9457). `code` is stable; `facts` are what may be told.",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "facts": {"type": "object"},
    },
}
