"""What a change of a service costs now: the unused time back, the rest of it at the new price.

Amounts are minor units of the service's currency; dates are local dates of the brand. The service
may be paid ahead for several periods: each is reckoned for itself, a later one from its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.billing.held_services.calendar import Alignment
from services.billing.held_services.first_bill import first_bill
from services.billing.held_services.paid_time import Parent, charged_times, paid_periods
from services.billing.held_services.proration import (
    PaidPeriod,
    Proration,
    change_plan,
    credit_for_unused,
)
from services.billing.held_services.terms import ChargedTime, ServiceTerms
from services.billing.promotions.discount import Discount
from shared.errors import Conflict


class ChangeTooLate(Conflict):
    """The time that is paid for is over; the change is possible once the service is renewed."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a change takes effect, with its instant where seconds count, and how time is measured.

    `grid`: on which days a new cycle falls due; None: on that of its first day.
    """

    today: date
    by: Proration
    at: datetime | None = None
    grid: Alignment | Parent | None = None


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """What is given back and what is charged, and the paid time after it.

    `since` to `until` is the time that it is about; `discounts` are those that are left after it.
    """

    credit_minor: int
    charge_minor: int
    charged: list[ChargedTime]
    next_due_on: date | None
    anchor_day: int
    since: date
    until: date | None
    discounts: list[Discount]

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

    In the same cycle the due date stays. With another cycle a new period begins at once, which
    counts as one of a promotion's, and the old one ends. `ChangeTooLate` when no time is left that
    was paid for.
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
        discounts=new.discounts,
    )


def _restarted(left: Sequence[PaidPeriod], new: ServiceTerms, *, when: Moment) -> Reckoned:
    credit_minor = sum(
        credit_for_unused(period, _moment(period, when), by=when.by) for period in left
    )
    grid = when.grid or Alignment(when.today.day)
    first = first_bill(new, when.today, setup_minor=0, grid=grid, by=when.by)
    next_due_on = first.period.ends_on if first.period else None
    return Reckoned(
        credit_minor=credit_minor,
        charge_minor=first.recurring_minor,
        charged=first.terms.first,
        next_due_on=next_due_on,
        anchor_day=first.terms.anchor_day or when.today.day,
        since=when.today,
        until=next_due_on,
        discounts=first.terms.discounts,
    )


def _moment(period: PaidPeriod, when: Moment) -> date:
    """The change within a period, which may not have begun yet."""
    begins_on = period.stays[0].since
    if begins_on > when.today:
        return begins_on
    return when.at or when.today


def _invoice_ids(charged: Sequence[ChargedTime], period_start: date) -> list[UUID | None]:
    return [each.invoice_id for each in charged if each.period_start == period_start]
