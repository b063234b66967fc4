"""The renewal run: all services of a brand due on one day, and a day on which nothing is due.

Three populations, each of so many services of 0.6 times as many accounts, made by COPY as if they
had been ordered and activated long ago. The run is a process of its own, `python -m bench.renewals
play URL DAY`, that prints its resident size and processor time twice a second; what each step took
is read from the log that the run itself keeps. Every invoice is numbered, recorded, published and
claimed, and billing's consumers follow meanwhile, as they do in the service; "posted" counts until
its views, the ledger among them, have seen them all.

`python -m bench.renewals measure 10000 100000` measures other sizes than `make bench` does.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog
import uvloop

from bench.house import House, running_house
from bench.memory import LOOKS_EVERY_S, size_mb
from bench.results import Result, report
from bench.stages import Meter
from services.billing.app import POLICIES, VIEWS
from services.billing.automation.commands import StartBusinessDay, start_business_day
from services.billing.automation.run import BusinessDayRun
from services.billing.brands.commands import ConfigureBrand, OfferedProduct, configure_brand
from services.billing.catalogue.product import Product
from services.billing.contacts.views import account_contact
from services.billing.held_services.calendar import period_end
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import ServiceTerms
from services.billing.held_services.views import service_due
from services.billing.publishing import publish
from shared.clock import SystemClock
from shared.codec import TypedMapper
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.garbage import seldom_collected
from shared.ids import new_id
from shared.store import Cause, EventStore
from shared.wakeup import end, run_forever
from tests.billing.samples import brand_settings, product_terms

SIZES = (10_000, 100_000, 1_000_000)
BRAND = "ponto"
Row = TypeVar("Row")
CAUSE = Cause(actor="bench")
MIGRATIONS = Path("services/billing/migrations")
ACTIVATED = date(2026, 10, 20)
DUE = date(2026, 11, 20)
QUIET, BUSY = DUE - timedelta(days=20), DUE - timedelta(days=14)
COPIED = 20_000
CONTACT = ("1", "pt-BR", "Ana Souza", "Rua das Flores 12\n01310-100", "", "BR", "SP")
PLACE, NEXT = ("country", "state"), ("next_due_on",)
CONTACT_COLUMNS = ("account_id", "brand", "number", "language", "name", "address", "tax_id", *PLACE)
DUE_COLUMNS = ("service_id", "account_id", "brand", "product_id", "status", "currency", *NEXT)
LIMIT_MB = 300
LIMIT_RATE = 2000
LIMIT_QUIET_MS = 2000
LINEAR = 0.7
"""Ten times as many services may slow the single invoice down to this part of its speed."""


class OneKey:
    """A keyring with one key for everybody: every personal field is really encrypted."""

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """The key of each."""
        return dict.fromkeys(subjects, bytes(32))

    async def ensure(self, subject: UUID) -> bytes:
        """The key."""
        return bytes(32)


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a day took: the whole of it, its renewals, and these until they were posted; sizes.

    `ours_s` and `servers_s` are processor time of the process and of PostgreSQL, all day.
    """

    day_s: float
    renewals_s: float
    posted_s: float
    invoices: int
    sizes_mb: list[float]
    ours_s: float
    servers_s: float

    def each_us(self, seconds: float) -> float:
        """So much for one invoice, in microseconds."""
        return seconds * 1e6 / self.invoices


