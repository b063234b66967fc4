"""The rules of a brand's business and what changes them."""

from dataclasses import asdict
from decimal import Decimal
from uuid import UUID

import pytest

from services.billing.brands.brand import Dunning
from services.billing.catalogue.product import Product
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from services.billing.rules.policy import policy_of
from services.billing.rules.rules import LateFee, RuleInvalid, Rules, RuleUnknown
from tests.billing.samples import ACCOUNT, configured_brand, product_terms
from tests.given import given

PRODUCT = UUID(int=99)
MONTHLY = AgreedPrice(cycle="monthly", currency="BRL", recurring_minor=990)


def test_the_defaults_hold_together_and_are_those_of_dunning() -> None:
    rules = Rules().changed({})
    assert rules == Rules()
    dunning = asdict(Dunning())
    assert {name: getattr(rules, name) for name in dunning} == dunning


def test_a_change_leaves_every_other_rule_as_it_was() -> None:
    fee = {"kind": "percent", "rate_percent": "2.5", "after_days": 3}
    rules = Rules().changed({"suspension_days": 9}).changed({"late_fee": fee})
    assert rules.late_fee == LateFee(kind="percent", rate_percent=Decimal("2.5"), after_days=3)
    usual = asdict(Rules())
    differing = {name for name, value in asdict(rules).items() if value != usual[name]}
    assert differing == {"suspension_days", "late_fee"}


@pytest.mark.parametrize(
    "changes",
    [
        {"suspension_days": 0},
        {"suspension_days": "5"},
        {"suspension_warning_days": 5},
        {"reminder_days_before": [15]},
        {"overdue_notice_days": [0]},
        {"renewal_days_before": -1},
        {"termination_days": 0},
        {"cart_days": 4000},
        {"align_day": 32},
        {"cancellations": []},
        {"proration": "by_month"},
        {"late_fee": {"kind": "percent", "rate_percent": "100.01"}},
        {"late_fee": {"kind": "fixed", "amount_minor": -1}},
        {"late_fee": {"kind": "fixed", "amount_minor": 10**12}},
        {"reactivation_fee": {"kind": "sometimes"}},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RuleInvalid):
        Rules().changed(changes)


def test_a_fee_of_one_kind_goes_before_one_of_another_kind_with_none_of_its_parts() -> None:
    percent = {"kind": "percent", "rate_percent": "2", "minimum_minor": 500}
    fixed = {"kind": "fixed", "amount_minor": 900, "after_days": 4}
    rules = Rules().changed({"late_fee": percent}).changed({"late_fee": fixed})
    assert rules.late_fee == LateFee(kind="fixed", amount_minor=900, after_days=4)
    assert rules.changed({"late_fee": percent}).late_fee.amount_minor == 0


def test_a_rule_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(RuleUnknown) as refused:
        Rules().changed({"suspend_days": 3})
    assert refused.value.facts == {"rules": ["suspend_days"]}


def test_the_account_goes_before_the_product_and_the_product_before_the_brand() -> None:
    start = product_terms(rules={"suspension_days": 8, "guarantee_days": 7})
    product = Product.publish(brand="ponto", terms=start)
    terms = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    terms.change_rules({"suspension_days": 30})
    policy = policy_of(configured_brand(), product=product, terms=terms)
    assert (policy.rules.suspension_days, policy.rules.guarantee_days) == (30, 7)
    assert policy.version == "ponto:1/start:1/account:2"


def test_terms_of_an_account_repeat_without_an_event() -> None:
    terms = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    terms.change_rules({"suspension_days": 30})
    terms.agree_prices(product_id=PRODUCT, prices=[MONTHLY])
    given(terms).when(lambda t: t.change_rules({"suspension_days": 30})).then_nothing()
    again = lambda t: t.agree_prices(product_id=PRODUCT, prices=[MONTHLY])  # noqa: E731
    given(terms).when(again).then_nothing()


def test_a_price_that_was_agreed_holds_until_it_is_taken_back() -> None:
    terms = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    terms.agree_prices(product_id=PRODUCT, prices=[MONTHLY])
    assert terms.price_of(PRODUCT, cycle="monthly", currency="BRL") == MONTHLY
    assert terms.price_of(PRODUCT, cycle="monthly", currency="USD") is None
    terms.agree_prices(product_id=PRODUCT, prices=[])
    assert terms.price_of(PRODUCT, cycle="monthly", currency="BRL") is None
