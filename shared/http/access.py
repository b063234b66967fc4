"""Who may call a route, and how often. Every route declares it; a test finds one that does not."""

from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request

from shared.errors import Forbidden, TooMany, Unauthenticated
from shared.http.rate import RateCounter
from shared.tokens import ANONYMOUS, INTERNAL, Caller, Verifier


class Who(StrEnum):
    """The callers that a route is for."""

    PUBLIC = "public"
    USER = "user"
    CLIENT = "client"
    STAFF = "staff"
    INTERNAL = INTERNAL


class Rate(StrEnum):
    """How often one caller may call routes of a class."""

    READ = "read"
    WRITE = "write"
    AUTH = "auth"
    INTERNAL = "internal"


PER_MINUTE = {Rate.READ: 600, Rate.WRITE: 120, Rate.AUTH: 60}


class Repeat(StrEnum):
    """What makes a write safe to repeat."""

    KEYED = "keyed"
    """The request carries an Idempotency-Key; the answer is kept with the command."""
    NATURAL = "natural"
    """The command itself recognises a repetition, or a repetition does no harm."""
    OWN = "own"
    """The route opens transactions of its own: around a call outside, or for a count that stays."""
    READS = "reads"
    """Nothing is written: no transaction."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """The declaration of one route. `scope`: what the caller's token must name besides."""

    who: Who
    rate: Rate
    repeat: Repeat
    scope: str = ""

    @property
    def is_signed(self) -> bool:
        """Whether it is for other systems, which sign what they send: public and not counted."""
        return self.who is Who.PUBLIC and self.rate is Rate.INTERNAL


class Gate:
    """Tells callers apart by their tokens and counts their calls."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._rates = {rate: RateCounter() for rate in PER_MINUTE}

    async def admit(self, request: Request, access: Access) -> Caller:
        """The caller, if this route is for it; else `Unauthenticated`, `Forbidden` or `TooMany`."""
        caller = await self._identify(request)
        if access.who is not Who.PUBLIC:
            _check_scope(caller, access.who)
        if access.scope and access.scope not in caller.scopes:
            raise Forbidden(scope=access.scope)
        self._count(request, caller, rate=access.rate)
        return caller

    async def _identify(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return ANONYMOUS
        if scheme.lower() != "bearer":
            raise Unauthenticated()
        return await self._verifier.check(token)

    def _count(self, request: Request, caller: Caller, *, rate: Rate) -> None:
        if INTERNAL in caller.scopes or rate is Rate.INTERNAL:
            return
        who = caller.actor if caller is not ANONYMOUS else _network(request)
        if not self._rates[rate].hit(who, per_minute=PER_MINUTE[rate]):
            raise TooMany(per_minute=PER_MINUTE[rate])


def _check_scope(caller: Caller, who: Who) -> None:
    if caller is ANONYMOUS:
        raise Unauthenticated()
    allowed = caller.user_id is not None if who is Who.USER else str(who) in caller.scopes
    if not allowed:
        raise Forbidden()


def _network(request: Request) -> str:
    return request.client.host if request.client else "unknown"