async def measure(house: House, sizes: Sequence[int] = SIZES) -> list[Result]:
    """Rates of each population, whether they stay the same, the memory, and the quiet day."""
    played: dict[int, Played] = {}
    quiet_ms = 0.0
    for size in sizes:
        url = await _populated(house, size)
        quiet = await _play(url, QUIET)
        played[size] = busy = await _play(url, BUSY)
        quiet_ms = quiet.day_s * 1000
        print(f"{size:,} services, nothing due: {quiet_ms:,.0f} ms")
        print(
            f"{size:,} services, all due: {busy.invoices:,} invoices in {busy.renewals_s:.1f} s, "
            f"posted after {busy.posted_s:.1f} s; resident MB",
            *(f"{mb:.0f}" for mb in busy.sizes_mb[:: len(busy.sizes_mb) // 12 or 1]),
        )
        print(
            f"{size:,} services, processor time of the day for an invoice: ours "
            f"{busy.each_us(busy.ours_s):.0f} us, PostgreSQL {busy.each_us(busy.servers_s):.0f} us"
        )
    return _results(played, quiet_ms)


def _results(played: dict[int, Played], quiet_ms: float) -> list[Result]:
    first = next(iter(played.values()))
    results = [
        Result(
            name=f"renewal run, {size:,} services, {each.invoices:,} invoices posted too / issued",
            value=each.invoices / each.posted_s,
            unit="invoices/s",
            baseline=each.invoices / each.renewals_s,
            limit=LIMIT_RATE,
        )
        for size, each in played.items()
    ]
    largest, last = list(played.items())[-1]
    results += [
        Result(
            name=f"renewal run, speed at {largest:,} services / at {next(iter(played)):,}",
            value=last.invoices / last.posted_s,
            unit="invoices/s",
            baseline=first.invoices / first.posted_s,
            target=LINEAR,
        ),
        Result(
            name=f"renewal run, {largest:,} services, resident size / after a fifth",
            value=max(last.sizes_mb),
            unit="MB",
            baseline=last.sizes_mb[len(last.sizes_mb) // 5],
            limit=LIMIT_MB,
        ),
        Result(
            name=f"a business day without anything due, {largest:,} services",
            value=quiet_ms,
            unit="ms",
            baseline=LIMIT_QUIET_MS,
            limit=LIMIT_QUIET_MS,
        ),
    ]
    return results


# ------------------------------------------------------------------------------- the population


async def _populated(house: House, services: int) -> str:
    """The URL of a fresh database of billing with a brand, a product and so many services."""
    owner_url, url = await billing_database(house)
    await _copy_services(owner_url, services)
    return url


async def billing_database(house: House) -> tuple[str, str]:
    """The URLs, the owner's first, of a fresh database of billing with a brand and a product."""
    owner_url, url = await house.database(MIGRATIONS, VIEWS)
    async with billing_store(url) as store:
        await store.run(CAUSE, partial(configure_brand, _brand()))
    return owner_url, url


def _brand() -> ConfigureBrand:
    product = OfferedProduct(terms=product_terms())
    return ConfigureBrand(slug=BRAND, settings=brand_settings(), products=[product])


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, COPIED)):
        yield batch


async def _copy_services(owner_url: str, services: int) -> None:
    owner = await asyncpg.connect(owner_url)
    accounts = [new_id() for _ in range(services * 6 // 10)]
    owners = ((new_id(), accounts[number % len(accounts)]) for number in range(services))
    template = _template()
    now = datetime.now(UTC)
    for batch in _batches(iter(accounts)):
        await owner.copy_records_to_table(
            "account_contact",
            schema_name=account_contact.schema,
            columns=CONTACT_COLUMNS,
            records=[(id, BRAND, *CONTACT) for id in batch],
        )
    for pairs in _batches(owners):
        await owner.copy_records_to_table(
            "events",
            columns=("stream_id", "version", "topic", "account_id", "brand", "data", "recorded_at"),
            records=list(_events(pairs, template, now=now)),
        )
        await owner.copy_records_to_table(
            "service_due",
            schema_name=service_due.schema,
            columns=DUE_COLUMNS,
            records=[
                (service, account, BRAND, template.product_id, "active", "BRL", DUE)
                for service, account in pairs
            ],
        )
    await owner.execute("vacuum analyze")
    await owner.close()


@dataclass(frozen=True, kw_only=True)
class Template:
    """The stored events of one service, by topic; every service's are alike but for its account."""

    product_id: UUID
    account_id: UUID
    data: dict[str, str]


def _template() -> Template:
    service = held_since(ACTIVATED)
    assert service.account_id, "a service belongs to an account"
    mapper = TypedMapper()
    data = {
        str(event.TOPIC): mapper.to_state(event).decode()  # type: ignore[attr-defined]
        for event in service.collect_events()
    }
    product_id = service.terms.product_id
    return Template(product_id=product_id, account_id=service.account_id, data=data)


def held_since(activated_on: date) -> HeldService:
    """An active service by the month, of an account of its own."""
    service = HeldService.order(
        id=new_id(),
        account_id=new_id(),
        brand=BRAND,
        order_id=new_id(),
        terms=ServiceTerms(
            product_id=Product.id_of(BRAND, product_terms().slug),
            product_name={"pt-BR": "Hospedagem Início", "en": "Start hosting"},
            plan="plan_start",
            domain="client.example",
            cycle="monthly",
            recurring_minor=2990,
            currency="BRL",
        ),
    )
    due_on = period_end(activated_on, cycle="monthly", anchor_day=activated_on.day)
    service.activate(today=activated_on, next_due_on=due_on)
    return service


def _events(
    pairs: Sequence[tuple[UUID, UUID]], template: Template, *, now: datetime
) -> Iterator[tuple[object, ...]]:
    for service, account in pairs:
        for version, (topic, text) in enumerate(template.data.items(), start=1):
            data = text.replace(str(template.account_id), str(account))
            yield service, version, topic, account, BRAND, data, now


# ------------------------------------------------------------------------------- the process


@asynccontextmanager
async def billing_store(url: str) -> AsyncIterator[EventStore]:
    """The store of a process of billing."""
    pool = await open_pool(url, size=8, schemas=[view.schema for view in VIEWS])
    yield EventStore(
        pool, service="billing", publish=publish, keyring=OneKey(), clock=SystemClock()
    )
    await pool.close()


async def _play(url: str, day: date) -> Played:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.renewals", "play", url, day.isoformat()),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    meter = Meter()
    before_s = meter.read()["postgres"]
    looks = [tuple(map(float, line.split())) async for line in process.stdout]
    assert await process.wait() == 0, "the run failed"
    servers_s = meter.read()["postgres"] - before_s
    db = await asyncpg.connect(url)
    row = await db.fetchrow(
        """select extract(epoch from max(finished_at) - min(started_at))::float8 as day_s,
                  extract(epoch from max(finished_at - started_at)
                      filter (where step = 'issue_renewals'))::float8 as renewals_s,
                  extract(epoch from max(started_at) filter (where step = 'autopay')
                      - max(started_at) filter (where step = 'issue_renewals'))::float8 as posted_s,
                  max(found) filter (where step = 'issue_renewals') as invoices
           from business_day_run where day = $1""",
        day,
    )
    await db.close()
    assert row is not None, "the run keeps a log"
    sizes_mb, ours_s = [size for size, _ in looks], looks[-1][1] - looks[0][1]
    return Played(**row, sizes_mb=sizes_mb, ours_s=ours_s, servers_s=servers_s)


async def _run_day(url: str, day: date) -> None:
    async with billing_store(url) as store:
        own = [each for each in (*VIEWS, *POLICIES) if each.sources == ("billing",)]
        consumers = Consumers(own, store, None)  # type: ignore[arg-type]
        await consumers.load()
        await consumers.reach_end("billing")
        await store.run(CAUSE, partial(start_business_day, StartBusinessDay(brand=BRAND, day=day)))
        run = BusinessDayRun(store=store, consumers=consumers, inquiry=None)  # type: ignore[arg-type]
        loops = consumers.loops(None)  # type: ignore[arg-type]
        following = [
            asyncio.create_task(run_forever(name, loops[name]))
            for name in ("sharing", "own/billing")
        ]
        try:
            await run.work_off()
        finally:
            await end(following)
        async with store.pool.acquire() as db:
            problems = await db.fetchval("select count(*) from business_day_problem")
        assert problems == 0, "every account is renewed"


async def _watched(url: str, day: str) -> None:
    task = asyncio.create_task(_run_day(url, date.fromisoformat(day)))
    while not task.done():
        await asyncio.wait([task], timeout=LOOKS_EVERY_S)
        print(size_mb(), time.process_time(), flush=True)
    await task


def main(what: str, *values: str) -> None:
    """`play URL DAY` or `measure SIZE...`."""
    if what == "play":
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        with seldom_collected():  # as every service does
            uvloop.run(_watched(*values))
    else:
        with running_house() as house:
            report(uvloop.run(measure(house, [int(size) for size in values])))


if __name__ == "__main__":
    main(*sys.argv[1:])
