"""What a command writes, and the one statement that records it: events, log rows, guard rows."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import msgspec

from shared.errors import AlreadyClaimed, ConcurrentWrite, DomainError
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.database import Reads

EventRow = tuple[UUID, int, str, UUID | None, str, str, datetime, UUID]
"""The type `event_row`: stream, version, topic, account, brand, data, recorded at, write."""
LogRow = tuple[
    int, UUID, str, int, UUID | None, str, datetime, str, UUID | None, UUID, str, str, bytes
]
"""The type `log_row`: partition, id, type, version, account, brand, occurred at, actor, causation,
correlation, traceparent, data, sealed bytes."""
Claim = tuple[str, str]
"""kind, key."""

_APPEND = "select append($1::event_row[], $2::log_row[], $3::jsonb)"
_CLAIM_KIND = re.compile(r"=\(([^,]+), ")


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    """The answer to a request with an Idempotency-Key, kept with what the request changed."""

    caller: str
    key: str
    request_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes
    created_at: datetime


@dataclass(slots=True, eq=False)
class Write:
    """All that one command writes; recorded as a whole or not at all, once, however often tried."""

    id: UUID = field(default_factory=new_id)
    events: list[EventRow] = field(default_factory=list)
    log: list[LogRow] = field(default_factory=list)
    claims: dict[Claim, bool] = field(default_factory=dict)
    """The claim -> whether it is a refusal if somebody has it; else the command runs again."""
    answer: KeptAnswer | None = None
    positions: dict[int, int] = field(default_factory=dict)
    """partition -> position of the last log row there, once it is recorded."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to record."""
        return not (self.events or self.claims or self.answer)


async def append(db: "Reads", writes: Sequence[Write]) -> None:
    """Record all of them in one statement and set their positions. The server's errors as is."""
    events = [row for write in writes for row in write.events]
    log = [(row, write) for write in writes for row in write.log]
    if len(log) > 1:
        log.sort(key=_partition)
    guards = _guards(writes, log)
    positions = await db.fetchval(_APPEND, events, [row for row, _ in log], guards)
    for (row, write), position in zip(log, positions, strict=True):
        write.positions[row[0]] = position


async def find_recorded(db: "Reads", write: Write) -> bool:
    """Whether `write` is recorded already, by whichever try of it; its positions are set then."""
    if write.events:
        stream, version = write.events[0][:2]
        sql, key = "events where stream_id = $1 and version = $2", (stream, version)
    elif write.answer:
        sql = "idempotency_key where caller = $1 and key = $2"
        key = (write.answer.caller, write.answer.key)  # type: ignore[assignment]
    else:
        sql, key = "claim where kind = $1 and key = $2", next(iter(write.claims))  # type: ignore[assignment]
    if await db.fetchval(f"select write_id from {sql}", *key) != write.id:  # noqa: S608
        return False
    rows = await db.fetch(
        """select partition, max(position) as position from log where id = any($1)
           group by 1 order by 1""",
        [row[1] for row in write.log],
    )
    write.positions = {row["partition"]: row["position"] for row in rows}
    return True


def conflict_of(error: asyncpg.UniqueViolationError, write: Write) -> DomainError:
    """What it means to the command that another writer's row stood in the way."""
    if error.constraint_name == "claim_pkey":
        kind = _CLAIM_KIND.search(error.detail or "")
        assert kind is not None, "the server names the key that is taken"
        if any(refuses for claim, refuses in write.claims.items() if claim[0] == kind[1]):
            return AlreadyClaimed(kind=kind[1])
    return ConcurrentWrite()


def _partition(entry: tuple[LogRow, Write]) -> int:
    return entry[0][0]


def _guards(writes: Sequence[Write], log: Sequence[tuple[LogRow, Write]]) -> str | None:
    """Claims and kept answers as the statement wants them; None, as most often, without any."""
    guarded = [write for write in writes if write.claims or write.answer]
    if not guarded:
        return None
    claims = [
        {"kind": kind, "key": key, "write_id": write.id}
        for write in guarded
        for kind, key in write.claims
    ]
    keys = [_key_row(write, write.answer, log=log) for write in guarded if write.answer]
    return msgspec.json.encode({"claims": claims, "keys": keys}).decode()


def _key_row(
    write: Write, answer: KeptAnswer, *, log: Sequence[tuple[LogRow, Write]]
) -> dict[str, Any]:
    return {
        "caller": answer.caller,
        "key": answer.key,
        "request_hash": answer.request_hash.hex(),
        "status": answer.status,
        "headers": answer.headers,
        "body": b64encode(answer.body).decode(),
        "created_at": answer.created_at,
        "write_id": write.id,
        "rows": [place for place, (_, of) in enumerate(log, start=1) if of is write],
    }
