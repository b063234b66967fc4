"""A bad network between the services and their PostgreSQL and NATS: slower, never wrong."""

import signal

import pytest

from tests.faults.books import Books
from tests.faults.invariants import check_invariants
from tests.faults.proxy import DROPS_REQUESTS, DROPS_RESPONSES, Proxy, Weather
from tests.faults.stand import Stand
from tests.faults.traffic import traffic, under_load

pytestmark = pytest.mark.timeout(600)

SLOW = Weather(latency_s=0.15, jitter_s=0.15)
RESETS = Weather(reset_share=0.005)
MORE_RESETS = Weather(reset_share=0.05)


@pytest.mark.parametrize(
    ("seconds", "resets"),
    [(1, RESETS), pytest.param(20, MORE_RESETS, marks=pytest.mark.long)],
    ids=["short", "long"],
)
async def test_f33_latency_resets_and_one_way_black_holes_make_it_only_slower(
    stand: Stand, books: Books, seconds: int, resets: Weather
) -> None:
    bad: list[tuple[Proxy, Weather]] = [
        (stand.postgres, SLOW),
        (stand.nats, SLOW),
        (stand.postgres, resets),
        (stand.nats, resets),
        (stand.nats, DROPS_RESPONSES),
        (stand.nats, DROPS_REQUESTS),
        (stand.postgres, DROPS_RESPONSES),
        (stand.postgres, DROPS_REQUESTS),
    ]
    async with traffic(stand, books, seed=433 + seconds, people=6) as crowd:
        await crowd.until(10)
        for proxy, weather in bad:
            proxy.weather = weather
            try:
                await crowd.last(seconds)
            finally:
                proxy.heal()
            await crowd.until(3)
    await check_invariants(stand, books)


async def test_f22_a_service_that_starts_while_the_bus_is_away_takes_orders_and_publishes_later(
    stand: Stand, books: Books
) -> None:
    async with under_load(stand, books, seed=422) as crowd:
        stand.nats.weather = Weather(refuses=True)
        stand.nats.reset()
        try:
            stand.kill("billing")
            await crowd.until(3, of="order")
            await stand.until_back("billing")
            stand.send("tickets", signal.SIGTERM)
            await crowd.until(1, of="ticket")
        finally:
            stand.nats.heal()
