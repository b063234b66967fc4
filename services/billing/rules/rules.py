"""The rules of a brand's business: every default, and what a brand, product or account changes.

Spans are in days, amounts in minor units of the currency at hand, rates in percent. The defaults
are those of hosting companies' usual billing systems.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from typing import Any, Literal

import msgspec

from services.billing.invoices.number_format import NumberFormatInvalid, parse_number_format
from shared.errors import Invalid

LONGEST_SPAN_DAYS = 3660
HIGHEST_MINOR = 10**12

Changes = dict[str, Any]
"""Rule name -> its new value, plain JSON; what is not named stays as it was."""


class RuleUnknown(Invalid):
    """There is no rule of this name."""


class RuleInvalid(Invalid):
    """The value of a rule has the wrong form, or contradicts another rule."""


@dataclass(frozen=True, kw_only=True)
class LateFee:
    """`percent` is of what is open on the invoice and at least `minimum_minor`; `fixed` a sum."""

    kind: Literal["off", "percent", "fixed"] = "off"
    rate_percent: Decimal = Decimal(0)
    amount_minor: int = 0
    minimum_minor: int = 0
    after_days: int = 1


@dataclass(frozen=True, kw_only=True)
class ReactivationFee:
    """What the end of a suspension for debt costs: on the next invoice, or due before the lift."""

    kind: Literal["off", "next_invoice", "before_lift"] = "off"
    amount_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What holds for one product of one account of a brand.

    `currency`: what is ordered is priced in it; None: the brand's first one.
    None or 0 where a span or limit can be off: `termination_days` (counted from the suspension),
    `align_day` (periods begin on this day of the month; a start on `align_next_after_day` or later
    bills the next whole period as well), `top_up_maximum_minor`, `balance_maximum_minor`,
    `refund_alone_maximum_minor` (what one person may give back of a payment; above it a second one
    approves; None: any sum).
    """

    currency: str | None = None
    new_order_due_days: int = 0
    unpaid_order_days: int = 7
    cart_days: int = 30

    renewal_days_before: int = 14
    separate_renewals: bool = False
    renew_while_unpaid: bool = False
    reminder_days_before: list[int] = field(default_factory=lambda: [7, 1])
    overdue_notice_days: list[int] = field(default_factory=lambda: [1, 3, 7])

    late_fee: LateFee = LateFee()
    suspension_days: int = 5
    suspension_warning_days: int = 2
    reactivation_fee: ReactivationFee = ReactivationFee()
    termination_days: int | None = None

    autopay_days_before: int = 0
    autopay_retry_days: list[int] = field(default_factory=lambda: [1, 3, 5, 7])
    card_notice_day: int = 25

    credit_applied_at_issue: bool = True
    top_up_minimum_minor: int = 100
    top_up_maximum_minor: int = 0
    balance_maximum_minor: int = 0
    top_up_is_invoiced: bool = False

    cancellations: list[Literal["now", "period_end"]] = field(
        default_factory=lambda: ["now", "period_end"]
    )
    guarantee_days: int = 0
    refund_alone_maximum_minor: int | None = 50_000
    upgrade: Literal["now", "period_end"] = "now"
    downgrade: Literal["now", "period_end"] = "period_end"
    cycle_change: Literal["now", "period_end"] = "period_end"
    change_while_unpaid: bool = False
    proration: Literal["by_day", "by_second", "none", "thirty_day_month"] = "by_day"
    align_day: int | None = None
    align_next_after_day: int | None = None
    align_addons: bool = True

    number_format: str = "{prefix}-{mark}{year}-{number:06d}"
    number_yearly: bool = False
    number_on_payment: bool = False
    tax_exempt: bool = False

    def changed(self, changes: Changes) -> "Rules":
        """These rules with others in place of some. `RuleUnknown`, `RuleInvalid`."""
        known = msgspec.to_builtins(self)
        if unknown := sorted(changes.keys() - known.keys()):
            raise RuleUnknown(rules=unknown)
        _check_parts(self, changes)
        try:
            rules = msgspec.convert({**known, **changes}, Rules)
        except msgspec.ValidationError as error:
            raise RuleInvalid(reason=str(error)) from None
        _check(rules)
        return rules


def _check_parts(rules: Rules, changes: Changes) -> None:
    """A fee has the parts that it has: a slip of the pen would else be a fee of nothing."""
    for name, value in changes.items():
        held = getattr(rules, name)
        if is_dataclass(held) and isinstance(value, dict):
            unknown = sorted(value.keys() - {part.name for part in fields(held)})
            _refuse(bool(unknown), f"{name} has no {', '.join(map(str, unknown))}")


def _check(rules: Rules) -> None:
    spans = [
        *rules.reminder_days_before,
        *rules.overdue_notice_days,
        *rules.autopay_retry_days,
        rules.suspension_days,
        rules.unpaid_order_days,
        rules.cart_days,
        rules.termination_days if rules.termination_days is not None else 1,
    ]
    leads = [
        rules.new_order_due_days,
        rules.renewal_days_before,
        rules.autopay_days_before,
        rules.guarantee_days,
        rules.late_fee.after_days,
    ]
    _refuse(min(spans) < 1 or min(leads) < 0, "a span is too short")
    _refuse(max(spans + leads) > LONGEST_SPAN_DAYS, "a span is longer than ten years")
    warning_comes_before = 0 <= rules.suspension_warning_days < rules.suspension_days
    _refuse(not warning_comes_before, "the warning is not before the suspension")
    first_reminder = max(rules.reminder_days_before, default=0)
    _refuse(first_reminder > rules.renewal_days_before, "a reminder is before the invoice")
    _refuse(not rules.cancellations, "nothing can be cancelled")
    for day in (rules.align_day, rules.align_next_after_day, rules.card_notice_day):
        _refuse(day is not None and not 1 <= day <= 31, "there is no such day of the month")
    _check_amounts(rules)
    _check_numbers(rules)


def _check_numbers(rules: Rules) -> None:
    try:
        form = parse_number_format(rules.number_format)
    except NumberFormatInvalid as error:
        raise RuleInvalid(rule="number_format", reason=error.message) from None
    _refuse(rules.number_yearly and not form.has_year, "a number of each year names the year")


def _check_amounts(rules: Rules) -> None:
    _refuse(not rules.late_fee.rate_percent.is_finite(), "a rate is a number")
    amounts = [
        rules.late_fee.amount_minor,
        rules.late_fee.minimum_minor,
        rules.reactivation_fee.amount_minor,
        rules.top_up_minimum_minor,
        rules.top_up_maximum_minor,
        rules.balance_maximum_minor,
        rules.refund_alone_maximum_minor or 0,
    ]
    _refuse(not all(0 <= minor < HIGHEST_MINOR for minor in amounts), "an amount is out of range")
    _refuse(not 0 <= rules.late_fee.rate_percent <= 100, "a rate is not within 0 and 100 percent")


def _refuse(contradicts: bool, reason: str) -> None:
    if contradicts:
        raise RuleInvalid(reason=reason)
