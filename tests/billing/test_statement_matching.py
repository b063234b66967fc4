"""Which invoices an entry pays: table of what people write, ties, sums, and order that is none."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements.matching import (
    AHEAD,
    DECIDES,
    KnownPayer,
    KnownPayers,
    Match,
    Receivables,
    match_entry,
)
from services.billing.bank_statements.mentions import PayableInvoice
from services.billing.bank_statements.ofx import read_ofx
from services.billing.bank_statements.statement import Reference, StatementEntry
from services.billing.payments.allocation import OpenInvoice
from tests.billing.bank_files import entry, ofx_file

ANA, BRUNO = UUID(int=1), UUID(int=2)
FIRST_DAY = date(2026, 11, 1)


def payable(
    number: str,
    open_minor: int,
    *,
    of: UUID = ANA,
    due_on: date = FIRST_DAY,
    currency: str = "BRL",
) -> PayableInvoice:
    return PayableInvoice(
        account_id=of,
        invoice=OpenInvoice(
            invoice_id=UUID(bytes=number.encode().rjust(16, b"\0")[-16:]),
            number=number,
            due_on=due_on,
            currency=currency,
            open_minor=open_minor,
        ),
    )


OPEN = [
    payable("PON-2026-000417", 2990),
    payable("PON-2026-000418", 4990),
    payable("PON-2026-000419", 700),
    payable("PON-2026-000501", 2990, of=BRUNO),
    payable("PON-2026-000777", 5000, of=BRUNO, currency="USD"),
    payable("PON-2026-000300", 0, of=BRUNO),
]
ANA_PAID = KnownPayer(account_id=ANA, payer_account="DE89 3704 0044 0532 0130 00")
BRUNO_PAID = KnownPayer(account_id=BRUNO, payer_name="Bruno Gonçalves")


def match(
    found: StatementEntry,
    *,
    invoices: list[PayableInvoice] = OPEN,
    payers: tuple[KnownPayer, ...] = (ANA_PAID, BRUNO_PAID),
) -> Match:
    return match_entry(found, Receivables(invoices), payers=KnownPayers(payers))


def shares(result: Match) -> dict[str, int]:
    """Last figures of the number -> what of it is settled."""
    assert result.taken is not None
    numbers = {i.invoice_id: i.number[-3:] for i in result.taken.invoices}
    return {numbers[a.invoice_id]: a.amount_minor for a in result.taken.allocated.allocations}


def rest(result: Match) -> int:
    assert result.taken is not None
    return result.taken.allocated.rest_minor


def codes(result: Match) -> list[str]:
    return [reason.code for reason in result.reasons]


def test_an_entry_of_a_file_pays_the_invoice_that_it_names() -> None:
    [statement] = read_ofx([ofx_file([entry(2990, remittance="PIX PON-2026-000417")])])
    result = match(statement.entries[0])
    assert result.outcome == "exact"
    assert shares(result) == {"417": 2990}


# ------------------------------------------------------------------------------ by reference


@pytest.mark.parametrize(
    "text",
    [
        "PON-2026-000417",
        "pon2026000417",
        "PON 2026 000417",
        "PON/2026/000417.",
        "PON 2026 00 0417",
        "pon-2026-417",
        "Fatura nº PON–2026–000417, obrigado",
        "FATURA:PON-2026-000417VENC",
        "/INV/PON-2026-000417/2026-11-20",
        "RF18PON2026000417",
        "ＰＯＮ－２０２６－０００４１７",
    ],
)
def test_a_number_is_known_however_it_is_written(text: str) -> None:
    result = match(entry(1000, remittance=text))
    assert result.outcome == "partial"
    assert shares(result) == {"417": 1000}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PON-2026-000999",
        "XPON-2026-0004170",
        "PON-2026-0004170",
        "2026-11-20",
        "tel. 11 4170 2026",
        "PON",
    ],
)
def test_another_text_names_no_invoice(text: str) -> None:
    result = match(entry(1000, remittance=text))
    assert result.outcome == "nothing"
    assert codes(result) == ["nothing_fits"]


@pytest.mark.parametrize(
    "text", ["2026-000417", "fatura 417", "Rechnung Nr. 417", "000417", "счёт № 417", "faktura 417"]
)
def test_a_part_of_a_number_pays_with_the_right_amount_and_is_asked_about_without(
    text: str,
) -> None:
    assert shares(match(entry(2990, remittance=text))) == {"417": 2990}
    doubtful = match(entry(1000, remittance=text))
    assert (doubtful.outcome, codes(doubtful)) == ("suggestions", ["too_little_known"])
    assert [i.number for i in doubtful.suggestions[0].invoices] == ["PON-2026-000417"]


@pytest.mark.parametrize(
    "text",
    [
        "PON-2026-000417 PON-2026-000418 PON-2026-000419",
        "PON-2026-000419, 000417 e 000418",
        "pon2026000417/418/419",
        "PON-2026-000417 und PON 2026 418 + PON-2026-419",
        "PON-2026-000417 PON-2026-000417 000418 y 000419",
    ],
)
def test_several_numbers_of_one_text_are_paid_together(text: str) -> None:
    result = match(entry(8680, remittance=text))
    assert result.outcome == "combined"
    assert shares(result) == {"417": 2990, "418": 4990, "419": 700}


def test_references_of_the_payer_name_invoices_too() -> None:
    for kind in ("end_to_end", "creditor", "document"):
        reference = Reference(kind=kind, value="PON2026000417")
        assert match(entry(2990, references=(reference,))).outcome == "exact"
    of_the_bank = Reference(kind="bank_transaction", value="PON2026000417")
    assert match(entry(1000, references=(of_the_bank,))).outcome == "nothing"


# ------------------------------------------------------------------------------ by amount, payer


def test_the_amount_alone_is_a_suggestion() -> None:
    result = match(entry(4990))
    assert (result.outcome, codes(result)) == ("suggestions", ["too_little_known"])
    assert [reason.code for reason in result.suggestions[0].reasons] == ["amount_is_open"]


def test_a_known_bank_account_and_the_amount_of_one_invoice_is_enough() -> None:
    paid = entry(4990, payer_account="DE89370400440532013000")
    assert shares(match(paid)) == {"418": 4990}
    assert match(paid, payers=()).outcome == "suggestions"


def test_a_known_bank_account_and_the_sum_of_all_that_is_open_is_enough() -> None:
    result = match(entry(8680, payer_account="DE89370400440532013000"))
    assert result.outcome == "combined"
    assert shares(result) == {"417": 2990, "418": 4990, "419": 700}


def test_a_sum_of_some_is_a_suggestion_before_paying_the_oldest() -> None:
    result = match(entry(3690, payer_account="DE89370400440532013000"))
    assert (result.outcome, codes(result)) == ("suggestions", ["too_little_known"])
    assert [i.number[-3:] for i in result.suggestions[0].invoices] == ["417", "419"]
    assert [i.number[-3:] for i in result.suggestions[1].invoices] == ["417", "418", "419"]


def test_a_known_name_and_the_amount_is_a_suggestion() -> None:
    result = match(entry(2990, payer_name="GONCALVES, BRUNO"))
    assert result.outcome == "suggestions"
    best = result.suggestions[0]
    assert [reason.code for reason in best.reasons] == ["amount_is_open", "payer_name_known"]
    assert best.account_ids == (BRUNO,)


# ------------------------------------------------------------------------------ more and less


def test_less_than_is_named_is_a_part_of_it_the_oldest_first() -> None:
    invoices = [
        payable("PON-2026-000417", 2990, due_on=FIRST_DAY + timedelta(days=9)),
        payable("PON-2026-000418", 4990),
    ]
    result = match(entry(5000, remittance="PON-2026-000417, 000418"), invoices=invoices)
    assert result.outcome == "partial"
    assert shares(result) == {"418": 4990, "417": 10}


def test_more_than_is_named_is_an_overpayment() -> None:
    result = match(entry(5000, remittance="PON-2026-000417"))
    assert (result.outcome, shares(result), rest(result)) == ("overpayment", {"417": 2990}, 2010)


def test_a_second_payment_of_what_is_settled_is_asked_about() -> None:
    result = match(entry(2990, remittance="PON-2026-000300"))
    assert result.outcome == "suggestions"
    best = result.suggestions[0]
    assert [reason.code for reason in best.reasons] == ["named", "already_settled"]
    assert (best.account_ids, best.allocated.rest_minor) == ((BRUNO,), 2990)


def top_up(number: str, open_minor: int) -> PayableInvoice:
    wanted = payable(number, open_minor)
    return replace(wanted, invoice=replace(wanted.invoice, purpose="top_up"))


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("T3F0417C012", "exact"),
        ("credito t3f 0417-c012", "exact"),
        ("0417", "suggestions"),
        ("fatura 12", "suggestions"),
        ("3F0417C012", "suggestions"),
    ],
)
def test_a_top_up_is_named_by_all_of_its_reference(words: str, outcome: str) -> None:
    wanted = [top_up("T3F0417C012", 5000)]
    assert match(entry(5000, remittance=words), invoices=wanted).outcome == outcome


def test_what_is_only_wanted_is_no_part_of_what_is_owed() -> None:
    owed = [payable("PON-2026-000417", 2990), payable("PON-2026-000418", 4990)]
    known = entry(7980, payer_account=ANA_PAID.payer_account)
    result = match(known, invoices=[*owed, top_up("T3F0417C012", 2000)])
    assert (result.outcome, shares(result)) == ("combined", {"417": 2990, "418": 4990})
    both = entry(9000, remittance="T3F0417C012 e PON-2026-000417")
    result = match(both, invoices=[*owed, top_up("T3F0417C012", 2000)])
    assert (shares(result), rest(result)) == ({"417": 2990, "012": 2000}, 4010)


def test_a_known_payer_of_what_is_settled_is_asked_about_too() -> None:
    payer = KnownPayer(account_id=BRUNO, payer_account="77")
    result = match(entry(10, remittance="PON-2026-000300", payer_account="77"), payers=(payer,))
    assert (result.outcome, codes(result)) == ("suggestions", ["already_settled"])


# ------------------------------------------------------------------------------ never a guess


def test_two_invoices_that_fit_alike_are_asked_about() -> None:
    payers = (ANA_PAID, KnownPayer(account_id=BRUNO, payer_account=ANA_PAID.payer_account))
    result = match(entry(2990, payer_account=ANA_PAID.payer_account), payers=payers)
    assert (result.outcome, codes(result)) == ("suggestions", ["several_fit_alike"])
    assert [i.number[-3:] for s in result.suggestions[:2] for i in s.invoices] == ["417", "501"]
    assert result.suggestions[0].score == result.suggestions[1].score >= DECIDES


def test_a_part_that_two_series_have_is_asked_about() -> None:
    invoices = [payable("PON-2026-000417", 2990), payable("SOL-2026-000417", 2990)]
    result = match(entry(2990, remittance="2026-000417"), invoices=invoices)
    assert (result.outcome, codes(result)) == ("suggestions", ["several_fit_alike"])


def test_the_amount_tells_apart_what_the_text_does_not() -> None:
    invoices = [payable("PON-2026-000417", 2990), payable("SOL-2026-000417", 3990)]
    result = match(entry(3990, remittance="2026-000417"), invoices=invoices)
    assert result.taken is not None
    assert [each.number for each in result.taken.invoices] == ["SOL-2026-000417"]


def test_invoices_of_two_accounts_in_one_payment_are_asked_about() -> None:
    result = match(entry(5980, remittance="PON-2026-000417 PON-2026-000501"))
    assert (result.outcome, codes(result)) == ("suggestions", ["accounts_differ"])
    assert result.suggestions[0].account_ids == (ANA, BRUNO)


def test_what_the_payer_names_is_paid_even_if_another_has_exactly_the_amount() -> None:
    """The payer says what is settled: Codigo Civil art. 352, BGB 366."""
    result = match(
        entry(2990, remittance="PON-2026-000418", payer_account="DE89370400440532013000")
    )
    assert (result.outcome, shares(result)) == ("partial", {"418": 2990})


def test_three_are_named_and_the_amount_is_that_of_one_of_them() -> None:
    result = match(entry(700, remittance="PON-2026-000417, 000418, 000419"))
    assert (result.outcome, codes(result)) == ("suggestions", ["several_fit_alike"])


def test_an_invoice_in_another_currency_is_never_paid_but_named() -> None:
    result = match(entry(5000, remittance="PON-2026-000777"))
    assert (result.outcome, codes(result)) == (
        "nothing",
        ["named_in_another_currency", "nothing_fits"],
    )
    assert result.reasons[0].about == "PON-2026-000777"


def test_money_that_left_or_came_back_is_never_a_payment() -> None:
    named = {"remittance": "PON-2026-000417"}
    assert codes(match(entry(2990, is_credit=False, **named))) == ["money_left"]
    assert codes(match(entry(2990, is_reversal=True, **named))) == ["reversed"]


# ------------------------------------------------------------------------------ always

NUMBERS = [f"{prefix}-2026-{n:06d}" for prefix in ("PON", "SOL") for n in (7, 417, 418, 1417)]
INVOICES = st.lists(
    st.builds(
        payable,
        st.sampled_from(NUMBERS),
        st.sampled_from([0, 100, 250, 350, 2990]),
        of=st.sampled_from([ANA, BRUNO]),
        due_on=st.sampled_from([FIRST_DAY, FIRST_DAY + timedelta(days=1)]),
        currency=st.sampled_from(["BRL", "BRL", "BRL", "USD"]),
    ),
    max_size=7,
    unique_by=lambda each: each.invoice.number,
)
WORDS = [*NUMBERS, "417", "000418", "fatura", "1417", "2026-000007", "pon2026000417", "e", "2990"]
PAID = st.builds(
    entry,
    st.sampled_from([1, 100, 250, 350, 450, 600, 2990, 5980]),
    remittance=st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    payer_account=st.sampled_from(["", "A1", "B1"]),
    payer_name=st.sampled_from(["", "Ana", "Bruno"]),
)
PAYERS = st.lists(
    st.builds(
        KnownPayer,
        account_id=st.sampled_from([ANA, BRUNO]),
        payer_account=st.sampled_from(["", "A1", "B1"]),
        payer_name=st.sampled_from(["", "Ana", "Bruno"]),
    ),
    max_size=3,
).map(tuple)


@any_of(paid=PAID, invoices=INVOICES, payers=PAYERS, data=st.data())
@settings(max_examples=300, deadline=None)
def test_the_order_of_invoices_and_payers_does_not_matter(
    paid: StatementEntry,
    invoices: list[PayableInvoice],
    payers: tuple[KnownPayer, ...],
    data: st.DataObject,
) -> None:
    others = data.draw(st.permutations(invoices)), tuple(data.draw(st.permutations(payers)))
    first = match(paid, invoices=invoices, payers=payers)
    assert match(paid, invoices=others[0], payers=others[1]) == first


@any_of(paid=PAID, invoices=INVOICES, payers=PAYERS)
@settings(max_examples=400, deadline=None)
def test_every_reading_shares_out_the_amount_and_only_the_best_alone_is_taken(
    paid: StatementEntry, invoices: list[PayableInvoice], payers: tuple[KnownPayer, ...]
) -> None:
    result = match(paid, invoices=invoices, payers=payers)
    owed_by = {each.invoice.invoice_id: each.account_id for each in invoices}
    for reading in (*([result.taken] if result.taken else []), *result.suggestions):
        parts = [each.amount_minor for each in reading.allocated.allocations]
        assert sum(parts) + reading.allocated.rest_minor == paid.amount_minor
        assert all(i.currency == paid.currency for i in reading.invoices)
        open_minor = {i.invoice_id: i.open_minor for i in reading.invoices}
        assert all(
            a.amount_minor <= open_minor[a.invoice_id] for a in reading.allocated.allocations
        )
        assert set(reading.account_ids) == {owed_by[i.invoice_id] for i in reading.invoices}
    assert (result.taken is None) == (result.outcome in {"suggestions", "nothing"})
    if result.taken:
        assert len(result.taken.account_ids) == 1
        assert result.taken.score >= DECIDES
        assert all(result.taken.score >= each.score + AHEAD for each in result.suggestions)
    scores = [each.score for each in result.suggestions]
    assert scores == sorted(scores, reverse=True)
