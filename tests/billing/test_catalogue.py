"""Products: what their terms may say, which terms hold on which day, what a configuration costs."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.billing.catalogue.paths import (
    AddonOfAddon,
    ChangeNotOffered,
    ParentDoesNotFit,
    ProductUnknown,
    UpgradesInCircle,
    change_between,
    check_catalogue,
    check_parent,
)
from services.billing.catalogue.pricing import (
    Choice,
    OptionQuantityInvalid,
    OptionUnknown,
    OptionValueUnknown,
    Pricing,
    configure,
    price_for,
    priced,
)
from services.billing.catalogue.product import (
    CycleNotOffered,
    Option,
    OptionInvalid,
    OptionValue,
    PriceInvalid,
    Product,
    ProductRetired,
    ProductTerms,
    RevisionNotPlanned,
    RevisionOverdue,
    StockInvalid,
)
from services.billing.catalogue.terms import check_terms
from services.billing.promotions.discount import Charge
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    TODAY,
    mailbox_option,
    memory_option,
    price,
    product_terms,
    published_product,
)
from tests.given import given, rebuilt

DEARER = product_terms(prices=[price("monthly", 3990), price("annual", 39900)])
MONTHLY = Pricing(cycle="monthly", currency="BRL", today=TODAY)
CONFIGURED = product_terms(options=[memory_option(), mailbox_option()])


# ------------------------------------------------------------------------------ what terms may say


def test_a_product_is_sold_once_or_never_paid_or_in_several_currencies() -> None:
    prices = [price("one_time", 9900), price("free", 0), price("monthly", 1)]
    dollars = [price("monthly", 599, currency="USD"), price("free", 0, currency="USD")]
    check_terms(product_terms(prices=[*prices, *dollars]))


TOO_MUCH = 10**12
WRONG_PRICES = [
    [],
    [price("weekly", 1)],
    [price("monthly", 0)],
    [price("monthly", -1)],
    [price("monthly", TOO_MUCH)],
    [price("monthly", 1, setup_minor=-1)],
    [price("monthly", 1, setup_minor=TOO_MUCH)],
    [price("free", 1)],
    [price("monthly", 1), price("monthly", 2)],
    [price("monthly", 1, currency="USD"), price("monthly", 2, currency="USD")],
]


@pytest.mark.parametrize("prices", WRONG_PRICES)
def test_a_price_that_cannot_be_is_refused_with_its_field(prices: list[Any]) -> None:
    with pytest.raises(PriceInvalid) as refused:
        check_terms(product_terms(prices=prices))
    assert refused.value.facts["field"] == "prices"


ONE = OptionValue(id="1gb", name={"en": "1 GB"})
WRONG_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "colour"}, "kind"),
    ({"kind": "choice", "values": []}, "values"),
    ({"kind": "choice", "prices": [price("monthly", 1)]}, "prices"),
    ({"kind": "choice", "values": [ONE, ONE]}, "values"),
    ({"kind": "quantity", "values": []}, "prices"),
    ({"kind": "quantity", "maximum": 5, "prices": [price("monthly", 1)]}, "values"),
]


@pytest.mark.parametrize(("changed", "field"), WRONG_OPTIONS)
def test_an_option_that_contradicts_itself_is_refused(changed: dict[str, Any], field: str) -> None:
    fields: dict[str, Any] = {"id": "memory", "name": {"en": "Memory"}, "values": [ONE], **changed}
    with pytest.raises(OptionInvalid) as refused:
        check_terms(product_terms(options=[Option(**fields)]))
    assert refused.value.facts["field"] == f"options.memory.{field}"


@pytest.mark.parametrize(("least", "most"), [(0, 0), (3, 2), (-1, 2), (1, 10_001)])
def test_the_bounds_of_a_quantity_leave_something_to_choose(least: int, most: int) -> None:
    prices = [price("monthly", 1), price("annual", 1)]
    option = Option(
        id="seats", kind="quantity", name={}, minimum=least, maximum=most, prices=prices
    )
    with pytest.raises(OptionInvalid):
        check_terms(product_terms(options=[option]))


def test_an_option_has_a_price_wherever_its_product_has_one() -> None:
    prices = [*product_terms().prices, price("monthly", 500, currency="USD")]
    with pytest.raises(OptionInvalid) as refused:
        check_terms(product_terms(prices=prices, options=[memory_option()]))
    assert refused.value.facts == {
        "field": "options.memory.values.4gb.prices",
        "reason": "has no price for monthly in USD",
    }


def test_two_options_of_one_id_are_refused() -> None:
    with pytest.raises(OptionInvalid):
        check_terms(product_terms(options=[memory_option(), memory_option()]))


@pytest.mark.parametrize("stock", [-1, 10_001])
def test_a_stock_is_a_count_within_reach(stock: int) -> None:
    with pytest.raises(StockInvalid):
        check_terms(product_terms(stock=stock))


# ------------------------------------------------------------------------- which terms hold when


def test_a_planned_revision_holds_from_its_date_and_keeps_its_number() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    eve = DUE - timedelta(days=1)
    before, after = product.edition_on(eve), product.edition_on(DUE)
    assert (before.number, before.terms) == (1, product_terms())
    assert (after.number, after.terms) == (2, DEARER)
    product.begin_day(DUE)
    assert product.edition_on(DUE) == after
    assert product.edition_on(eve) == before
    assert product.terms == DEARER


def test_the_catalogue_shows_a_planned_revision_on_its_day_alone() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    given(product).when(lambda p: p.begin_day(DUE - timedelta(days=1))).then_nothing()
    shown = (Product.Revised, {"terms": DEARER, "effective_on": DUE})
    begun = given(product).when(lambda p: p.begin_day(DUE)).then(shown)
    assert begun.planned == []
    begun.begin_day(DUE)
    assert len(begun.pending_events) == 1


def test_a_revision_today_leaves_what_is_planned_for_later() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    product.revise(product_terms(sort=4), today=TODAY)
    assert product.terms_on(TODAY).sort == 4
    assert product.terms_on(DUE) == DEARER


def test_a_plan_for_the_same_date_takes_the_place_of_the_one_before() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    given(product).when(
        lambda p: p.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    ).then_nothing()
    product.plan_revision(product_terms(sort=7), effective_on=DUE, today=TODAY)
    assert [(each.number, each.terms.sort) for each in product.planned] == [(3, 7)]


def test_a_revision_is_planned_for_a_later_date_only() -> None:
    for day in (TODAY, TODAY - timedelta(days=1)):
        given(published_product()).when(
            lambda p, day=day: p.plan_revision(DEARER, effective_on=day, today=TODAY)  # type: ignore[misc]
        ).then_refused(RevisionOverdue)


def test_a_plan_is_taken_back_once() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    withdrawn = (Product.RevisionWithdrawn, {"effective_on": DUE})
    left = given(product).when(lambda p: p.withdraw_revision(DUE)).then(withdrawn)
    assert left.terms_on(DUE) == product_terms()
    with pytest.raises(RevisionNotPlanned):
        left.withdraw_revision(DUE)


def test_wrong_terms_are_not_planned_either() -> None:
    wrong = product_terms(prices=[price("monthly", 0)])
    given(published_product()).when(
        lambda p: p.plan_revision(wrong, effective_on=DUE, today=TODAY)
    ).then_refused(PriceInvalid)


def test_a_retired_product_does_not_return_by_a_plan() -> None:
    product = published_product()
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    product.retire()
    given(product).when(lambda p: p.begin_day(DUE)).then_nothing()
    with pytest.raises(ProductRetired):
        product.price_of("monthly", currency="BRL", today=DUE)


class Editions(RuleBasedStateMachine):
    """A product over a year of revisions, plans and withdrawals, against a plain calendar."""

    @initialize()
    def publish(self) -> None:
        self.today = TODAY
        self.product = published_product()
        self.calendar = {date.min: product_terms()}

    @rule(sort=st.integers(0, 3))
    def revise(self, sort: int) -> None:
        self.product.revise(product_terms(sort=sort), today=self.today)
        self.calendar[self.today] = product_terms(sort=sort)

    @rule(sort=st.integers(0, 3), days=st.integers(1, 20))
    def plan(self, sort: int, days: int) -> None:
        day = self.today + timedelta(days=days)
        self.product.plan_revision(product_terms(sort=sort), effective_on=day, today=self.today)
        self.calendar[day] = product_terms(sort=sort)

    @rule(days=st.integers(1, 20))
    def withdraw(self, days: int) -> None:
        day = self.today + timedelta(days=days)
        if day in self.calendar:
            self.product.withdraw_revision(day)
            del self.calendar[day]
            return
        with pytest.raises(RevisionNotPlanned):
            self.product.withdraw_revision(day)

    @rule(days=st.integers(1, 9), is_begun=st.booleans())
    def let_days_pass(self, days: int, is_begun: bool) -> None:
        self.today += timedelta(days=days)
        if is_begun:
            self.product.begin_day(self.today)

    @rule()
    def retire(self) -> None:
        self.product.retire()

    def expected_on(self, day: date) -> ProductTerms:
        return self.calendar[max(each for each in self.calendar if each <= day)]

    @invariant()
    def every_day_has_the_terms_of_the_calendar(self) -> None:
        for number in range((self.today - TODAY).days + 31):
            day = TODAY + timedelta(days=number)
            assert self.product.terms_on(day) == self.expected_on(day)

    @invariant()
    def no_two_editions_share_a_number(self) -> None:
        numbers = [each.number for each in (*self.product.editions, *self.product.planned)]
        assert len(numbers) == len(set(numbers))
        assert max(numbers) <= self.product.last_number

    def teardown(self) -> None:
        again = rebuilt(self.product)
        assert vars(again)["editions"] == self.product.editions
        assert (again.planned, again.terms) == (self.product.planned, self.product.terms)


TestEditions = Editions.TestCase
TestEditions.settings = settings(max_examples=1000, stateful_step_count=12, deadline=None)


# ----------------------------------------------------------------------- what a choice comes to


def test_what_is_not_chosen_is_as_by_default() -> None:
    (memory,) = configure(CONFIGURED, [], pricing=MONTHLY)
    assert (memory.option, memory.value, memory.quantity) == ("memory", "1gb", 1)
    assert (memory.recurring_minor, memory.setup_minor) == (0, 0)


def test_a_choice_and_a_quantity_cost_what_their_prices_say() -> None:
    choices = [Choice(option="mailboxes", quantity=7), Choice(option="memory", value="4gb")]
    memory, mailboxes = configure(CONFIGURED, choices, pricing=MONTHLY)
    assert (memory.value_name, memory.recurring_minor, memory.setup_minor) == (
        {"en": "4 GB"},
        900,
        0,
    )
    assert (mailboxes.quantity, mailboxes.recurring_minor, mailboxes.setup_minor) == (7, 2100, 700)
    annual = Pricing(cycle="annual", currency="BRL", today=TODAY)
    memory, _ = configure(CONFIGURED, choices, pricing=annual)
    assert (memory.recurring_minor, memory.setup_minor) == (9000, 500)


WRONG_CHOICES: list[tuple[list[Choice], type[Exception]]] = [
    ([Choice(option="colour", value="red")], OptionUnknown),
    ([Choice(option="memory"), Choice(option="memory")], OptionUnknown),
    ([Choice(option="memory", value="8gb")], OptionValueUnknown),
    ([Choice(option="memory", quantity=1)], OptionQuantityInvalid),
    ([Choice(option="mailboxes", value="4gb")], OptionValueUnknown),
    ([Choice(option="mailboxes", quantity=-1)], OptionQuantityInvalid),
    ([Choice(option="mailboxes", quantity=51)], OptionQuantityInvalid),
    ([Choice(option="mailboxes", quantity=2**63)], OptionQuantityInvalid),
]


@pytest.mark.parametrize(("choices", "error"), WRONG_CHOICES)
def test_a_choice_that_is_not_offered_is_refused(
    choices: list[Choice], error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        configure(CONFIGURED, choices, pricing=MONTHLY)
    assert "field" in vars(refused.value)["facts"]


def test_an_account_pays_its_own_price_for_what_is_on_sale() -> None:
    product = published_product()
    agreed = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    own = [
        AgreedPrice(cycle=cycle, currency="BRL", recurring_minor=990)
        for cycle in ("monthly", "triennial")
    ]
    agreed.agree_prices(product_id=product.id, prices=own)
    price_of_account = price_for(product, MONTHLY, agreed=agreed)
    assert (price_of_account.recurring_minor, price_of_account.setup_minor) == (990, 0)
    assert price_for(product, MONTHLY).recurring_minor == 2990
    annual = Pricing(cycle="annual", currency="BRL", today=TODAY)
    assert price_for(product, annual, agreed=agreed).recurring_minor == 29900
    withdrawn = Pricing(cycle="triennial", currency="BRL", today=TODAY)
    with pytest.raises(CycleNotOffered):
        price_for(product, withdrawn, agreed=agreed)


def test_an_order_keeps_its_edition_and_what_its_configuration_costs() -> None:
    product = Product.publish(brand="ponto", terms=CONFIGURED)
    product.plan_revision(DEARER, effective_on=DUE, today=TODAY)
    choices = [Choice(option="memory", value="4gb"), Choice(option="mailboxes", quantity=2)]
    ordered = priced(product, choices, pricing=MONTHLY)
    assert (ordered.edition.number, ordered.edition.terms) == (1, CONFIGURED)
    assert ordered.charge(3) == Charge(
        product_minor=3 * 2990, options_minor=3 * 1500, setup_minor=3 * 1200, quantity=3
    )
    later = Pricing(cycle="monthly", currency="BRL", today=DUE)
    assert priced(product, [], pricing=later).edition.number == 2
    with pytest.raises(OptionUnknown):
        priced(product, choices, pricing=later)


# -------------------------------------------------------------------- what belongs to what


def terms_of(slug: str, **changed: Any) -> ProductTerms:
    return product_terms(slug=slug, **changed)


def test_a_service_goes_up_where_its_product_says_and_down_the_same_way() -> None:
    start, pro = terms_of("start", upgrades_to=["pro"]), terms_of("pro")
    assert change_between(start, pro) == "upgrade"
    assert change_between(pro, start) == "downgrade"
    with pytest.raises(ChangeNotOffered):
        change_between(start, start)
    with pytest.raises(ChangeNotOffered):
        change_between(pro, terms_of("other"))


CATALOGUES: list[tuple[list[ProductTerms], type[Exception]]] = [
    ([terms_of("start", upgrades_to=["pro"])], ProductUnknown),
    ([terms_of("tls", addon_to=["start"])], ProductUnknown),
    ([terms_of("start", upgrades_to=["start"])], UpgradesInCircle),
    (
        [terms_of("a", upgrades_to=["b"]), terms_of("b", upgrades_to=["a"])],
        UpgradesInCircle,
    ),
    ([terms_of("tls", addon_to=["tls"])], AddonOfAddon),
    (
        [terms_of("a"), terms_of("b", addon_to=["a"]), terms_of("c", addon_to=["b"])],
        AddonOfAddon,
    ),
]


@pytest.mark.parametrize(("offered", "error"), CATALOGUES)
def test_products_that_do_not_fit_each_other_are_refused(
    offered: list[ProductTerms], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_catalogue({terms.slug: terms for terms in offered})


def test_an_addon_needs_a_parent_that_it_is_sold_for() -> None:
    start, tls = terms_of("start"), terms_of("tls", addon_to=["start"])
    check_parent(tls, start)
    check_parent(start, None)
    for addon, parent in ((tls, None), (tls, terms_of("pro")), (start, terms_of("pro"))):
        with pytest.raises(ParentDoesNotFit):
            check_parent(addon, parent)
