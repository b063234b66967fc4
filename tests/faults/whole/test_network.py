"""A bad network between the services and their PostgreSQL and NATS: slower, never wrong."""

import pytest

from tests.faults.books import Books
from tests.faults.invariants import check_invariants
from tests.faults.proxy import DROPS_REQUESTS, DROPS_RESPONSES, Proxy, Weather
from tests.faults.stand import Stand
from tests.faults.traffic import traffic

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
