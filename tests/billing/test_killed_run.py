"""A run of business days that is killed again and again comes to what an undisturbed one does."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from services.billing.automation import chunks, run
from services.billing.automation.run import BusinessDayRun
from shared.database import Connection, Pool, acquire
from shared.store import EventStore
from tests.billing.house import House, open_house
from tests.conftest import OpenDatabase

DAY = timedelta(days=1)
FEE = {"kind": "fixed", "amount_minor": 700, "after_days": 3}
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the run at the n-th thing that it asks of the database: before, or after it is done."""

    def __init__(self) -> None:
        self.left = 0
        self.kills = 0

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.kills += 1
            raise Killed

    @contextmanager
    def armed(self, after: int) -> Iterator[None]:
        self.left = after
        store_run = EventStore.run

        @asynccontextmanager
        async def deadly(pool: Pool) -> AsyncIterator[Connection]:
            self.count()
            async with acquire(pool) as db:
                yield db
            self.count()

        async def deadly_run(store: EventStore, *arguments: Any) -> Any:
            self.count()
            outcome = await store_run(store, *arguments)
            self.count()
            return outcome

        with (
            patch.object(run, "acquire", deadly),
            patch.object(chunks, "acquire", deadly),
            patch.object(EventStore, "run", deadly_run),
        ):
            yield


async def play_killed(house: House, day: date, killer: Killer) -> None:
    """The day, by a process after another, each of which lives a little longer than the last."""
    body = {"brand": "ponto", "day": day.isoformat()}
    await house.do("POST", "/internal/business-days", body, token=house.internal())
    for after in range(1, 1000):
        process = BusinessDayRun(
            store=house.store, consumers=house.service.consumers, inquiry=house.inquiry
        )
        with killer.armed(after):
            try:
                await process.work_off()
                break
            except Killed:
                continue
    await house.until(house.is_quiet)


async def story(house: House, killer: Killer | None) -> list[tuple[str, str]]:
    """Two clients, three services, an order that nobody pays; what was published of it all."""
    await house.apply_brand(rules={"late_fee": FEE})
    service = await house.active_service(house.ana, domain="one.example")
    await house.active_service(house.ana, domain="two.example")
    await house.active_service(house.rui, domain="three.example")
    due: date = await house.fetchval("select min(next_due_on) from service_list")
    assert service
    await house.play(due - 15 * DAY)
    await house.order(house.rui, domain="four.example")
    for day in (due - 14 * DAY, due - 7 * DAY, due, due + 3 * DAY, due + 5 * DAY):
        await house.play(day - DAY)
        if killer:
            await play_killed(house, day, killer)
        else:
            await house.play(day)
    return [
        (name, plain(fields))
        for account in (house.ana, house.rui)
        for name, fields in await house.events(account)
    ]


def plain(fields: dict[str, Any]) -> str:
    """The event without what differs from run to run: ids, ciphertexts and numbers."""
    text = UUID_TEXT.sub("id", str(sorted(fields.items())))
    text = re.sub(r"~1\.[A-Za-z0-9_=-]+", "secret", text)
    text = re.sub(r"chk_[A-Za-z0-9_-]+", "checkout", text)
    return re.sub(r"PON-(O-|R-)?\d{4}-\d{6}", "number", text)


async def test_f58_a_run_that_is_killed_at_every_step_comes_to_the_same(
    database: OpenDatabase, tmp_path: Path
) -> None:
    outcomes = []
    killer = Killer()
    for number, using in enumerate((None, killer)):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with open_house(await database("billing"), folder) as house:
            outcomes.append(Counter(await story(house, using)))
            assert await house.findings() == []
            assert await house.fetchval("select count(*) from business_day_task") == 0
            assert await house.fetchval("select count(*) from business_day_problem") == 0
    assert outcomes[0] == outcomes[1]
    assert killer.kills > 50
