"""The days that a brand's automation works on: each local date is started once and in order."""

from datetime import date, timedelta
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.errors import Invalid

MOST_DAYS_AT_ONCE = 400


class BusinessDayTooFar(Invalid):
    """The day lies more than 400 days after the last one."""


class BusinessCalendar(Aggregate):
    """How far a brand's automation has come."""

    TOPIC = "billing.business_calendar"

    class Event(Aggregate.Event):
        TOPIC = "billing.business_calendar.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.business_calendar.opened"
        brand: str

    class DayStarted(Aggregate.Event):
        TOPIC = "billing.business_calendar.day_started"
        day: date

    @staticmethod
    def id_of(brand: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:business_calendar:{brand}")

    @classmethod
    def open(cls, brand: str) -> Self:
        """A calendar on which no day has started."""
        return cls(id=cls.id_of(brand), brand=brand)

    @event(Opened)
    def __init__(self, *, id: UUID, brand: str) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.last_day: date | None = None

    def start(self, day: date) -> list[date]:
        """Start `day` and before it every day that was missed; return them in order.

        A day that has started before changes nothing. The first day of all is started alone.
        """
        first = self.last_day + timedelta(days=1) if self.last_day else day
        count = (day - first).days + 1
        if count > MOST_DAYS_AT_ONCE:
            raise BusinessDayTooFar(last_day=str(self.last_day))
        days = [first + timedelta(days=offset) for offset in range(count)]
        for each in days:
            self._day_started(day=each)
        return days

    @event(DayStarted)
    def _day_started(self, day: date) -> None:
        self.last_day = day
