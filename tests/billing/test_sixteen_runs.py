"""Sixteen runs of one business day over whole chunks: each period is on exactly one invoice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.billing.app import VIEWS
from services.billing.automation import chunks
from services.billing.automation.business_day import business_day
from services.billing.automation.chunks import Chunks, StepOfDay, find_tasks
from services.billing.automation.run import BusinessDayRun
from services.billing.automation.tasks import STEPS
from services.billing.catalogue.product import Product
from services.billing.held_services.held_service import HeldService
from shared.database import LOST, open_pool
from shared.errors import Unavailable
from shared.ids import new_id
from shared.store import Cause, EventStore
from tests.billing.house import House, KeysInMemory, open_house
from tests.billing.samples import service_terms
from tests.conftest import Database, OpenDatabase

RUNS = 16
ACCOUNTS, EACH = 260, 2
IN_A_CHUNK = 100
"""More than two chunks, so that several are worked on at the same time."""
STEP = "issue_renewals"
MOST_TRIES = 200

pytestmark = pytest.mark.timeout(600)
CAUSE = Cause(actor="test")


@pytest.fixture
async def opened(database: OpenDatabase) -> Database:
    return await database("billing")


@pytest.fixture
async def house(opened: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(opened, tmp_path) as made:
        yield made


@asynccontextmanager
async def stores(opened: Database, house: House) -> AsyncIterator[list[EventStore]]:
    """One for each run, with connections of its own, as another process would have."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(RUNS):
            schemas = [view.schema for view in VIEWS]
            pool = await open_pool(opened.url, size=4, schemas=schemas)
            stack.push_async_callback(pool.close)
            made.append(
                EventStore(
                    pool,
                    service="billing",
                    publish=house.store.publish,
                    keyring=KeysInMemory(),
                    clock=house.clock,
                )
            )
        yield made


@pytest.fixture(autouse=True)
def _several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the runs meet in more places than one: an account is a task."""
    assert ACCOUNTS > 2 * IN_A_CHUNK
    monkeypatch.setattr(chunks, "CHUNK", IN_A_CHUNK)


async def populate(house: House, due_on: date) -> list[UUID]:
    """Active services of many accounts, all due on one day."""
    product_id = Product.id_of("ponto", "start")
    accounts = [new_id() for _ in range(ACCOUNTS)]
    services = []
    for number in range(ACCOUNTS * EACH):
        service = HeldService.order(
            id=new_id(),
            account_id=accounts[number // EACH],
            brand="ponto",
            order_id=new_id(),
            terms=service_terms(product_id=product_id),
        )
        service.activate(today=due_on - timedelta(days=30), next_due_on=due_on)
        services.append(service)
    for account_id in accounts:
        await house.register("Ana Souza", account_id)
    await house.store.save_many(CAUSE, services)
    await house.catch_up()
    return [service.id for service in services]


async def issued(house: House) -> list[tuple[str, list[tuple[UUID, str]]]]:
    """Number and the periods of each invoice, in the order of the numbers."""
    async with house.store.pool.acquire() as db:
        rows = await db.fetch(
            """select data ->> 'number' as number,
                      array(select (line ->> 'service_id') || '/' || (line ->> 'period_start')
                            from json_array_elements(data -> 'lines') as line
                            where line ->> 'kind' = 'renewal') as periods
               from log where type = 'InvoiceIssued' order by 1"""
        )
    found = []
    for row in rows:
        pairs = [(UUID(each.partition("/")[0]), each.partition("/")[2]) for each in row["periods"]]
        found.append((row["number"], pairs))
    return found


async def check_once_each(house: House, services: Sequence[UUID], due_on: date) -> None:
    """One invoice for each account, one period for each service, no gap and no double."""
    invoices = await issued(house)
    numbers = [int(number.rpartition("-")[2]) for number, _ in invoices]
    assert numbers == list(range(1, ACCOUNTS + 1))
    periods = Counter(period for _, each in invoices for period in each)
    assert periods == Counter((id, due_on.isoformat()) for id in services)
    assert await house.fetchval("select count(*) from business_day_task") == 0
    assert await house.fetchval(OUT_OF_ORDER) == 0, "a number before that of an earlier commit"
    await house.catch_up()
    assert await house.findings() == []


OUT_OF_ORDER = """
select count(*) from (
    select data ->> 'number' as number,
           lag(data ->> 'number') over (partition by partition order by position) as before
    from log where type = 'InvoiceIssued') as numbered
where before > number
"""
"""The positions of a partition are in the order of the commits; so must be the numbers there."""


async def test_f58_sixteen_runs_at_once_bill_each_period_once(
    opened: Database, house: House
) -> None:
    """As sixteen processes would: the lease of the brand lets one work at a time."""
    today = await house.today()
    services = await populate(house, today + timedelta(days=10))
    house.clock.ahead = timedelta(days=1)
    await house.ticker.tick()
    async with stores(opened, house) as others:
        runs = [
            BusinessDayRun(store=store, consumers=house.service.consumers, inquiry=house.inquiry)
            for store in others
        ]
        await asyncio.gather(*(_persistently(run.work_off) for run in runs))
    await check_once_each(house, services, today + timedelta(days=10))
    assert await house.fetchval("select count(*) from business_day_problem") == 0


async def test_f58_sixteen_runs_without_a_lease_bill_each_period_once(
    opened: Database, house: House
) -> None:
    """As if each believed to be alone: the claims and versions of what they write decide."""
    today = await house.today() + timedelta(days=1)
    services = await populate(house, today + timedelta(days=10))
    house.clock.ahead = timedelta(days=1)
    await house.ticker.tick()
    async with stores(opened, house) as others:
        await asyncio.gather(*(_issue(store, house, today) for store in others))
    await check_once_each(house, services, today + timedelta(days=10))


async def _issue(store: EventStore, house: House, today: date) -> None:
    async with store.transaction(CAUSE) as tx:
        day = await business_day("ponto", today, tx=tx)
    ordinal = list(STEPS).index(STEP)
    of = StepOfDay(name=STEP, step=STEPS[STEP], ordinal=ordinal, today=day, cause=CAUSE)

    async def work_off() -> None:
        await find_tasks(of, store)
        await Chunks(store=store, inquiry=house.inquiry).work_off(of, check=lambda: None)

    await _persistently(work_off)


async def _persistently(work: Callable[[], Awaitable[None]]) -> None:
    """As the service's loop does: who waits too long for the numbers begins again."""
    for _ in range(MOST_TRIES):
        try:
            return await work()
        except (Unavailable, *LOST):
            continue
    raise AssertionError("never done")
