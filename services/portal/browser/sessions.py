"""Who is signed in: the session cookie, and what accounts says of it at each request."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from starlette.responses import Response

from shared.errors import Unauthenticated
from shared.peers import Peers, RemoteProblem
from shared.tokens import INTERNAL

CLIENT = "client"
STAFF = "staff"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The user behind a session. `token` speaks for the user to the other services."""

    user_id: UUID
    account_id: UUID | None
    brand: str
    language: str
    scopes: list[str]
    token: str
    csrf: str

    @property
    def is_staff(self) -> bool:
        """Whether the user works for the brand."""
        return STAFF in self.scopes

    @property
    def account(self) -> UUID:
        """The account of a client. `SignInNeeded` is checked before."""
        if self.account_id is None:
            raise Unauthenticated()
        return self.account_id


async def resolve(peers: Peers, session: str) -> SignedIn | None:
    """The user of the session, asked anew each time, so that a revoked one ends at once."""
    try:
        answer = await peers.call(
            "accounts", "POST", "/internal/sessions/resolve", json={"session": session}
        )
    except RemoteProblem as problem:
        if problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY):
            return None
        raise
    signed_in = msgspec.json.decode(answer.content, type=SignedIn)
    assert INTERNAL not in signed_in.scopes, "a session speaks for a person"
    return signed_in


class CookieJar:
    """The portal's cookies. Over https the session's is `__Host-sid` (RFC 6265bis), else `sid`."""

    def __init__(self, *, is_secure: bool) -> None:
        self._is_secure = is_secure
        self.session = "__Host-sid" if is_secure else "sid"
        self.visitor = "__Host-visitor" if is_secure else "visitor"
        self.language = "language"
        self.cart = "cart"

    def set(self, response: Response, name: str, *, value: str, max_age_s: int | None) -> None:
        """Keep a value in the browser; without `max_age_s` until it is closed."""
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, name: str) -> None:
        """Make the browser forget a value."""
        response.delete_cookie(
            name, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )
