"""Promotions: what they may say, who may use them, what they take off and for how long."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.billing.promotions.discount import (
    KINDS,
    Charge,
    Discount,
    Off,
    after_period,
    all_taken_off,
    taken_off,
)
from services.billing.promotions.promotion import (
    Promotion,
    PromotionForNewClients,
    PromotionHasEnded,
    PromotionInvalid,
    PromotionNotStarted,
    PromotionUnknown,
    normal_code,
)
from services.billing.promotions.promotion_use import PromotionUse
from tests.billing.samples import (
    DUE,
    OTHER,
    TODAY,
    promotion_terms,
    published_promotion,
    used_promotion,
)
from tests.given import given, rebuilt

DAY = timedelta(days=1)
FIXED: dict[str, Any] = {"kind": "fixed", "rate_percent": Decimal(0), "amounts": {"BRL": 500}}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"code": "no"}, "code"),
    ({"code": "small"}, "code"),
    ({"code": "WITH SPACE"}, "code"),
    ({"code": "ΣΟΜΜΕΡ"}, "code"),
    ({"kind": "gift"}, "kind"),
    ({"rate_percent": Decimal(0)}, "rate_percent"),
    ({"rate_percent": Decimal("100.01")}, "rate_percent"),
    ({"rate_percent": Decimal("0.00001")}, "rate_percent"),
    ({"rate_percent": Decimal("NaN")}, "rate_percent"),
    ({"amounts": {"BRL": 500}}, "amounts"),
    ({**FIXED, "amounts": {}}, "amounts"),
    ({**FIXED, "amounts": {"BRL": 0}}, "amounts"),
    ({**FIXED, "amounts": {"BRL": 10**12}}, "amounts"),
    ({**FIXED, "rate_percent": Decimal(1)}, "rate_percent"),
    ({"periods": 0}, "periods"),
    ({"periods": 121}, "periods"),
    ({"starts_on": DUE, "ends_on": TODAY}, "ends_on"),
    ({"cycles": ["weekly"]}, "cycles"),
    ({"limit": 0}, "limit"),
    ({"limit_per_client": 0}, "limit_per_client"),
    ({"label": {}}, "label"),
]


@pytest.mark.parametrize(("changed", "field"), WRONG)
def test_a_promotion_that_cannot_be_is_refused_with_its_field(
    changed: dict[str, Any], field: str
) -> None:
    terms = promotion_terms(**changed)
    with pytest.raises(PromotionInvalid) as refused:
        Promotion.publish(brand="ponto", terms=terms, origin="staff")
    assert refused.value.facts["field"] == field


def test_a_price_of_nothing_is_one_but_a_reduction_by_nothing_is_none() -> None:
    promotion = published_promotion(**{**FIXED, "kind": "price", "amounts": {"BRL": 0}})
    discount = promotion.discount_on(product="start", cycle="monthly", currency="BRL")
    assert discount is not None
    assert taken_off(discount, Charge(product_minor=2990)) == Off(recurring_minor=2990)


@pytest.mark.parametrize("typed", ["welcome25", " WELCOME25 ", "Welcome25\n"])
def test_a_code_is_the_same_in_large_letters_and_small(typed: str) -> None:
    assert normal_code(typed) == "WELCOME25"


@pytest.mark.parametrize("typed", ["", "ab", "x" * 41, "ſummer", "ıstanbul", "A B C", "'; --"])
def test_what_can_be_no_code_is_unknown(typed: str) -> None:
    with pytest.raises(PromotionUnknown):
        normal_code(typed)


def test_changed_terms_hold_for_later_uses() -> None:
    terms = promotion_terms(limit=5)
    given(published_promotion()).when(lambda p: p.revise(terms)).then(
        (Promotion.Revised, {"terms": terms})
    )
    given(published_promotion()).when(lambda p: p.revise(promotion_terms())).then_nothing()


def test_a_promotion_ends_once_and_may_return() -> None:
    over = {"ended_on": TODAY, "origin": "staff"}
    ended = (
        given(published_promotion())
        .when(lambda p: p.end(today=TODAY, origin="staff"))
        .then((Promotion.Ended, over))
    )
    with pytest.raises(PromotionHasEnded):
        ended.end(today=TODAY, origin="staff")
    with pytest.raises(PromotionHasEnded):
        ended.check_open(today=TODAY, is_new_client=True)
    ended.revise(promotion_terms())
    ended.check_open(today=TODAY, is_new_client=True)


def test_a51_a_promotion_is_open_from_its_first_day_to_its_last() -> None:
    promotion = published_promotion(starts_on=TODAY, ends_on=DUE)
    for day in (TODAY, DUE):
        promotion.check_open(today=day, is_new_client=False)
    with pytest.raises(PromotionNotStarted):
        promotion.check_open(today=TODAY - DAY, is_new_client=False)
    with pytest.raises(PromotionHasEnded):
        promotion.check_open(today=DUE + DAY, is_new_client=False)


def test_a56_a_promotion_for_new_clients_is_used_once_by_one_who_is_new() -> None:
    promotion = published_promotion(new_clients_only=True, limit_per_client=5)
    promotion.check_open(today=TODAY, is_new_client=True)
    with pytest.raises(PromotionForNewClients):
        promotion.check_open(today=TODAY, is_new_client=False)
    assert promotion.limit_per_client == 1
    assert published_promotion(limit_per_client=5).limit_per_client == 5


def test_an_item_that_a_promotion_is_not_for_has_no_discount() -> None:
    promotion = published_promotion(products=["start"], cycles=["annual"], **FIXED)
    asked = {"product": "start", "cycle": "annual", "currency": "BRL"}
    assert promotion.discount_on(**asked) == Discount(
        promotion_id=promotion.id, code="WELCOME25", kind="fixed", amount_minor=500, periods_left=3
    )
    for name, other in (("product", "pro"), ("cycle", "monthly"), ("currency", "USD")):
        assert promotion.discount_on(**{**asked, name: other}) is None


def test_an_order_that_is_given_up_releases_its_use_once() -> None:
    released = (
        given(used_promotion()).when(lambda use: use.release()).then((PromotionUse.Released, {}))
    )
    assert released.is_released
    given(released_use()).when(lambda use: use.release()).then_nothing()


def released_use() -> PromotionUse:
    use = used_promotion()
    use.release()
    return use


# ----------------------------------------------------------------------------- what is taken off


def discount(kind: str, **changed: Any) -> Discount:
    fields: dict[str, Any] = {"promotion_id": OTHER, "code": "X", "kind": kind, **changed}
    return Discount(**fields)


CHARGE = Charge(product_minor=2995, options_minor=1000, setup_minor=700)
TAKEN: list[tuple[Discount, Charge, Off]] = [
    (discount("percent", rate_percent=Decimal(50)), CHARGE, Off(recurring_minor=1998)),
    (
        discount("percent", rate_percent=Decimal(50), covers_setup=True),
        CHARGE,
        Off(recurring_minor=1998, setup_minor=350),
    ),
    # A half of a minor unit goes to the even neighbour: 12.5 -> 12, 13.5 -> 14.
    (
        discount("percent", rate_percent=Decimal(50)),
        Charge(product_minor=25),
        Off(recurring_minor=12),
    ),
    (
        discount("percent", rate_percent=Decimal(50)),
        Charge(product_minor=27),
        Off(recurring_minor=14),
    ),
    (
        discount("percent", rate_percent=Decimal("33.3333")),
        CHARGE,
        Off(recurring_minor=1332),
    ),
    (discount("fixed", amount_minor=500), CHARGE, Off(recurring_minor=500)),
    (discount("fixed", amount_minor=9000), CHARGE, Off(recurring_minor=3995)),
    (
        discount("fixed", amount_minor=4100, covers_setup=True),
        CHARGE,
        Off(recurring_minor=3995, setup_minor=105),
    ),
    (discount("price", amount_minor=990), CHARGE, Off(recurring_minor=2005)),
    (
        discount("price", amount_minor=990, covers_setup=True),
        CHARGE,
        Off(recurring_minor=2005, setup_minor=700),
    ),
    (discount("price", amount_minor=5000), CHARGE, Off()),
    (
        discount("price", amount_minor=990),
        Charge(product_minor=5990, quantity=2),
        Off(recurring_minor=4010),
    ),
    (discount("free_setup"), CHARGE, Off(setup_minor=700)),
    (discount("free_setup", periods_left=0), CHARGE, Off()),
]


@pytest.mark.parametrize(("given_discount", "charge", "off"), TAKEN)
def test_each_kind_takes_off_what_it_says(
    given_discount: Discount, charge: Charge, off: Off
) -> None:
    assert taken_off(given_discount, charge) == off


def test_two_discounts_share_what_there_is() -> None:
    half, fixed = discount("percent", rate_percent=Decimal(50)), discount("fixed", amount_minor=900)
    charge = Charge(product_minor=1000, options_minor=200)
    assert all_taken_off([half, fixed], charge) == Off(recurring_minor=1200)
    assert all_taken_off([fixed, half], charge) == Off(recurring_minor=1050)


MINOR = st.integers(0, 10**7)
CHARGES = st.builds(
    Charge,
    product_minor=MINOR,
    options_minor=MINOR,
    setup_minor=MINOR,
    quantity=st.integers(1, 100),
)
DISCOUNTS = st.builds(
    Discount,
    promotion_id=st.just(OTHER),
    code=st.just("X"),
    kind=st.sampled_from(KINDS),
    rate_percent=st.decimals(0, 100, places=4),
    amount_minor=MINOR,
    covers_setup=st.booleans(),
    periods_left=st.one_of(st.none(), st.integers(1, 5)),
)


@any_of(discounts=st.lists(DISCOUNTS, max_size=3), charge=CHARGES)
@settings(max_examples=1000)
def test_a51_nothing_falls_below_zero(discounts: list[Discount], charge: Charge) -> None:
    off = all_taken_off(discounts, charge)
    assert 0 <= off.recurring_minor <= charge.product_minor + charge.options_minor
    assert 0 <= off.setup_minor <= charge.setup_minor


@any_of(discounts=st.lists(DISCOUNTS, max_size=3))
def test_a_discount_lasts_for_its_periods_and_no_longer(discounts: list[Discount]) -> None:
    left: list[Discount] = discounts
    for period in range(1, 8):
        left = after_period(left)
        lasting = [each for each in discounts if (each.periods_left or 99) > period]
        assert [(each.kind, each.amount_minor) for each in left] == [
            (each.kind, each.amount_minor) for each in lasting
        ]


class PromotionLife(RuleBasedStateMachine):
    """A promotion that is revised and ended: open exactly when it was last said to be."""

    @initialize()
    def publish(self) -> None:
        self.promotion = published_promotion()
        self.is_over = False
        self.ends_on: date | None = None

    @rule(days=st.one_of(st.none(), st.integers(0, 5)))
    def revise(self, days: int | None) -> None:
        ends_on = None if days is None else TODAY + days * DAY
        self.promotion.revise(promotion_terms(ends_on=ends_on))
        self.is_over, self.ends_on = False, ends_on

    @rule()
    def end(self) -> None:
        if self.is_over:
            with pytest.raises(PromotionHasEnded):
                self.promotion.end(today=TODAY, origin="staff")
            return
        self.promotion.end(today=TODAY, origin="staff")
        self.is_over = True

    @invariant()
    def it_is_open_until_its_last_day_or_its_end(self) -> None:
        for days in range(7):
            day = TODAY + days * DAY
            is_closed = self.is_over or (self.ends_on is not None and day > self.ends_on)
            assert self._is_refused(day) == is_closed

    def _is_refused(self, day: date) -> bool:
        try:
            self.promotion.check_open(today=day, is_new_client=False)
        except PromotionHasEnded:
            return True
        return False

    def teardown(self) -> None:
        again = rebuilt(self.promotion)
        assert (again.terms, again.ended_by) == (self.promotion.terms, self.promotion.ended_by)


TestPromotionLife = PromotionLife.TestCase
TestPromotionLife.settings = settings(max_examples=1000, stateful_step_count=8, deadline=None)
