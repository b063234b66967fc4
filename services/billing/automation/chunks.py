"""Working off the tasks of a step, a chunk of them in one transaction.

A chunk reads ahead what its commands want to know, one statement for each kind, and records all
that they do in one. When anything in it fails, nothing of it is recorded and it is done again task
by task; the one that fails then is parked, and the others go on. What is wrong with the whole house
(no database, no keys) is raised: then the step is resumed later.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from eventsourcing.domain import Aggregate

from services.billing.automation.business_day import BusinessDay
from services.billing.automation.problems import keep_problem
from services.billing.automation.step import Found, Step, Task
from services.billing.automation.today import foresee_today
from services.billing.brands.brand import Brand
from services.billing.catalogue.product import Product
from services.billing.charges.many import foresee_items
from services.billing.contacts.contact import AccountNotReady
from services.billing.contacts.many import foresee_contacts
from services.billing.outside_calls import OutcomeUnknown
from services.billing.rules.account_terms import AccountTerms
from shared.consumers.faults import is_transient
from shared.database import acquire
from shared.errors import ConcurrentWrite
from shared.snapshots import form_of
from shared.store import Cause, EventStore, Transaction

if TYPE_CHECKING:
    from services.billing.payments.inquiry import Inquiry

CHUNK = 200
LANES = 2
"""While the server records the chunk of one lane, the other lane's is prepared."""
FINDING_TAKES_S = 600
AN_ACCOUNTS_OWN = (OutcomeUnknown, AccountNotReady, ConcurrentWrite)
"""These pass, but only one account has them: nobody else waits for it."""

_FIND = """
insert into business_day_task (brand, day, ordinal, partition, account_id, item, facts)
select $1, $2, {ordinal}, get_byte(sha256(uuid_send(c.account_id)), 7) & 63, c.account_id, c.item,
       c.facts
from ({query}) as c
"""
"""The partition as `shared.envelope.partition_of` reckons it: a chunk is of few of them."""

_NEXT = """
select partition, account_id, item, facts::text as facts from business_day_task
where brand = $1 and day = $2 and ordinal = $3 and (partition, account_id, item) > ($4, $5, $6)
order by partition, account_id, item limit $7
"""

_OPEN_PAYMENTS = """
select payment_id, invoice_id from payment_open_invoice where invoice_id = any($1)
"""
_DONE = """
delete from business_day_task
where brand = $1 and day = $2 and ordinal = $3
  and (partition, account_id, item) between ($4, $5, $6) and ($7, $8, $9)
"""
"""From the first place of a chunk to its last, what is parked in between is gone before. As a list
of places it reads the whole step where the table was not analyzed since it was filled."""

_SOLVED = "delete from business_day_problem where brand = $1 and step = $2 and item = any($3)"

log = structlog.get_logger()

Place = tuple[int, UUID, str]
"""Partition, account, item: the order in which a step is worked off."""
BEFORE_ALL: Place = (-1, UUID(int=0), "")


