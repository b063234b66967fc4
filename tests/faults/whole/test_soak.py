"""Mixed traffic while programs are killed again and again: nothing lost, nothing done twice.

The long one writes its figures to docs/reliability.json, from where docs/reliability.md has them.
"""

import random
import time
from typing import Any

import pytest

from tests.faults.books import Books
from tests.faults.invariants import check_invariants, check_views, copies_of_mails
from tests.faults.killer import Killer
from tests.faults.outside import SOURCES, Outside, looking_from_outside
from tests.faults.report import write_figures
from tests.faults.stand import Stand
from tests.faults.traffic import traffic

KILL_EVERY_S = 5.0
QUIET_WITHIN_S = 120.0


@pytest.mark.timeout(300)
async def test_nothing_is_lost_while_programs_are_killed_at_random(
    stand: Stand, books: Books
) -> None:
    figures = await _soak(stand, books, seed=1, kills=4)
    assert figures["kills"] == 4
    assert figures["accepted_commands"] > 50


@pytest.mark.long
@pytest.mark.timeout(1500)
async def test_nothing_is_lost_in_ten_minutes_with_a_kill_every_five_seconds(
    stand: Stand, books: Books
) -> None:
    figures = await _soak(stand, books, seed=2, kills=120)
    write_figures(figures)


async def _soak(stand: Stand, books: Books, *, seed: int, kills: int) -> dict[str, Any]:
    """Traffic and kills, then quiet, then every invariant; what there was to see."""
    async with looking_from_outside(stand) as outside:
        events_before, copies_before = await _events(outside), copies_of_mails(outside)
    accepted_before, silences_before = books.accepted.total(), books.silences
    killer = Killer(stand, random.Random(seed))
    begun = time.monotonic()
    async with traffic(stand, books, seed=seed, people=8) as crowd:
        await crowd.until(40)
        for _ in range(kills):
            await killer.kill_one()
            await crowd.last(KILL_EVERY_S)
    worst_s = await killer.all_are_back()
    lasted_s = time.monotonic() - begun
    quiet_s = await stand.until_quiet(within_s=QUIET_WITHIN_S)
    await check_invariants(stand, books)
    await check_views(stand)
    async with looking_from_outside(stand) as outside:
        events, copies = await _events(outside), copies_of_mails(outside)
    return {
        "seed": seed,
        "seconds": round(lasted_s),
        "kills": killer.kills.total(),
        "kills_by_program": dict(sorted(killer.kills.items())),
        "accepted_commands": books.accepted.total() - accepted_before,
        "requests_without_answer": books.silences - silences_before,
        "public_events": events - events_before,
        "lost": 0,  # the invariants held: a lost event or command fails the test above
        "duplicated_effects": 0,
        "mails_sent_twice_under_one_message_id": copies - copies_before,
        "worst_recovery_s": round(worst_s, 1),
        "quiet_after_s": round(quiet_s, 1),
    }


async def _events(outside: Outside) -> int:
    """How many public events there are."""
    counts = [await outside.rows(service, "select count(*) from log") for service in SOURCES]
    return sum(rows[0]["count"] for rows in counts)
