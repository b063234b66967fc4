"""Sign-in, sign-out, and what the portal asks at each request: whose session is this."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header

from services.accounts.callers import current_user
from services.accounts.client_address import network_of_caller
from services.accounts.opaque import csrf_of
from services.accounts.request_fields import BrandSlug, Secret, sign_in_name
from services.accounts.sessions.attempts import Subject, TooManyAttempts, sign_ins_from
from services.accounts.sessions.sessions import (
    Session,
    end_session,
    end_session_of,
    find_session,
    sessions_of,
)
from services.accounts.sessions.sign_in import EmailNotConfirmed, SignIn, SignInRefused, sign_in
from services.accounts.state import state_of
from services.accounts.users.credentials import Credential, credential_of
from services.accounts.users.hashing import TooManySignIns
from shared.database import acquire
from shared.errors import NotFound, Unauthenticated
from shared.http import Answer, Body, Call, Id, Line, Rate, Repeat, Router, Who

router = Router(tags=["sessions"])

SessionToken = Annotated[str | None, Header(alias="Faktura-Session", max_length=200)]
EVERY_SERVICE = "*"


class SessionEnded(Unauthenticated):
    """The session has ended, or never was."""


class SignInBody(Body):
    """`email` may be any line: what is no address is refused like a wrong one."""

    brand: BrandSlug
    email: Line
    password: Secret


class SignedIn(Answer):
    """The opaque token of the new session, which is shown only here."""

    session: str
    expires_at: datetime


@router.post(
    "/v1/sessions",
    status_code=201,
    who=Who.PUBLIC,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(SignInRefused, EmailNotConfirmed, TooManyAttempts, TooManySignIns),
)
async def post_session(body: SignInBody, call: Call) -> SignedIn:
    """Sign in. Each call begins a session of its own."""
    attempt = SignIn(
        brand=body.brand,
        email=sign_in_name(body.email),
        password=body.password,
        origin=_origin(call),
    )
    hashing = state_of(call).hashing
    token, ends_at = await sign_in(attempt, pool=call.db, hashing=hashing, now=call.now)
    return SignedIn(session=token, expires_at=ends_at)


def _origin(call: Call) -> Subject:
    free = state_of(call).free_failures_per_network
    return sign_ins_from(network_of_caller(call), free_failures=free)


@router.delete("/v1/sessions/current", status_code=204, who=Who.PUBLIC)
async def delete_current_session(call: Call, session: SessionToken = None) -> None:
    """Sign out, for good and at once. A session that has ended changes nothing."""
    if session:
        await end_session(await call.tx.begin(), session)


class SessionBody(Body):
    """The opaque token of a session."""

    session: Line


class Resolved(Answer):
    """Who is signed in: `token` is for the other services, `csrf` for the session's forms."""

    user_id: UUID
    account_id: UUID | None
    brand: str
    language: str
    scopes: list[str]
    token: str
    csrf: str


@router.post(
    "/internal/sessions/resolve", who=Who.INTERNAL, repeat=Repeat.OWN, errors=(SessionEnded,)
)
async def post_session_resolution(body: SessionBody, call: Call) -> Resolved:
    """The session's user, with a signed token of five minutes."""
    async with acquire(call.db) as db:
        session = await find_session(db, body.session, now=call.now)
        if session is None:
            raise SessionEnded()
        user = await credential_of(db, session.user_id)
    return _resolved(user, body.session, call)


def _resolved(user: Credential, session: str, call: Call) -> Resolved:
    token = state_of(call).signer.issue(
        EVERY_SERVICE,
        subject=str(user.user_id),
        scopes=user.token_scopes,
        account_id=user.account_id,
        brand=user.brand,
    )
    return Resolved(
        user_id=user.user_id,
        account_id=user.account_id,
        brand=user.brand,
        language=user.language,
        scopes=user.scopes,
        token=token,
        csrf=csrf_of(session),
    )


class SessionOut(Answer):
    """A live session. Its token is not shown again."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    is_current: bool


@router.get("/v1/me/sessions", who=Who.USER)
async def get_sessions(call: Call, session: SessionToken = None) -> list[SessionOut]:
    """The user's live sessions, the newest first."""
    user = await current_user(call)
    async with acquire(call.db) as db:
        current = await find_session(db, session, now=call.now) if session else None
        live = await sessions_of(db, user.user_id, now=call.now)
    return [_session_out(one, current) for one in live]


def _session_out(session: Session, current: Session | None) -> SessionOut:
    is_current = current is not None and session.id == current.id
    return SessionOut(
        id=session.id,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        ends_at=session.ends_at,
        is_current=is_current,
    )


@router.delete("/v1/me/sessions/{session_id}", status_code=204, who=Who.USER, errors=(NotFound,))
async def delete_session(session_id: Id, call: Call) -> None:
    """End one of the user's own sessions."""
    user_id = call.caller.user_id
    assert user_id is not None, "the route is for users"
    db = await call.tx.begin()
    if not await end_session_of(db, user_id=user_id, session_id=session_id):
        raise NotFound()
