"""A day's run that is killed comes to what one comes to that is not, at every moment of it."""

from datetime import timedelta

import pytest

from services.billing.automation.tasks import STEPS
from tests.simulation.virtual_time import VirtualLoop, seeded
from tests.year.killing import Evening, Played, play_killed
from tests.year.shop import first_day
from tests.year.year import Year

ACCOUNTS, DAYS = 40, 61

pytestmark = pytest.mark.timeout(900)
BUSY = {
    "AutopayDue",
    "InvoiceIssued",
    "InvoiceOverdue",
    "PaymentReminderDue",
    "SuspensionWarned",
}
MOMENTS = 12
"""So many of the day's moments, spread over all of it, in every run of the tests."""
SHARES = 20
"""All of its moments, some 11,000 plays of half a second, are shared out over so many tests."""
MISSED = 5
"""Days before it that the run makes up for."""
BEGUN = "after update business_day_run set started_at"
ENDED = "before update business_day_run set finished_at"


@pytest.fixture(scope="module")
def evening() -> Evening:
    """A day on which nearly every step finds something to do."""
    loop = VirtualLoop()
    with seeded(loop, "evening"):
        year = Year(loop, 5, accounts=ACCOUNTS, days=DAYS)
        loop.run(year.play())
        loop.close()
    return Evening(world=year.world, day=first_day() + timedelta(days=DAYS + MISSED))


@pytest.fixture(scope="module")
def undisturbed(evening: Evening) -> Played:
    return play_killed(evening, at=[])


def test_the_day_has_something_to_do_for_most_steps(undisturbed: Played) -> None:
    published = {name for events in undisturbed.story.values() for name, _ in events}
    assert published >= BUSY
    assert undisturbed.lives == 1 and not undisturbed.left_over
    assert len(set(undisturbed.moments)) > 2 * 50


def test_a_run_that_is_killed_once_comes_to_the_same_event_for_event(
    evening: Evening, undisturbed: Played
) -> None:
    step = max(1, len(undisturbed.moments) // MOMENTS)
    for at in range(1, len(undisturbed.moments) + 1, step):
        _compare(evening, undisturbed, at=[at])


def test_a_run_that_is_killed_again_and_again_comes_to_the_same(
    evening: Evening, undisturbed: Played
) -> None:
    """Each life is a little longer than the one before, so that each moment is somebody's last."""
    assert _compare(evening, undisturbed, at=[*range(60, 900, 7)]) > 10


def test_a_run_that_is_killed_midway_in_any_step_comes_to_the_same(
    evening: Evening, undisturbed: Played
) -> None:
    spans = _spans(undisturbed.moments)
    assert len(spans) == len(STEPS) * (MISSED + 1)
    for place in range(len(STEPS)):
        begin, end = max(spans[place :: len(STEPS)], key=lambda span: span[1] - span[0])
        _compare(evening, undisturbed, at=[(begin + end) // 2])


def _spans(moments: list[str]) -> list[tuple[int, int]]:
    """The first and the last moment of each step of each day that was made up for, and of today."""
    begun = [at for at, moment in enumerate(moments, 1) if moment.startswith(BEGUN)]
    ended = [at for at, moment in enumerate(moments, 1) if moment.startswith(ENDED)]
    return list(zip(begun, ended, strict=True))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(1, SHARES + 1))
def test_a_run_that_is_killed_at_whatever_moment_comes_to_the_same(
    evening: Evening, undisturbed: Played, first: int
) -> None:
    for at in range(first, len(undisturbed.moments) + 1, SHARES):
        _compare(evening, undisturbed, at=[at])


def _compare(evening: Evening, undisturbed: Played, *, at: list[int]) -> int:
    """How many lives the day took."""
    killed = play_killed(evening, at=at)
    moment = undisturbed.moments[at[0] - 1]
    assert killed.story == undisturbed.story, f"killed at {at[0]}: {moment}"
    assert not killed.left_over and killed.lives > 1
    return killed.lives
