"""What is parked in a service, and the decisions about it, for its operators."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator, StringConstraints

from shared.consumers.decisions import Decision, NothingParked, list_parked, retry, skip
from shared.database import acquire
from shared.http.access import Repeat, Who
from shared.http.body import Body, Id, Line, one_line
from shared.http.call import Call
from shared.http.route import Router

router = Router(tags=["internal"])

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(one_line),
]
"""Why, in one line of 3 to 500 characters."""


class Retry(Body):
    """What is to be tried again, and who wants it: `id` is the event's or the effect's."""

    kind: Literal["event", "effect"]
    consumer: Line
    id: Id
    who: Line


class Skip(Retry):
    """What the service is to go on without, and why."""

    reason: Reason


@router.get("/internal/parked", who=Who.INTERNAL)
async def get_parked(
    call: Call, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[dict[str, Any]]:
    """The events that freeze an account in a consumer and the effects that wait, oldest first."""
    async with acquire(call.db) as db:
        return await list_parked(db, limit=limit)


@router.post(
    "/internal/parked/retry",
    who=Who.INTERNAL,
    repeat=Repeat.NATURAL,
    status_code=204,
    errors=(NothingParked,),
)
async def post_retry(call: Call, body: Retry) -> None:
    """Try it again now."""
    await retry(await call.tx.begin(), _decision(call, body))


@router.post(
    "/internal/parked/skip",
    who=Who.INTERNAL,
    repeat=Repeat.NATURAL,
    status_code=204,
    errors=(NothingParked,),
)
async def post_skip(call: Call, body: Skip) -> None:
    """Go on without it, for good."""
    await skip(await call.tx.begin(), _decision(call, body))


def _decision(call: Call, body: Retry) -> Decision:
    return Decision(
        kind=body.kind,
        consumer=body.consumer,
        id=body.id,
        who=body.who,
        reason=getattr(body, "reason", None),
        decided_at=call.now,
    )
