"""Tax on the sum of each rate, its shares on the parts, and credit notes: what always holds."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.tax.credits import credit_note, slice_of
from services.billing.tax.taxation import Part, Tax, TaxAmount, Taxed, TaxedPart, tax_parts
from shared.money import apportion, minor_digits, round_half_up

STANDARD = Tax(name="VAT", percent=Decimal(23))
REDUCED = Tax(name="VAT", percent=Decimal(8))
GST = Tax(name="GST", percent=Decimal(5))
QST = Tax(name="QST", percent=Decimal("9.975"))
COMPOUND = Tax(name="PST", percent=Decimal("9.5"), is_compound=True)
SURCHARGE = Tax(name="recargo de equivalencia", percent=Decimal("5.2"))
WITHHELD = Tax(name="IRPEF", percent=Decimal(20), is_withheld=True)
TOLD = Tax(name="ISS", percent=Decimal(5), is_informative=True)

MIXES = [
    (),
    (STANDARD,),
    (REDUCED,),
    (GST, QST),
    (GST, COMPOUND),
    (COMPOUND, GST),
    (STANDARD, WITHHELD),
    (STANDARD, SURCHARGE),
    (STANDARD, TOLD),
    (TOLD, COMPOUND, GST),
    (TOLD,),
]
AMOUNTS = st.integers(min_value=-(10**7), max_value=10**7)


def charged(mix: tuple[Tax, ...]) -> tuple[Tax, ...]:
    return tuple(tax for tax in mix if not (tax.is_withheld or tax.is_informative))


@st.composite
def parts(draw: st.DrawFn) -> list[Part]:
    """Parts of one document, of prices that include all their taxes, the first, another, none."""
    found = []
    for _ in range(draw(st.integers(min_value=0, max_value=7))):
        taxes = draw(st.sampled_from(MIXES))
        included = draw(st.sampled_from([(), charged(taxes), charged(taxes)[:1], (REDUCED,)]))
        found.append(Part(amount_minor=draw(AMOUNTS), taxes=taxes, included=included))
    return found


def rows_of(found: list[Part]) -> Counter[tuple[Tax, str]]:
    rows: Counter[tuple[Tax, str]] = Counter()
    for row in tax_parts(found).rows:
        rows[row.tax, "taxable"] += row.taxable_minor
        rows[row.tax, "tax"] += row.tax_minor
    return rows


def test_tax_is_computed_on_the_sum_and_not_per_line() -> None:
    """Three lines of 0.10 at 23 %: 0.069 in all, where each line alone would give 0.02."""
    taxed = tax_parts([Part(amount_minor=10, taxes=(STANDARD,))] * 3)
    assert taxed.tax_minor == 7
    assert [part.taxes[0].tax_minor for part in taxed.parts] == [3, 2, 2]


@pytest.mark.parametrize(
    ("amount_minor", "percent", "tax_minor"),
    [
        # half up of the absolute amount: the first three are figures of EN 16931 and GOBL samples
        (-62574354, "25", -15643589),
        (844, "24", 203),
        (627809, "19", 119284),
        (10, "25", 3),
        (-10, "25", -3),
        (30, "25", 8),
        (2, "24.99", 0),
        (2, "25", 1),
        (10**18 + 1, "50", 5 * 10**17 + 1),
    ],
)
def test_a_half_is_rounded_away_from_zero(amount_minor: int, percent: str, tax_minor: int) -> None:
    tax = Tax(name="VAT", percent=Decimal(percent))
    assert tax_parts([Part(amount_minor=amount_minor, taxes=(tax,))]).tax_minor == tax_minor


def test_a_price_that_no_net_amount_explains_keeps_its_gross() -> None:
    """At 20 % no net amount gives 0.03 gross; the tax is what is left, so one cent off at most."""
    tax = (Tax(name="VAT", percent=Decimal(20)),)
    taxed = tax_parts([Part(amount_minor=3, taxes=tax, included=tax)])
    assert (taxed.net_minor, taxed.tax_minor, taxed.gross_minor) == (3, 0, 3)


def test_two_levels_in_a_price_are_parted_by_their_rates() -> None:
    simple, compound = (GST, QST), (GST, COMPOUND)
    first = tax_parts([Part(amount_minor=11498, taxes=simple, included=simple)])
    assert [(row.taxable_minor, row.tax_minor) for row in first.rows] == [
        (10000, 500),
        (10000, 998),
    ]
    second = tax_parts([Part(amount_minor=11498, taxes=compound, included=compound)])
    assert [(row.taxable_minor, row.tax_minor) for row in second.rows] == [
        (10000, 500),
        (10500, 998),
    ]


def test_a_compound_tax_is_on_the_simple_ones_of_its_own_parts() -> None:
    found = [
        Part(amount_minor=10000, taxes=(GST, COMPOUND, WITHHELD)),
        Part(amount_minor=5000, taxes=(GST,)),
    ]
    taxed = tax_parts(found)
    assert {row.tax.name: (row.taxable_minor, row.tax_minor) for row in taxed.rows} == {
        "GST": (15000, 750),
        "PST": (10500, 998),
        "IRPEF": (10000, 2000),
    }
    assert (taxed.tax_minor, taxed.withheld_minor, taxed.gross_minor) == (1748, 2000, 16748)
    assert [amount.tax for amount in taxed.parts[0].taxes] == [GST, COMPOUND, WITHHELD]


def test_a_surcharge_is_a_second_tax_on_the_same_amount() -> None:
    """Spain's recargo de equivalencia: 5.2 % besides 21 % (Ley 37/1992, article 161)."""
    iva = Tax(name="IVA", percent=Decimal(21))
    taxed = tax_parts([Part(amount_minor=180000, taxes=(iva, SURCHARGE))])
    assert [row.tax_minor for row in taxed.rows] == [37800, 9360]
    assert taxed.gross_minor == 227160


