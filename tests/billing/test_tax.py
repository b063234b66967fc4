"""A brand's tax rules: which taxes a client in some place bears, and what is printed about it."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from services.billing.tax.tax import (
    REVERSE_CHARGE_NOTE,
    Buyer,
    TaxClass,
    TaxMode,
    TaxRate,
    TaxRules,
    TaxRulesContradict,
    is_reverse_charged,
    notes_of,
    taxed_line,
    taxes_of,
)
from services.billing.tax.tax_ids import verify_tax_id
from services.billing.tax.taxation import Tax, Taxed, tax_parts


def rate(country: str, percent: str, **terms: object) -> TaxRate:
    return replace(TaxRate(name="VAT", percent=Decimal(percent), country=country), **terms)  # type: ignore[arg-type]


POLAND = TaxRules(
    mode=TaxMode.EXCLUSIVE,
    seller_country="PL",
    rates=(
        rate("PL", "23"),
        rate("PL", "8", tax_class=TaxClass.REDUCED),
        rate("DE", "19"),
        rate("ES", "21"),
        rate("ES", "7", state="Canarias", name="IGIC"),
        rate("FR", "20"),
    ),
)
CANADA = TaxRules(
    mode=TaxMode.EXCLUSIVE,
    seller_country="CA",
    rates=(
        rate("CA", "5", name="GST"),
        rate("CA", "13", state="ON", name="HST"),
        rate("CA", "9.975", state="QC", name="QST", level=2),
        rate("CA", "10", state="PE", name="PST", level=2, is_compound=True),
    ),
)
"""Quebec's tax is on the price alone since 2013; that of Prince Edward Island was on price and GST
until then."""

STANDARD = TaxClass.STANDARD


def buyer(country: str, *, vat: str = "", state: str = "", is_exempt: bool = False) -> Buyer:
    tax_id = verify_tax_id(vat, country=country) if vat else None
    return Buyer(country=country, state=state, tax_id=tax_id, is_exempt=is_exempt)


def terms(taxes: tuple[Tax, ...]) -> list[str]:
    return [f"{tax.name} {tax.category.value} {tax.percent}" for tax in taxes]


def invoiced(rules: TaxRules, who: Buyer, *amounts: int) -> Taxed:
    lines = [taxed_line(rules, who, amount_minor=a, tax_class=STANDARD) for a in amounts]
    return tax_parts(lines)


@pytest.mark.parametrize(
    ("who", "tax_class", "expected"),
    [
        (buyer("PL"), "standard", ["VAT S 23"]),
        (buyer("PL", vat="8567346215"), "standard", ["VAT S 23"]),  # at home nobody is reversed
        (buyer("PL"), "reduced", ["VAT S 8"]),
        (buyer("PL"), "zero", ["VAT Z 0"]),
        (buyer("PL"), "exempt", ["VAT E 0"]),
        (buyer("PL", is_exempt=True), "reduced", ["VAT E 0"]),
        (Buyer(country=""), "standard", ["VAT S 23"]),  # a guest is taxed as at home
        (Buyer(country=""), "reduced", ["VAT S 8"]),
        # a consumer in another member state: its rate, else that of home (Article 59c)
        (buyer("DE"), "standard", ["VAT S 19"]),
        (buyer("DE"), "reduced", ["VAT S 19"]),
        (buyer("IT"), "standard", ["VAT S 23"]),
        (buyer("IT"), "reduced", ["VAT S 8"]),
        (buyer("ES"), "standard", ["VAT S 21"]),
        (buyer("ES", state=" canarias "), "standard", ["IGIC S 7"]),
        (buyer("ES", state="Sevilla"), "standard", ["VAT S 21"]),
        (buyer("MC"), "standard", ["VAT S 20"]),  # Monaco counts as France (Article 7)
        # a business in another member state (Articles 44 and 196)
        (buyer("DE", vat="DE111111125"), "standard", ["VAT AE 0"]),
        (buyer("DE", vat="DE111111125"), "zero", ["VAT AE 0"]),
        (buyer("DE", vat="DE111111125"), "exempt", ["VAT E 0"]),
        (buyer("DE", vat="DE111111125", is_exempt=True), "standard", ["VAT E 0"]),
        (buyer("GR", vat="094056437"), "standard", ["VAT AE 0"]),
        (buyer("EL", vat="EL094056437"), "standard", ["VAT AE 0"]),
        (buyer("MC", vat="FR53000004605"), "standard", ["VAT AE 0"]),
        # its number is of another state than it is itself, or of none
        (buyer("DE", vat="FR61954506077"), "standard", ["VAT S 19"]),
        (buyer("DE", vat="PL8567346215"), "standard", ["VAT S 19"]),
        (buyer("DE", vat="EU372000052"), "standard", ["VAT S 19"]),
        # outside the Union
        (buyer("US"), "standard", ["VAT O 0"]),
        (buyer("US"), "exempt", ["VAT O 0"]),
        (buyer("BR", vat="390.533.447-05"), "standard", ["VAT O 0"]),
        (buyer("GB", vat="XI895878826"), "standard", ["VAT O 0"]),
        (buyer("CH", vat="CHE100416306MWST"), "standard", ["VAT O 0"]),
    ],
)
def test_a_seller_in_the_union_taxes_by_the_place_of_the_buyer(
    who: Buyer, tax_class: str, expected: list[str]
) -> None:
    assert terms(taxes_of(POLAND, who, tax_class=TaxClass(tax_class))) == expected


@pytest.mark.parametrize(
    ("state", "expected", "taxes_minor", "gross_minor"),
    [
        ("", ["GST S 5"], [500], 10500),
        ("AB", ["GST S 5"], [500], 10500),
        ("ON", ["HST S 13"], [1300], 11300),
        # Revenu Québec's own example: 100.00 + 5.00 + 9.975 -> 9.98
        ("qc", ["GST S 5", "QST S 9.975"], [500, 998], 11498),
        ("PE", ["GST S 5", "PST S 10"], [500, 1050], 11550),
    ],
)
def test_two_levels_each_take_their_most_specific_rate(
    state: str, expected: list[str], taxes_minor: list[int], gross_minor: int
) -> None:
    who = buyer("CA", state=state)
    assert terms(taxes_of(CANADA, who, tax_class=STANDARD)) == expected
    taxed = invoiced(CANADA, who, 7500, 2500)
    assert [row.tax_minor for row in taxed.rows] == taxes_minor
    assert taxed.gross_minor == gross_minor


def test_outside_the_union_a_place_without_a_rate_is_untaxed_and_no_number_reverses() -> None:
    assert terms(taxes_of(CANADA, buyer("US"), tax_class=STANDARD)) == ["GST O 0"]
    german = buyer("DE", vat="DE111111125")
    assert terms(taxes_of(CANADA, german, tax_class=STANDARD)) == ["GST O 0"]
    assert not is_reverse_charged(CANADA, german)
    assert not is_reverse_charged(POLAND, buyer("GB", vat="GB895878826"))


def test_a_rate_for_everywhere_gives_way_to_a_place_and_does_not_reach_exports() -> None:
    everywhere = TaxRate(name="VAT", percent=Decimal(10))
    world = replace(CANADA, rates=(everywhere, *CANADA.rates))
    union = replace(POLAND, rates=(everywhere, rate("DE", "19"), rate("US", "3")))
    assert terms(taxes_of(world, buyer("US"), tax_class=STANDARD)) == ["VAT S 10"]
    assert terms(taxes_of(world, buyer("CA"), tax_class=STANDARD)) == ["GST S 5"]
    assert terms(taxes_of(union, buyer("FR"), tax_class=STANDARD)) == ["VAT S 10"]
    assert terms(taxes_of(union, buyer("DE"), tax_class=STANDARD)) == ["VAT S 19"]
    assert terms(taxes_of(union, buyer("JP"), tax_class=STANDARD)) == ["VAT O 0"]
    # unless a rate names the place: the seller is registered there
    assert terms(taxes_of(union, buyer("US"), tax_class=STANDARD)) == ["VAT S 3"]


def test_the_most_specific_rate_wins_in_whatever_order_they_stand() -> None:
    for rates in (CANADA.rates, CANADA.rates[::-1]):
        taxes = taxes_of(replace(CANADA, rates=rates), buyer("CA", state="ON"), tax_class=STANDARD)
        assert terms(taxes) == ["HST S 13"]


def test_a_kind_of_tax_id_may_exempt_its_bearer() -> None:
    brazil = TaxRules(
        mode=TaxMode.EXCLUSIVE,
        seller_country="BR",
        rates=(rate("BR", "5", name="ISS"),),
        exempting_kinds=frozenset({"cnpj"}),
    )
    company = buyer("BR", vat="45.723.174/0001-10")
    person = buyer("BR", vat="390.533.447-05")
    assert terms(taxes_of(brazil, company, tax_class=STANDARD)) == ["ISS E 0"]
    assert terms(taxes_of(brazil, person, tax_class=STANDARD)) == ["ISS S 5"]


def test_a_brand_without_tax_has_no_tax_on_its_invoices() -> None:
    none = replace(POLAND, mode=TaxMode.NONE)
    taxed = invoiced(none, buyer("PL"), 10000)
    assert taxed.rows == ()
    assert (taxed.net_minor, taxed.gross_minor) == (10000, 10000)
    assert TaxRules(mode=TaxMode.NONE).rates == ()


def test_a_row_of_nothing_bears_the_name_of_the_tax_at_home() -> None:
    rates = (
        rate("DE", "19", name="USt."),
        rate("PL", "5", name="local", level=2),
        rate("PL", "23"),
    )
    abroad_first = replace(POLAND, rates=rates)
    for rules, name in ((abroad_first, "VAT"), (replace(POLAND, rates=rates[:2]), "USt.")):
        assert terms(taxes_of(rules, buyer("US"), tax_class=STANDARD)) == [f"{name} O 0"]
    nothing = replace(POLAND, rates=())
    assert terms(taxes_of(nothing, buyer("PL"), tax_class=STANDARD)) == ["VAT O 0"]


def test_a_rate_of_nothing_is_a_zero_rate() -> None:
    zero = replace(POLAND, rates=(rate("PL", "0"),))
    assert terms(taxes_of(zero, buyer("PL"), tax_class=STANDARD)) == ["VAT Z 0"]


@pytest.mark.parametrize(
    ("who", "untaxed_pay_net", "net_minor", "tax_minor"),
    [
        (buyer("PL"), True, 10000, 2300),
        (buyer("PL"), False, 10000, 2300),
        (Buyer(country=""), True, 10000, 2300),
        (buyer("DE"), True, 10336, 1964),
        # reverse charge: the price less the 19 % that a consumer there pays in it, or as it stands
        (buyer("DE", vat="DE111111125"), True, 10336, 0),
        (buyer("DE", vat="DE111111125"), False, 12300, 0),
        (buyer("PL", is_exempt=True), True, 10000, 0),
        (buyer("PL", is_exempt=True), False, 12300, 0),
        # abroad the price has the tax of home in it
        (buyer("US"), True, 10000, 0),
        (buyer("US"), False, 12300, 0),
    ],
)
def test_a_price_that_includes_tax_is_what_a_taxed_client_pays(
    who: Buyer, *, untaxed_pay_net: bool, net_minor: int, tax_minor: int
) -> None:
    rules = replace(POLAND, mode=TaxMode.INCLUSIVE, untaxed_pay_net=untaxed_pay_net)
    taxed = invoiced(rules, who, 12300)
    assert (taxed.net_minor, taxed.tax_minor) == (net_minor, tax_minor)


def test_a_reduced_price_includes_and_bears_the_reduced_tax() -> None:
    rules = replace(POLAND, mode=TaxMode.INCLUSIVE)
    line = taxed_line(rules, buyer("PL"), amount_minor=10800, tax_class=TaxClass.REDUCED)
    assert terms(line.taxes) == terms(line.included) == ["VAT S 8"]
    assert tax_parts([line]).net_minor == 10000


def test_an_exempt_product_has_no_tax_in_its_price() -> None:
    rules = replace(POLAND, mode=TaxMode.INCLUSIVE)
    for tax_class in (TaxClass.EXEMPT, TaxClass.ZERO):
        line = taxed_line(rules, buyer("PL"), amount_minor=12300, tax_class=tax_class)
        assert tax_parts([line]).net_minor == 12300


@pytest.mark.parametrize("mode", [TaxMode.INCLUSIVE, TaxMode.EXCLUSIVE])
def test_an_informative_rate_leaves_the_price_as_it_is_in_either_mode(mode: TaxMode) -> None:
    iss = rate("BR", "5", name="ISS", is_informative=True)
    rules = TaxRules(mode=mode, seller_country="BR", rates=(iss,))
    line = taxed_line(rules, buyer("BR"), amount_minor=600000, tax_class=STANDARD)
    taxed = tax_parts([line])
    assert line.included == ()
    assert [(row.tax.name, row.tax_minor) for row in taxed.rows] == [("ISS", 30000)]
    assert (taxed.net_minor, taxed.tax_minor, taxed.gross_minor) == (600000, 0, 600000)


def test_a_price_with_tax_keeps_it_beside_an_informative_rate() -> None:
    told = rate("PL", "5", name="Levy", level=2, is_informative=True)
    rules = replace(POLAND, mode=TaxMode.INCLUSIVE, rates=(*POLAND.rates, told))
    line = taxed_line(rules, buyer("PL"), amount_minor=12300, tax_class=STANDARD)
    assert terms(line.taxes) == ["VAT S 23", "Levy S 5"]
    assert terms(line.included) == ["VAT S 23"]
    assert tax_parts([line]).gross_minor == 12300


def test_reverse_charge_is_said_once_with_its_article() -> None:
    taxes = taxes_of(POLAND, buyer("DE", vat="DE111111125"), tax_class=STANDARD)
    assert notes_of(taxes * 2) == (REVERSE_CHARGE_NOTE,)
    assert "Article 196 of Directive 2006/112/EC" in REVERSE_CHARGE_NOTE
    assert notes_of(taxes_of(POLAND, buyer("US"), tax_class=STANDARD)) == ()


@pytest.mark.parametrize(
    ("bad", "facts"),
    [
        ((rate("PL", "-1"),), ("rates.0", "the percent is from 0 to 100")),
        ((rate("PL", "100.001"),), ("rates.0", "the percent is from 0 to 100")),
        ((rate("PL", "NaN"),), ("rates.0", "the percent is from 0 to 100")),
        ((rate("PL", "Infinity"),), ("rates.0", "the percent is from 0 to 100")),
        ((rate("PL", "9.1234567"),), ("rates.0", "the percent has at most 6 decimals")),
        ((rate("PL", "1e-999999"),), ("rates.0", "the percent has at most 6 decimals")),
        ((rate("PL", "23"), rate("PL", "5", level=3)), ("rates.1", "the level is 1 or 2")),
        ((rate("PL", "5", level=0),), ("rates.0", "the level is 1 or 2")),
        ((rate("PL", "5", is_compound=True),), ("rates.0", "a compound rate is of level 2")),
        (
            (rate("PL", "5", level=2, is_compound=True, is_informative=True),),
            ("rates.0", "a rate of the price is not one of the price and a tax"),
        ),
        ((rate("", "5", state="QC"),), ("rates.0", "a state belongs to a country")),
        (
            (rate("PL", "5", tax_class=TaxClass.ZERO),),
            ("rates.0", "only the classes standard and reduced have rates"),
        ),
        (
            (rate("GR", "24"), rate("PL", "23"), rate("el", "13")),
            ("rates.2", "another rate has the same level, place and class"),
        ),
        (
            (rate("PL", "23"), rate("DE", "19", level=2)),
            ("rates", "the taxes of two levels have two names"),
        ),
    ],
)
def test_rules_that_contradict_each_other_are_refused_by_their_place(
    bad: tuple[TaxRate, ...], facts: tuple[str, str]
) -> None:
    with pytest.raises(TaxRulesContradict) as refusal:
        replace(POLAND, rates=bad)
    assert (refusal.value.facts["field"], refusal.value.facts["reason"]) == facts


def test_rules_with_tax_name_the_country_of_the_seller() -> None:
    for mode in (TaxMode.INCLUSIVE, TaxMode.EXCLUSIVE):
        with pytest.raises(TaxRulesContradict) as refusal:
            TaxRules(mode=mode, seller_country="Polska")
        assert refusal.value.facts == {"field": "seller_country"}


def test_rates_from_nothing_to_all_are_allowed() -> None:
    allowed = replace(POLAND, rates=(rate("PL", "0"), rate("DE", "100"), rate("", "9.123456")))
    assert [each.percent for each in allowed.rates] == [0, 100, Decimal("9.123456")]


@pytest.mark.parametrize("rules", [POLAND, CANADA])
def test_rules_are_the_same_after_they_were_stored(rules: TaxRules) -> None:
    assert msgspec.json.decode(msgspec.json.encode(rules), type=TaxRules) == rules
