"""How long somebody has to wait after attempts that failed, or that came too often. Pure.

Sign-in: five failures in a row are free; then the wait doubles from 30 seconds to 15 minutes, and a
quiet quarter of an hour starts the count again. After 100 failures without one success the account
waits for its password to be reset (NIST SP 800-63B, 5.2.2). Other limits count attempts per hour.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

FREE_FAILURES = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 900
MOST_DOUBLINGS = 5
HARD_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """What is known of a subject's attempts: since a pause (`recent`) and since a success."""

    recent: int
    consecutive: int
    first_at: datetime
    last_at: datetime


class Limit(Protocol):
    """Decides on one more attempt."""

    @property
    def name(self) -> str:
        """Keeps the counts of different limits apart."""
        ...

    def wait_s(self, attempts: Attempts, now: datetime) -> int:
        """Seconds to wait before the next attempt; 0: it may be made now."""
        ...

    def is_over(self, attempts: Attempts, now: datetime) -> bool:
        """Whether the recent attempts are forgotten by now."""
        ...


@dataclass(frozen=True)
class GrowingDelay:
    """The limit of sign-ins; `has_hard_limit` where the subject is an account."""

    name: str
    has_hard_limit: bool = field(kw_only=True)
    free_failures: int = field(default=FREE_FAILURES, kw_only=True)

    def wait_s(self, attempts: Attempts, now: datetime) -> int:
        """See `Limit`. At the hard limit the wait never ends by itself.

        >>> noon = datetime(2026, 11, 21, 12)
        >>> limit = GrowingDelay("address", has_hard_limit=True)
        >>> def wait(failures: int) -> int:
        ...     return limit.wait_s(Attempts(recent=failures, consecutive=failures,
        ...                                  first_at=noon, last_at=noon), noon)
        >>> [wait(failures) for failures in (4, 5, 6, 9, 10, 11, 99, 100)]
        [0, 30, 60, 480, 900, 900, 900, 900]
        """
        if self.has_hard_limit and attempts.consecutive >= HARD_LIMIT:
            return LONGEST_WAIT_S
        if attempts.recent < self.free_failures or self.is_over(attempts, now):
            return 0
        doublings = min(attempts.recent - self.free_failures, MOST_DOUBLINGS)
        delay_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**doublings)
        return _seconds_until(attempts.last_at + timedelta(seconds=delay_s), now)

    def is_over(self, attempts: Attempts, now: datetime) -> bool:
        """See `Limit`: a quarter of an hour without an attempt."""
        return now - attempts.last_at >= timedelta(seconds=LONGEST_WAIT_S)


@dataclass(frozen=True)
class PerHour:
    """So many attempts in an hour, counted from the first."""

    name: str
    most: int = field(kw_only=True)

    def wait_s(self, attempts: Attempts, now: datetime) -> int:
        """See `Limit`."""
        if attempts.recent < self.most or self.is_over(attempts, now):
            return 0
        return _seconds_until(attempts.first_at + timedelta(hours=1), now)

    def is_over(self, attempts: Attempts, now: datetime) -> bool:
        """See `Limit`: an hour after the first of them."""
        return now - attempts.first_at >= timedelta(hours=1)


def _seconds_until(instant: datetime, now: datetime) -> int:
    return max(0, -int((now - instant).total_seconds() // 1))
