"""Taxes on invoices: rows on the sum, shares of lines, notes, prices that include tax."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.brands.brand import Brand
from services.billing.contacts.contact import Contact
from services.billing.invoices.lines import InvoiceDetails, InvoiceLine, LineTax, totals_of
from services.billing.invoices.taxing import Taxation, buyer_of, tax_lines, taxed_part
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.credits import credit_note
from services.billing.tax.tax import Buyer, TaxClass, TaxMode, TaxRate, TaxRulesContradict
from services.billing.tax.taxation import Tax, TaxCategory
from tests.billing.samples import brand_settings

VAT = TaxRate(name="VAT", percent=Decimal(23), country="PL")
REDUCED = TaxRate(name="VAT", percent=Decimal(8), country="PL", tax_class=TaxClass.REDUCED)


def contact(**changed: Any) -> Contact:
    fields = {
        "language": "en",
        "name": "Ana",
        "address": "x",
        "tax_id": "",
        "country": "PL",
        "state": "",
    }
    return Contact(**{**fields, **changed})


def taxation(mode: TaxMode = TaxMode.EXCLUSIVE, **changed: Any) -> Taxation:
    taxes = BrandTaxes(mode=mode, seller_country="PL", rates=[VAT, REDUCED])
    whom = contact(**changed)
    return Taxation(
        rules=taxes.rules(), buyer=buyer_of(whom, is_exempt=False), language=whom.language
    )


def line(net_minor: int, *, tax_category: str = "standard") -> InvoiceLine:
    return InvoiceLine(
        kind="manual",
        description="Work",
        net_minor=net_minor,
        unit_minor=net_minor,
        tax_category=tax_category,
    )


def test_a_brand_without_taxes_leaves_lines_as_they_are() -> None:
    untaxed = Taxation(rules=BrandTaxes().rules(), buyer=Buyer(country="PL"), language="en")
    taxed = tax_lines([line(100)], untaxed)
    assert (taxed.lines, taxed.taxes, taxed.notes) == ([line(100)], [], [])
    assert not taxed.prices_include_tax


@pytest.mark.parametrize("mode", [TaxMode.INCLUSIVE, TaxMode.EXCLUSIVE])
def test_a_tax_that_the_price_contains_is_a_row_with_a_sentence_and_in_no_sum(
    mode: TaxMode,
) -> None:
    iss = TaxRate(name="ISS", percent=Decimal("2.9"), country="BR", is_informative=True)
    brand = BrandTaxes(mode=mode, seller_country="BR", rates=[iss])
    told = Taxation(rules=brand.rules(), buyer=Buyer(country="BR"), language="pt-BR")
    lines = [line(2990), line(990)]
    taxed = tax_lines(lines, told)
    (row,) = taxed.taxes
    assert (row.is_informative, row.taxable_minor, row.tax_minor) == (True, 3980, 115)
    assert taxed.notes == ["ISS de 2,9% está contido no preço e não é somado a ele."]
    totals = totals_of(taxed.lines, taxed.details())
    assert (totals.net_minor, totals.tax_minor, totals.gross_minor) == (3980, 0, 3980)
    assert [each.net_minor for each in taxed.lines] == [2990, 990]
    parts = [taxed_part(each, taxed.details()) for each in taxed.lines]
    assert all(part.taxes[0].tax.is_informative for part in parts)


def test_tax_is_one_row_for_each_rate_on_the_sum_of_its_lines() -> None:
    taxed = tax_lines([line(333), line(333), line(1000, tax_category="reduced")], taxation())
    rows = [
        (row.category, row.rate_percent, row.taxable_minor, row.tax_minor) for row in taxed.taxes
    ]
    assert rows == [("S", Decimal(23), 666, 153), ("S", Decimal(8), 1000, 80)]
    assert [each.taxes for each in taxed.lines] == [
        [LineTax(row=0, taxable_minor=333, tax_minor=77)],
        [LineTax(row=0, taxable_minor=333, tax_minor=76)],
        [LineTax(row=1, taxable_minor=1000, tax_minor=80)],
    ]
    assert totals_of(taxed.lines, taxed.details()).gross_minor == 1666 + 233


def test_prices_that_include_tax_stay_and_the_tax_is_a_part_of_them() -> None:
    taxed = tax_lines([line(12300)], taxation(TaxMode.INCLUSIVE))
    totals = totals_of(taxed.lines, taxed.details())
    assert taxed.prices_include_tax
    assert (totals.net_minor, totals.tax_minor, totals.gross_minor) == (10000, 2300, 12300)


def test_a_business_of_another_member_state_pays_net_and_reads_why() -> None:
    abroad = taxation(TaxMode.INCLUSIVE, country="DE", tax_id="DE 136695976", language="pt-BR")
    taxed = tax_lines([replace(line(12300), unit_minor=13000, discount_minor=700)], abroad)
    assert [(row.category, row.tax_minor) for row in taxed.taxes] == [("AE", 0)]
    assert taxed.notes == [
        "Autoliquidação: o IVA é devido pelo adquirente (artigo 196.º da Diretiva 2006/112/CE)."
    ]
    (shown,) = taxed.lines
    assert (shown.net_minor, shown.unit_minor, taxed.prices_include_tax) == (10000, None, False)
    assert shown.discount_minor == 0
    assert totals_of(taxed.lines, taxed.details()).gross_minor == 10000


@pytest.mark.parametrize("tax_id", ["DE 136695977", "123", "", "[erased]"])
def test_a_tax_number_that_cannot_be_verified_proves_nothing(tax_id: str) -> None:
    taxed = tax_lines([line(100)], taxation(country="DE", tax_id=tax_id))
    assert [(row.category, row.tax_minor) for row in taxed.taxes] == [("S", 23)]


def test_a_line_without_tax_in_its_price_keeps_what_its_price_was_made_of() -> None:
    discounted = replace(line(900), unit_minor=1000, discount_minor=100)
    (shown,) = tax_lines([discounted], taxation()).lines
    assert (shown.unit_minor, shown.discount_minor) == (1000, 100)


def test_an_issued_line_gives_back_the_very_taxes_it_bore() -> None:
    taxed = tax_lines([line(100), line(100, tax_category="zero")], taxation())
    parts = [taxed_part(each, taxed.details()) for each in taxed.lines]
    assert [amount.tax for part in parts for amount in part.taxes] == [
        Tax(name="VAT", percent=Decimal(23)),
        Tax(name="VAT", percent=Decimal(0), category=TaxCategory.ZERO),
    ]


def test_a_line_that_bears_no_tax_is_its_own_net_where_prices_include_tax() -> None:
    part = taxed_part(line(100), InvoiceDetails(prices_include_tax=True))
    assert (part.net_minor, part.taxes) == (100, ())


def test_a_client_is_taxed_in_the_state_of_the_address() -> None:
    assert buyer_of(contact(country="US", state="NY"), is_exempt=False).state == "NY"


def test_an_account_that_staff_exempts_owes_no_tax() -> None:
    exempt = Taxation(
        rules=taxation().rules, buyer=buyer_of(contact(), is_exempt=True), language="en"
    )
    assert [row.category for row in tax_lines([line(100)], exempt).taxes] == ["E"]


def test_a_category_that_nobody_knows_is_taxed_as_usual() -> None:
    taxed = tax_lines([line(100, tax_category="luxury")], taxation())
    assert taxed.taxes[0].tax_minor == 23


@any_of(
    amounts=st.lists(st.integers(min_value=-(10**6), max_value=10**9), min_size=1, max_size=8),
    categories=st.lists(st.sampled_from(["standard", "reduced", "zero", "exempt"]), min_size=8),
    mode=st.sampled_from(TaxMode),
    country=st.sampled_from(["PL", "DE", "US"]),
)
def test_the_shares_of_lines_sum_to_the_rows_and_undo_them(
    amounts: list[int], categories: list[str], mode: TaxMode, country: str
) -> None:
    lines = [
        line(minor, tax_category=category)
        for minor, category in zip(amounts, categories, strict=False)
    ]
    taxed = tax_lines(lines, taxation(mode, country=country))
    details = taxed.details()
    totals = totals_of(taxed.lines, details)
    for place, row in enumerate(details.taxes):
        shares = [s for each in taxed.lines for s in each.taxes if s.row == place]
        assert sum(share.tax_minor for share in shares) == row.tax_minor
        assert sum(share.taxable_minor for share in shares) == row.taxable_minor
    undone = credit_note([taxed_part(each, details) for each in taxed.lines])
    assert (undone.net_minor, undone.tax_minor) == (-totals.net_minor, -totals.tax_minor)


def test_a_brand_whose_taxes_contradict_each_other_is_refused() -> None:
    taxes = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="PL", rates=[VAT, VAT])
    with pytest.raises(TaxRulesContradict):
        Brand.configure(slug="ponto", settings=brand_settings(tax=taxes))