def test_a_tax_that_is_borne_besides_those_in_the_price_is_added_to_it() -> None:
    iva = Tax(name="IVA", percent=Decimal(21))
    taxed = tax_parts([Part(amount_minor=10000, taxes=(iva, SURCHARGE), included=(iva,))])
    assert [(row.taxable_minor, row.tax_minor) for row in taxed.rows] == [(8264, 1736), (8264, 430)]
    assert taxed.gross_minor == 10430


def test_a_compound_tax_in_the_price_is_raised_by_a_simple_one_besides() -> None:
    taxed = tax_parts([Part(amount_minor=10950, taxes=(GST, COMPOUND), included=(COMPOUND,))])
    assert [(row.taxable_minor, row.tax_minor) for row in taxed.rows] == [
        (10000, 500),
        (10500, 998),
    ]


def test_a_withheld_tax_is_on_the_net_amount_of_a_price_with_tax() -> None:
    found = [Part(amount_minor=12300, taxes=(STANDARD, WITHHELD), included=(STANDARD,))]
    taxed = tax_parts(found)
    assert (taxed.net_minor, taxed.tax_minor, taxed.withheld_minor) == (10000, 2300, 2000)


def test_a_tax_in_the_price_that_is_not_borne_is_taken_out_first() -> None:
    exempt = Tax(name="VAT", percent=Decimal(0))
    found = [
        Part(amount_minor=12300, taxes=(exempt,), included=(STANDARD,)),
        Part(amount_minor=12300, taxes=(REDUCED,), included=(STANDARD,)),
    ]
    taxed = tax_parts(found)
    assert [part.net_minor for part in taxed.parts] == [10000, 10000]
    assert [row.tax_minor for row in taxed.rows] == [0, 800]


