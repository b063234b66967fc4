"""Totals of documents: those that others published, and what holds for any document."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.tax.document import (
    Document,
    DocumentAdjustment,
    DocumentTotals,
    Line,
    Percent,
    QuantityInvalid,
    add_up,
)
from services.billing.tax.taxation import Tax, TaxCategory
from tests.billing.later_published_invoices import LATER_OF_EN_16931, LATER_OF_GOBL
from tests.billing.published_invoices import (
    EN_16931,
    GOBL,
    MORE_OF_EN_16931,
    MORE_OF_GOBL,
    Published,
    published,
)

VAT_19 = (Tax(name="VAT", percent=Decimal(19)),)
EXEMPT = (Tax(name="VAT", percent=Decimal(0), category=TaxCategory.EXEMPT),)


def figures(totals: DocumentTotals) -> dict[str, int]:
    return {
        "sum": totals.sum_minor,
        "discount": totals.discount_minor,
        "charge": totals.charge_minor,
        "net": totals.taxed.net_minor,
        "tax": totals.taxed.tax_minor,
        "gross": totals.taxed.gross_minor,
        "withheld": totals.taxed.withheld_minor,
        "payable": totals.payable_minor,
        "prepaid": totals.prepaid_minor,
        "rounding": totals.rounding_minor,
        "due": totals.due_minor,
    }


TABLES = {
    GOBL: 37,
    EN_16931: 6,
    MORE_OF_GOBL: 16,
    MORE_OF_EN_16931: 7,
    LATER_OF_GOBL: 48,
    LATER_OF_EN_16931: 6,
}
PUBLISHED = [invoice for table in TABLES for invoice in published(table)]


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case.name)
def test_an_invoice_that_others_published_adds_up_to_the_same(case: Published) -> None:
    """Where it could differ: GOBL's model `precise` keeps parts of a cent in its lines.

    Here a line is a whole number of minor units (BR-DEC-23), as lines are printed, posted and
    credited; so an invoice of many such lines may differ by a cent. None of these does.
    """
    totals = add_up(case.document)
    assert totals.line_minors == case.line_minors
    assert frozenset(totals.taxed.rows) == case.rows
    assert len(totals.taxed.rows) == len(case.rows)
    assert {**figures(totals), **case.totals} == figures(totals)


@pytest.mark.parametrize(
    ("lines", "net_minor", "tax_minor"),
    [
        # GOBL: 122.61 without tax, where 61.31 stands on either line
        ([("20.10", "3.05", 23), ("20.10", "3.05", 23)], 12262, 2820),
        # GOBL: 3.49 of tax, where 2.26 and 1.22 stand in its rows
        ([("1", "9.42", 24), ("1", "9.42", 13)], 1884, 348),
    ],
)
def test_what_is_printed_adds_up_where_gobl_sums_parts_of_a_cent(
    lines: list[tuple[str, str, int]], net_minor: int, tax_minor: int
) -> None:
    """github.com/invopop/gobl, bill: TestCalculateTotalsWithFractions, sum-then-round."""
    priced = tuple(
        Line(
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            taxes=(Tax(name="VAT", percent=Decimal(percent)),),
        )
        for quantity, price, percent in lines
    )
    totals = add_up(Document(currency="EUR", lines=priced))
    assert (totals.taxed.net_minor, totals.taxed.tax_minor) == (net_minor, tax_minor)
    assert sum(totals.line_minors) == net_minor
    assert sum(row.tax_minor for row in totals.taxed.rows) == tax_minor


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        # gobl.ksef gross-price: 60.20 of tax, and 261.76 in a row of a total of 261.77
        ([("309.99", 23), ("0.99", 23), ("10.99", 23)], [(26176, 6021)]),
        # gobl.ksef discount-invoice: 17.29 in the row of 8 %, and the same totals
        (
            [("73.46", 5), ("3.58", 23), ("5.79", 8), ("3.59", 8), ("9.30", 8)],
            [(6996, 350), (291, 67), (1730, 138)],
        ),
        # gobl TestRemoveIncludedTax3: 803.01 without tax, of which 27.00 are in no row
        ([("236.66", 6), ("473.34", 6), ("120.00", 13)], [(66981, 4019), (10619, 1381)]),
    ],
)
def test_tax_in_prices_is_that_of_the_whole_sum_where_gobl_takes_it_line_by_line(
    lines: list[tuple[str, int]], rows: list[tuple[int, int]]
) -> None:
    """The Polish VAT act, article 106e(7): gross * rate / (100 + rate), of the sum of a rate."""
    taxes = [Tax(name="VAT", percent=Decimal(percent)) for _, percent in lines]
    priced = tuple(
        Line(unit_price=Decimal(price), taxes=(tax,), included=(tax,))
        for (price, _), tax in zip(lines, taxes, strict=True)
    )
    totals = add_up(Document(currency="PLN", lines=priced))
    found = [(row.taxable_minor, row.tax_minor) for row in totals.taxed.rows]
    assert found == rows
    assert totals.taxed.gross_minor == totals.sum_minor


def test_the_tables_hold_every_invoice_that_was_published() -> None:
    assert [len(published(table)) for table in TABLES] == list(TABLES.values())


@pytest.mark.parametrize(
    ("currency", "price", "minor", "tax_minor"),
    [
        ("EUR", "10.125", 1013, 192),  # 10.125 is rounded before tax: a line is printed in cents
        ("EUR", "-10.125", -1013, -192),
        ("JPY", "1099.5", 1100, 209),
        ("KRW", "0.4", 0, 0),
        ("KWD", "1.2345", 1235, 235),
        ("CLF", "0.00005", 1, 0),
    ],
)
def test_a55_a_currency_has_its_own_number_of_decimals(
    currency: str, price: str, minor: int, tax_minor: int
) -> None:
    totals = add_up(
        Document(currency=currency, lines=(Line(unit_price=Decimal(price), taxes=VAT_19),))
    )
    assert (totals.sum_minor, totals.taxed.tax_minor) == (minor, tax_minor)


@pytest.mark.parametrize(
    ("line", "minor"),
    [
        (Line(unit_price=Decimal("0.004")), 0),
        (Line(unit_price=Decimal("0.005")), 1),
        (Line(unit_price=Decimal("0.00000001"), quantity=Decimal(10**9)), 1000),
        # 100 litres at 0.12345 for 10 (BT-149)
        (
            Line(unit_price=Decimal("12.345"), quantity=Decimal(100), price_quantity=Decimal(10)),
            12345,
        ),
        (Line(unit_price=Decimal(10), quantity=Decimal(1), price_quantity=Decimal(3)), 333),
        (Line(unit_price=Decimal(100), discounts=(Percent(percent=Decimal(10)), 500)), 8500),
        (Line(unit_price=Decimal(100), discounts=(Percent(percent=Decimal(10)),) * 2), 8000),
        (Line(unit_price=Decimal("0.05"), discounts=(Percent(percent=Decimal(50)),)), 2),
        (Line(unit_price=Decimal(100), charges=(Percent(percent=Decimal(5)), 1)), 10501),
        (
            Line(
                unit_price=Decimal(100),
                charges=(Percent(percent=Decimal(10), base_minor=5000),),
            ),
            10500,
        ),
        (Line(unit_price=Decimal(100), discounts=(Percent(percent=Decimal(100)),)), 0),
        (Line(unit_price=Decimal(0)), 0),
    ],
)
def test_a_line_is_quantity_times_price_less_discounts_plus_charges(line: Line, minor: int) -> None:
    assert add_up(Document(currency="EUR", lines=(line,))).line_minors == (minor,)


def test_a_discount_of_the_document_lowers_the_tax_that_it_bears() -> None:
    lines = (
        Line(unit_price=Decimal(100), taxes=VAT_19),
        Line(unit_price=Decimal(50), taxes=EXEMPT),
    )
    discount = DocumentAdjustment(amount=Percent(percent=Decimal(10)), taxes=VAT_19)
    charge = DocumentAdjustment(amount=300, taxes=EXEMPT)
    totals = add_up(
        Document(
            currency="EUR",
            lines=lines,
            discounts=(discount,),
            charges=(charge,),
            prepaid_minor=1000,
            rounding_minor=-15,
        )
    )
    assert [(row.taxable_minor, row.tax_minor) for row in totals.taxed.rows] == [
        (8500, 1615),
        (5300, 0),
    ]
    assert figures(totals) == {
        "sum": 15000,
        "discount": 1500,
        "charge": 300,
        "net": 13800,
        "tax": 1615,
        "gross": 15415,
        "withheld": 0,
        "payable": 15415,
        "prepaid": 1000,
        "rounding": -15,
        "due": 14400,
    }


def test_a_document_without_lines_is_nothing() -> None:
    assert set(figures(add_up(Document(currency="EUR", lines=()))).values()) == {0}


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "sNaN", "1e16", "-1e16", "1e999999", "1e-13", "1e-999999"],
)
def test_what_is_no_number_or_out_of_reach_is_refused_by_its_field(number: str) -> None:
    one = Line(unit_price=Decimal(1))
    for field, line in {
        "unit_price": replace(one, unit_price=Decimal(number)),
        "quantity": replace(one, quantity=Decimal(number)),
        "price_quantity": replace(one, price_quantity=Decimal(number)),
        "percent": replace(one, discounts=(Percent(percent=Decimal(number)),)),
    }.items():
        with pytest.raises(QuantityInvalid) as refusal:
            add_up(Document(currency="EUR", lines=(line,)))
        assert refusal.value.facts == {"field": field}


def test_a_line_larger_than_numbers_can_be_exact_is_refused() -> None:
    largest = Line(unit_price=Decimal(10**7), quantity=Decimal(10**6))
    assert add_up(Document(currency="EUR", lines=(largest,))).sum_minor == 10**15
    for more in (
        replace(largest, quantity=-(largest.quantity + 1)),
        replace(largest, unit_price=Decimal("10000000.01")),
    ):
        with pytest.raises(QuantityInvalid) as refusal:
            add_up(Document(currency="EUR", lines=(more,)))
        assert refusal.value.facts == {"field": "quantity"}


def test_as_many_decimals_as_are_allowed_are_exact() -> None:
    line = Line(unit_price=Decimal("0.000000000001"), quantity=Decimal(5 * 10**9))
    assert add_up(Document(currency="EUR", lines=(line,))).sum_minor == 1


def test_a_price_for_no_quantity_is_refused_by_its_field() -> None:
    line = Line(unit_price=Decimal(1), price_quantity=Decimal(0))
    with pytest.raises(QuantityInvalid) as refusal:
        add_up(Document(currency="EUR", lines=(line,)))
    assert refusal.value.facts == {"field": "price_quantity"}


DECIMALS = st.decimals(
    min_value=-(10**6), max_value=10**6, places=4, allow_nan=False, allow_infinity=False
)
RATES = st.sampled_from([VAT_19, EXEMPT, (), (Tax(name="VAT", percent=Decimal("7.25")),)])
LINES = st.builds(Line, unit_price=DECIMALS, quantity=DECIMALS, taxes=RATES)
ADJUSTMENTS = st.builds(
    DocumentAdjustment,
    amount=st.integers(min_value=-(10**6), max_value=10**6),
    taxes=RATES,
)


@any_of(
    lines=st.lists(LINES, max_size=8),
    discounts=st.lists(ADJUSTMENTS, max_size=2),
    charges=st.lists(ADJUSTMENTS, max_size=2),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
@settings(max_examples=300)
def test_what_is_printed_adds_up(
    lines: list[Line],
    discounts: list[DocumentAdjustment],
    charges: list[DocumentAdjustment],
    currency: str,
) -> None:
    """EN 16931: BR-CO-10 to BR-CO-16, and BR-CO-17 for each row."""
    document = Document(
        currency=currency, lines=tuple(lines), discounts=tuple(discounts), charges=tuple(charges)
    )
    totals = add_up(document)
    taxed = totals.taxed
    assert taxed.net_minor == totals.sum_minor - totals.discount_minor + totals.charge_minor
    assert taxed.gross_minor == taxed.net_minor + sum(row.tax_minor for row in taxed.rows)
    assert totals.due_minor == taxed.gross_minor
    for row in taxed.rows:
        exact = Fraction(row.tax.percent) * row.taxable_minor / 100
        assert abs(row.tax_minor - exact) <= Fraction(1, 2)
    for place, line in enumerate(lines):
        scale = {"EUR": 100, "JPY": 1, "KWD": 1000}[currency]
        exact = Fraction(line.quantity) * Fraction(line.unit_price) * scale
        assert abs(totals.line_minors[place] - exact) <= Fraction(1, 2)
