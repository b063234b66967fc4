"""Invoices: one open attempt, settled once, never changed."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails, TaxRow
from services.billing.invoices.overdue import is_overdue
from services.billing.invoices.settlement import (
    Attempt,
    CreditTooLarge,
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    InvoiceIsWrittenOff,
    PaymentAlreadyAllocated,
    PaymentAlreadyOpen,
    PaymentAwaited,
)
from tests.billing.samples import (
    DUE,
    INVOICE,
    OTHER,
    PAYMENT,
    TODAY,
    cancelled_invoice,
    held_invoice,
    invoice_with_attempt,
    issued_invoice,
    new_line,
    paid_invoice,
)
from tests.given import fields_of, given, rebuilt


def test_an_issued_invoice_keeps_its_number_its_lines_and_whom_it_is_for() -> None:
    invoice = rebuilt(issued_invoice(new_line(2990), new_line(1000)))
    assert (invoice.id, invoice.number, invoice.total_minor) == (INVOICE, "PON-2026-000001", 3990)
    assert invoice.open_minor == 3990
    assert invoice.billed_to == ("Ana Souza", "Rua das Flores 12", "529.982.247-25")
    assert (invoice.issued_on, invoice.due_on, invoice.currency) == (TODAY, DUE, "BRL")


@pytest.mark.parametrize("lines", [[], [new_line(-1)], [new_line(5), new_line(-6)]])
def test_an_invoice_without_lines_or_below_zero_is_a_programming_error(lines: list[object]) -> None:
    with pytest.raises(AssertionError):
        Invoice.issue(
            id=INVOICE,
            account_id=OTHER,
            brand="ponto",
            number="1",
            order_id=None,
            issued_on=TODAY,
            due_on=TODAY,
            currency="BRL",
            lines=lines,
            billed_to=("", "", ""),
        )


def test_starting_a_payment_opens_the_one_attempt() -> None:
    started = {"payment_id": PAYMENT, "method": "boleto", "started_on": TODAY}
    invoice = (
        given(issued_invoice())
        .when(lambda i: i.start_payment(payment_id=PAYMENT, method="boleto", today=TODAY))
        .then((Invoice.PaymentStarted, started))
    )
    assert invoice.settlement.attempt == Attempt(
        payment_id=PAYMENT, method="boleto", started_on=TODAY
    )
    assert not invoice.settlement.is_payment_awaited


def test_a_second_attempt_beside_an_open_one_is_refused() -> None:
    given(invoice_with_attempt()).when(
        lambda i: i.start_payment(payment_id=OTHER, method="card", today=TODAY)
    ).then_refused(PaymentAlreadyOpen)


@pytest.mark.parametrize(
    ("invoice", "error"),
    [(paid_invoice(), InvoiceAlreadyPaid), (cancelled_invoice(), InvoiceIsCancelled)],
)
def test_nothing_more_is_asked_of_a_settled_or_void_invoice(
    invoice: Invoice, error: type[Exception]
) -> None:
    given(invoice).when(
        lambda i: i.start_payment(payment_id=OTHER, method="boleto", today=TODAY)
    ).then_refused(error)
    given(invoice).when(lambda i: i.give_notice(TODAY)).then_refused(error)
    given(invoice).when(lambda i: i.give_notice(DUE + timedelta(days=1))).then_refused(error)
    given(invoice).when(lambda i: i.cancel(today=TODAY, reason="x")).then_refused(error)


def test_an_attempt_whose_money_is_on_its_way_is_held_for() -> None:
    invoice = (
        given(invoice_with_attempt())
        .when(lambda i: i.hold_for_payment(PAYMENT))
        .then((Invoice.PaymentHeld, {"payment_id": PAYMENT}))
    )
    assert invoice.settlement.is_payment_awaited


def test_holding_twice_or_for_another_attempt_changes_nothing() -> None:
    given(held_invoice()).when(lambda i: i.hold_for_payment(PAYMENT)).then_nothing()
    given(invoice_with_attempt()).when(lambda i: i.hold_for_payment(OTHER)).then_nothing()
    given(issued_invoice()).when(lambda i: i.hold_for_payment(PAYMENT)).then_nothing()


def test_an_ended_attempt_makes_room_for_another() -> None:
    invoice = (
        given(held_invoice())
        .when(lambda i: i.end_payment(PAYMENT))
        .then((Invoice.PaymentEnded, {"payment_id": PAYMENT}))
    )
    assert invoice.settlement.attempt is None


def test_ending_an_attempt_that_is_not_open_changes_nothing() -> None:
    given(invoice_with_attempt()).when(lambda i: i.end_payment(OTHER)).then_nothing()
    given(issued_invoice()).when(lambda i: i.end_payment(PAYMENT)).then_nothing()


def test_paying_what_is_open_settles_the_invoice() -> None:
    invoice = (
        given(invoice_with_attempt())
        .when(lambda i: i.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY))
        .then(
            (Invoice.PaymentEnded, {"payment_id": PAYMENT}),
            (Invoice.PaymentAllocated, {"payment_id": PAYMENT, "amount_minor": 2990}),
            (Invoice.Paid, {"paid_on": TODAY}),
        )
    )
    assert (invoice.open_minor, invoice.is_open, invoice.settlement.attempt) == (0, False, None)


def test_paying_a_part_leaves_the_rest_open() -> None:
    invoice = (
        given(issued_invoice())
        .when(lambda i: i.pay(payment_id=PAYMENT, amount_minor=990, today=TODAY))
        .then((Invoice.PaymentAllocated, {"payment_id": PAYMENT, "amount_minor": 990}))
    )
    assert (invoice.open_minor, invoice.is_open) == (2000, True)
    assert invoice.pay(payment_id=OTHER, amount_minor=2000, today=TODAY) == 0
    assert not invoice.is_open


def test_paying_more_than_is_open_settles_the_invoice_and_leaves_the_rest_as_credit() -> None:
    assert issued_invoice().pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY) == 2010


@pytest.mark.parametrize("invoice", [paid_invoice(), cancelled_invoice()])
def test_money_for_a_settled_or_void_invoice_is_all_credit(invoice: Invoice) -> None:
    rest: list[int] = []
    given(invoice).when(
        lambda i: rest.append(i.pay(payment_id=OTHER, amount_minor=2990, today=TODAY))
    ).then_nothing()
    assert rest == [2990]


def test_the_same_payment_counts_once() -> None:
    given(paid_invoice()).when(
        lambda i: i.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    ).then_refused(PaymentAlreadyAllocated)


def test_a_reminder_says_how_many_days_are_left() -> None:
    given(issued_invoice()).when(lambda i: i.give_notice(DUE - timedelta(days=7))).then(
        (Invoice.Reminded, {"days_before": 7, "why": None})
    )


def test_a_notice_says_for_how_many_days_the_invoice_is_overdue() -> None:
    given(issued_invoice()).when(lambda i: i.give_notice(DUE + timedelta(days=3))).then(
        (Invoice.OverdueNoticed, {"days_after": 3, "why": None})
    )


def test_nobody_is_reminded_whose_money_is_on_its_way() -> None:
    given(held_invoice()).when(lambda i: i.give_notice(TODAY)).then_refused(PaymentAwaited)
    given(held_invoice()).when(lambda i: i.give_notice(DUE + timedelta(days=1))).then_refused(
        PaymentAwaited
    )


def test_a_notice_on_the_due_date_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        issued_invoice().give_notice(DUE)


def test_an_unpaid_invoice_can_be_made_void() -> None:
    invoice = (
        given(invoice_with_attempt())
        .when(lambda i: i.cancel(today=TODAY, reason="order_client"))
        .then((Invoice.Cancelled, {"cancelled_on": TODAY, "reason": "order_client", "why": None}))
    )
    assert not invoice.is_open


def test_an_invoice_with_money_come_or_coming_cannot_be_made_void() -> None:
    partly = issued_invoice()
    partly.pay(payment_id=PAYMENT, amount_minor=1, today=TODAY)
    given(partly).when(lambda i: i.cancel(today=TODAY, reason="x")).then_refused(InvoiceAlreadyPaid)
    given(held_invoice()).when(lambda i: i.cancel(today=TODAY, reason="x")).then_refused(
        PaymentAwaited
    )


def test_overdue_is_an_open_invoice_after_its_due_date() -> None:
    assert not is_overdue(issued_invoice(), DUE)
    assert is_overdue(issued_invoice(), DUE + timedelta(days=1))
    assert not is_overdue(paid_invoice(), DUE + timedelta(days=1))


def test_who_is_billed_is_personal_and_stored_encrypted() -> None:
    fields = fields_of(issued_invoice().pending_events[0])
    assert fields["billed_to_name"] == "Ana Souza"


def test_an_invoice_over_nothing_is_paid_at_once() -> None:
    invoice = rebuilt(issued_invoice(new_line(2990), new_line(-2990)))
    assert (invoice.total_minor, invoice.is_open) == (0, False)
    assert [type(e) for e in issued_invoice(new_line(0)).pending_events] == [
        Invoice.Issued,
        Invoice.Paid,
    ]


def test_tax_is_part_of_what_is_asked_for() -> None:
    added = issued_invoice(new_line(1000), details=InvoiceDetails(taxes=[vat(1000, 210)]))
    assert (added.total_minor, added.totals.net_minor, added.totals.tax_minor) == (1210, 1000, 210)
    details = InvoiceDetails(taxes=[vat(1000, 210)], prices_include_tax=True)
    included = issued_invoice(new_line(1210), details=details)
    assert (included.total_minor, included.totals.net_minor) == (1210, 1000)
    assert rebuilt(included).totals == included.totals


def test_credit_of_the_account_settles_what_it_covers() -> None:
    used: list[int] = []
    invoice = (
        given(issued_invoice())
        .when(lambda i: used.append(use_credit(i, 1000)))
        .then((Invoice.Settled, settled("credit", 1000)))
    )
    assert (used, invoice.open_minor) == ([1000], 1990)
    given(issued_invoice()).when(lambda i: used.append(use_credit(i, 9000))).then(
        (Invoice.Settled, settled("credit", 2990)), (Invoice.Paid, {"paid_on": TODAY})
    )
    assert used == [1000, 2990]


def test_credit_is_not_used_while_money_may_arrive_or_when_nothing_is_owed() -> None:
    given(held_invoice()).when(lambda i: use_credit(i, 1)).then_refused(PaymentAwaited)
    given(paid_invoice()).when(lambda i: use_credit(i, 1)).then_refused(InvoiceAlreadyPaid)
    given(cancelled_invoice()).when(lambda i: use_credit(i, 1)).then_refused(InvoiceIsCancelled)


def test_a_void_invoice_gives_the_credit_back_that_was_used_for_it() -> None:
    partly = issued_invoice()
    use_credit(partly, 1000)
    released: list[dict[UUID, int]] = []
    given(partly).when(lambda i: released.append(i.cancel(today=TODAY, reason="x"))).then(
        (Invoice.Cancelled, {"cancelled_on": TODAY, "reason": "x", "why": None}),
    )
    assert released == [{OTHER: 1000}]


@pytest.mark.parametrize(
    ("paid_minor", "note_minor", "returned_minor", "open_minor"),
    [(0, 1000, 0, 1990), (0, 2990, 0, 0), (2990, 1000, 1000, 0), (2000, 1500, 510, 0)],
)
def test_a_credit_note_takes_what_is_open_and_gives_back_what_was_paid(
    paid_minor: int, note_minor: int, returned_minor: int, open_minor: int
) -> None:
    invoice = issued_invoice()
    if paid_minor:
        invoice.pay(payment_id=PAYMENT, amount_minor=paid_minor, today=TODAY)
    assert (
        invoice.take_back(credit_note_id=OTHER, amount_minor=note_minor, today=TODAY)
        == returned_minor
    )
    assert rebuilt(invoice).open_minor == open_minor


def test_credit_notes_take_back_no_more_than_was_asked_for() -> None:
    invoice = paid_invoice()
    invoice.take_back(credit_note_id=OTHER, amount_minor=2000, today=TODAY)
    given(invoice).when(
        lambda i: i.take_back(credit_note_id=PAYMENT, amount_minor=991, today=TODAY)
    ).then_refused(CreditTooLarge)
    given(cancelled_invoice()).when(
        lambda i: i.take_back(credit_note_id=OTHER, amount_minor=1, today=TODAY)
    ).then_refused(InvoiceIsCancelled)
    given(held_invoice()).when(
        lambda i: i.take_back(credit_note_id=OTHER, amount_minor=1, today=TODAY)
    ).then_refused(PaymentAwaited)


def test_what_was_written_off_is_asked_for_no_more_and_money_for_it_is_credit() -> None:
    invoice = (
        given(issued_invoice())
        .when(lambda i: i.write_off("insolvent"))
        .then((Invoice.WrittenOff, {"amount_minor": 2990, "reason": "insolvent", "why": None}))
    )
    assert not invoice.is_open
    assert invoice.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY) == 2990
    with pytest.raises(InvoiceIsWrittenOff):
        invoice.write_off("again")
    with pytest.raises(InvoiceIsWrittenOff):
        invoice.take_back(credit_note_id=OTHER, amount_minor=1, today=TODAY)


def test_a_credit_note_over_the_rest_of_a_partly_paid_invoice_settles_it() -> None:
    partly, whole = issued_invoice(), issued_invoice()
    partly.pay(payment_id=PAYMENT, amount_minor=2000, today=TODAY)
    given(partly).when(
        lambda i: i.take_back(credit_note_id=OTHER, amount_minor=990, today=DUE)
    ).then(
        (Invoice.Settled, {**settled("credit_note", 990), "settled_on": DUE}),
        (Invoice.Paid, {"paid_on": DUE}),
    )
    given(whole).when(
        lambda i: i.take_back(credit_note_id=OTHER, amount_minor=2990, today=DUE)
    ).then((Invoice.Settled, {**settled("credit_note", 2990), "settled_on": DUE}))


def test_a_pro_forma_gets_its_number_when_it_is_paid() -> None:
    pro_forma = issued_invoice(details=InvoiceDetails(is_pro_forma=True))
    pro_forma.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    invoice = (
        given(pro_forma)
        .when(lambda i: i.take_number(number="PON-2026-000009", today=DUE))
        .then((Invoice.Numbered, {"number": "PON-2026-000009", "numbered_on": DUE}))
    )
    assert (invoice.number, invoice.is_pro_forma) == ("PON-2026-000009", False)
    with pytest.raises(AssertionError):
        invoice.take_number(number="PON-2026-000010", today=DUE)


def use_credit(invoice: Invoice, amount_minor: int) -> int:
    return invoice.apply_credit(application_id=OTHER, amount_minor=amount_minor, today=TODAY)


def settled(by: str, amount_minor: int) -> dict[str, object]:
    fields = {"by": by, "reference_id": OTHER, "amount_minor": amount_minor}
    return {**fields, "returned_minor": 0, "settled_on": TODAY}


def vat(taxable_minor: int, tax_minor: int) -> TaxRow:
    return TaxRow(
        name="IVA",
        category="standard",
        rate_percent=Decimal(21),
        taxable_minor=taxable_minor,
        tax_minor=tax_minor,
    )
