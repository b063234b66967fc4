"""What carts cost: the same quote is shown, ordered, invoiced and held, to the minor unit."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, settings
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.carts.items import CartItem
from services.billing.carts.preview import preview_of
from services.billing.carts.quote import Basis, CurrencyDiffers, Quote, quote
from services.billing.catalogue.paths import ParentDoesNotFit
from services.billing.catalogue.pricing import (
    Choice,
    OptionQuantityInvalid,
    OptionUnknown,
    OptionValueUnknown,
)
from services.billing.catalogue.product import CycleNotOffered, Product, ProductRetired
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import beginning
from services.billing.held_services.proration import ByDay
from services.billing.held_services.renewals import next_bill
from services.billing.held_services.terms import (
    CancellationPending,
    ChangePending,
    NothingDue,
    RenewalUnpaid,
    ServiceHasEnded,
    ServiceNotActive,
)
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.taxing import tax_lines
from services.billing.promotions.promotion import PromotionDoesNotApply
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from services.billing.tax.tax import TaxMode
from shared.errors import DomainError, NotFound
from tests.billing.quoting import (
    BOOK,
    PRO,
    START,
    bases,
    basis,
    carts,
    held,
    policies,
    start,
    taxation,
    tls,
)
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    INVOICE,
    ORDER,
    OTHER,
    SERVICE,
    TODAY,
    cancellation,
    cart_item,
    product_terms,
    published_promotion,
    renewal_item,
    service_change,
)

MEMORY = Choice(option="memory", value="4gb")
MAILBOXES = Choice(option="mailboxes", quantity=3)


def lines_of(quoted: Quote) -> list[tuple[str, int]]:
    return [(line.kind, line.net_minor) for line in quoted.taxed.lines]


def test_an_item_is_the_product_its_options_and_the_setup_of_all() -> None:
    item = start(choices=[MEMORY, MAILBOXES], quantity=2)
    quoted = quote([item], basis())
    assert lines_of(quoted) == [("new", 5980), ("option", 1800), ("option", 1800), ("setup", 2600)]
    product, memory = quoted.taxed.lines[0], quoted.taxed.lines[1]
    assert (product.quantity, product.unit_minor) == (Decimal(2), 2990)
    assert memory.description == "Memory: 4 GB"
    assert {line.service_id for line in quoted.taxed.lines} == {item.item_id}
    assert quoted.units == {START.id: 2}


def test_what_was_chosen_is_what_the_service_is_held_at() -> None:
    (quoted,) = quote([start(choices=[MEMORY], quantity=2)], basis()).items
    terms = quoted.terms
    assert (terms.recurring_minor, terms.quantity, terms.catalogue_version) == (2990, 2, 1)
    assert [option.option for option in terms.options] == ["memory"]
    assert (terms.list_minor, terms.setup_minor, terms.domain) == (7780, 1000, "ana.example")


def test_the_accounts_own_price_comes_first() -> None:
    agreed = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    own = AgreedPrice(cycle="monthly", currency="BRL", recurring_minor=1500)
    agreed.agree_prices(product_id=START.id, prices=[own])
    assert lines_of(quote([start()], basis(agreed=agreed))) == [("new", 1500)]


def test_a_promotion_is_a_line_of_its_own_and_says_why() -> None:
    quoted = quote([start(), renewal_item(9)], basis(promotion=published_promotion()))
    assert lines_of(quoted) == [
        ("new", 2990),
        ("setup", 1000),
        ("promotion", -748),
        ("renewal", 2990),
    ]
    off = quoted.taxed.lines[2]
    assert off.description == "Discount: WELCOME25"
    assert off.why and (off.why.rule, off.why.facts["codes"]) == (
        "promotion.taken_off",
        "WELCOME25",
    )


def test_an_addon_is_for_the_domain_of_what_it_belongs_to_and_falls_due_with_it() -> None:
    (quoted,) = quote([tls()], basis()).items
    assert (quoted.terms.domain, quoted.terms.parent_id) == ("ana.example", SERVICE)
    assert quoted.first and quoted.first.period
    assert (quoted.first.period.starts_on, quoted.first.period.ends_on.day) == (TODAY, DUE.day)
    assert [line.kind for line in quoted.lines] == ["addon", "setup"]


def test_an_addon_of_what_is_in_the_cart_begins_when_that_does() -> None:
    parent = start(5, domain="new.example")
    quoted = quote([tls(parent_id=parent.item_id), parent], basis())
    addon = quoted.items[0]
    assert (addon.terms.domain, addon.terms.first, addon.net_minor) == ("new.example", [], 10400)


def test_the_first_time_runs_to_the_brands_own_day() -> None:
    middle = date(2026, 11, 16)
    quoted = quote([start()], basis(today=middle, policies=policies(align_day=1)))
    assert lines_of(quoted) == [("new", 1495), ("setup", 1000)]
    line = quoted.taxed.lines[0]
    assert (line.period_start, line.period_end) == (middle, date(2026, 12, 1))


def test_renewals_are_the_periods_that_follow() -> None:
    quoted = quote([renewal_item(periods=3)], basis())
    assert lines_of(quoted) == [("renewal", 2990)] * 3
    (item,) = quoted.items
    assert item.bill and item.bill.periods[0].period.starts_on == DUE


def test_a_guest_is_taxed_as_at_the_sellers_place() -> None:
    quoted = quote([start()], basis(taxation=taxation(TaxMode.EXCLUSIVE, country="")))
    assert [row.name for row in quoted.taxed.taxes] == ["VAT", "City"]


# ----------------------------------------------------------------------------- what is refused


def retired() -> Product:
    product = Product.publish(brand="ponto", terms=product_terms(slug="old"))
    product.retire()
    return product


def ended() -> HeldService:
    service = held()
    service.terminate(TODAY, reason="cancellation")
    return service


def suspended() -> HeldService:
    service = held()
    service.suspend(reason="staff", today=TODAY)
    return service


def to_end() -> HeldService:
    service = held()
    service.request(cancellation())
    return service


def with_debt() -> HeldService:
    service = held()
    service.invoice_renewal(invoice_id=INVOICE, period_end=DUE + timedelta(days=31), due_on=DUE)
    return service


def changing() -> HeldService:
    service = held()
    service.request(service_change(effective="now", invoice_id=INVOICE))
    return service


OLD = retired()
THEIRS = Product.publish(brand="vela", terms=product_terms())
REFUSED: list[tuple[list[CartItem], dict[str, Any], type[DomainError]]] = [
    ([start(cycle="biennial")], {}, CycleNotOffered),
    ([start(product_id=OTHER)], {}, NotFound),
    ([start(product_id=THEIRS.id)], {"products": {THEIRS.id: THEIRS}}, NotFound),
    ([start(product_id=OLD.id)], {"products": {OLD.id: OLD}}, ProductRetired),
    ([start(choices=[Choice(option="disk")])], {}, OptionUnknown),
    ([start(choices=[Choice(option="memory", value="9gb")])], {}, OptionValueUnknown),
    ([start(choices=[Choice(option="mailboxes", quantity=51)])], {}, OptionQuantityInvalid),
    ([start(choices=[MEMORY, MEMORY])], {}, OptionUnknown),
    ([tls(kind="product", parent_id=None, domain="a.example")], {}, ParentDoesNotFit),
    ([start(parent_id=SERVICE)], {}, ParentDoesNotFit),
    ([tls(parent_id=UUID(int=7)), cart_item(7, product_id=PRO.id)], {}, ParentDoesNotFit),
    ([tls(parent_id=OTHER)], {}, NotFound),
    ([tls()], {"services": {SERVICE: ended()}}, ServiceHasEnded),
    ([tls()], {"services": {SERVICE: suspended()}}, ServiceNotActive),
    ([tls()], {"services": {SERVICE: to_end()}}, CancellationPending),
    ([renewal_item(service_id=OTHER)], {}, NotFound),
    ([renewal_item()], {"services": {SERVICE: suspended()}}, ServiceNotActive),
    ([renewal_item()], {"services": {SERVICE: to_end()}}, CancellationPending),
    ([renewal_item()], {"services": {SERVICE: with_debt()}}, RenewalUnpaid),
    ([renewal_item()], {"services": {SERVICE: changing()}}, ChangePending),
    ([renewal_item()], {"services": {SERVICE: held(ends_on=DUE)}}, NothingDue),
    ([renewal_item()], {"services": {SERVICE: held(currency="USD")}}, CurrencyDiffers),
    ([renewal_item()], {"promotion": published_promotion()}, PromotionDoesNotApply),
    ([start()], {"promotion": published_promotion(products=["pro"])}, PromotionDoesNotApply),
    ([start()], {"promotion": published_promotion(cycles=["annual"])}, PromotionDoesNotApply),
]


@pytest.mark.parametrize(("items", "changed", "error"), REFUSED)
def test_what_cannot_be_ordered_has_no_price(
    items: list[CartItem], changed: dict[str, Any], error: type[DomainError]
) -> None:
    with pytest.raises(DomainError) as refused:
        quote(items, basis(**changed))
    assert type(refused.value) is error


def test_a_promotion_without_effect_is_not_used_up() -> None:
    free = published_promotion(kind="free_setup", rate_percent=Decimal(0))
    with pytest.raises(PromotionDoesNotApply):
        quote([cart_item(product_id=PRO.id)], basis(promotion=free))
    assert quote([start()], basis(promotion=free)).totals.gross_minor == 2990


# ------------------------------------------------------------------------------- for any cart


def try_quote(items: list[CartItem], on: Basis) -> Quote:
    try:
        return quote(items, on)
    except PromotionDoesNotApply:
        return quote(items, replace(on, promotion=None))


@any_of(items=carts(), on=bases())
@settings(max_examples=1000, deadline=None)
def test_the_invoice_of_a_quote_is_what_was_shown(items: list[CartItem], on: Basis) -> None:
    quoted = try_quote(items, on)
    shown = preview_of(quoted)
    taxed = tax_lines(quoted.lines, on.taxation)
    invoice = Invoice.issue(
        id=INVOICE,
        account_id=ACCOUNT,
        brand="ponto",
        number="PON-2026-000001",
        order_id=ORDER,
        issued_on=on.today,
        due_on=quoted.due_on,
        currency=quoted.currency,
        lines=taxed.lines,
        billed_to=("Ana", "Rua 1", ""),
        details=taxed.details(),
    )
    assert invoice.total_minor == shown["total_minor"] >= 0
    assert invoice.totals.tax_minor == shown["tax_minor"]
    lines = [line for item in shown["items"] for line in item["lines"]]
    assert [line["net_minor"] for line in lines] == [line.net_minor for line in invoice.lines]
    lines_minor = sum(line["net_minor"] for line in lines)
    taxes_minor = 0 if shown["prices_include_tax"] else sum(r["tax_minor"] for r in shown["taxes"])
    assert lines_minor + taxes_minor == shown["total_minor"]


@any_of(items=carts(), on=bases())
@settings(max_examples=500, deadline=None)
def test_a_new_service_knows_as_charged_what_its_lines_say(
    items: list[CartItem], on: Basis
) -> None:
    for each in try_quote(items, on).items:
        if each.first is None:
            continue
        setup_minor = each.first.setup_minor - each.first.off.setup_minor
        assert each.net_minor == each.first.recurring_minor + setup_minor >= 0
        assert each.first.recurring_minor >= 0 <= setup_minor
        paid = beginning(each.terms, on.today)
        if paid.charged:
            assert sum(c.charged_minor for c in paid.charged) == each.first.recurring_minor
        if each.first.period:
            assert paid.next_due_on == each.first.period.ends_on


@any_of(items=carts(), on=bases())
@settings(max_examples=200, deadline=None)
def test_a_fingerprint_changes_with_the_price_and_with_nothing_else(
    items: list[CartItem], on: Basis
) -> None:
    assume(any(item.product_id == START.id for item in items))
    on = replace(on, agreed=None)  # an own price would not change
    first = try_quote(items, on)
    assert try_quote(items, replace(on, language="pt-BR")).fingerprint == first.fingerprint
    dearer = Product.publish(brand="ponto", terms=START.terms)
    prices = [replace(p, recurring_minor=p.recurring_minor + 1) for p in START.terms.prices]
    dearer.revise(replace(START.terms, prices=prices), today=date(2020, 1, 1))
    with_dearer = replace(on, products={**on.products, START.id: dearer})
    assert try_quote(items, with_dearer).fingerprint != first.fingerprint


@any_of(
    periods=st.integers(1, 6),
    align=st.sampled_from([None, 1, 15]),
    day=st.integers(1, 28),
    rate=st.sampled_from([Decimal(10), Decimal(50), Decimal(100)]),
)
@settings(deadline=None)
def test_a_promotion_lasts_for_its_periods_the_first_included(
    periods: int, align: int | None, day: int, rate: Decimal
) -> None:
    today = date(2026, 11, day)
    promotion = published_promotion(periods=periods, rate_percent=rate)
    on = basis(today=today, due_on=today, promotion=promotion, policies=policies(align_day=align))
    (quoted,) = quote([start()], on).items
    service = HeldService.order(
        id=SERVICE, account_id=ACCOUNT, brand="ponto", order_id=ORDER, terms=quoted.terms
    )
    time = beginning(quoted.terms, today)
    service.activate(
        today=today,
        next_due_on=time.next_due_on,
        anchor_day=time.anchor_day,
        charged=time.charged,
    )
    bill = next_bill(service, by=ByDay(), count=8)
    cheaper = [period.off_minor > 0 for period in bill.periods]
    assert cheaper == [number < periods for number in range(1, 9)]


@any_of(rate=st.sampled_from([Decimal(10), Decimal(100)]), day=st.integers(20, 28))
def test_a_part_and_the_period_after_it_are_two_of_a_promotion(rate: Decimal, day: int) -> None:
    on = basis(
        today=date(2026, 11, day),
        promotion=published_promotion(periods=2, rate_percent=rate),
        policies=policies(align_day=1, align_next_after_day=20),
    )
    (quoted,) = quote([start()], on).items
    assert quoted.terms.discounts == []
    assert len(quoted.terms.first) == 2
    assert quoted.first and quoted.first.off.recurring_minor > 0


def test_the_price_of_each_rate_class_is_taxed_by_its_rate() -> None:
    items = [start(), cart_item(2, product_id=BOOK.id)]
    quoted = quote(items, basis(taxation=taxation(TaxMode.EXCLUSIVE)))
    rows = {(row.name, row.rate_percent): row.taxable_minor for row in quoted.taxed.taxes}
    assert rows["VAT", Decimal(23)] == 3990
    assert rows["VAT", Decimal(8)] == 1332
