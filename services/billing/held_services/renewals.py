"""What the next periods of a service cost, and the lines that say so.

Amounts are minor units of the service's currency; dates are local dates of the brand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.billing.held_services.calendar import (
    CYCLES_WITHOUT_PERIOD,
    Alignment,
    Period,
    first_portions,
    portion_with_parent,
)
from services.billing.held_services.descriptions import describe_discount, describe_option
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import Parent
from services.billing.held_services.proration import Proration, price_from
from services.billing.held_services.terms import Billed, ChargedTime, NothingDue, ServiceTerms
from services.billing.invoices.descriptions import Sold, describe_renewal
from services.billing.invoices.lines import InvoiceLine
from services.billing.promotions.discount import Discount, after_period, all_taken_off
from services.billing.rules.rules import Rules
from services.billing.why.because import taken_off_why
from services.billing.why.why import Why
from shared.money import round_half_even

MOST_UNPAID = 35
"""Open renewals of one service where the next is invoiced while one is unpaid."""


@dataclass(frozen=True, kw_only=True)
class BilledPeriod:
    """One period with what each of its parts costs; `options_minor` in the order of the options."""

    terms: ServiceTerms
    period: Period
    whole: Period
    product_minor: int
    options_minor: list[int]
    off_minor: int

    @property
    def net_minor(self) -> int:
        return self.product_minor + sum(self.options_minor) - self.off_minor


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The next periods of a service, at least one; `discounts` are those that are left then."""

    periods: list[BilledPeriod]
    discounts: list[Discount]

    @property
    def ends_on(self) -> date:
        return self.periods[-1].period.ends_on

    def billed(self, invoice_id: UUID) -> Billed:
        """The same as the service keeps it, once it is on the invoice."""
        charged = [_charged(each, invoice_id) for each in self.periods]
        return Billed(charged=charged, discounts=self.discounts)


def most_unpaid(rules: Rules) -> int:
    """How many renewals of a service may be open when its next period is invoiced."""
    return MOST_UNPAID if rules.renew_while_unpaid else 0


def next_bill(
    service: HeldService,
    *,
    by: Proration,
    parent: Parent | None = None,
    count: int = 1,
    until: date | None = None,
) -> Bill:
    """The `count` periods that follow what is invoiced, fewer where a fixed term ends before.

    With `parent` an addon comes to its parent's due date by the first of them; nothing is billed
    from `until` on, where what it belongs to ends. `NothingDue` for what has no next period.
    """
    terms, start = service.next_terms, service.billed_until
    if start is None or terms.cycle in CYCLES_WITHOUT_PERIOD:
        raise NothingDue()
    last = min(terms.ends_on or date.max, until or date.max)
    periods: list[BilledPeriod] = []
    while len(periods) < count and start < last:
        whole = _whole(terms.cycle, start, anchor_day=service.anchor_day, parent=parent)
        period = Period(start, min(whole.ends_on, last))
        periods.append(_billed(terms, period, whole=whole, by=by))
        if terms.discounts:
            terms = replace(terms, discounts=after_period(terms.discounts))
        start = periods[-1].period.ends_on
    if not periods:
        raise NothingDue()
    return Bill(periods=periods, discounts=list(terms.discounts))


def _whole(cycle: str, start: date, *, anchor_day: int, parent: Parent | None) -> Period:
    """The period that `start` lies in, by the parent's days or its own; it may begin within it."""
    if parent is None:
        return first_portions(start, cycle=cycle, alignment=Alignment(anchor_day))[0].whole
    portion = portion_with_parent(
        start, cycle=cycle, parent_due_on=parent.due_on, anchor_day=parent.anchor_day
    )
    return portion.whole


def _billed(terms: ServiceTerms, period: Period, *, whole: Period, by: Proration) -> BilledPeriod:
    def share(minor: int) -> int:
        if period == whole:
            return minor
        return price_from(minor, whole, at=period.starts_on, by=by) - round_half_even(
            minor * by.unused(whole, period.ends_on)
        )

    off = all_taken_off(terms.discounts, terms.charge)
    product_minor = share(terms.charge.product_minor)
    options = [share(option.recurring_minor * terms.quantity) for option in terms.options]
    return BilledPeriod(
        terms=terms,
        period=period,
        whole=whole,
        product_minor=product_minor,
        options_minor=options,
        off_minor=min(share(off.recurring_minor), product_minor + sum(options)),
    )


def _charged(billed: BilledPeriod, invoice_id: UUID) -> ChargedTime:
    """A part of a period, or one with a discount, stands for itself: that is what was paid."""
    whole = billed.whole if billed.net_minor == billed.terms.list_minor else billed.period
    if billed.period.ends_on != whole.ends_on:
        whole = billed.period
    return ChargedTime(
        period_start=whole.starts_on,
        period_end=billed.period.ends_on,
        since=billed.period.starts_on,
        whole_start=whole.starts_on,
        price_minor=billed.net_minor,
        charged_minor=billed.net_minor,
        invoice_id=invoice_id,
    )


def renewal_lines(
    service: HeldService, bill: Bill, *, language: str, why: Why | None = None
) -> list[InvoiceLine]:
    """The lines of the periods: the product, each option that costs something, what is taken off.

    They sum to what the service notes as charged.
    """
    return [
        line
        for billed in bill.periods
        for line in _lines(service.id, billed, language=language, why=why)
    ]


def _lines(
    service_id: UUID, billed: BilledPeriod, *, language: str, why: Why | None
) -> Sequence[InvoiceLine]:
    terms, period = billed.terms, billed.period
    sold = Sold(product_name=terms.product_name, domain=terms.domain, cycle=terms.cycle)
    product = InvoiceLine(
        kind="renewal",
        description=describe_renewal(
            sold, language, period_start=period.starts_on, period_end=period.ends_on
        ),
        net_minor=billed.product_minor,
        service_id=service_id,
        period_start=period.starts_on,
        period_end=period.ends_on,
        tax_category=terms.tax_category,
        why=why,
    )
    lines = [product]
    for option, minor in zip(terms.options, billed.options_minor, strict=True):
        if minor:
            text = describe_option(option, language)
            lines.append(replace(product, kind="option", description=text, net_minor=minor))
    if billed.off_minor:
        codes = ", ".join(each.code for each in terms.discounts)
        text = describe_discount(codes, language)
        off = replace(product, kind="promotion", description=text, net_minor=-billed.off_minor)
        lines.append(replace(off, why=taken_off_why(why, codes)))
    return lines
