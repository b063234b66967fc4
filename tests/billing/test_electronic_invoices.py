"""Every invoice that the tax part can make, in UBL and CII, against the official rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.billing.documents.cii import as_cii
from services.billing.documents.en16931 import NotForEN16931, electronic_invoice
from services.billing.documents.paper import CreditNotePaper, InvoicePaper
from services.billing.documents.ubl import as_ubl
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxClass, TaxMode, TaxRate
from tests.billing.official_rules import Syntax, broken_rules
from tests.billing.papers import (
    ANA,
    BRAZIL,
    EWA,
    HANS,
    JOHN,
    POLAND,
    RUSSIA,
    credit_note_paper,
    invoice_paper,
    line,
    taxed,
    taxed_paper,
)

VAT = TaxRate(name="VAT", percent=Decimal(23), country="PL")
REDUCED = TaxRate(name="VAT", percent=Decimal(8), country="PL", tax_class=TaxClass.REDUCED)
CITY = TaxRate(name="City", percent=Decimal("1.5"), country="PL", level=2, is_compound=True)
ISS = TaxRate(name="ISS", percent=Decimal("2.9"), country="BR")
WITHIN = TaxRate(name="Levy", percent=Decimal(5), country="PL", level=2, is_informative=True)
EXCLUSIVE, INCLUSIVE = (
    BrandTaxes(mode=mode, seller_country="PL", rates=[VAT, REDUCED])
    for mode in (TaxMode.EXCLUSIVE, TaxMode.INCLUSIVE)
)
MIXED = [line(333), line(1999, tax_category="reduced"), line(12300)]
PERIOD: dict[str, Any] = {"period_start": date(2026, 12, 5), "period_end": date(2027, 1, 5)}


def of_poland(found: object, **changed: object) -> InvoicePaper:
    fields = {"language": "pl", "buyer": EWA, **changed}
    return taxed_paper(found, **fields)  # type: ignore[arg-type]


PAPERS: dict[str, Callable[[], InvoicePaper]] = {
    "one rate": lambda: of_poland(taxed([line(10000)], EXCLUSIVE, EWA)),
    "two rates": lambda: of_poland(taxed(MIXED, EXCLUSIVE, EWA)),
    "two rates within the prices": lambda: of_poland(taxed(MIXED, INCLUSIVE, EWA)),
    "rates with exempt and zero-rated products": lambda: of_poland(
        taxed(
            [line(1000), line(2000, tax_category="exempt"), line(3000, tax_category="zero")],
            EXCLUSIVE,
            EWA,
        )
    ),
    "reverse charge": lambda: of_poland(taxed(MIXED, EXCLUSIVE, HANS), buyer=HANS),
    "reverse charge of prices with tax": lambda: of_poland(
        taxed(MIXED, INCLUSIVE, HANS), buyer=HANS
    ),
    "an exempt client": lambda: of_poland(taxed(MIXED, EXCLUSIVE, EWA, is_exempt=True)),
    "a client outside of the Union": lambda: of_poland(taxed(MIXED, EXCLUSIVE, JOHN), buyer=JOHN),
    "a seller without tax": lambda: of_poland(taxed(MIXED, BrandTaxes(), EWA)),
    "quantities, discounts and periods": lambda: of_poland(
        taxed(
            [
                line(2250, quantity=Decimal("2.5"), unit_minor=1000, discount_minor=250, **PERIOD),
                line(-500, description="Credit for unused days"),
            ],
            EXCLUSIVE,
            EWA,
        )
    ),
    "a free period": lambda: of_poland(taxed([line(1000), line(0)], EXCLUSIVE, EWA)),
    "all of it taken off": lambda: of_poland(taxed([line(1000), line(-1000)], EXCLUSIVE, EWA)),
    "one that stands for another": lambda: of_poland(
        taxed([line(1000)], EXCLUSIVE, EWA), corrects="WIS-2026-000007"
    ),
    "a seller outside of the Union": lambda: taxed_paper(
        taxed(
            [line(2990), line(990)],
            BrandTaxes(mode=TaxMode.INCLUSIVE, seller_country="BR", rates=[ISS]),
            ANA,
        ),
        seller=BRAZIL,
    ),
    "a tax that the price contains and nothing else": lambda: taxed_paper(
        taxed(
            [line(2990), line(990)],
            BrandTaxes(
                mode=TaxMode.EXCLUSIVE,
                seller_country="BR",
                rates=[replace(ISS, is_informative=True)],
            ),
            ANA,
        ),
        seller=BRAZIL,
    ),
    "a tax beside one that the price contains": lambda: of_poland(
        taxed(MIXED, replace(EXCLUSIVE, rates=[VAT, REDUCED, WITHIN]), EWA)
    ),
    "a tax in the price beside one that is only told": lambda: of_poland(
        taxed(MIXED, replace(INCLUSIVE, rates=[VAT, REDUCED, WITHIN]), EWA)
    ),
    "a currency of Russia": lambda: invoice_paper("ru", seller=RUSSIA),
    "a currency without decimals": lambda: of_poland(
        taxed([line(10000), line(333)], EXCLUSIVE, EWA), currency="JPY"
    ),
}


def assert_kept(paper: InvoicePaper | CreditNotePaper) -> None:
    """Both syntaxes keep all rules."""
    invoice = electronic_invoice(paper)
    syntax: Syntax = "invoice" if isinstance(paper, InvoicePaper) else "credit_note"
    assert broken_rules(as_ubl(invoice), syntax) == []
    assert broken_rules(as_cii(invoice), "cii") == []


@pytest.mark.parametrize("name", PAPERS)
def test_an_invoice_keeps_the_official_rules_in_both_syntaxes(name: str) -> None:
    assert_kept(PAPERS[name]())


@pytest.mark.parametrize("name", [name for name in PAPERS if name != "all of it taken off"])
def test_a_credit_note_over_all_of_it_keeps_the_official_rules(name: str) -> None:
    assert_kept(credit_note_paper(PAPERS[name]()))


def test_a_credit_note_over_a_part_of_a_line_keeps_the_official_rules() -> None:
    for name in ("two rates", "two rates within the prices"):
        assert_kept(credit_note_paper(PAPERS[name](), {0: 100, 1: 777}))


@pytest.mark.parametrize("syntax", ["invoice", "cii"])
def test_the_official_rules_notice_a_wrong_total(syntax: Syntax) -> None:
    invoice = electronic_invoice(PAPERS["one rate"]())
    xml = as_ubl(invoice) if syntax == "invoice" else as_cii(invoice)
    assert xml.count("123.00") >= 2
    before, total, after = xml.rpartition("123.00")
    assert total and broken_rules(before + "123.01" + after, syntax)


def test_the_figures_are_those_of_the_paper() -> None:
    paper = PAPERS["two rates within the prices"]()
    invoice = electronic_invoice(paper)
    assert paper.prices_include_tax
    assert (invoice.total_minor, invoice.tax_minor) == (paper.total_minor, paper.tax_minor)
    assert [item.net_minor for item in invoice.items] == [
        each.taxes[0].taxable_minor for each in paper.lines
    ]


def test_a_tax_that_the_price_contains_is_told_in_a_note_and_changes_no_figure() -> None:
    for told, plain in (
        ("a tax beside one that the price contains", "rates"),
        ("a tax in the price beside one that is only told", "rates within the prices"),
    ):
        invoice = electronic_invoice(PAPERS[told]())
        assert invoice.notes == ("Levy of 5% is contained in the price and is not added to it.",)
        assert replace(invoice, notes=()) == electronic_invoice(PAPERS[f"two {plain}"]())


def test_a_line_keeps_its_quantity_price_and_discount_where_they_come_to_its_amount() -> None:
    first, second = electronic_invoice(PAPERS["quantities, discounts and periods"]()).items
    assert (first.quantity, first.price_minor, first.discount_minor) == (Decimal("2.5"), 1000, 250)
    assert (first.first_day, first.last_day) == (date(2026, 12, 5), date(2027, 1, 4))
    assert (second.quantity, second.price_minor, second.net_minor) == (Decimal(-1), 500, -500)


def test_a_reverse_charge_says_so_in_the_words_of_the_law() -> None:
    (group,) = electronic_invoice(PAPERS["reverse charge"]()).taxes
    assert (group.category, group.reason_code) == ("AE", "VATEX-EU-AE")
    assert "Article 196" in group.reason


def test_the_same_paper_gives_the_same_text() -> None:
    paper = PAPERS["two rates"]()
    for write in (as_ubl, as_cii):
        assert write(electronic_invoice(paper)) == write(electronic_invoice(paper))


def test_what_en_16931_has_no_place_for_is_refused_by_name() -> None:
    two_levels = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="PL", rates=[VAT, CITY])
    plain = PAPERS["one rate"]()
    refused = {
        "several_taxes_on_a_line": of_poland(taxed([line(1000)], two_levels, EWA)),
        "currency": replace(plain, currency="KWD"),
        "pro_forma": replace(plain, is_pro_forma=True),
        "buyer_without_country": replace(plain, buyer=replace(EWA, country="")),
        "seller_without_country": replace(plain, seller=replace(POLAND, country="")),
        "seller_without_tax_number": replace(plain, seller=replace(POLAND, tax_id="")),
    }
    for reason, paper in refused.items():
        with pytest.raises(NotForEN16931) as refusal:
            electronic_invoice(paper)
        assert refusal.value.facts["reason"] == reason


HOSTILE = "</cbc:Name><x>&amp;]]>\N{RIGHT-TO-LEFT OVERRIDE}\x07<!--" + "A" * 10_000


def test_hostile_text_stays_text_in_both_syntaxes() -> None:
    paper = PAPERS["one rate"]()
    hostile = replace(
        paper,
        number=HOSTILE[:60],
        buyer=replace(EWA, name=HOSTILE, address=(HOSTILE, HOSTILE, HOSTILE, "PL")),
        lines=tuple(replace(each, description=HOSTILE) for each in paper.lines),
        notes=(HOSTILE,),
    )
    assert_kept(hostile)
