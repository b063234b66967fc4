"""Figures: a lag in seconds that tells busy from behind, and gauges of what the database says."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from shared.consumers.group import Consumers
from shared.consumers.lag import LagClock
from shared.figures import Figures, note_verification
from shared.http.app import nothing_special
from shared.ids import new_id
from shared.store import Cause
from shared.telemetry import APPEND_TIMES, GAUGES, RecentTimes
from tests.conftest import OpenDatabase
from tests.shared.kernel import Counter, store_on

PLACE = ("billing", 7)


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_consumer_that_keeps_up_with_a_growing_source_has_no_lag() -> None:
    watch = Watch()
    clock = LagClock(watch)
    seen = 0
    for second in range(100):
        watch.now, head = float(second), 10 * second
        assert clock.lag_s({PLACE: head}, lambda _, seen=seen: seen) <= 1  # type: ignore[misc]
        seen = head


def test_the_lag_is_the_age_of_the_oldest_heads_that_were_not_reached() -> None:
    watch = Watch()
    clock = LagClock(watch)
    for second in range(39):
        watch.now = float(second)
        clock.lag_s({PLACE: 10 + second}, lambda _: 10)
    watch.now = 39.0
    lag_s = clock.lag_s({PLACE: 49}, lambda _: 10)
    assert lag_s == 38  # the heads of second 0 were reached, those of second 1 were not
    assert clock.lag_s({PLACE: 49}, lambda _: 30) == 18
    assert clock.lag_s({PLACE: 49}, lambda _: 49) == 0


def test_percentiles_are_of_the_last_thousand() -> None:
    times = RecentTimes()
    assert times.percentile(99) is None
    for _ in range(5000):
        times.note(9.0)
    for millisecond in range(1000):
        times.note(millisecond / 1000)
    assert times.percentile(50) == 0.5
    assert times.percentile(99) == 0.99


async def test_the_status_says_how_old_the_oldest_unpublished_event_is(
    database: OpenDatabase,
) -> None:
    store = store_on((await database("kernel")).pool)
    settings: Any = SimpleNamespace(service="tickets", instance="here/tickets", data_folder="/")
    consumers = Consumers([], store, None)  # type: ignore[arg-type]
    figures = Figures(settings, store, consumers, report=nothing_special)
    assert (await figures.status())["oldest_unpublished_s"] == 0
    async with store.transaction(Cause(actor="test")) as tx:
        await tx.save(Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana"))
    async with store.pool.acquire() as db:
        now = await db.fetchval("select max(occurred_at) from log")
    moved: Any = SimpleNamespace(now=lambda: now + timedelta(seconds=42))
    store.clock = moved
    status = await figures.status()
    assert (status["unpublished"], status["oldest_unpublished_s"]) == (1, 42)
    assert status["process"]["instance"] == "here/tickets"
    assert status["process"]["append_p99_ms"] == round(APPEND_TIMES.percentile(99) * 1000, 1)  # type: ignore[operator]
    assert status["process"]["pool"]["limit"] == store.pool.get_max_size()


def test_a_broken_chain_is_a_figure_of_its_own() -> None:
    broken = {"check": "hash_chain", "partition": 3, "position": 17}
    note_verification("toys", [broken, {"check": "nothing_parked"}])
    values = GAUGES.values("faktura_chain_breaks")
    assert values[("service", "toys"),] == 1
    assert GAUGES.values("faktura_verification_findings")[("service", "toys"),] == 2
