"""The run of the business days: day by day and step by step, resumed where it was killed.

A step begins when billing's own consumers have seen all that happened before it. Each task has a
transaction of its own; one account's error is kept and the others go on. What is wrong with the
whole house (no database, no keys) stops the run, which is then tried again.
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import asyncpg
import structlog

from services.billing.automation.tasks import STEPS, BusinessDay, Task
from services.billing.brands.brand import Brand
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.inquiry import Inquiry
from services.billing.rules.policy import policy_of
from shared.consumers.faults import is_transient
from shared.consumers.group import Consumers
from shared.database import Connection, acquire
from shared.envelope import partition_of
from shared.store import Cause, EventStore, Transaction
from shared.telemetry import span

POLL_S = 1
ACCOUNTS_AT_ONCE = 4
READER = Cause(actor="automation:business_day")

log = structlog.get_logger()


class BusinessDayRun:
    """Works off the steps of started days. Several may run: one at a time works for a brand."""

    def __init__(self, *, store: EventStore, consumers: Consumers, inquiry: Inquiry) -> None:
        self._store = store
        self._consumers = consumers
        self._inquiry = inquiry
        self._room = asyncio.Semaphore(ACCOUNTS_AT_ONCE)

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

    async def _play(self, brand: str) -> None:
        """All open steps of a brand in order, unless another process is at it."""
        async with self._store.leases.held(f"business_day/{brand}") as lease:
            while step := await self._next_step(brand):
                lease.check()
                await self._carry_out(step)

    async def _next_step(self, brand: str) -> asyncpg.Record | None:
        async with acquire(self._store.pool) as db:
            return await db.fetchrow(
                """select brand, day, ordinal, step from business_day_run
                   where brand = $1 and finished_at is null order by day, ordinal limit 1""",
                brand,
            )

    async def _carry_out(self, step: asyncpg.Record) -> None:
        # Billing's views and policies see its log to the end, with what policies add.
        await self._consumers.reach_end(self._store.service)
        today = await self._store.run(READER, lambda tx: _business_day(step, tx))
        async with acquire(self._store.pool) as db:
            tasks = await STEPS[step["step"]](today, db)
            begun = await _beginning_of(step, db)
        with span(f"business day {step['step']}", traceparent=begun["traceparent"]):
            await self._work_for_all(tasks, step=step, cause=_cause_of(step, begun))
        async with acquire(self._store.pool) as db:
            await db.execute(
                """update business_day_run set finished_at = $4
                   where brand = $1 and day = $2 and ordinal = $3""",
                step["brand"],
                step["day"],
                step["ordinal"],
                self._store.clock.now(),
            )

    async def _work_for_all(
        self, tasks: Sequence[Task], *, step: asyncpg.Record, cause: Cause
    ) -> None:
        """All accounts side by side; raises what is wrong with the whole house."""
        accounts = [list(g) for _, g in groupby(tasks, key=lambda task: task.account_id)]
        work = (self._work_for(account, step=step, cause=cause) for account in accounts)
        for fault in await asyncio.gather(*work, return_exceptions=True):
            if fault is not None:
                raise fault

    async def _work_for(self, tasks: Sequence[Task], *, step: asyncpg.Record, cause: Cause) -> None:
        """The tasks of one account in order; an error of one is kept, and the next is tried."""
        async with self._room:
            for task in tasks:
                fault = (await asyncio.gather(self._do(task, cause), return_exceptions=True))[0]
                if fault is not None:
                    await self._keep_problem(task, fault, step=step)

    async def _do(self, task: Task, cause: Cause) -> None:
        for invoice_id in task.ask_about:
            for payment_id in await self._open_payments(invoice_id):
                await self._inquiry.ask(payment_id)
        await self._store.run(cause, task.work)

    async def _open_payments(self, invoice_id: UUID) -> list[UUID]:
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(
                "select payment_id from payment_open where invoice_id = $1", invoice_id
            )
        return [row["payment_id"] for row in rows]

    async def _keep_problem(
        self, task: Task, fault: BaseException, *, step: asyncpg.Record
    ) -> None:
        if is_transient(fault) and not isinstance(fault, OutcomeUnknown):
            raise fault
        log.error("business day problem", step=step["step"], item=task.key, error=repr(fault))
        async with acquire(self._store.pool) as db:
            await db.execute(
                """insert into business_day_problem (brand, day, step, item, account_id, error,
                                                     occurred_at)
                   values ($1, $2, $3, $4, $5, $6, $7)
                   on conflict (brand, day, step, item) do update
                   set error = excluded.error, occurred_at = excluded.occurred_at""",
                step["brand"],
                step["day"],
                step["step"],
                task.key,
                task.account_id,
                repr(fault)[:2000],
                self._store.clock.now(),
            )


async def _business_day(step: asyncpg.Record, tx: Transaction) -> BusinessDay:
    brand = await tx.load(Brand, Brand.id_of(step["brand"]))
    settings = brand.settings
    return BusinessDay(
        brand=step["brand"],
        day=step["day"],
        dunning=settings.dunning,
        separate_renewals=policy_of(brand).rules.separate_renewals,
    )


async def _beginning_of(step: asyncpg.Record, db: Connection) -> asyncpg.Record:
    """The public event that started the day."""
    row = await db.fetchrow(
        """select id, correlation_id, traceparent from log
           where partition = $1 and type = 'BusinessDayStarted' and brand = $2
             and data ->> 'day' = $3::date::text""",
        partition_of(None, step["brand"]),
        step["brand"],
        step["day"],
    )
    assert row is not None, "a day is published where its steps are kept"
    return row


def _cause_of(step: asyncpg.Record, begun: asyncpg.Record) -> Cause:
    """Every automatic action can say why it was done: its step, and the event of its day."""
    return Cause(
        actor=f"automation:{step['step']}",
        causation_id=begun["id"],
        correlation_id=begun["correlation_id"],
    )
