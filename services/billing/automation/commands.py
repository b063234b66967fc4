"""Starting business days."""

from dataclasses import dataclass
from datetime import date

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.automation.tasks import STEPS
from services.billing.brands.brand import Brand
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class StartBusinessDay:
    """The local date that a brand's automation is to work on."""

    brand: str
    day: date


async def start_business_day(command: StartBusinessDay, tx: Transaction) -> list[date]:
    """The days that begin with this: the missed ones first, none if the day has begun before.

    The steps of each are kept in the same transaction, for the run to work off. `NotFound` for a
    brand that nobody set up.
    """
    await tx.load(Brand, Brand.id_of(command.brand))
    try:
        calendar = await tx.load(BusinessCalendar, BusinessCalendar.id_of(command.brand))
    except NotFound:
        calendar = BusinessCalendar.open(command.brand)
    days = calendar.start(command.day)
    await tx.save(calendar)
    db = await tx.begin()
    # Who has lost the race for the day learns it from the calendar, and runs again.
    await db.executemany(
        """insert into business_day_run (brand, day, ordinal, step) values ($1, $2, $3, $4)
           on conflict do nothing""",
        [(command.brand, day, place, step) for day in days for place, step in enumerate(STEPS)],
    )
    return days
