"""What a credit note takes back for a refund: enough, hardly more, and no line whole before all."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.credit_notes.credited import credited
from services.billing.invoices.lines import (
    CreditedLine,
    InvoiceDetails,
    InvoiceLine,
    LineTax,
    TaxRow,
)
from services.billing.refunds.credited_amounts import amounts_covering, shares_of
from shared.money import round_half_up

NETS = st.lists(st.integers(1, 50_000), min_size=1, max_size=4)


def taxed(nets: list[int], percent: int) -> tuple[list[InvoiceLine], InvoiceDetails]:
    """Lines to which the tax is added."""
    taxes = [round_half_up(Fraction(net * percent, 100)) for net in nets]
    lines = [
        InvoiceLine(
            kind="manual",
            description="Work",
            net_minor=net,
            taxes=[LineTax(row=0, taxable_minor=net, tax_minor=tax)],
        )
        for net, tax in zip(nets, taxes, strict=True)
    ]
    row = TaxRow(
        name="VAT",
        category="S",
        rate_percent=Decimal(percent),
        taxable_minor=sum(nets),
        tax_minor=sum(taxes),
    )
    return lines, InvoiceDetails(taxes=[row])


@any_of(nets=NETS, percent=st.sampled_from([5, 8, 19, 23]), share=st.integers(1, 999))
@settings(max_examples=400, deadline=None)
def test_a_note_covers_its_refund_and_hardly_more(
    nets: list[int], percent: int, share: int
) -> None:
    lines, details = taxed(nets, percent)
    whole = credited(lines, details, earlier=[], wanted=None).total_minor
    refund_minor = max(1, whole * share // 1000)
    amounts = amounts_covering(refund_minor, lines, details=details, earlier=[])
    note = credited(lines, details, earlier=[], wanted=amounts)
    assert refund_minor <= note.total_minor <= refund_minor + 2 + len(nets)


@any_of(
    nets=NETS, percent=st.sampled_from([0, 23]), parts=st.lists(st.integers(1, 400), max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_refunds_that_follow_one_another_end_with_the_whole_invoice(
    nets: list[int], percent: int, parts: list[int]
) -> None:
    lines, details = taxed(nets, percent)
    whole = credited(lines, details, earlier=[], wanted=None).total_minor
    earlier: list[CreditedLine] = []
    taken = 0
    for part in [*(max(1, whole * part // 2000) for part in parts), whole]:
        if taken == whole:
            break
        amounts = amounts_covering(part, lines, details=details, earlier=earlier)
        note = credited(lines, details, earlier=earlier, wanted=amounts)
        earlier += note.lines
        taken += note.total_minor
    assert taken == whole


@any_of(rests=st.lists(st.integers(1, 10**6), min_size=1, max_size=6), share=st.integers(0, 1000))
def test_shares_sum_to_what_is_shared_and_none_is_beyond_its_rest(
    rests: list[int], share: int
) -> None:
    minor = sum(rests) * share // 1000
    shares = shares_of(minor, dict(enumerate(rests)))
    assert sum(shares.values()) == minor
    assert all(0 < each <= rests[place] for place, each in shares.items())
