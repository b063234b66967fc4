"""Business days: starting them, following them, and dealing with what they could not do."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import BeforeValidator, ConfigDict, Field, Strict

from services.billing.automation.business_calendar import BusinessDayTooFar
from services.billing.automation.business_day import business_day
from services.billing.automation.commands import StartBusinessDay, start_business_day
from services.billing.automation.problems import StillParked, list_problems, problem_by_id
from services.billing.automation.progress import progress_of, steps_of
from services.billing.automation.today import today_for
from services.billing.automation.what_if import Comparison, WhatIf, compare
from services.billing.rules.rules import RuleInvalid, RuleUnknown
from services.billing.state import cause_of, state_of
from shared.contracts.permissions import BILLING_AUTOMATION, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Day, Line, Repeat, Router, Who

router = Router(tags=["business days"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]


class BusinessDayBody(Body):
    """The day to begin, with every day before it that was missed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"brand": "ponto", "day": "2026-11-22"}]}
    )

    brand: Line
    day: Day


class BusinessDaysStarted(Answer):
    """The days that began, in order; none if the day had begun before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"started": ["2026-11-21", "2026-11-22"]}]}
    )

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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "today": "2026-11-22",
                    "running": False,
                    "last_finished": "2026-11-22",
                    "problems": 0,
                }
            ]
        }
    )

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


class StepOut(Answer):
    """One step of a day: `found` tasks, of which some are left to do and some are parked.

    Without `started_at` it has not begun, without `finished_at` it is not over.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "step": "issue_renewals",
                    "started_at": "2026-11-22T03:00:05Z",
                    "finished_at": "2026-11-22T03:00:35Z",
                    "found": 60000,
                    "left_to_do": 0,
                    "parked": 1,
                    "took_s": "30.2",
                }
            ]
        }
    )

    step: str
    started_at: datetime | None
    finished_at: datetime | None
    found: int
    left_to_do: int
    parked: int
    took_s: Decimal | None


@router.get(
    "/v1/brands/{brand}/business-days/{day}", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_steps(brand: BrandSlug, day: date, call: Call) -> list[StepOut]:
    """The log of the day's run, step by step."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await steps_of(brand, day, db)
    return [StepOut.model_validate(dict(row)) for row in rows]


class RehearsedOut(Answer):
    """What a step would do: events by name, invoiced minor units by currency, refusals by code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "step": "issue_renewals",
                    "found": 120,
                    "events": {"InvoiceIssued": 119},
                    "invoiced_minor": {"BRL": 355810},
                    "parked": {"account_not_ready": 1},
                }
            ]
        }
    )

    step: str
    found: int
    events: dict[str, int]
    invoiced_minor: dict[str, int]
    parked: dict[str, int]


@router.get(
    "/v1/brands/{brand}/business-days/{day}/rehearsal",
    who=Who.STAFF,
    scope=BILLING_AUTOMATION,
    errors=(NotFound,),
)
async def get_rehearsal(brand: BrandSlug, day: date, call: Call) -> list[RehearsedOut]:
    """What the run would do on that day as things stand now. Nothing is written."""
    call.own(None, brand)
    steps = await state_of(call).days.rehearse(brand, day)
    return [RehearsedOut.model_validate(vars(step)) for step in steps]


class ProblemOut(Answer):
    """A parked task: which step could not do what, and why; `error` is the program's own text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "problem_id": "01939000-0000-7000-8000-000000000023",
                    "day": "2026-11-22",
                    "step": "issue_renewals",
                    "item": "01939000-0000-7000-8000-000000000001/2026-12-06/BRL",
                    "account_id": "01939000-0000-7000-8000-000000000001",
                    "code": "account_not_ready",
                    "explanation": "The account's contact data have not arrived yet.",
                    "error": "AccountNotReady()",
                    "tries": 2,
                    "occurred_at": "2026-11-22T03:00:05Z",
                }
            ]
        }
    )

    problem_id: UUID
    day: date
    step: str
    item: str
    account_id: UUID
    code: str
    explanation: str
    error: str
    tries: int
    occurred_at: datetime


@router.get(
    "/v1/brands/{brand}/business-day-problems",
    who=Who.STAFF,
    scope=BILLING_READ,
    errors=(NotFound,),
)
async def get_problems(
    brand: BrandSlug,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[ProblemOut]:
    """What the runs could not do for single accounts; `after` is the last of the page before."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await list_problems(brand, db, after=after, limit=limit)
    return [ProblemOut.model_validate(dict(row)) for row in rows]


