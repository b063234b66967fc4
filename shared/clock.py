"""The one place that reads the clock. Instants are UTC and aware, dates local to a brand."""

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC and aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC and aware."""
        return datetime.now(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar date of `instant` in the IANA time zone `zone`."""
    assert instant.tzinfo is not None, "an instant is aware"
    return instant.astimezone(ZoneInfo(zone)).date()


def first_instant(day: date, zone: str) -> datetime:
    """The instant, in UTC, at which the calendar date `day` begins in the IANA time zone `zone`.

    Where the clocks skip midnight, that is the instant at which they do; where midnight comes
    twice, the first. Days have 23 to 25 hours, or none: Samoa had no 30 December 2011.

    >>> first_instant(date(2018, 11, 4), "America/Sao_Paulo").isoformat()
    '2018-11-04T03:00:00+00:00'
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    # Before a gap the old offset holds (fold 0): the midnight that never came is the gap's edge.
    return midnight.astimezone(UTC)


def unix_now() -> int:
    """Seconds since 1970, for tokens and signatures whose formats ask for them."""
    return int(time.time())