def test_lines_of_inclusive_prices_sum_to_the_net_total() -> None:
    found = [Part(amount_minor=100, taxes=(STANDARD,), included=(STANDARD,))] * 3
    taxed = tax_parts(found)
    assert [part.net_minor for part in taxed.parts] == [82, 81, 81]  # 300 / 1.23 = 243.90
    assert [part.taxes[0].tax_minor for part in taxed.parts] == [19, 19, 18]


@any_of(found=parts())
@settings(max_examples=500)
def test_every_figure_of_a_document_is_the_sum_of_its_parts(found: list[Part]) -> None:
    taxed = tax_parts(found)
    assert len(taxed.parts) == len(found)
    assert taxed.net_minor == sum(part.net_minor for part in taxed.parts)
    for part, result in zip(found, taxed.parts, strict=True):
        assert tuple(amount.tax for amount in result.taxes) == part.taxes
    for row in taxed.rows:
        shares = [a for part in taxed.parts for a in part.taxes if a.tax == row.tax]
        assert row.tax_minor == sum(share.tax_minor for share in shares)
        assert row.taxable_minor == sum(share.taxable_minor for share in shares)


@any_of(found=parts())
@settings(max_examples=500)
def test_the_tax_of_a_row_is_its_rate_on_its_sum(found: list[Part]) -> None:
    """To half a unit where taxes are added; in inclusive prices a unit more for each price mix."""
    mixes = len({(frozenset(part.included), part.taxes) for part in found if part.included})
    for row in tax_parts(found).rows:
        exact = Fraction(row.tax.percent) * row.taxable_minor / 100
        assert abs(row.tax_minor - exact) <= Fraction(1, 2) + Fraction(3, 2) * mixes


@any_of(found=parts())
@settings(max_examples=300)
def test_a_part_has_its_own_share_to_less_than_a_few_units(found: list[Part]) -> None:
    for part, result in zip(found, tax_parts(found).parts, strict=True):
        factor = Fraction(1)
        for tax in sorted(part.included, key=lambda tax: tax.is_compound):
            on = factor if tax.is_compound else 1
            factor += Fraction(tax.percent) / 100 * on
        assert abs(result.net_minor - part.amount_minor / factor) <= 1
        for amount in result.taxes:
            exact = Fraction(amount.tax.percent) * amount.taxable_minor / 100
            assert abs(amount.tax_minor - exact) <= 2


@any_of(
    mix=st.sampled_from([mix for mix in MIXES if charged(mix)]),
    amounts=st.lists(AMOUNTS, min_size=1, max_size=6),
)
@settings(max_examples=300)
def test_inclusive_prices_are_paid_as_they_stand(mix: tuple[Tax, ...], amounts: list[int]) -> None:
    found = [Part(amount_minor=a, taxes=mix, included=charged(mix)) for a in amounts]
    assert tax_parts(found).gross_minor == sum(amounts)


@any_of(
    mix=st.sampled_from([(STANDARD, SURCHARGE), (GST, COMPOUND), (GST, QST, SURCHARGE)]),
    amounts=st.lists(AMOUNTS, min_size=1, max_size=6),
    in_price=st.integers(min_value=1, max_value=2),
)
@settings(max_examples=300)
def test_whoever_bears_more_than_the_price_has_in_it_pays_that_besides(
    mix: tuple[Tax, ...], amounts: list[int], in_price: int
) -> None:
    included, besides = mix[:in_price], mix[in_price:]
    taxed = tax_parts([Part(amount_minor=a, taxes=mix, included=included) for a in amounts])
    added = sum(row.tax_minor for row in taxed.rows if row.tax in besides)
    assert taxed.gross_minor == sum(amounts) + added


@any_of(
    percent=st.decimals(min_value=0, max_value=100, places=3),
    amounts=st.lists(AMOUNTS, min_size=1, max_size=6),
)
@settings(max_examples=500)
def test_tax_added_and_taken_out_again_leaves_the_net_amount(
    percent: Decimal, amounts: list[int]
) -> None:
    tax = (Tax(name="VAT", percent=percent),)
    added = tax_parts([Part(amount_minor=a, taxes=tax) for a in amounts])
    whole = Part(amount_minor=added.gross_minor, taxes=tax, included=tax)
    taken_out = tax_parts([whole])
    assert taken_out.net_minor == added.net_minor
    assert taken_out.tax_minor == added.tax_minor


