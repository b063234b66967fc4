"""What is owed for an invoice and by what the rest was settled: each sum and each refusal."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.billing.invoices.settlement import (
    Attempt,
    CreditTooLarge,
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAlreadyAllocated,
    PaymentAlreadyOpen,
    PaymentAwaited,
    Settlement,
)
from shared.errors import Conflict
from tests.billing.samples import OTHER, PAYMENT, TODAY

NEW = Settlement(total_minor=1000, open_minor=1000)
ATTEMPT = Attempt(payment_id=PAYMENT, method="boleto", started_on=TODAY)
TRIED = replace(NEW, attempt=ATTEMPT)
AWAITED = replace(NEW, attempt=replace(ATTEMPT, is_awaited=True))
PART_PAID = NEW.by_payment(PAYMENT, 400)
PAID = NEW.by_payment(PAYMENT, 1000)
NOTED = NEW.settled("credit_note", OTHER, amount_minor=300, share_minor=300)
TAKEN_BACK = NEW.settled("credit_note", OTHER, amount_minor=1000, share_minor=1000)
CANCELLED = replace(NEW, is_cancelled=True, open_minor=0)
WRITTEN_OFF = replace(NEW, open_minor=0, is_written_off=True)

ALLOWED: dict[str, list[tuple[Settlement, type[Conflict] | None]]] = {
    "check_open": [
        (NEW, None),
        (TRIED, None),
        (AWAITED, None),
        (PART_PAID, None),
        (PAID, InvoiceAlreadyPaid),
        (TAKEN_BACK, InvoiceAlreadyPaid),
        (CANCELLED, InvoiceIsCancelled),
        (WRITTEN_OFF, InvoiceIsWrittenOff),
    ],
    "check_quiet": [
        (NEW, None),
        (TRIED, None),
        (AWAITED, PaymentAwaited),
        (PART_PAID, None),
        (PAID, InvoiceAlreadyPaid),
        (CANCELLED, InvoiceIsCancelled),
    ],
    "check_payable": [
        (NEW, None),
        (TRIED, PaymentAlreadyOpen),
        (AWAITED, PaymentAlreadyOpen),
        (PAID, InvoiceAlreadyPaid),
        (WRITTEN_OFF, InvoiceIsWrittenOff),
    ],
    "check_untouched": [
        (NEW, None),
        (TRIED, None),
        (AWAITED, PaymentAwaited),
        (PART_PAID, InvoiceAlreadyPaid),
        (NOTED, InvoiceAlreadyPaid),
        (CANCELLED, InvoiceIsCancelled),
    ],
}


@pytest.mark.parametrize(
    ("check", "settlement", "refusal"),
    [(name, *each) for name, cases in ALLOWED.items() for each in cases],
)
def test_a58_each_state_allows_what_it_should_and_names_why_not(
    check: str, settlement: Settlement, refusal: type[Conflict] | None
) -> None:
    if refusal is None:
        getattr(settlement, check)()
    else:
        with pytest.raises(refusal):
            getattr(settlement, check)()


def test_a_refusal_of_a_second_attempt_says_how_the_first_one_pays() -> None:
    with pytest.raises(PaymentAlreadyOpen) as refused:
        TRIED.check_payable()
    assert refused.value.facts == {"method": "boleto"}


@pytest.mark.parametrize(
    ("settlement", "is_paid", "is_taken_back", "is_awaited"),
    [
        (NEW, False, False, False),
        (TRIED, False, False, False),
        (AWAITED, False, False, True),
        (PAID, True, False, False),
        (TAKEN_BACK, False, True, False),
        (CANCELLED, False, False, False),
        (WRITTEN_OFF, False, False, False),
        (Settlement(total_minor=0, open_minor=0), True, False, False),
        (Settlement(total_minor=1, open_minor=0, credit_notes={OTHER: 1}), False, True, False),
        (Settlement(total_minor=2, open_minor=0, credit_notes={OTHER: 1}), True, False, False),
    ],
)
def test_paid_is_what_nobody_took_back_or_gave_up(
    settlement: Settlement, is_paid: bool, is_taken_back: bool, is_awaited: bool
) -> None:
    assert settlement.is_paid is is_paid
    assert settlement.is_taken_back is is_taken_back
    assert settlement.is_payment_awaited is is_awaited


def test_a_payment_counts_once_and_lessens_what_is_open() -> None:
    assert (PART_PAID.open_minor, PART_PAID.payments) == (600, {PAYMENT: 400})
    again = PART_PAID.by_payment(OTHER, 100)
    assert (again.open_minor, again.payments) == (500, {PAYMENT: 400, OTHER: 100})
    PART_PAID.check_new(OTHER)
    with pytest.raises(PaymentAlreadyAllocated):
        PART_PAID.check_new(PAYMENT)


@pytest.mark.parametrize(
    ("settlement", "note_minor", "returned_minor"),
    [(NEW, 1, 0), (NEW, 1000, 0), (PART_PAID, 600, 0), (PART_PAID, 601, 1), (PAID, 1000, 1000)],
)
def test_a_note_gives_back_what_is_more_than_is_open(
    settlement: Settlement, note_minor: int, returned_minor: int
) -> None:
    assert settlement.returned_by(note_minor) == returned_minor


REFUSED: list[tuple[Settlement, int, type[Conflict]]] = [
    (NEW, 1001, CreditTooLarge),
    (NOTED, 701, CreditTooLarge),
    (AWAITED, 1, PaymentAwaited),
    (CANCELLED, 1, InvoiceIsCancelled),
    (WRITTEN_OFF, 1, InvoiceIsWrittenOff),
]


@pytest.mark.parametrize(("settlement", "note_minor", "refusal"), REFUSED)
def test_a_note_is_refused_beyond_the_total_and_while_money_may_come(
    settlement: Settlement, note_minor: int, refusal: type[Conflict]
) -> None:
    with pytest.raises(refusal):
        settlement.returned_by(note_minor)


def test_a_note_over_all_that_is_left_is_allowed() -> None:
    assert NOTED.returned_by(700) == 0


def test_credit_and_notes_are_kept_apart_and_by_what_settled_them() -> None:
    credited = NEW.settled("credit", OTHER, amount_minor=250, share_minor=250)
    assert (credited.open_minor, credited.credit, credited.credit_notes) == (750, {OTHER: 250}, {})
    noted = credited.settled("credit_note", PAYMENT, amount_minor=900, share_minor=750)
    assert (noted.open_minor, noted.credit_notes) == (0, {PAYMENT: 900})
    assert noted.credit == {OTHER: 250}


def test_credit_that_is_released_is_open_again() -> None:
    twice = NEW.settled("credit", OTHER, amount_minor=250, share_minor=250)
    twice = twice.settled("credit", PAYMENT, amount_minor=50, share_minor=50)
    again = twice.without_credit(OTHER)
    assert (again.open_minor, again.credit) == (950, {PAYMENT: 50})


def test_what_is_cancelled_is_owed_no_more_and_nothing_else_changes() -> None:
    known: dict[str, Any] = vars(replace(PART_PAID, is_cancelled=True, open_minor=0))
    assert known == {**vars(PART_PAID), "open_minor": 0, "is_cancelled": True}


def test_an_attempt_is_of_one_payment_and_is_not_awaited_at_first() -> None:
    assert (ATTEMPT.payment_id, ATTEMPT.is_awaited) == (PAYMENT, False)
    assert UUID(int=5) == PAYMENT
