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


def unix_now() -> int:
    """Seconds since 1970, for tokens and signatures whose formats ask for them."""
    return int(time.time())
