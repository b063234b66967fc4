"""The waits after failures, and the limits per hour."""

from datetime import UTC, datetime, timedelta

import pytest

from services.accounts.sessions.throttle import Attempts, GrowingDelay, PerHour
from shared.networks import network_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BY_ADDRESS = GrowingDelay("address", has_hard_limit=True)
BY_NETWORK = GrowingDelay("network", has_hard_limit=False)


def failed(times: int, *, consecutive: int | None = None) -> Attempts:
    return Attempts(
        recent=times,
        consecutive=times if consecutive is None else consecutive,
        first_at=NOON,
        last_at=NOON,
    )


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900)]
)
def test_the_wait_doubles_after_five_failures(failures: int, wait_s: int) -> None:
    assert BY_ADDRESS.wait_s(failed(failures), NOON) == wait_s
    assert BY_NETWORK.wait_s(failed(failures), NOON) == wait_s


def test_the_wait_never_exceeds_a_quarter_of_an_hour() -> None:
    assert max(BY_NETWORK.wait_s(failed(n), NOON) for n in range(5000)) == 900


def test_the_wait_runs_from_the_last_failure_and_a_pause_starts_anew() -> None:
    assert BY_ADDRESS.wait_s(failed(5), NOON + timedelta(seconds=29.5)) == 1
    assert BY_ADDRESS.wait_s(failed(5), NOON + timedelta(seconds=30)) == 0
    assert not BY_ADDRESS.is_over(failed(9), NOON + timedelta(seconds=899))
    assert BY_ADDRESS.is_over(failed(9), NOON + timedelta(seconds=900))
    assert BY_ADDRESS.wait_s(failed(9), NOON + timedelta(seconds=900)) == 0


def test_a_hundred_failures_lock_an_account_and_no_network() -> None:
    later = NOON + timedelta(days=3)
    assert BY_ADDRESS.wait_s(failed(1, consecutive=100), later) == 900
    assert BY_ADDRESS.wait_s(failed(1, consecutive=99), later) == 0
    assert BY_NETWORK.wait_s(failed(1, consecutive=100), later) == 0


def test_an_hour_has_so_many_attempts_counted_from_the_first() -> None:
    limit = PerHour("reset", most=3)
    assert limit.wait_s(failed(2), NOON) == 0
    assert limit.wait_s(failed(3), NOON + timedelta(minutes=59)) == 60
    assert limit.wait_s(failed(3), NOON + timedelta(hours=1)) == 0
    assert limit.is_over(failed(3), NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
    ],
)
def test_a_network_is_what_a_household_shares(address: str, network: str) -> None:
    assert network_of(address) == network


def test_what_is_no_address_has_no_network() -> None:
    for text in ("", "localhost", "203.0.113", "203.0.113.1/8", "1"):
        with pytest.raises(ValueError, match="does not appear"):
            network_of(text)
