"""The panel's answers: by webhook, and by asking where a webhook has not come."""

import asyncio
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec
import structlog

from services.billing.origins import caused_by
from services.billing.outside_calls import OutcomeUnknown
from services.billing.provisioning.commands import TakeAnswer, take_answer
from services.billing.provisioning.panel import Panel
from shared.database import acquire
from shared.store import EventStore

LOOKS_EVERY_S = 5
BATCH = 50
NO_REASON = "unknown"

log = structlog.get_logger()

_TAKE_DUE = """
insert into inquiry (subject_id, asked_at)
select p.request_id, $1::timestamptz from provisioning_open p
left join inquiry i on i.subject_id = p.request_id
where coalesce(i.asked_at, p.requested_at) <= $1::timestamptz - interval '1 minute'
order by p.requested_at limit $2
on conflict (subject_id) do update set asked_at = excluded.asked_at
    where inquiry.asked_at <= excluded.asked_at - interval '1 minute'
returning subject_id
"""


class _PanelEvent(msgspec.Struct, frozen=True):
    request_id: UUID
    service_id: UUID
    result: Literal["done", "refused"]
    reason: str | None = None


class PanelAnswers:
    """Takes the panel's answers and lets the services become what they say."""

    def __init__(self, *, store: EventStore, panel: Panel) -> None:
        self._store = store
        self._panel = panel

    async def take_webhook(self, body: str) -> None:
        """The answer that a signed webhook brings."""
        event = msgspec.json.decode(body, type=_PanelEvent)
        refusal = None if event.result == "done" else event.reason or NO_REASON
        answer = TakeAnswer(
            service_id=event.service_id, request_id=event.request_id, refusal=refusal
        )
        await self._take(answer)

    async def run_janitor(self) -> None:
        """Ask about requests without an answer for as long as the service runs."""
        while True:
            await self.ask_about_due()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def ask_about_due(self) -> int:
        """Ask about every request that waits for a minute or longer; how many they were."""
        async with acquire(self._store.pool) as db:
            due = await db.fetch(_TAKE_DUE, self._store.clock.now(), BATCH)
        for row in due:
            try:
                await self._ask(row["subject_id"])
            except OutcomeUnknown as error:
                log.warning("panel silent", request=str(row["subject_id"]), **error.facts)
        return len(due)

    async def _ask(self, request_id: UUID) -> None:
        """A request that the panel has never got is the reactor's to hand over."""
        found = await self._panel.answer(str(request_id))
        if found is None or found.status == "accepted":
            return
        refusal = None if found.status == "done" else found.reason or NO_REASON
        answer = TakeAnswer(
            service_id=UUID(found.service_id), request_id=request_id, refusal=refusal
        )
        await self._take(answer)

    async def _take(self, answer: TakeAnswer) -> None:
        asked = caused_by("request", answer.request_id, actor="panel", pool=self._store.pool)
        async with asked as cause:
            await self._store.run(cause, partial(take_answer, answer))
