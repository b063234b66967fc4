"""Where the user is signed in, as accounts tells it."""

from datetime import datetime
from uuid import UUID

import msgspec

from services.portal.browser.visit import Visit


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the user that has not ended."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


async def sessions_of(visit: Visit) -> list[LiveSession]:
    """The user's live sessions, the newest first."""
    session = visit.call.request.cookies.get(visit.desk.cookies.session, "")
    answer = await visit.desk.peers.call(
        "accounts",
        "GET",
        "/v1/me/sessions",
        token=visit.session.token if visit.session else None,
        headers={"Faktura-Session": session},
    )
    return msgspec.json.decode(answer.content, type=list[LiveSession])