@any_of(
    mix=st.sampled_from(MIXES),
    amounts=st.lists(AMOUNTS, min_size=1, max_size=6),
    is_inclusive=st.booleans(),
)
@settings(max_examples=300)
def test_how_a_sum_is_cut_into_lines_changes_no_tax(
    mix: tuple[Tax, ...], amounts: list[int], *, is_inclusive: bool
) -> None:
    included = charged(mix) if is_inclusive else ()
    cut = rows_of([Part(amount_minor=a, taxes=mix, included=included) for a in amounts])
    whole = rows_of([Part(amount_minor=sum(amounts), taxes=mix, included=included)])
    assert cut == whole


@any_of(
    mix=st.sampled_from([(STANDARD,), (GST, QST)]),
    amounts=st.lists(AMOUNTS, min_size=2, max_size=6),
    cut=st.integers(min_value=1, max_value=5),
    is_inclusive=st.booleans(),
)
@settings(max_examples=300)
def test_two_documents_for_one_differ_by_a_unit_for_each_tax(
    mix: tuple[Tax, ...], amounts: list[int], cut: int, *, is_inclusive: bool
) -> None:
    included = mix if is_inclusive else ()
    found = [Part(amount_minor=a, taxes=mix, included=included) for a in amounts]
    together = tax_parts(found).tax_minor
    apart = tax_parts(found[:cut]).tax_minor + tax_parts(found[cut:]).tax_minor
    assert abs(together - apart) <= len(mix)


@any_of(found=parts(), data=st.data())
@settings(max_examples=300)
def test_the_order_of_parts_changes_no_row(found: list[Part], data: st.DataObject) -> None:
    """But of a tax that looks at some parts of a price mix alone: a rest of a unit is one's own."""
    apart = {COMPOUND, WITHHELD, TOLD}
    simple = [part for part in found if apart.isdisjoint(part.taxes)]
    assert rows_of(data.draw(st.permutations(simple))) == rows_of(simple)
    assert tax_parts(data.draw(st.permutations(found))).net_minor == tax_parts(found).net_minor


def test_a_part_bears_a_tax_once() -> None:
    with pytest.raises(AssertionError, match=r"^a tax is borne once"):
        tax_parts([Part(amount_minor=100, taxes=(STANDARD, STANDARD))])


def test_taxed_parts_are_the_same_after_they_were_stored() -> None:
    taxed = tax_parts(
        [Part(amount_minor=10000, taxes=(GST, COMPOUND, WITHHELD)), Part(amount_minor=1)]
    )
    assert msgspec.json.decode(msgspec.json.encode(taxed), type=Taxed) == taxed


@any_of(found=parts())
@settings(max_examples=300)
def test_a_credit_note_of_every_part_undoes_the_invoice(found: list[Part]) -> None:
    invoice = tax_parts(found)
    credit = credit_note(invoice.parts)
    assert credit.net_minor == -invoice.net_minor
    assert credit.gross_minor == -invoice.gross_minor
    assert credit.withheld_minor == -invoice.withheld_minor
    assert credit.rows == tuple(
        TaxAmount(tax=row.tax, taxable_minor=-row.taxable_minor, tax_minor=-row.tax_minor)
        for row in invoice.rows
    )


