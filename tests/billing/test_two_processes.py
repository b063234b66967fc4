"""Loops that run in each process of the service: at the same moment they do their work once."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.billing.automation.run import BusinessDayRun
from services.billing.automation.ticker import Ticker
from services.billing.webhooks.inbox import Inbox, Kept
from shared.database import acquire
from shared.errors import Unavailable
from shared.lease import Lease
from tests.billing.house import House
from tests.billing.test_panel import paid_order
from tests.conftest import wait_until

WAITING = "select count(*) from pg_locks where not granted"


async def test_a_day_begins_once_though_every_process_looks_at_the_clock(house: House) -> None:
    started = "select count(*) from log where type = 'BusinessDayStarted'"
    before = await house.fetchval(started)
    house.clock.ahead = timedelta(days=1)
    await asyncio.gather(*(Ticker(house.store).tick() for _ in range(3)))
    assert await house.fetchval(started) == before + 1


async def test_each_step_of_a_day_is_carried_out_by_one_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.clock.ahead = timedelta(days=1)
    await house.ticker.tick()
    open_steps = await house.fetchval(
        "select count(*) from business_day_run where finished_at is null"
    )
    runs = [
        BusinessDayRun(store=house.store, consumers=house.service.consumers, inquiry=house.inquiry)
        for _ in range(2)
    ]
    steps: Counter[Any] = Counter()
    carry_out = BusinessDayRun._carry_out

    async def count(run: BusinessDayRun, step: Any, lease: Lease) -> None:
        steps[step["day"], step["ordinal"]] += 1
        await carry_out(run, step, lease)

    monkeypatch.setattr(BusinessDayRun, "_carry_out", count)
    await asyncio.gather(*(run.work_off() for run in runs))
    assert steps.total() == len(steps) == open_steps > 0


@pytest.mark.parametrize("janitor", ["inquiry", "answers"])
async def test_what_has_no_answer_is_asked_about_by_one_process(house: House, janitor: str) -> None:
    if janitor == "inquiry":
        order = await house.order(house.ana)
        await house.start_payment(house.ana, order["invoice_id"])
        await house.catch_up()
        open_one = "payment_id from payment_open"
    else:
        await paid_order(house)
        open_one = "request_id from provisioning_open"
    house.clock.ahead = timedelta(seconds=61)
    async with acquire(house.store.pool) as db:
        both_wait_for = db.transaction()
        await both_wait_for.start()
        await db.execute(f"insert into inquiry (asked_at, subject_id) select now(), {open_one}")
        ways = [asyncio.create_task(getattr(house, janitor).ask_about_due()) for _ in range(2)]

        async def both_wait() -> bool:
            return bool(await house.fetchval(WAITING) == 2)

        await wait_until(both_wait)
        await both_wait_for.rollback()
    assert sorted(await asyncio.gather(*ways)) == [0, 1]


async def test_two_processes_work_off_each_webhook_once(house: House) -> None:
    seen: Counter[str] = Counter()

    async def handle(webhook: Kept) -> None:
        seen[webhook.body] += 1

    boxes = [Inbox(house.store, {"gateway": handle}) for _ in range(2)]
    for number in range(20):
        await boxes[0].keep("gateway", Kept(event_id=f"event {number}", body=str(number)))
    while sum(await asyncio.gather(*(box.work_off_due() for box in boxes))):
        pass
    assert seen == Counter(str(number) for number in range(20))


async def test_who_was_held_up_with_a_webhook_does_not_undo_what_another_has_done(
    house: House,
) -> None:
    async def do(_: Kept) -> None:
        return

    async def be_held_up(_: Kept) -> None:
        house.clock.ahead += timedelta(seconds=60)
        await Inbox(house.store, {"gateway": do}).work_off_due()
        raise Unavailable(what="gateway")

    box = Inbox(house.store, {"gateway": be_held_up})
    await box.keep("gateway", Kept(event_id="event", body="{}"))
    await box.work_off_due()
    assert await house.fetchval("select processed_at is not null and problem is null from webhook")
