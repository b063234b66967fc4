"""The numbers of documents: strict formats, one series for each kind, years that begin anew."""

from datetime import date

import pytest

from services.billing.brands.brand import Brand, NumberingGoesOn
from services.billing.invoices.number_format import NumberFormatInvalid, parse_number_format
from services.billing.invoices.numbers import SERIES_MARKS, document_number
from services.billing.rules.rules import RuleInvalid, Rules
from tests.billing.samples import brand_settings
from tests.given import given

MARCH = date(2026, 3, 1)


def brand_with(**rules: object) -> Brand:
    return Brand.configure(slug="ponto", settings=brand_settings(rules=rules))


def test_the_default_format_writes_the_numbers_of_always() -> None:
    brand = brand_with()
    numbers = [document_number(brand, series=s, today=MARCH, count=7) for s in SERIES_MARKS]
    assert numbers == [
        "PON-2026-000007",
        "PON-R-2026-000007",
        "PON-O-2026-000007",
        "PON-C-2026-000007",
        "PON-P-2026-000007",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FV {number:01d}/{month}/{year}", "FV 1234567/03/2026"),
        ("{prefix}{year}.{number:04d}", "PON2026.1234567"),
        ("{number:012d}", "000001234567"),
        ("{year}{month}{number:01d}", "2026031234567"),
    ],
)
def test_a_format_places_prefix_year_month_and_number(text: str, expected: str) -> None:
    brand = brand_with(number_format=text)
    assert document_number(brand, series="invoice", today=MARCH, count=1234567) == expected


def test_kinds_without_a_place_for_their_mark_never_share_a_number() -> None:
    brand = brand_with(number_format="{year}/{number:03d}")
    numbers = {document_number(brand, series=s, today=MARCH, count=1) for s in SERIES_MARKS}
    assert len(numbers) == len(SERIES_MARKS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PON-2026",
        "{number}",
        "{number:0d}",
        "{number:013d}",
        "{number:06x}",
        "{number:06d}{number:06d}",
        "{number:06d}{year}{year}",
        "{prefix.__class__}{number:06d}",
        "{0}{number:06d}",
        "{{{number:06d}}}",
        "{number:06d",
        "{day}-{number:06d}",
        "%s{number:06d}",
        "Ação-{number:06d}",
        "\u0661{number:06d}",
        "a\n{number:06d}",
        "a" * 60 + "{number:06d}",
    ],
    ids=ascii,
)
def test_a_format_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NumberFormatInvalid):
        parse_number_format(text)
    with pytest.raises(RuleInvalid):
        Rules().changed({"number_format": text})


def test_numbers_that_begin_anew_each_year_name_the_year() -> None:
    with pytest.raises(RuleInvalid):
        Rules().changed({"number_yearly": True, "number_format": "{prefix}{number:06d}"})


def test_numbers_of_years_do_not_go_back_to_one_count() -> None:
    yearly = brand_with(number_yearly=True)
    given(yearly).when(lambda b: b.reconfigure(brand_settings())).then_refused(NumberingGoesOn)