@router.post(
    "/v1/business-day-problems/{problem_id}/retry",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_AUTOMATION,
    repeat=Repeat.OWN,
    errors=(NotFound, StillParked),
)
async def post_retry(problem_id: UUID, call: Call) -> None:
    """Try it again now, as of the brand's last day; done, it is no problem any more."""
    async with acquire(call.db) as db:
        call.own(None, (await problem_by_id(problem_id, db))["brand"])
    await state_of(call).days.retry(problem_id, actor=call.caller.actor)


_PERCENT = re.compile(r"-?[0-9]{1,4}(\.[0-9]{1,3})?")


def _written_percent(value: object) -> object:
    """A decimal text: `Decimal` would take other digits, exponents and underscores as well."""
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise ValueError("is no decimal text such as 3.5")
    return value


class WhatIfBody(Body):
    """Invoices due from `first` to `last`; `rules`: rule name -> the brand's value to try.

    `price_change_percent` makes renewals dearer, or cheaper below zero.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "first": "2025-11-01",
                    "last": "2026-10-31",
                    "rules": {"suspension_days": 10},
                    "price_change_percent": "3.5",
                }
            ]
        }
    )

    first: Day
    last: Day
    rules: dict[str, Any] = Field(default_factory=dict)
    price_change_percent: Annotated[
        Decimal,
        Strict(False),
        Field(ge=-100, le=1000, max_digits=7, decimal_places=3),
        BeforeValidator(_written_percent),
    ] = Decimal(0)


class DifferenceOut(Answer):
    """A figure under the rules as they are and under the changed ones; money has a currency."""

    what: str
    currency: str | None
    as_is: int
    changed: int


class ComparisonOut(Answer):
    """How many invoices were looked at, and every figure that is not zero under both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoices": 1200,
                    "differences": [
                        {"what": "suspensions", "currency": None, "as_is": 12, "changed": 7}
                    ],
                }
            ]
        }
    )

    invoices: int
    differences: list[DifferenceOut]


@router.post(
    "/v1/brands/{brand}/what-if",
    who=Who.STAFF,
    scope=BILLING_AUTOMATION,
    repeat=Repeat.READS,
    errors=(NotFound, RuleUnknown, RuleInvalid),
)
async def post_what_if(brand: BrandSlug, body: WhatIfBody, call: Call) -> ComparisonOut:
    """The past under other rules, in things and in minor units. Nothing is written."""
    call.own(None, brand)
    question = WhatIf(**body.model_dump())
    async with call.store.transaction(cause_of(call)) as tx:
        today = await business_day(brand, await today_for(brand, tx), tx=tx)
        found = await compare(question, today, tx.read)
    return ComparisonOut(invoices=found.invoices, differences=_differences(found))


def _differences(found: Comparison) -> list[DifferenceOut]:
    as_is, changed = found.as_is, found.changed
    counted = [
        DifferenceOut(
            what=what, currency=None, as_is=as_is.counts[what], changed=changed.counts[what]
        )
        for what in sorted(as_is.counts | changed.counts)
    ]
    booked = [
        DifferenceOut(
            what=what,
            currency=currency,
            as_is=as_is.minor[what, currency],
            changed=changed.minor[what, currency],
        )
        for what, currency in sorted(as_is.minor | changed.minor)
    ]
    return counted + booked
