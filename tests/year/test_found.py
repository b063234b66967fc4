"""What the stand-in finds for a step the server finds too, on the tables of a simulated year."""

import json
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from services.billing.app import VIEWS
from services.billing.automation.business_day import business_day
from services.billing.automation.tasks import STEPS
from tests.conftest import OpenDatabase
from tests.simulation.virtual_time import VirtualLoop, seeded
from tests.year.found import FINDERS, Candidate
from tests.year.shop import first_day
from tests.year.world import BRAND, World
from tests.year.year import Year

TABLES = (
    "service_due",
    "invoice_open",
    "invoice_open_service",
    "credit_held",
    "billable_item",
    "account_rules",
    "cart_open",
    "claim",
)
ACCOUNTS, DAYS = 25, 62

pytestmark = pytest.mark.timeout(600)
LOOKS_AT = (0, 1, 2, 5, 8, 13, 21, 34)
"""So many days after the last one: what would be found if nothing happened until then."""

ASKED = "select * from ({query}) as found where $1::text is not null and $2::date is not null"
"""Not every query wants to know the brand and the day."""
Asked = tuple[str, int]
"""Step, and how many days later."""


class Played:
    """A world at the end of its days, and what the stand-in finds then and on days to come."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.values: dict[Asked, tuple[Any, ...]] = {}
        self.found: dict[Asked, list[Candidate]] = {}

    async def ask(self, world: World) -> None:
        """Have the stand-in find, for each step on each of the days."""
        self.tables = {name: world.server.read(name) for name in TABLES}
        async with world.pool.acquire() as db:
            for later in LOOKS_AT:
                async with world.store.transaction(world.cause("look")) as tx:
                    today = await business_day(BRAND, day_after(later), tx=tx)
                for name, step in STEPS.items():
                    values = self.values[name, later] = step.values(today)
                    find = FINDERS[step.query]
                    found = find(db.session, BRAND, day_after(later), *values)
                    self.found[name, later] = found


def day_after(later: int) -> date:
    return first_day() + timedelta(days=DAYS + later)


@pytest.fixture(scope="module")
def played() -> Played:
    loop, made = VirtualLoop(), Played()
    with seeded(loop, "found"):
        year = Year(loop, 11, accounts=ACCOUNTS, days=DAYS)
        loop.run(year.play())
        loop.run(made.ask(year.world))
        loop.close()
    return made


async def test_the_stand_in_finds_what_the_server_finds(
    played: Played, database: OpenDatabase
) -> None:
    opened = await database("billing")
    db = await asyncpg.connect(opened.owner_url)
    try:
        await db.execute(f"set search_path = public, {', '.join(view.schema for view in VIEWS)}")
        for name, rows in played.tables.items():
            text = json.dumps(rows, default=str)
            await db.execute(
                f"insert into {name} select * from jsonb_populate_recordset(null::{name}, $1)",
                text,
            )
        for (name, later), values in played.values.items():
            query = ASKED.format(query=STEPS[name].query)
            found = await db.fetch(query, BRAND, day_after(later), *values)
            theirs = [(r["account_id"], r["item"], json.loads(r["facts"])) for r in found]
            ours = [(i, item, _plain(said)) for i, item, said in played.found[name, later]]
            assert sorted(ours, key=repr) == sorted(theirs, key=repr), (name, later)
    finally:
        await db.close()


def _plain(facts: dict[str, Any]) -> Any:
    return json.loads(json.dumps(facts, default=str))


def test_the_steps_that_matter_most_find_something(played: Played) -> None:
    found = {name for (name, _), rows in played.found.items() if rows}
    assert found >= OFTEN


OFTEN = {"autopay", "charge_late_fees", "issue_renewals", "notice_overdue", "remind", "suspend"}
