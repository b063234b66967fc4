"""What if other rules had held: the past days of a brand played again, on paper.

Every invoice of the span takes its course twice, under the rules that hold now and under changed
ones, against the payments as they really came; what differs is counted, in things and in money.
Nobody's behaviour is guessed: who paid on the tenth day pays on the tenth day under any rules.
Pure but for the reading; nothing is written. Spans are in days, amounts in minor units.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from services.billing.automation.business_day import BusinessDay
from services.billing.automation.late_fees import late_fee_minor
from services.billing.rules.rules import Rules
from shared.database import Reads
from shared.money import round_half_even

CHUNK = 2000

_COURSES = """
select i.invoice_id, i.issued_on, i.due_on, i.paid_on, i.currency, i.total_minor, i.order_id,
       s.product_id, coalesce(a.rules, '{}')::text as account_rules
from invoice_list i
left join account_rules a on a.account_id = i.account_id
left join service_list s on s.service_id = (i.lines -> 0 ->> 'service_id')::uuid
where i.brand = $1 and i.due_on between $2 and $3 and i.status <> 'cancelled'
  and i.invoice_id > $4
order by i.invoice_id limit $5
"""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What really happened to an invoice; `settled_on` None: it is open to this day."""

    issued_on: date
    due_on: date
    settled_on: date | None
    total_minor: int
    currency: str
    is_renewal: bool

    def is_open(self, day: date) -> bool:
        """Whether money was owed when that day's run came by."""
        return self.issued_on <= day and (self.settled_on is None or self.settled_on > day)


@dataclass(kw_only=True)
class Outcome:
    """How often each thing happens, and what it comes to by name and currency."""

    counts: Counter[str] = field(default_factory=Counter)
    minor: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: "Outcome") -> None:
        """Count another's as well."""
        self.counts.update(other.counts)
        self.minor.update(other.minor)


def outcome_of(
    course: Course, rules: Rules, *, until: date, price_change_percent: Decimal = Decimal(0)
) -> Outcome:
    """What the rules make of one invoice up to `until`.

    >>> late = Course(issued_on=date(2026, 1, 1), due_on=date(2026, 1, 15), total_minor=1000,
    ...               settled_on=date(2026, 1, 27), currency="BRL", is_renewal=True)
    >>> outcome_of(late, Rules(), until=date(2026, 12, 31)).counts["suspended_days"]
    7
    >>> outcome_of(late, Rules(suspension_days=10), until=date(2026, 12, 31)).counts["suspensions"]
    1
    """
    outcome = Outcome()
    factor = 1 + (price_change_percent / 100 if course.is_renewal else Decimal(0))
    total_minor = round_half_even(course.total_minor * factor)
    outcome.minor["invoiced", course.currency] += total_minor
    for name, days in _notices(rules):
        day = course.due_on + timedelta(days=days)
        if day <= until and course.issued_on < day and course.is_open(day):
            outcome.counts[name] += 1
    _charge_fee(outcome, course, rules=rules, until=until, open_minor=total_minor)
    if course.is_renewal:
        _suspend(outcome, course, rules=rules, until=until)
    return outcome


def _notices(rules: Rules) -> list[tuple[str, int]]:
    return [
        *(("reminders", -days) for days in rules.reminder_days_before),
        *(("overdue_notices", days) for days in rules.overdue_notice_days),
    ]


def _charge_fee(
    outcome: Outcome, course: Course, *, rules: Rules, until: date, open_minor: int
) -> None:
    day = course.due_on + timedelta(days=max(rules.late_fee.after_days, 1))
    fee_minor = late_fee_minor(rules.late_fee, open_minor)
    if fee_minor and day <= until and course.is_open(day):
        outcome.counts["late_fees"] += 1
        outcome.minor["late_fees", course.currency] += fee_minor


def _suspend(outcome: Outcome, course: Course, *, rules: Rules, until: date) -> None:
    day = course.due_on + timedelta(days=rules.suspension_days)
    if day > until or not course.is_open(day):
        return
    ends = [until, course.settled_on or until]
    outcome.counts["suspensions"] += 1
    if rules.termination_days is not None:
        terminated_on = day + timedelta(days=rules.termination_days)
        ends.append(terminated_on)
        outcome.counts["terminations"] += int(
            terminated_on <= until and course.is_open(terminated_on)
        )
    outcome.counts["suspended_days"] += (min(ends) - day).days


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Invoices due from `first` to `last`, if the brand's rules were changed by `rules`.

    What a product or an account says itself holds under both.
    """

    first: date
    last: date
    rules: Mapping[str, Any]
    price_change_percent: Decimal = Decimal(0)


@dataclass(kw_only=True)
class Comparison:
    """The invoices that were looked at, and what comes of them now and under the changed rules."""

    invoices: int = 0
    as_is: Outcome = field(default_factory=Outcome)
    changed: Outcome = field(default_factory=Outcome)


async def compare(question: WhatIf, today: BusinessDay, db: Reads) -> Comparison:
    """Both courses of every invoice of the span, a few thousand at a time.

    `RuleUnknown`, `RuleInvalid` where the changes cannot be.
    """
    comparison, until = Comparison(), min(question.last, today.day)
    changed = today.rules.changed(dict(question.rules))
    async for row in _rows(question, today, db):
        own = _own_rules(row, today)
        course = _course(row)
        comparison.invoices += 1
        comparison.as_is.add(outcome_of(course, today.rules.changed(own), until=until))
        other = outcome_of(
            course,
            changed.changed(own),
            until=until,
            price_change_percent=question.price_change_percent,
        )
        comparison.changed.add(other)
    return comparison


async def _rows(question: WhatIf, today: BusinessDay, db: Reads) -> AsyncIterator[Record]:
    after = UUID(int=0)
    while rows := await db.fetch(
        _COURSES, today.brand, question.first, question.last, after, CHUNK
    ):
        for row in rows:
            yield row
        after = rows[-1]["invoice_id"]


def _own_rules(row: Record, today: BusinessDay) -> dict[str, Any]:
    """What the product of its first line and its account change of the brand's rules."""
    product = today.product_rules.get(row["product_id"], {})
    return {**product, **msgspec.json.decode(row["account_rules"])}


def _course(row: Record) -> Course:
    return Course(
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        settled_on=row["paid_on"],
        total_minor=row["total_minor"],
        currency=row["currency"],
        is_renewal=row["order_id"] is None and row["product_id"] is not None,
    )
