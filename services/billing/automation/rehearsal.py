"""A rehearsal: what a business day would do as things stand, with nothing written.

Each step is really carried out, chunk by chunk, in transactions that are rolled back; what they
would have published is counted. A step does not see what the steps before it would have done, and
the gateway is not asked about open payments.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from services.billing.automation.business_day import business_day
from services.billing.automation.chunks import (
    CHUNK,
    FINDING_TAKES_S,
    StepOfDay,
    do_tasks,
    found_in,
)
from services.billing.automation.problems import explained
from services.billing.automation.step import Step, Task
from shared.database import acquire
from shared.store import Cause, EventStore

CAUSE = Cause(actor="automation:rehearsal")

CANDIDATES = """
select account_id, item, facts::text as facts from ({query}) as c
where $1::text is not null and $2::date is not null order by account_id, item
"""
"""A step that does not ask for brand or day is given them all the same."""


@dataclass(kw_only=True)
class RehearsedStep:
    """What a step would do: tasks found, public events by name, invoiced money by currency.

    `parked` are the tasks that would fail, by the code of their refusal.
    """

    step: str
    found: int = 0
    events: Counter[str] = field(default_factory=Counter)
    invoiced_minor: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)


class _NotMeant(Exception):
    """Ends a rehearsed transaction, so that nothing of it is recorded."""


async def rehearse(
    brand: str, day: date, *, steps: Mapping[str, Step], store: EventStore
) -> list[RehearsedStep]:
    """The steps of the day in order. `NotFound` for an unknown brand."""
    today = await store.run(CAUSE, lambda tx: business_day(brand, day, tx=tx))
    return [
        await _rehearse_step(
            StepOfDay(name=name, step=step, ordinal=-1, today=today, cause=CAUSE), store
        )
        for name, step in steps.items()
    ]


async def _rehearse_step(of: StepOfDay, store: EventStore) -> RehearsedStep:
    report = RehearsedStep(step=of.name)
    async for chunk in _chunks(store, of):
        report.found += len(chunk)
        if await _attempt(store, chunk, of=of, report=report):
            await _attempt_singly(store, chunk, of=of, report=report)
    return report


async def _attempt_singly(
    store: EventStore, chunk: Sequence[Task], *, of: StepOfDay, report: RehearsedStep
) -> None:
    for task in chunk:
        if fault := await _attempt(store, [task], of=of, report=report):
            report.parked[explained(fault)[0]] += 1


async def _chunks(store: EventStore, of: StepOfDay) -> AsyncIterator[list[Task]]:
    """The tasks of the step by a cursor of the server: never all of them in memory."""
    query = CANDIDATES.format(query=of.step.query)
    values = (of.today.brand, of.today.day, *of.step.values(of.today))
    async with acquire(store.pool) as db, db.transaction(readonly=True):
        await db.execute("set local idle_in_transaction_session_timeout = 0")
        cursor = await db.cursor(query, *values, timeout=FINDING_TAKES_S)
        while rows := await cursor.fetch(CHUNK):
            yield [of.step.task(of.today, found_in(row)) for row in rows]


async def _attempt(
    store: EventStore, tasks: Sequence[Task], *, of: StepOfDay, report: RehearsedStep
) -> BaseException | None:
    """Count what the tasks would publish; why they cannot be done, when they cannot."""
    outcome = (await asyncio.gather(_roll_back(tasks, of, store=store), return_exceptions=True))[0]
    if isinstance(outcome, BaseException):
        return outcome
    for name, data in outcome:
        report.events[name] += 1
        if name == "InvoiceIssued":
            said = msgspec.json.decode(data)
            report.invoiced_minor[said["currency"]] += said["total_minor"]
    return None


async def _roll_back(
    tasks: Sequence[Task], of: StepOfDay, *, store: EventStore
) -> list[tuple[str, str]]:
    """Name and data of the public events of a transaction that is given up."""
    published: list[tuple[str, str]] = []
    try:
        async with store.transaction(of.cause) as tx:
            await do_tasks(tasks, of, tx)
            published += tx.published
            raise _NotMeant
    except _NotMeant:
        return published
