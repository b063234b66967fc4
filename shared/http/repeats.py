"""Requests that are asked twice: the key of a request, and the answer that is kept with its effect.

A key is its caller's own and good for a day; then the same key is a new request.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared.append import KeptAnswer
from shared.database import Reads
from shared.errors import Invalid
from shared.store import EventStore, Transaction

KEY_LENGTH = 200
KEPT_FOR = timedelta(days=1)
KEPT_HEADERS = ("content-type", "etag", "location")


class IdempotencyKeyMissing(Invalid):
    """This request needs an Idempotency-Key header of 1 to 200 characters."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used before with another request."""


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """Whose key it is, and the hash of what was asked with it: method, path and body."""

    caller: str
    key: str
    request_hash: bytes


async def key_of(request: Request) -> RequestKey:
    """The key that the caller gave to the request. `IdempotencyKeyMissing` without a good one."""
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= KEY_LENGTH or not key.isprintable():
        raise IdempotencyKeyMissing()
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return RequestKey(
        caller=request.state.caller.actor, key=key, request_hash=hashlib.sha256(asked).digest()
    )


async def kept_answer(key: RequestKey, db: Reads, *, store: EventStore) -> Response | None:
    """The answer that was given to this request; None if it is new.

    `IdempotencyKeyReused` when something else was asked with the key.
    """
    row = await db.fetchrow(
        """select request_hash, status, headers, body, positions from idempotency_key
           where caller = $1 and key = $2 and created_at > $3""",
        key.caller,
        key.key,
        store.clock.now() - KEPT_FOR,
    )
    if row is None:
        return None
    if row["request_hash"] != key.request_hash:
        raise IdempotencyKeyReused()
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    answer = Response(row["body"], row["status"], {**headers, "Idempotency-Replayed": "true"})
    _say_position(answer, row["positions"], service=store.service)
    return answer


def keep_answer(key: RequestKey, answer: Response, *, tx: Transaction) -> None:
    """Keep the answer with what the transaction records. Key taken meanwhile: `ConcurrentWrite`."""
    tx.keep(
        KeptAnswer(
            caller=key.caller,
            key=key.key,
            request_hash=key.request_hash,
            status=answer.status_code,
            headers={name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers},
            body=bytes(answer.body),
            created_at=tx.now,
        )
    )


def with_position(answer: Response, tx: Transaction) -> Response:
    """The answer, saying how far the log has to be read to see what the committed `tx` did."""
    at = ",".join(f"{partition}/{position}" for partition, position in tx.positions.items())
    _say_position(answer, at, service=tx.store.service)
    return answer


def _say_position(answer: Response, at: str, *, service: str) -> None:
    if at:
        places = (f"{service}/{place}" for place in at.split(","))
        answer.headers["Faktura-Position"] = ",".join(places)
