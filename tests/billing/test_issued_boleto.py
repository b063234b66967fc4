"""Boletos and PIX codes as they are kept: each word of the bank once, nothing taken back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.billing.boleto.agreements import (
    BankAccountInvalid,
    check_bank_accounts,
    collection_of,
    late_terms_of,
)
from services.billing.boleto.bank_holidays import bank_holidays
from services.billing.boleto.boleto import Boleto, BoletoNotPayable
from services.billing.boleto.boleto_events import Takings
from services.billing.boleto.late_payment import LateTerms
from services.billing.boleto.shares import shares_of
from services.billing.pix.pix_charge import PixCharge
from services.billing.pix.receivers import PixReceiverInvalid, check_pix_receivers
from tests.billing.paid_in_brazil import ACCOUNTS, bank_account, pix_receiver
from tests.billing.samples import DUE, PAYMENT, TODAY, issued_boleto, requested_pix
from tests.given import given, rebuilt


def takings(fact: str = "1", *, paid: int = 2990, charges: int = 0) -> Takings:
    return Takings(
        fact=fact,
        payment_id=PAYMENT,
        paid_minor=paid,
        late_charges_minor=charges,
        fee_minor=0,
        collected_on=DUE,
    )


def test_a_boleto_is_found_by_its_number_however_a_file_writes_it() -> None:
    boleto = rebuilt(issued_boleto())
    for written in ("00000000001P", "1p", "0000000001-P"):
        assert Boleto.id_of("237-1234-123456-9", written) == boleto.id
    assert Boleto.id_of("237-1234-123457-9", "1P") != boleto.id


def test_what_a_boleto_asks_for_follows_its_days() -> None:
    with pytest.raises(AssertionError):
        issued_boleto(due_on=TODAY - timedelta(days=1))
    with pytest.raises(AssertionError):
        issued_boleto(amount_minor=0)


def test_in_time_the_duplicate_is_the_original() -> None:
    given(issued_boleto()).when(
        lambda b: b.reissue(pay_by=DUE, today=DUE, holidays=())
    ).then_nothing()


def test_a_late_duplicate_is_kept_once_for_its_day() -> None:
    late = DUE + timedelta(days=10)  # a Thursday
    boleto = issued_boleto()
    again = boleto.reissue(pay_by=late, today=late, holidays=())
    assert (again.charges.fine_minor, again.charges.interest_minor) == (60, 10)
    given(boleto).when(lambda b: b.reissue(pay_by=late, today=late, holidays=())).then_nothing()


@pytest.mark.parametrize("state", ["ended", "collected", "too late", "in the past"])
def test_what_cannot_be_paid_is_not_issued_again(state: str) -> None:
    boleto, pay_by = issued_boleto(), DUE
    match state:
        case "ended":
            boleto.end("withdrawn", today=TODAY)
        case "collected":
            boleto.collect(takings())
        case "too late":
            pay_by = DUE + timedelta(days=31)
        case _:
            pay_by = TODAY - timedelta(days=1)
    given(boleto).when(lambda b: b.reissue(pay_by=pay_by, today=TODAY, holidays=())).then_refused(
        BoletoNotPayable
    )


def test_the_banks_word_counts_once_whatever_it_is() -> None:
    boleto = issued_boleto()
    boleto.collect(takings("1"))
    boleto.answer(fact="2", kind="fee", code="28", reasons=(), told_on=None)
    given(boleto).when(lambda b: b.collect(takings("1"))).then_nothing()
    given(boleto).when(lambda b: b.collect(takings("2"))).then_nothing()
    given(boleto).when(
        lambda b: b.answer(fact="1", kind="fee", code="28", reasons=(), told_on=None)
    ).then_nothing()


def test_a65_what_is_collected_does_not_end() -> None:
    boleto = issued_boleto()
    boleto.collect(takings())
    given(boleto).when(lambda b: b.end("written_off", today=DUE)).then_nothing()


def test_money_comes_for_what_has_ended_too() -> None:
    boleto = issued_boleto()
    boleto.end("withdrawn", today=TODAY)
    given(boleto).when(lambda b: b.collect(takings())).then(
        (Boleto.Collected, {"takings": takings(), "why": None})
    )


def test_what_a_segunda_via_asked_for_may_be_kept_up_to_its_day() -> None:
    boleto, paid_on = issued_boleto(), DUE + timedelta(days=3)
    by_terms = boleto.owed_for_lateness(paid_on, holidays=())
    boleto.reissue(pay_by=DUE + timedelta(days=10), today=DUE, holidays=())
    assert boleto.owed_for_lateness(paid_on, holidays=()) == 70 > by_terms
    assert boleto.owed_for_lateness(DUE, holidays=()) == 0
    long_after = boleto.owed_for_lateness(DUE + timedelta(days=11), holidays=())
    assert long_after == 71, "by the terms alone"


@for_all(
    paid=st.integers(1, 10**9),
    asked=st.integers(1, 10**9),
    owed=st.integers(0, 10**6),
    is_awaited=st.booleans(),
)
def test_a55_shares_sum_to_what_was_paid(
    paid: int, asked: int, owed: int, is_awaited: bool
) -> None:
    shares = shares_of(paid, asked_minor=asked, owed_for_lateness_minor=owed, is_awaited=is_awaited)
    parts = (shares.asked_minor, shares.charges_minor, shares.other_minor)
    assert sum(parts) == paid
    assert min(parts) >= 0
    assert shares.asked_minor in {0, asked}
    assert shares.charges_minor <= owed


# ------------------------------------------------------------------------------------------- PIX


def test_a_code_is_kept_once_and_then_paid_or_over() -> None:
    charge = requested_pix()
    charge.open("0002")
    given(charge).when(lambda c: c.open("0003")).then_nothing()
    charge.receive(end_to_end_id="E1", payment_id=PAYMENT, amount_minor=2990)
    given(charge).when(
        lambda c: c.receive(end_to_end_id="E1", payment_id=PAYMENT, amount_minor=2990)
    ).then_nothing()
    given(charge).when(lambda c: c.end("expired")).then_nothing()


def test_a_code_that_is_over_takes_what_was_paid_in_time() -> None:
    charge = requested_pix()
    charge.end("expired")
    given(charge).when(
        lambda c: c.receive(end_to_end_id="E1", payment_id=PAYMENT, amount_minor=2990)
    ).then(
        (
            PixCharge.Received,
            {"end_to_end_id": "E1", "payment_id": PAYMENT, "amount_minor": 2990},
        )
    )


def test_a_code_is_good_for_a_while() -> None:
    with pytest.raises(AssertionError):
        requested_pix(expires_at=datetime(2026, 11, 21, 12, tzinfo=UTC))


# -------------------------------------------------------------------------- what a brand may say


@pytest.mark.parametrize("bank", sorted(ACCOUNTS))
def test_the_account_of_each_bank_can_collect(bank: str) -> None:
    account = bank_account(bank)
    check_bank_accounts([account])
    assert len(collection_of(account, 7).free_field(7)) == 25
    assert late_terms_of(account) == LateTerms(
        fine_percent=Decimal(2), interest_percent_a_month=Decimal(1)
    )


@pytest.mark.parametrize("bank", sorted(ACCOUNTS))
def test_accounts_with_the_same_words_share_their_numbers(bank: str) -> None:
    one, other = bank_account(bank), bank_account(bank, id="other", due_in_days=9)
    assert one.numbered_by == other.numbered_by
    words = [name for name in ACCOUNTS[bank] if name != "wallet"]
    changed = {name: "9" * len(ACCOUNTS[bank][name]) for name in words}
    assert bank_account(bank, **changed).numbered_by != one.numbered_by


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "bank": ("237", {"bank": "999"}),
    "wallet": ("237", {"wallet": ""}),
    "beneficiary": ("104", {"beneficiary": "12345678"}),
    "client_code": ("237", {"client_code": "1"}),
    "first_number": ("237", {"first_number": 0}),
    "payable_days": ("237", {"payable_days": -1}),
    "interest_percent_a_month": ("237", {"interest_percent_a_month": "much"}),
    "own_number": ("341", {"first_number": 10**8}),
}


@pytest.mark.parametrize("field", WRONG)
def test_what_a_bank_does_not_take_is_named_by_its_field(field: str) -> None:
    bank, change = WRONG[field]
    with pytest.raises(BankAccountInvalid) as refused:
        check_bank_accounts([bank_account(bank, **change)])
    assert refused.value.facts["field"] == field
    assert refused.value.facts["account"] == f"bank-{bank}"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("key", {"key": "nobody"}),
        ("key", {"key": "529.982.247-25"}),
        ("name", {"name": "\u4e2d"}),
        ("city", {"city": " "}),
        ("expires_after_minutes", {"expires_after_minutes": 0}),
    ],
)
def test_a_receiver_that_cannot_be_paid_is_named_by_its_field(
    field: str, change: dict[str, object]
) -> None:
    with pytest.raises(PixReceiverInvalid) as refused:
        check_pix_receivers([pix_receiver(**change)])
    assert refused.value.facts["field"] == field
    check_pix_receivers([pix_receiver()])


def test_bank_holidays_are_those_that_febraban_lists() -> None:
    """Its list of 2025; the day of Black Awareness is a national one since 2024."""
    listed = "01-01 03-03 03-04 04-18 04-21 05-01 06-19 09-07 10-12 11-02 11-15 11-20 12-25"
    assert bank_holidays(2025) == {date.fromisoformat(f"2025-{day}") for day in listed.split()}
    assert date(2023, 11, 20) not in bank_holidays(2023)
