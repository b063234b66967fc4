"""Credit notes: the invoice's figures, cut as its lines are cut, never a cent more or less."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import assume
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.credit_notes.credited import (
    CreditedAmountInvalid,
    NothingToCredit,
    credited,
)
from services.billing.invoices.lines import (
    CreditedDocument,
    CreditedLine,
    InvoiceLine,
    totals_of,
)
from services.billing.invoices.taxing import Taxation, TaxedLines, tax_lines
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import Buyer, TaxClass, TaxMode, TaxRate

RATES = [
    TaxRate(name="VAT", percent=Decimal("7.7"), country="CH"),
    TaxRate(name="VAT", percent=Decimal("2.5"), country="CH", tax_class=TaxClass.REDUCED),
    TaxRate(name="Levy", percent=Decimal("1.9"), country="CH", level=2, is_compound=True),
]


def issued(
    *amounts: tuple[int, str],
    mode: TaxMode = TaxMode.EXCLUSIVE,
    rates: Sequence[TaxRate] = RATES,
) -> TaxedLines:
    taxes = BrandTaxes(mode=mode, seller_country="CH", rates=list(rates))
    lines = [
        InvoiceLine(kind="manual", description=f"{n}", net_minor=minor, tax_category=category)
        for n, (minor, category) in enumerate(amounts)
    ]
    taxation = Taxation(rules=taxes.rules(), buyer=Buyer(country="CH"), language="en")
    return tax_lines(lines, taxation)


def note_over(
    taxed: TaxedLines,
    wanted: dict[int, int] | None = None,
    *,
    earlier: list[CreditedLine] | None = None,
) -> CreditedDocument:
    return credited(taxed.lines, taxed.details(), earlier=earlier or [], wanted=wanted)


@pytest.mark.parametrize("mode", TaxMode)
def test_a_note_over_everything_is_the_invoice_itself(mode: TaxMode) -> None:
    taxed = issued(
        (333, "standard"), (334, "reduced"), (1000, "zero"), (-50, "standard"), mode=mode
    )
    note, totals = note_over(taxed), totals_of(taxed.lines, taxed.details())
    assert (note.total_minor, note.tax_minor) == (totals.gross_minor, totals.tax_minor)
    assert note.taxes == taxed.taxes
    assert [line.place for line in note.lines] == [0, 1, 2, 3]


@pytest.mark.parametrize("mode", [TaxMode.INCLUSIVE, TaxMode.EXCLUSIVE])
def test_a_tax_that_the_price_contains_is_told_of_what_is_credited(mode: TaxMode) -> None:
    iss = TaxRate(name="ISS", percent=Decimal(5), country="CH", level=2, is_informative=True)
    taxed = issued((10000, "standard"), mode=mode, rates=[RATES[0], iss])
    note, totals = note_over(taxed), totals_of(taxed.lines, taxed.details())
    assert note.taxes == taxed.taxes
    assert (note.total_minor, note.tax_minor) == (totals.gross_minor, totals.tax_minor)
    (part,) = note_over(taxed, {0: 2000}).lines
    assert part.amount_minor == 2000


def test_a_part_of_a_line_takes_its_part_of_the_tax_along() -> None:
    taxed = issued((10000, "standard"), (5000, "reduced"))
    note = note_over(taxed, {0: 2500})
    assert [(row.name, row.taxable_minor, row.tax_minor) for row in note.taxes] == [
        ("VAT", 2500, 193),
        ("Levy", 2693, 51),
    ]
    assert note.total_minor == 2500 + 193 + 51


@pytest.mark.parametrize(
    "wanted", [{0: 0}, {0: -1}, {0: 10001}, {1: -5001}, {1: 1}, {2: 1}, {-1: 1}], ids=str
)
def test_no_line_is_credited_beyond_what_it_was(wanted: dict[int, int]) -> None:
    with pytest.raises(CreditedAmountInvalid):
        note_over(issued((10000, "standard"), (-5000, "reduced")), wanted)


def test_what_is_credited_already_is_not_credited_again() -> None:
    taxed = issued((10000, "standard"))
    first = note_over(taxed, {0: 6000})
    with pytest.raises(CreditedAmountInvalid):
        note_over(taxed, {0: 4001}, earlier=first.lines)
    rest = note_over(taxed, earlier=first.lines)
    with pytest.raises(NothingToCredit):
        note_over(taxed, earlier=first.lines + rest.lines)


def test_a_note_never_charges_something_instead() -> None:
    with pytest.raises(NothingToCredit):
        note_over(issued((10000, "standard"), (-5000, "reduced")), {1: -5000})


AMOUNTS = st.tuples(
    st.integers(min_value=1, max_value=10**7),
    st.sampled_from(["standard", "reduced", "zero", "exempt"]),
)


@any_of(
    amounts=st.lists(AMOUNTS, min_size=1, max_size=5),
    mode=st.sampled_from(TaxMode),
    cuts=st.lists(st.tuples(st.integers(0, 4), st.fractions(0, 1)), max_size=6),
)
def test_notes_that_follow_one_another_sum_to_the_invoice(
    amounts: list[tuple[int, str]], mode: TaxMode, cuts: list[tuple[int, object]]
) -> None:
    taxed = issued(*amounts, mode=mode)
    notes = list(_notes(taxed, cuts))
    totals = totals_of(taxed.lines, taxed.details())
    assert sum(note.total_minor for note in notes) == totals.gross_minor
    assert sum(note.tax_minor for note in notes) == totals.tax_minor
    for row in taxed.taxes:
        same = [
            each
            for note in notes
            for each in note.taxes
            if (each.name, each.rate_percent, each.category)
            == (row.name, row.rate_percent, row.category)
        ]
        assert sum(each.tax_minor for each in same) == row.tax_minor
        assert sum(each.taxable_minor for each in same) == row.taxable_minor


def _notes(taxed: TaxedLines, cuts: list[tuple[int, object]]) -> Iterator[CreditedDocument]:
    """A note for each cut that is possible, and one over the rest."""
    earlier: list[CreditedLine] = []
    for place, share in cuts:
        assume(place < len(taxed.lines))
        wanted = int(taxed.lines[place].net_minor * share)  # type: ignore[operator]
        try:
            note = note_over(taxed, {place: wanted}, earlier=earlier)
        except (CreditedAmountInvalid, NothingToCredit):
            continue
        earlier += note.lines
        yield note
    try:
        yield note_over(taxed, earlier=earlier)
    except NothingToCredit:
        return
