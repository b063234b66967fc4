"""Payments shared out over invoices: who is settled first, and that no cent is lost or made."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.payments.allocation import (
    Allocation,
    CurrenciesDiffer,
    InvoiceNamedTwice,
    OpenInvoice,
    allocate,
    oldest_first,
)

FIRST_DAY = date(2026, 3, 1)


def invoice(
    key: int, open_minor: int, *, number: str = "", due_on: date = FIRST_DAY, currency: str = "BRL"
) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=UUID(int=key),
        number=number or f"2026-{key}",
        due_on=due_on,
        currency=currency,
        open_minor=open_minor,
    )


INVOICES = st.lists(
    st.builds(
        invoice,
        st.integers(min_value=1, max_value=10**6),
        st.integers(min_value=0, max_value=10**7),
        due_on=st.integers(min_value=0, max_value=5).map(lambda n: FIRST_DAY + timedelta(days=n)),
    ),
    max_size=8,
    unique_by=lambda each: each.invoice_id,
)


@pytest.mark.parametrize(
    ("amount_minor", "shares", "rest_minor"),
    [
        (0, {}, 0),
        (1, {1: 1}, 0),
        (999, {1: 999}, 0),
        (1000, {1: 1000}, 0),
        (1001, {1: 1000, 3: 1}, 0),
        (3000, {1: 1000, 3: 2000}, 0),
        (3005, {1: 1000, 3: 2000}, 5),
    ],
)
def test_an_invoice_is_settled_before_the_next_gets_anything(
    amount_minor: int, shares: dict[int, int], rest_minor: int
) -> None:
    settled = allocate(
        amount_minor, [invoice(1, 1000), invoice(2, 0), invoice(3, 2000)], currency="BRL"
    )
    assert settled.allocations == tuple(
        Allocation(invoice_id=UUID(int=key), amount_minor=minor) for key, minor in shares.items()
    )
    assert settled.rest_minor == rest_minor


def test_without_an_open_invoice_all_of_it_is_credit() -> None:
    settled = allocate(2990, [], currency="BRL")
    assert settled.allocations == ()
    assert settled.rest_minor == 2990


def test_the_order_given_is_the_order_of_settlement() -> None:
    old, new = invoice(1, 1000), invoice(2, 1000, due_on=date(2026, 4, 1))
    settled = allocate(1500, [new, old], currency="BRL")
    assert [(a.invoice_id, a.amount_minor) for a in settled.allocations] == [
        (new.invoice_id, 1000),
        (old.invoice_id, 500),
    ]


def test_the_oldest_is_the_one_due_first_and_then_the_one_numbered_first() -> None:
    later = invoice(1, 1, number="2026-1", due_on=date(2026, 3, 2))
    ninth, tenth = invoice(2, 1, number="2026-9/A"), invoice(3, 1, number="2026-10/A")
    last_year = invoice(4, 1, number="2025-11/A")
    assert oldest_first([later, tenth, ninth, last_year]) == [last_year, ninth, tenth, later]


def test_numbers_of_several_series_have_an_order() -> None:
    numbers = ["B7", "A-10", "A-9", "7", "A-9-2", "A", "A-09"]
    ordered = oldest_first([invoice(key, 1, number=n) for key, n in enumerate(numbers)])
    assert [each.number for each in ordered] == ["7", "A", "A-09", "A-9", "A-9-2", "A-10", "B7"]


def test_a_top_up_comes_after_all_that_is_owed_and_what_it_gets_is_said_to_be_its_own() -> None:
    wanted = replace(invoice(1, 500, due_on=date(2026, 2, 1)), purpose="top_up")
    owed = [invoice(2, 1000), invoice(3, 1000, due_on=date(2026, 4, 1))]
    ordered = oldest_first([wanted, *reversed(owed)])
    assert ordered == [*owed, wanted]
    settled = allocate(2400, ordered, currency="BRL")
    assert [(a.amount_minor, a.purpose) for a in settled.allocations] == [
        (1000, "invoice"),
        (1000, "invoice"),
        (400, "top_up"),
    ]


def test_an_invoice_named_twice_is_refused() -> None:
    for amount_minor in (10, 5000):
        with pytest.raises(InvoiceNamedTwice) as refusal:
            allocate(amount_minor, [invoice(1, 0), invoice(2, 50), invoice(1, 0)], currency="BRL")
        assert refusal.value.facts == {"number": "2026-1"}


def test_an_invoice_of_another_currency_is_refused_whatever_the_amount() -> None:
    with pytest.raises(CurrenciesDiffer) as refusal:
        allocate(10, [invoice(1, 50), invoice(2, 50, currency="USD")], currency="BRL")
    assert refusal.value.facts == {"number": "2026-2"}


def test_what_no_caller_may_ask_for_is_an_assertion() -> None:
    with pytest.raises(AssertionError, match=r"^a payment brings money"):
        allocate(-1, [], currency="BRL")
    with pytest.raises(AssertionError, match=r"^no more than all of an invoice is paid"):
        allocate(10, [invoice(1, -1)], currency="BRL")


@any_of(amount_minor=st.integers(min_value=0, max_value=10**8), invoices=INVOICES)
@settings(max_examples=500)
def test_no_cent_is_lost_or_made_and_the_order_is_kept(
    amount_minor: int, invoices: list[OpenInvoice]
) -> None:
    settled = allocate(amount_minor, invoices, currency="BRL")
    shares = {a.invoice_id: a.amount_minor for a in settled.allocations}
    assert sum(shares.values()) + settled.rest_minor == amount_minor
    assert settled.rest_minor == max(0, amount_minor - sum(i.open_minor for i in invoices))
    assert min(shares.values(), default=1) > 0
    given = [i.invoice_id for i in invoices]
    assert list(shares) == [key for key in given if key in shares]
    left = [i.open_minor - shares.get(i.invoice_id, 0) for i in invoices]
    assert min(left, default=0) >= 0
    first_open = next((place for place, minor in enumerate(left) if minor), len(left))
    assert all(i.invoice_id not in shares for i in invoices[first_open + 1 :])


@any_of(
    first_minor=st.integers(min_value=0, max_value=10**7),
    second_minor=st.integers(min_value=0, max_value=10**7),
    invoices=INVOICES,
)
@settings(max_examples=300)
def test_two_payments_settle_what_their_sum_would(
    first_minor: int, second_minor: int, invoices: list[OpenInvoice]
) -> None:
    once = allocate(first_minor + second_minor, invoices, currency="BRL")
    first = allocate(first_minor, invoices, currency="BRL")
    paid = {a.invoice_id: a.amount_minor for a in first.allocations}
    left = [
        invoice(i.invoice_id.int, i.open_minor - paid.get(i.invoice_id, 0), due_on=i.due_on)
        for i in invoices
    ]
    second = allocate(second_minor, left, currency="BRL")
    for allocation in second.allocations:
        paid[allocation.invoice_id] = paid.get(allocation.invoice_id, 0) + allocation.amount_minor
    assert paid == {a.invoice_id: a.amount_minor for a in once.allocations}
    assert first.rest_minor + second.rest_minor == once.rest_minor


@any_of(invoices=INVOICES)
def test_oldest_first_keeps_every_invoice_and_sorts_by_due_date(
    invoices: list[OpenInvoice],
) -> None:
    ordered = oldest_first(invoices)
    assert {each.invoice_id for each in ordered} == {each.invoice_id for each in invoices}
    days = [each.due_on for each in ordered]
    assert days == sorted(days)
    assert oldest_first(reversed(ordered)) == ordered
