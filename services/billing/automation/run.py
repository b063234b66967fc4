"""The run of the business days: day by day and step by step, resumed where it was killed.

A step begins when billing's own consumers have seen all that happened before it. What it finds to
do is kept first; each chunk of that goes with the transaction that does it (`chunks.py`), so that a
kill loses nothing and repeats nothing. What is wrong with the whole house (no database, no keys)
stops the run, which is then tried again.
"""

import asyncio
from datetime import date
from uuid import UUID

import asyncpg

from services.billing.automation.business_day import BusinessDay, business_day
from services.billing.automation.chunks import Chunks, StepOfDay, find_tasks
from services.billing.automation.problems import StillParked, explained, keep_problem, problem_by_id
from services.billing.automation.rehearsal import RehearsedStep, rehearse
from services.billing.automation.step import Found
from services.billing.automation.tasks import STEPS
from services.billing.payments.inquiry import Inquiry
from shared.consumers.group import Consumers
from shared.database import Connection, acquire
from shared.envelope import partition_of
from shared.lease import Lease
from shared.store import Cause, EventStore
from shared.telemetry import span

POLL_S = 1
READER = Cause(actor="automation:business_day")


class BusinessDayRun:
    """Works off the steps of started days. Several may run: one at a time works for a brand."""

    def __init__(self, *, store: EventStore, consumers: Consumers, inquiry: Inquiry) -> None:
        self._store = store
        self._consumers = consumers
        self._chunks = Chunks(store=store, inquiry=inquiry)

    async def run(self) -> None:
        """Work off what is started, for as long as the service runs."""
        while True:
            seen = self._store.committed.count
            await self.work_off()
            await self._store.committed.wait_after(seen, timeout_s=POLL_S)

    async def work_off(self) -> None:
        """Play every started day of every brand. A brand's fault is raised after the others."""
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(
                "select distinct brand from business_day_run where finished_at is null order by 1"
            )
        faults: list[BaseException] = []
        for row in rows:
            outcome = await asyncio.gather(self._play(row["brand"]), return_exceptions=True)
            faults += [fault for fault in outcome if fault is not None]
        if faults:
            raise faults[0]

    async def retry(self, problem_id: UUID, *, actor: str) -> None:
        """Try a parked task again, on the brand's last day. `NotFound`: it is not parked.

        `StillParked` when it fails again, with the reason.
        """
        async with acquire(self._store.pool) as db:
            problem = await problem_by_id(problem_id, db)
            last_day = await db.fetchval(
                "select max(day) from business_day_run where brand = $1", problem["brand"]
            )
        today = await self._today(problem["brand"], last_day)
        of = StepOfDay(
            name=problem["step"],
            step=STEPS[problem["step"]],
            ordinal=-1,
            today=today,
            cause=Cause(actor=actor),
        )
        account_id, item = problem["account_id"], problem["item"]
        found = Found(account_id=account_id, item=item, facts=problem["facts"])
        fault = await self._chunks.work_singly(of, found)
        if fault is not None:
            key = (problem["brand"], problem["day"], problem["step"])
            async with acquire(self._store.pool) as db:
                now = self._store.clock.now()
                await keep_problem(db, key, found=found, fault=fault, now=now)
            code, sentence = explained(fault)
            raise StillParked(reason=code, explanation=sentence)

    async def rehearse(self, brand: str, day: date) -> list[RehearsedStep]:
        """What the day would do as things stand; nothing is written. `NotFound`: no such brand."""
        return await rehearse(brand, day, steps=STEPS, store=self._store)

    async def _play(self, brand: str) -> None:
        """All open steps of a brand in order, unless another process is at it."""
        async with self._store.leases.held(f"business_day/{brand}") as lease:
            while step := await self._next_step(brand):
                lease.check()
                await self._carry_out(step, lease)

    async def _next_step(self, brand: str) -> asyncpg.Record | None:
        async with acquire(self._store.pool) as db:
            return await db.fetchrow(
                """select brand, day, ordinal, step from business_day_run
                   where brand = $1 and finished_at is null order by day, ordinal limit 1""",
                brand,
            )

    async def _today(self, brand: str, day: date) -> BusinessDay:
        return await self._store.run(READER, lambda tx: business_day(brand, day, tx=tx))

    async def _carry_out(self, row: asyncpg.Record, lease: Lease) -> None:
        # Billing's views and policies see its log to the end, with what policies add.
        await self._consumers.reach_end(self._store.service)
        async with acquire(self._store.pool) as db:
            begun = await _beginning_of(row["brand"], row["day"], db)
        today = await self._today(row["brand"], row["day"])
        cause = _cause_of(row["step"], begun)
        of = StepOfDay(
            name=row["step"],
            step=STEPS[row["step"]],
            ordinal=row["ordinal"],
            today=today,
            cause=cause,
        )
        with span(f"business day {of.name}", traceparent=begun["traceparent"]):
            await find_tasks(of, self._store)
            await self._chunks.work_off(of, check=lease.check)
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update business_day_run set finished_at = $4
                   where brand = $1 and day = $2 and ordinal = $3""",
                *of.key,
                self._store.clock.now(),
            )


async def _beginning_of(brand: str, day: date, db: Connection) -> asyncpg.Record:
    """The public event that started the day."""
    row = await db.fetchrow(
        """select id, correlation_id, traceparent from log
           where partition = $1 and type = 'BusinessDayStarted' and brand = $2
             and data ->> 'day' = $3::date::text""",
        partition_of(None, brand),
        brand,
        day,
    )
    assert row is not None, "a day is published where its steps are kept"
    return row


def _cause_of(step: str, begun: asyncpg.Record) -> Cause:
    """Every automatic action can say why it was done: its step, and the event of its day."""
    return Cause(
        actor=f"automation:{step}",
        causation_id=begun["id"],
        correlation_id=begun["correlation_id"],
    )
