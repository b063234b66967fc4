"""What holds for money whatever happens: replay, immutability, conservation, double entry."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.credit.credit_balance import CreditAlreadyAdded, CreditBalance
from services.billing.invoices.invoice import Invoice
from services.billing.ledger.postings import postings_of
from services.billing.publishing import publish
from shared.errors import Conflict
from shared.money import split
from tests.billing.samples import (
    DUE,
    INVOICE,
    PAYMENT,
    TODAY,
    empty_credit,
    issued_invoice,
    new_line,
    succeeded_payment,
)
from tests.given import given, rebuilt

IDS = st.integers(min_value=1, max_value=4).map(lambda number: UUID(int=number))
DAYS = st.dates(min_value=date(2026, 11, 1), max_value=date(2027, 2, 1))
COMMANDS: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("start"), IDS, DAYS),
    st.tuples(st.just("hold"), IDS),
    st.tuples(st.just("end"), IDS),
    st.tuples(st.just("pay"), IDS, st.integers(min_value=1, max_value=9000), DAYS),
    st.tuples(st.just("remind"), DAYS),
    st.tuples(st.just("notice"), DAYS),
    st.tuples(st.just("cancel"), DAYS),
)


def carry_out(invoice: Invoice, command: tuple[Any, ...]) -> int:
    """The command; how much money came in by it less what was given back as credit."""
    match command:
        case ("start", payment_id, day):
            invoice.start_payment(payment_id=payment_id, method="card", today=day)
        case ("hold", payment_id):
            invoice.hold_for_payment(payment_id)
        case ("end", payment_id):
            invoice.end_payment(payment_id)
        case ("pay", payment_id, minor, day):
            rest = invoice.pay(payment_id=payment_id, amount_minor=minor, today=day)
            return int(minor) - rest
        case ("remind", day) if day < DUE:
            invoice.give_notice(day)
        case ("notice", day) if day > DUE:
            invoice.give_notice(day)
        case ("cancel", day):
            invoice.cancel(today=day, reason="test")
    return 0


@any_of(commands=st.lists(COMMANDS, max_size=12))
@settings(max_examples=300)
def test_no_sequence_of_commands_changes_what_was_issued(commands: list[tuple[Any, ...]]) -> None:
    invoice = issued_invoice(new_line(2990), new_line(1010))
    issued = (invoice.number, invoice.lines, invoice.total_minor, invoice.due_on, invoice.billed_to)
    settled_minor = 0
    for command in commands:
        try:
            settled_minor += carry_out(invoice, command)
        except Conflict:
            continue
    assert issued == (
        invoice.number,
        invoice.lines,
        invoice.total_minor,
        invoice.due_on,
        invoice.billed_to,
    )
    asked_minor = 0 if invoice.settlement.is_cancelled else invoice.total_minor
    assert invoice.open_minor == asked_minor - settled_minor
    assert 0 <= invoice.open_minor <= invoice.total_minor
    assert sum(invoice.settlement.payments.values()) == settled_minor


@any_of(commands=st.lists(COMMANDS, max_size=12))
@settings(max_examples=150)
def test_replay_gives_what_was_live(commands: list[tuple[Any, ...]]) -> None:
    invoice = issued_invoice()
    for command in commands:
        try:
            carry_out(invoice, command)
        except Conflict:
            continue
    again = rebuilt(invoice)
    live, replayed = dict(vars(invoice)), dict(vars(again))
    del live["_pending_events"], replayed["_pending_events"]
    assert live == replayed


@any_of(commands=st.lists(COMMANDS, max_size=12))
@settings(max_examples=150)
def test_every_event_of_an_invoice_is_booked_twice_and_sums_to_zero(
    commands: list[tuple[Any, ...]],
) -> None:
    invoice = issued_invoice()
    for command in commands:
        try:
            carry_out(invoice, command)
        except Conflict:
            continue
    public = [publish(event, invoice) for event in invoice.pending_events]
    postings = [posting for event in public if event for posting in postings_of(event)]
    assert sum(posting.amount_minor for posting in postings) == 0
    receivable = sum(p.amount_minor for p in postings if p.ledger_account == "receivable")
    assert receivable == (0 if invoice.settlement.is_cancelled else invoice.open_minor)


def test_a_payment_with_its_rest_leaves_nothing_unallocated() -> None:
    payment, invoice, credit = succeeded_payment(), issued_invoice(new_line(1000)), empty_credit()
    rest = invoice.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    credit.add(amount_minor=rest, reason="overpayment", payment_id=PAYMENT)
    by_account: dict[str, int] = {}
    for aggregate in (invoice, payment, credit):
        for event in aggregate.pending_events:
            public = publish(event, aggregate)
            for posting in postings_of(public) if public else []:
                kept = by_account.get(posting.ledger_account, 0)
                by_account[posting.ledger_account] = kept + posting.amount_minor
    assert by_account == {
        "receivable": 0,
        "revenue": -1000,
        "gateway_clearing": 2990,
        "unallocated": 0,
        "client_credit": -1990,
    }


@any_of(
    minor=st.integers(min_value=-(10**9), max_value=10**9),
    weights=st.lists(st.integers(min_value=0, max_value=1000), min_size=1, max_size=9),
)
def test_a55_a_split_sums_to_the_whole(minor: int, weights: list[int]) -> None:
    if sum(weights):
        assert sum(split(minor, weights)) == minor


def test_credit_is_what_payments_left_over() -> None:
    credit = (
        given(empty_credit())
        .when(lambda c: c.add(amount_minor=10, reason="overpayment", payment_id=PAYMENT))
        .then(
            (
                CreditBalance.Added,
                {"amount_minor": 10, "reason": "overpayment", "payment_id": PAYMENT, "why": None},
            )
        )
    )
    assert credit.balance_minor == 10


def test_what_a_payment_left_over_is_added_once() -> None:
    credit = empty_credit()
    credit.add(amount_minor=10, reason="overpayment", payment_id=PAYMENT)
    given(credit).when(
        lambda c: c.add(amount_minor=10, reason="overpayment", payment_id=PAYMENT)
    ).then_refused(CreditAlreadyAdded)
    with pytest.raises(AssertionError):
        empty_credit().add(amount_minor=0, reason="overpayment", payment_id=INVOICE)