@dataclass(frozen=True, kw_only=True)
class StepOfDay:
    """A step that is worked off, and for what its actions say that they were caused by."""

    name: str
    step: Step
    ordinal: int
    today: BusinessDay
    cause: Cause

    @property
    def key(self) -> tuple[Any, ...]:
        """Brand, day and ordinal, as the tables have it."""
        return self.today.brand, self.today.day, self.ordinal


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A task and where it stands."""

    place: Place
    found: Found
    task: Task


async def find_tasks(of: StepOfDay, store: EventStore) -> int:
    """Keep what the step has to do, once, and say how much that was.

    A step that is resumed finds nothing anew.
    """
    query = _FIND.format(ordinal=of.ordinal, query=of.step.query)
    values, inserted = of.step.values(of.today), 0
    async with acquire(store.pool) as db, db.transaction():
        await db.execute(f"set local statement_timeout = {FINDING_TAKES_S * 1000}")
        begun = await db.fetchval(
            """update business_day_run set started_at = $4
               where brand = $1 and day = $2 and ordinal = $3 and found is null returning true""",
            *of.key,
            store.clock.now(),
        )
        if begun:
            done = await db.execute(
                query, of.today.brand, of.today.day, *values, timeout=FINDING_TAKES_S
            )
            inserted = int(done.rpartition(" ")[2])
        found: int = await db.fetchval(
            """update business_day_run set found = coalesce(found, $4)
               where brand = $1 and day = $2 and ordinal = $3 returning found""",
            *of.key,
            inserted,
        )
    return found


class Chunks:
    """Works off what is kept of a step."""

    def __init__(self, *, store: EventStore, inquiry: "Inquiry") -> None:
        self._store = store
        self._inquiry = inquiry

    async def work_off(self, of: StepOfDay, *, check: Callable[[], None]) -> None:
        """All of it, in order of partition and account. `check` raises to stop between chunks."""
        after, turn = BEFORE_ALL, asyncio.Lock()

        async def lane() -> None:
            nonlocal after
            while True:
                check()
                async with turn:
                    chunk = await self._next(of, after)
                    after = chunk[-1].place if chunk else after
                if not chunk:
                    return
                await self._work(chunk, of)

        for fault in await asyncio.gather(*(lane() for _ in range(LANES)), return_exceptions=True):
            if fault is not None:
                raise fault

    async def work_singly(self, of: StepOfDay, found: Found) -> Exception | None:
        """One task, asked for by somebody; why it could not be done."""
        task = of.step.task(of.today, found)
        faults = await self._ask_gateway([task])
        return faults.get(task.key) or await _fault_of(self._run([task], of, done=[]))

    async def _next(self, of: StepOfDay, after: Place) -> list[Kept]:
        """The next chunk, which splits no account in two unless it is larger than that."""
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_NEXT, *of.key, *after, CHUNK)
        if len(rows) == CHUNK and rows[0]["account_id"] != rows[-1]["account_id"]:
            rows = [row for row in rows if row["account_id"] != rows[-1]["account_id"]]
        return [_kept(row, of) for row in rows]

    async def _work(self, chunk: Sequence[Kept], of: StepOfDay) -> None:
        faults = await self._ask_gateway([kept.task for kept in chunk])
        for kept in chunk:
            if fault := faults.get(kept.task.key):
                await self._park(kept, of, fault=fault)
        clear = [kept for kept in chunk if kept.task.key not in faults]
        fault = await self._attempt(clear, of)
        if fault is None or not clear:
            return
        log.warning("a chunk is done again one by one", step=of.name, error=repr(fault))
        for kept in clear:
            if fault := await self._attempt([kept], of):
                await self._park(kept, of, fault=fault)

    async def _attempt(self, chunk: Sequence[Kept], of: StepOfDay) -> Exception | None:
        """Why nothing of the chunk could be done; raises what is wrong with the whole house."""
        done = [kept.place for kept in chunk]
        fault = await _fault_of(self._run([kept.task for kept in chunk], of, done=done))
        if fault is not None and is_transient(fault) and not isinstance(fault, AN_ACCOUNTS_OWN):
            raise fault
        return fault

    async def _run(self, tasks: Sequence[Task], of: StepOfDay, *, done: Sequence[Place]) -> None:
        await self._store.run(of.cause, lambda tx: _do_all(tasks, of, tx, done=done))

    async def _ask_gateway(self, tasks: Sequence[Task]) -> dict[str, Exception]:
        """Ask about the open payments of each; task -> why its answer is not known."""
        asked_about = {id: task.key for task in tasks for id in task.ask_about}
        if not asked_about:
            return {}
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_OPEN_PAYMENTS, list(asked_about))
        faults: dict[str, Exception] = {}
        for row in rows:
            if fault := await _fault_of(self._inquiry.ask(row["payment_id"])):
                if is_transient(fault) and not isinstance(fault, AN_ACCOUNTS_OWN):
                    raise fault
                faults[asked_about[row["invoice_id"]]] = fault
        return faults

    async def _park(self, kept: Kept, of: StepOfDay, *, fault: Exception) -> None:
        log.error("business day problem", step=of.name, item=kept.found.item, error=repr(fault))
        async with acquire(self._store.pool) as db, db.transaction():
            await keep_problem(
                db,
                (of.today.brand, of.today.day, of.name),
                found=kept.found,
                fault=fault,
                now=self._store.clock.now(),
            )
            await db.execute(_DONE, *of.key, *kept.place, *kept.place)


async def do_tasks(tasks: Sequence[Task], of: StepOfDay, tx: Transaction) -> None:
    """The commands of all in one transaction, which read ahead together."""
    await _read_ahead(tasks, of, tx)
    by_account: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        by_account[task.account_id].append(task)
    await tx.numbers.lead([_do_one_by_one(own, tx) for own in by_account.values()])


async def _do_one_by_one(tasks: Sequence[Task], tx: Transaction) -> None:
    """Those of one account: each knows what the one before it has done."""
    for task in tasks:
        await task.work(tx)


async def _do_all(
    tasks: Sequence[Task], of: StepOfDay, tx: Transaction, *, done: Sequence[Place]
) -> None:
    await do_tasks(tasks, of, tx)
    db = await tx.begin()
    if done:
        await db.execute(_DONE, *of.key, *done[0], *done[-1])
    await db.execute(_SOLVED, of.today.brand, of.name, [task.key for task in tasks])


async def _read_ahead(tasks: Sequence[Task], of: StepOfDay, tx: Transaction) -> None:
    accounts = {task.account_id for task in tasks}
    streams: dict[type[Aggregate], set[UUID]] = defaultdict(set)
    claims: dict[str, set[str]] = defaultdict(set)
    streams[Brand].add(Brand.id_of(of.today.brand))
    streams[Product].update(of.today.products)
    streams[AccountTerms].update(AccountTerms.id_of(account) for account in accounts)
    for task in tasks:
        for cls, id in task.streams:
            streams[cls].add(id)
        for kind, key in task.claims:
            claims[kind].add(key)
    for cls, ids in streams.items():
        await tx.ahead.streams(ids, form=form_of(cls))
    for kind, keys in claims.items():
        await tx.ahead.claims(kind, keys)
    await foresee_contacts(accounts, tx)
    await foresee_today(of.today.brand, tx)
    billed = {(task.account_id, task.bills_in) for task in tasks if task.bills_in}
    await foresee_items(billed, tx, today=of.today.day)
    await tx.store.keyring.keys(accounts)  # once for all: the next that asks has them at hand


async def _fault_of(work: Awaitable[Any]) -> Exception | None:
    """The error that the work ends with; it is raised again, parked or counted by the caller."""
    outcome = (await asyncio.gather(work, return_exceptions=True))[0]
    if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
        raise outcome  # no error: the process is to end
    return outcome if isinstance(outcome, Exception) else None


def found_in(row: asyncpg.Record) -> Found:
    """The candidate of a row of a step's query, its facts as text."""
    facts = msgspec.json.decode(row["facts"])
    return Found(account_id=row["account_id"], item=row["item"], facts=facts)


def _kept(row: asyncpg.Record, of: StepOfDay) -> Kept:
    found = found_in(row)
    place = (row["partition"], row["account_id"], row["item"])
    return Kept(place=place, found=found, task=of.step.task(of.today, found))
