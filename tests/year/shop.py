"""What the brand of the simulated year sells and by which rules, and how both change in its course.

Amounts in minor units of BRL; rates in percent.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from services.billing.brands.commands import ConfigureBrand, OfferedProduct
from services.billing.catalogue.terms import Price, ProductTerms
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxMode, TaxRate
from tests.billing.samples import brand_settings

TAX_PERCENT = Decimal("7.5")
"""What is charged on the sum of an invoice's lines."""
AGREED_FEE_MINOR = 111
SLUGS = ("start", "pro", "max")
CYCLES = ("monthly", "monthly", "monthly", "quarterly", "annual")
BEFORE = {"start": 2990, "pro": 4990, "max": 12990}
AFTER = {"start": 3490, "pro": 4990, "max": 11990}
"""A month of each product until the prices are revised, and from then on."""
TIMES = {"monthly": 1, "quarterly": 3, "annual": 10}


@dataclass(frozen=True, kw_only=True)
class Season:
    """From a day on, so many days after the first: the prices and the rules."""

    day: int
    monthly: dict[str, int]
    rules: dict[str, Any] = field(default_factory=dict)


PERCENT_FEE = {"kind": "percent", "rate_percent": "2", "minimum_minor": 500, "after_days": 2}
FIXED_FEE = {"kind": "fixed", "amount_minor": 900, "after_days": 4}
SEASONS = (
    Season(day=0, monthly=BEFORE, rules={"late_fee": FIXED_FEE}),
    Season(day=35, monthly=BEFORE, rules={"late_fee": PERCENT_FEE, "termination_days": 20}),
    Season(
        day=75,
        monthly=AFTER,
        rules={
            "late_fee": PERCENT_FEE,
            "termination_days": 20,
            "reactivation_fee": {"kind": "before_lift", "amount_minor": 1500},
        },
    ),
    Season(
        day=150,
        monthly=AFTER,
        rules={
            "late_fee": {"kind": "off"},
            "reactivation_fee": {"kind": "next_invoice", "amount_minor": 700},
            "suspension_days": 9,
            "upgrade": "now",
            "downgrade": "now",
        },
    ),
    Season(
        day=240,
        monthly=BEFORE,
        rules={
            "late_fee": FIXED_FEE,
            "separate_renewals": True,
            "renewal_days_before": 10,
            "reminder_days_before": [5, 2],
            "proration": "thirty_day_month",
        },
    ),
    Season(day=300, monthly=BEFORE, rules={"renew_while_unpaid": True, "termination_days": 30}),
)

ACCOUNT_RULES: tuple[dict[str, Any], ...] = (
    {"late_fee": {"kind": "off"}},
    {"late_fee": {"kind": "fixed", "amount_minor": AGREED_FEE_MINOR, "after_days": 3}},
    {"renewal_days_before": 21},
    {"suspension_days": 30, "suspension_warning_days": 10},
    {"termination_days": 3},
    {"separate_renewals": True},
    {"renew_while_unpaid": True},
    {"overdue_notice_days": [2, 30], "reminder_days_before": [9]},
    {"credit_applied_at_issue": False},
    {"autopay_days_before": 3, "autopay_retry_days": [2]},
    {"unpaid_order_days": 15},
    {},
)


def season_on(day: int) -> Season:
    """What holds so many days after the first."""
    return max((each for each in SEASONS if each.day <= day), key=lambda each: each.day)


def configuration(season: Season) -> ConfigureBrand:
    """The brand's file as it is then."""
    rate = TaxRate(name="ISS", percent=TAX_PERCENT, country="BR")
    tax = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="BR", rates=[rate])
    products = [OfferedProduct(terms=_terms(slug, season.monthly)) for slug in SLUGS]
    settings = brand_settings(tax=tax, rules=season.rules)
    return ConfigureBrand(slug="ponto", settings=settings, products=products)


def _terms(slug: str, monthly: dict[str, int]) -> ProductTerms:
    prices = [
        Price(
            cycle=cycle,
            currency="BRL",
            recurring_minor=monthly[slug] * times,
            setup_minor=1000 if slug == "max" else 0,
        )
        for cycle, times in TIMES.items()
    ]
    place = SLUGS.index(slug)
    return ProductTerms(
        slug=slug,
        plan=f"plan_{slug}",
        name={"en": slug.title()},
        description={},
        features={},
        prices=prices,
        sort=place,
        upgrades_to=list(SLUGS[place + 1 :]),
        stock=60 if slug == "max" else None,
    )


def fee_minor(rules: dict[str, Any], open_minor: int) -> int:
    """What being late with so much costs by the rules of a season."""
    fee = rules.get("late_fee", {"kind": "off"})
    if fee["kind"] == "percent":
        share = Decimal(open_minor) * Decimal(fee["rate_percent"]) / 100
        return max(int(share.quantize(Decimal(1))), int(fee["minimum_minor"]))
    return int(fee.get("amount_minor", 0))


def first_day() -> date:
    """The day of the simulation's epoch, on which the shop opens."""
    return date(2026, 1, 15)
