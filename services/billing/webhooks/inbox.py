"""Webhooks are kept before they are understood, each once, and worked off after the answer 200.

What fails for the moment is tried again, at most five minutes apart; what can never be right is put
aside with its problem.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import asyncpg
import msgspec
import structlog

from shared.database import acquire
from shared.errors import DomainError, Unavailable
from shared.store import EventStore
from shared.wakeup import Wakeup

MAX_TRIES = 50
LONGEST_WAIT_S = 300
LEASE_S = 25
"""Longer than a webhook can take (gateway 10 s, command 10 s); after a kill nobody waits longer."""
BATCH = 8
POLL_S = 1

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A webhook as it came, and what it is about as far as that was read when it was kept."""

    event_id: str
    body: str
    about: str = ""
    kind: Literal["attempt", "setup", "other"] = "other"


Handle = Callable[[Kept], Awaitable[None]]

_CLAIM = """
update webhook set next_try_at = $1 + make_interval(secs => $2), tries = tries + 1
where (source, event_id) in (
    select source, event_id from webhook
    where processed_at is null and next_try_at <= $1 and source = any($4)
    order by received_at limit $3 for update skip locked)
returning source, event_id, body, about, kind, tries
"""


class Unprocessable(Exception):
    """Asking again will not help: the webhook speaks of something that is not ours."""


class Inbox:
    """The webhooks of all sources, and who deals with those of each."""

    def __init__(self, store: EventStore, handlers: Mapping[str, Handle]) -> None:
        self._store = store
        self._handlers = handlers
        self._news = Wakeup()

    async def keep(self, source: str, webhook: Kept) -> None:
        """Keep the webhook for `run`. One that was kept before changes nothing."""
        async with acquire(self._store.pool) as db:
            await db.execute(
                """insert into webhook
                       (source, event_id, body, about, kind, received_at, next_try_at)
                   values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing""",
                source,
                webhook.event_id,
                webhook.body,
                webhook.about,
                webhook.kind,
                self._store.clock.now(),
            )
        self._news.call()

    async def run(self) -> None:
        """Work off what comes in, for as long as the service runs."""
        while True:
            seen = self._news.count
            if not await self.work_off_due():
                await self._news.wait_after(seen, timeout_s=POLL_S)

    async def work_off_due(self) -> int:
        """Deal with the webhooks whose time has come, at most a batch; how many they were."""
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(
                _CLAIM, self._store.clock.now(), LEASE_S, BATCH, list(self._handlers)
            )
        work = (self._handlers[row["source"]](_kept(row)) for row in rows)
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for row, outcome in zip(rows, outcomes, strict=True):
            await self._end(row, outcome)
        return len(rows)

    async def _end(self, row: asyncpg.Record, outcome: BaseException | None) -> None:
        """Note what came of it, unless another process has taken it up meanwhile."""
        now = self._store.clock.now()
        is_final = outcome is None or _is_final(outcome) or row["tries"] >= MAX_TRIES
        wait_s = min(2 ** min(row["tries"], 10), LONGEST_WAIT_S)
        if outcome is not None:
            log.warning("webhook failed", webhook=row["event_id"], error=repr(outcome))
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update webhook set processed_at = $3, problem = $4, next_try_at = $5
                   where source = $1 and event_id = $2 and tries = $6""",
                row["source"],
                row["event_id"],
                now if is_final else None,
                repr(outcome)[:2000] if outcome is not None else None,
                now + timedelta(seconds=wait_s),
                row["tries"],
            )


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(event_id=row["event_id"], body=row["body"], about=row["about"], kind=row["kind"])


def _is_final(outcome: BaseException) -> bool:
    is_refusal = isinstance(outcome, DomainError) and not isinstance(outcome, Unavailable)
    return is_refusal or isinstance(outcome, Unprocessable | msgspec.DecodeError)
