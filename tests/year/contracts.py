"""What each service should be charged: its price and its periods, reckoned apart from billing.

Dates are local to the brand, ends exclusive; amounts are minor units. The arithmetic of months
here is another one than that of held_services/calendar.py.
"""

import calendar
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

MONTHS = {"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}


def months_after(start: date, months: int, anchor: int) -> date:
    """The same day of a later month, or its last where it is shorter than `anchor`.

    >>> months_after(date(2027, 1, 31), 1, 31)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(anchor, calendar.monthrange(year, month + 1)[1]))


@dataclass
class Billed:
    """A period that is on an invoice which nobody has taken back."""

    start: date
    end: date
    net_minor: int
    bill: UUID


@dataclass
class Wish:
    """A change that was asked for: what the service is from then on."""

    cycle: str
    price_minor: int
    months_have_30_days: bool = False


@dataclass
class Contract:
    """A service: what it costs for a cycle, since when it runs, and what was billed of it."""

    cycle: str = ""
    price_minor: int = 0
    product_id: str = ""
    status: str = "pending"
    anchor: int = 0
    next_due_on: date | None = None
    is_ending: bool = False
    wish: Wish | None = None
    periods: list[Billed] = field(default_factory=list)
    """What was billed beyond the first period, in order, each where the one before it ends."""
    passed_over: set[UUID] = field(default_factory=set)
    """Invoices of periods before the last that was paid, which are owed still."""
    is_plain: bool = True
    """No change was made and nothing taken back of it: then a change costs the difference."""
    waived: set[UUID] = field(default_factory=set)
    """Invoices that staff let go of."""
    since: date | None = None
    lifted_on: date | None = None
    """When it was last run again, be it by staff although something is owed."""
    grace_ends_on: date | None = None
    """Until when staff lets it run in debt."""
    is_asked_anew: bool = False
    """What kept it from being billed is gone since the last morning, so that the next one bills."""

    @property
    def is_running(self) -> bool:
        return self.status == "active"

    @property
    def billed_until(self) -> date | None:
        return self.periods[-1].end if self.periods else self.next_due_on

    def read(self, kind: str, said: dict[str, Any]) -> None:
        """An event about the service."""
        match kind:
            case "ServiceOrdered":
                self.cycle, self.price_minor = said["cycle"], said["recurring_minor"]
                self.product_id = said["product_id"]
            case "ServiceActivated":
                self._begin(date.fromisoformat(said["next_due_on"]))
                self.since = date.fromisoformat(said["activated_on"])
                self.anchor = self.since.day
                assert self.next_due_on == self._end_after(self.since), "the first period"
            case "ServiceRenewed":
                self._renew(date.fromisoformat(said["next_due_on"]), UUID(said["invoice_id"]))
            case "ServiceChangeScheduled":
                self._wish(said)
            case "ServiceChangeWithdrawn":
                self.wish, self.is_asked_anew = None, True
            case "ServiceChanged":
                self._change(said)
            case "ServiceCancellationRequested":
                self.is_ending = True
            case "ServiceCancellationWithdrawn":
                self.is_ending, self.is_asked_anew = False, True
            case "ServiceUnsuspended":
                self.status, self.lifted_on = "active", date.fromisoformat(said["unsuspended_on"])
                until = said["grace_ends_on"]
                self.grace_ends_on = date.fromisoformat(until) if until else None
            case "ServiceSuspended":
                self._suspend(said["reason"], date.fromisoformat(said["suspended_on"]))
            case "SuspensionWarned":
                suspends_on = date.fromisoformat(said["suspends_on"])
                assert suspends_on >= (self.grace_ends_on or suspends_on), "warned of too early"
            case _:
                self._note_status(kind)

    def _wish(self, said: dict[str, Any]) -> None:
        """A change that is undone at the panel is of no money, so no rule says how to reckon it.

        One that waits for another invoice is reckoned as it was.
        """
        why = said["why"]
        if why["rule"] == "correction.reissued":
            assert self.wish is not None, "it waited for the invoice before"
            rule = "thirty_day_month" if self.wish.months_have_30_days else "by_day"
        else:
            rule = why["facts"].get("proration")
        known = (None,) if said["kind"] == "undo" else ("by_day", "thirty_day_month")
        assert rule in known, "the rules that the year has"
        self.wish = Wish(said["cycle"], said["recurring_minor"], rule == "thirty_day_month")

    def _note_status(self, kind: str) -> None:
        known = {
            "ServiceCancelled": "ended",
            "ServiceEnded": "ended",
            "ServiceTerminated": "ended",
            "ServiceTransferred": "ended",
        }
        self.status = known.get(kind, self.status)

    def _suspend(self, reason: str, on: date) -> None:
        in_debt = reason == "overdue"
        assert not in_debt or on >= (self.grace_ends_on or on), "staff had let it run on"
        self.status, self.grace_ends_on = "suspended", None

    def _begin(self, next_due_on: date) -> None:
        assert self.status == "pending", "a service begins once"
        self.status, self.next_due_on = "active", next_due_on

    def _renew(self, next_due_on: date, bill: UUID) -> None:
        """A paid period follows the one before; so nothing is served that was not billed.

        Who pays a later period first has the earlier ones served as well, and owes them still.
        """
        if bill in self.passed_over and next_due_on == self.next_due_on:
            self.passed_over.remove(bill)
            return
        paid = [each for each in self.periods if self.next_due_on and each.end > self.next_due_on]
        assert next_due_on in [each.end for each in paid], "renewed for what was not billed"
        self.next_due_on = next_due_on
        served = [each for each in self.periods if each.end <= next_due_on]
        self.passed_over |= {each.bill for each in served} - {bill}
        self.periods = [each for each in self.periods if each.end > next_due_on]

    def _change(self, said: dict[str, Any]) -> None:
        assert self.wish is not None, "a change was asked for"
        self.cycle, self.price_minor = said["cycle"], said["recurring_minor"]
        assert (self.cycle, self.price_minor) == (self.wish.cycle, self.wish.price_minor)
        self.product_id = said["product_id"]
        self.next_due_on = date.fromisoformat(said["next_due_on"])
        self.wish = None
        self.is_plain = False

    def bill(
        self, bill: UUID, lines: list[dict[str, Any]], on: date, *, is_correction: bool
    ) -> None:
        """The lines of an invoice about this service."""
        renewals = [line for line in lines if line["kind"] == "renewal"]
        if renewals and is_correction:
            self._take_over(bill, renewals)
            return
        for line in renewals:
            self._bill_period(bill, line)
        kinds = {line["kind"] for line in lines}
        if kinds & {"upgrade", "credit"} and not is_correction:  # staff may ask for another price
            self._check_change(lines, on)

    def _bill_period(self, bill: UUID, line: dict[str, Any]) -> None:
        start, end = (date.fromisoformat(line[name]) for name in ("period_start", "period_end"))
        assert self.is_running and not self.is_ending, "only what goes on is billed again"
        assert start == self.billed_until, f"a gap or an overlap at {start}"
        price_minor, cycle = self.price_minor, self.cycle
        if self.wish is not None:
            price_minor, cycle = self.wish.price_minor, self.wish.cycle
        assert end == months_after(start, MONTHS[cycle], self.anchor), f"the period {start} {end}"
        assert line["net_minor"] == price_minor, f"the price of {start}"
        self.periods.append(Billed(start, end, line["net_minor"], bill))

    def _take_over(self, bill: UUID, lines: list[dict[str, Any]]) -> None:
        """An invoice that corrects another bills the periods which that one has billed.

        What has been served by then is not waited for.
        """
        for line in lines:
            start, end = (date.fromisoformat(line[n]) for n in ("period_start", "period_end"))
            if self.next_due_on is not None and end > self.next_due_on:
                self.periods.append(Billed(start, end, line["net_minor"], bill))
            else:
                self.passed_over.add(bill)
        self.periods.sort(key=lambda each: each.start)

    def drop(self, bill: UUID) -> None:
        """The invoice is void: nothing is renewed by it."""
        kept = [each for each in self.periods if each.bill != bill]
        self.is_asked_anew = self.is_asked_anew or kept != self.periods
        self.periods = kept

    def waive(self, bill: UUID) -> None:
        """Staff let go of the invoice: what it billed follows nevertheless."""
        self.waived.add(bill)
        self.is_plain = False

    @property
    def has_followed(self) -> bool:
        """Whether what was waived has followed at once, or the service is over."""
        behind = [each for each in self.periods if each.bill in self.waived]
        return self.status == "ended" or not behind

    def is_overlooked(self, until: date) -> bool:
        """Whether what falls due until that day was not billed although nothing speaks against it.

        Not for a service that is to change or to end.
        """
        is_waiting = self.is_ending or self.wish is not None or self.is_asked_anew
        is_due = self.next_due_on is not None and self.next_due_on <= until
        return self.is_running and is_due and not is_waiting and not self.periods

    def _check_change(self, lines: list[dict[str, Any]], on: date) -> None:
        """The days that are left cost the difference of the prices, to a unit of rounding each."""
        wish, due = self.wish, self.next_due_on
        if wish is None or due is None or wish.cycle != self.cycle:
            return
        net_minor = sum(line["net_minor"] for line in lines)
        left = self._periods_left(on, due, months_have_30_days=wish.months_have_30_days)
        assert 0 < net_minor <= wish.price_minor * left + 1, f"the change costs {net_minor}"
        exact = (wish.price_minor - self.price_minor) * left
        assert not self.is_plain or abs(net_minor - exact) <= 1, f"{net_minor}, not {exact}"

    def _periods_left(self, on: date, due: date, *, months_have_30_days: bool) -> Fraction:
        """How many of the paid periods are to come, the one that runs by its days."""
        left = Fraction(0)
        while due > on:
            start = months_after(due, -MONTHS[self.cycle], self.anchor)
            if start >= on:
                left += 1
            elif months_have_30_days:
                left += self._thirties_left(start, on)
            else:
                left += Fraction((due - on).days, (due - start).days)
            due = start
        return left

    def _thirties_left(self, start: date, on: date) -> Fraction:
        """What is left of a cycle where each month has 30 days; the 31st is the 30th once more."""
        months = (on.year - start.year) * 12 + on.month - start.month
        passed = 30 * months + min(on.day, 30) - min(self.anchor, 30)
        whole = 30 * MONTHS[self.cycle]
        return Fraction(min(max(whole - passed, 0), whole), whole)

    def _end_after(self, start: date) -> date:
        return months_after(start, MONTHS[self.cycle], self.anchor)
