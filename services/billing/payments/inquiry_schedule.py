"""When the gateway is asked about an attempt whose outcome is unknown, and when people are.

After 1 minute, 5 minutes and 1 hour, then daily five times, counted from when it became unknown;
then it is a task for the staff. A question that was late does not move those after it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

_ASKED_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=day) for day in range(1, 6)),
)


@dataclass(frozen=True, slots=True)
class AskAt:
    """The next question, at this instant or as soon after it as somebody can ask."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HandToStaff:
    """Every question was asked: a person looks into it from this instant on."""

    at: datetime


def next_inquiry(unknown_since: datetime, *, asked: int) -> AskAt | HandToStaff:
    """What comes after `asked` questions without an answer that can be trusted.

    >>> from datetime import UTC
    >>> since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> next_inquiry(since, asked=0).at.isoformat()
    '2026-03-01T12:01:00+00:00'
    >>> next_inquiry(since, asked=8)
    HandToStaff(at=datetime.datetime(2026, 3, 6, 12, 0, tzinfo=datetime.timezone.utc))
    """
    assert asked >= 0, "questions are counted"
    if asked < len(_ASKED_AFTER):
        return AskAt(unknown_since + _ASKED_AFTER[asked])
    return HandToStaff(unknown_since + _ASKED_AFTER[-1])


def questions_due(unknown_since: datetime, *, now: datetime) -> int:
    """How many questions have come due by `now`; after an outage one question makes up for all."""
    return sum(unknown_since + after <= now for after in _ASKED_AFTER)