@any_of(
    found=parts(),
    cuts=st.lists(st.fractions(min_value=0, max_value=1), max_size=3).map(sorted),
)
@settings(max_examples=300)
def test_credit_notes_in_instalments_undo_the_invoice(
    found: list[Part], cuts: list[Fraction]
) -> None:
    invoice = tax_parts(found)
    left = Counter({"net": invoice.net_minor, "tax": invoice.tax_minor})
    for part in invoice.parts:
        ends = [0, *(int(cut * part.net_minor) for cut in cuts), part.net_minor]
        for since, until in pairwise(ends):
            credit = credit_note([slice_of(part, since_minor=since, until_minor=until)])
            left["net"] += credit.net_minor
            left["tax"] += credit.tax_minor
            assert credit.net_minor == since - until
    if all(part.net_minor for part in invoice.parts):
        assert left == Counter({"net": 0, "tax": 0})


def test_a_slice_of_a_part_has_its_share_of_each_figure() -> None:
    part = TaxedPart(
        net_minor=-1000,
        taxes=(TaxAmount(tax=COMPOUND, taxable_minor=-1050, tax_minor=-99),),
    )
    cut = slice_of(part, since_minor=-500, until_minor=-1000)
    assert cut == TaxedPart(
        net_minor=-500, taxes=(TaxAmount(tax=COMPOUND, taxable_minor=-525, tax_minor=-49),)
    )


@pytest.mark.parametrize(("since", "until"), [(-1, 500), (0, 1001), (1001, 1000), (500, -1)])
def test_no_more_is_credited_than_was_invoiced(since: int, until: int) -> None:
    with pytest.raises(AssertionError, match=r"^no more is credited than was invoiced"):
        slice_of(TaxedPart(net_minor=1000), since_minor=since, until_minor=until)


@any_of(
    numerators=st.lists(AMOUNTS, min_size=1, max_size=9),
    per=st.integers(min_value=1, max_value=999),
    off=st.integers(min_value=-3, max_value=3),
)
@settings(max_examples=500)
def test_whole_amounts_sum_to_the_total_and_stay_next_to_the_exact_ones(
    numerators: list[int], per: int, off: int
) -> None:
    total = round_half_up(Fraction(sum(numerators), per)) + off
    shares = apportion(total, numerators, per=per)
    assert sum(shares) == total
    for share, numerator in zip(shares, numerators, strict=True):
        assert abs(share - Fraction(numerator, per)) <= 1 + abs(off)


@any_of(
    amount=st.builds(Fraction, AMOUNTS, st.integers(min_value=1, max_value=999)),
    whole=st.integers(min_value=0, max_value=10**20),
)
def test_rounding_half_up_is_symmetric_and_nearest(amount: Fraction, whole: int) -> None:
    assert round_half_up(-amount) == -round_half_up(amount)
    assert abs(round_half_up(amount) - amount) <= Fraction(1, 2)
    assert round_half_up(whole + Fraction(1, 2)) == whole + 1


def test_minor_units_are_those_of_iso_4217() -> None:
    digits = {
        code: minor_digits(code) for code in ("EUR", "RSD", "JPY", "CLP", "KWD", "TND", "CLF")
    }
    assert digits == {"EUR": 2, "RSD": 2, "JPY": 0, "CLP": 0, "KWD": 3, "TND": 3, "CLF": 4}


def test_a_tax_that_the_price_contains_is_told_and_neither_added_nor_taken_out() -> None:
    for taxes, included in (((TOLD,), ()), ((STANDARD, TOLD), (STANDARD,))):
        taxed = tax_parts([Part(amount_minor=12300, taxes=taxes, included=included)])
        (told,) = (row for row in taxed.rows if row.tax is TOLD)
        assert told.taxable_minor == taxed.net_minor
        assert told.tax_minor == round_half_up(Fraction(taxed.net_minor * 5, 100))
        assert taxed.gross_minor == taxed.net_minor + taxed.tax_minor == 12300
        assert taxed.withheld_minor == 0


def test_a_compound_tax_is_not_charged_on_one_that_is_told() -> None:
    taxed = tax_parts([Part(amount_minor=10000, taxes=(TOLD, COMPOUND))])
    assert [row.tax_minor for row in taxed.rows] == [500, 950]
    assert taxed.tax_minor == 950
