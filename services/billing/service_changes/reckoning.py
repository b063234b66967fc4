"""What a change of a service costs now: the unused time back, the rest of it at the new price.

Amounts are minor units of the service's currency; dates are local dates of the brand. The service
may be paid ahead for several periods: each is reckoned for itself, a later one from its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.billing.held_services.calendar import CYCLES_WITHOUT_PERIOD, Alignment
from services.billing.held_services.paid_time import charged_times, first_time, paid_periods
from services.billing.held_services.proration import (
    PaidPeriod,
    Proration,
    change_plan,
    credit_for_unused,
)
from services.billing.held_services.terms import ChargedTime, ServiceTerms
from shared.errors import Conflict


class ChangeTooLate(Conflict):
    """The time that is paid for is over; the change is possible once the service is renewed."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a change takes effect, with its instant where seconds count, and how time is measured.

    `alignment`: where a new cycle begins.
    """

    today: date
    by: Proration
    at: datetime | None = None
    alignment: Alignment | None = None


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """What is given back and what is charged, and the paid time after it.

    `since` to `until` is the time that it is about.
    """

    credit_minor: int
    charge_minor: int
    charged: list[ChargedTime]
    next_due_on: date | None
    anchor_day: int
    since: date
    until: date | None

    @property
    def net_minor(self) -> int:
        return self.charge_minor - self.credit_minor


def reckon(
    charged: Sequence[ChargedTime],
    terms: ServiceTerms,
    *,
    new: ServiceTerms,
    when: Moment,
) -> Reckoned:
    """The change from `terms` to `new`.

    In the same cycle the due date stays. With another cycle a new period begins at once and the old
    one ends. `ChangeTooLate` when no time is left that was paid for.
    """
    left = [period for period in paid_periods(charged) if period.whole.ends_on > when.today]
    if terms.cycle != new.cycle:
        return _restarted(left, new, when=when)
    if not left:
        raise ChangeTooLate()
    changes = [
        change_plan(period, new.price_minor, at=_moment(period, when), by=when.by)
        for period in left
    ]
    return Reckoned(
        credit_minor=sum(change.credit_minor for change in changes),
        charge_minor=sum(change.charge_minor for change in changes),
        charged=[
            time
            for change in changes
            for time in charged_times(
                change.after, invoice_ids=_invoice_ids(charged, change.after.whole.starts_on)
            )
        ],
        next_due_on=left[-1].whole.ends_on,
        anchor_day=0,
        since=when.today,
        until=left[-1].whole.ends_on,
    )


def _restarted(left: Sequence[PaidPeriod], new: ServiceTerms, *, when: Moment) -> Reckoned:
    credit_minor = sum(
        credit_for_unused(period, _moment(period, when), by=when.by) for period in left
    )
    first = first_time(
        new.cycle, when.today, price_minor=new.price_minor, grid=when.alignment, by=when.by
    )
    if new.cycle in CYCLES_WITHOUT_PERIOD:
        charge_minor = new.price_minor
    else:
        charge_minor = sum(time.charged_minor for time in first.charged)
    return Reckoned(
        credit_minor=credit_minor,
        charge_minor=charge_minor,
        charged=first.charged,
        next_due_on=first.next_due_on,
        anchor_day=first.anchor_day,
        since=when.today,
        until=first.next_due_on,
    )


def _moment(period: PaidPeriod, when: Moment) -> date:
    """The change within a period, which may not have begun yet."""
    begins_on = period.stays[0].since
    if begins_on > when.today:
        return begins_on
    return when.at or when.today


def _invoice_ids(charged: Sequence[ChargedTime], period_start: date) -> list[UUID | None]:
    return [each.invoice_id for each in charged if each.period_start == period_start]
