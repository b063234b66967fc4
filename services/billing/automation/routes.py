"""Business days: starting them and asking how far they are."""

from datetime import date
from typing import Annotated

from fastapi import Path

from services.billing.automation.business_calendar import BusinessDayTooFar
from services.billing.automation.commands import StartBusinessDay, start_business_day
from services.billing.automation.progress import progress_of
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Day, Line, Router, Who

router = Router(tags=["business days"])


class BusinessDayBody(Body):
    """The day to begin, with every day before it that was missed."""

    brand: Line
    day: Day


class BusinessDaysStarted(Answer):
    """The days that began, in order; none if the day had begun before."""

    started: list[date]


@router.post(
    "/internal/business-days",
    status_code=201,
    who=Who.INTERNAL,
    errors=(NotFound, BusinessDayTooFar),
)
async def post_business_day(body: BusinessDayBody, call: Call) -> BusinessDaysStarted:
    """Begin a business day. Once and in order; it is worked off in the background."""
    command = StartBusinessDay(brand=body.brand, day=body.day)
    return BusinessDaysStarted(started=await start_business_day(command, call.tx))


class BusinessDaysOut(Answer):
    """`today`: the local date, or a later day that has begun. `problems`: tasks not done."""

    today: date
    running: bool
    last_finished: date | None
    problems: int


@router.get("/internal/business-days/{brand}", who=Who.INTERNAL, errors=(NotFound,))
async def get_business_days(
    brand: Annotated[str, Path(max_length=64)], call: Call
) -> BusinessDaysOut:
    """Which date it is for the brand and whether its run has work to do."""
    async with acquire(call.db) as db:
        return BusinessDaysOut.model_validate(await progress_of(brand, db, now=call.now))
