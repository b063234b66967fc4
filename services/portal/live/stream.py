"""Server-sent events: the page is told that something has changed, never what."""

import time
from collections.abc import AsyncIterator
from uuid import UUID

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.portal.live.hub import LiveHub

LONGEST_S = 600.0
OPENING = "retry: 2000\n\n"
KEEP_ALIVE = ": still here\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LiveStream(StreamingResponse):
    """An event `changed` for every change of the topic after the page's mark.

    It ends after ten minutes, so that the browser comes back with a session that still holds.
    `TooManyStreams`, before anything is sent, for a sixth stream of the user.
    """

    def __init__(self, hub: LiveHub, *, user_id: UUID, topic: str, mark: str) -> None:
        self._hub = hub
        self._user_id = user_id
        events = _events(hub.changes(topic, mark))
        super().__init__(events, media_type="text/event-stream", headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send for as long as the browser listens."""
        with self._hub.stream_of(self._user_id):
            await super().__call__(scope, receive, send)


async def _events(marks: AsyncIterator[str]) -> AsyncIterator[str]:
    until = time.monotonic() + LONGEST_S
    yield OPENING
    async for mark in marks:
        yield f"event: changed\nid: {mark}\ndata: {mark}\n\n" if mark else KEEP_ALIVE
        if time.monotonic() > until:
            return
