"""Payments: monotone, never failed for want of an answer, booked only as asked for."""

import pytest

from services.billing.payments.payment import (
    Mismatch,
    Payment,
    PaymentHasEnded,
    ReturnPathInvalid,
)
from tests.billing.samples import (
    ACCOUNT,
    INVOICE,
    OTHER,
    PAYMENT,
    TODAY,
    failed_payment,
    sent_payment,
    started_payment,
    succeeded_payment,
)
from tests.given import given, rebuilt

RECEIPT = "PON-R-2026-000001"


def unknown_payment() -> Payment:
    payment = started_payment()
    payment.mark_unknown("ReadTimeout")
    return payment


def pending_payment() -> Payment:
    payment = sent_payment()
    payment.mark_pending("chk_1")
    return payment


STATES = {
    "created": started_payment,
    "unknown": unknown_payment,
    "sent": sent_payment,
    "pending": pending_payment,
    "failed": failed_payment,
    "succeeded": succeeded_payment,
}


def test_a_started_payment_is_for_one_invoice_and_amount() -> None:
    payment = rebuilt(started_payment())
    assert (payment.id, payment.invoice_id, payment.status) == (PAYMENT, INVOICE, "created")
    assert (payment.amount_minor, payment.currency, payment.started_on) == (2990, "BRL", TODAY)


def test_a_payment_of_nothing_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        Payment.start(
            id=PAYMENT,
            account_id=ACCOUNT,
            brand="ponto",
            invoice_id=INVOICE,
            method="boleto",
            amount_minor=0,
            currency="BRL",
            today=TODAY,
        )


def test_what_the_gateway_will_be_asked_is_recorded_first_and_once() -> None:
    payment = (
        given(started_payment())
        .when(lambda p: p.request_page("/invoices/1?paid=1"))
        .then((Payment.PageRequested, {"return_path": "/invoices/1?paid=1"}))
    )
    given_path = payment.return_path
    given(sent_payment()).when(lambda p: p.request_page("/elsewhere")).then_nothing()
    assert given_path == "/invoices/1?paid=1"


@pytest.mark.parametrize("payment", [failed_payment(), succeeded_payment()])
def test_no_page_is_opened_for_a_payment_that_has_ended(payment: Payment) -> None:
    given(payment).when(lambda p: p.request_page("/")).then_refused(PaymentHasEnded)


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "\\evil", "/\\evil", "x", "/a b", "/\n"]
)
def test_the_way_back_leads_to_the_own_site_only(path: str) -> None:
    given(started_payment()).when(lambda p: p.request_page(path)).then_refused(ReturnPathInvalid)


TRANSITIONS = {
    ("created", "sent"): "sent",
    ("created", "unknown"): "unknown",
    ("created", "pending"): "pending",
    ("created", "failed"): "failed",
    ("created", "succeeded"): "succeeded",
    ("unknown", "sent"): "sent",
    ("unknown", "pending"): "pending",
    ("unknown", "failed"): "failed",
    ("unknown", "succeeded"): "succeeded",
    ("sent", "pending"): "pending",
    ("sent", "failed"): "failed",
    ("sent", "succeeded"): "succeeded",
    ("pending", "failed"): "failed",
    ("pending", "succeeded"): "succeeded",
    ("failed", "succeeded"): "succeeded",
}
"""Every step that changes a payment; any other news leaves it as it is."""


def tell(payment: Payment, news: str) -> None:
    match news:
        case "sent":
            payment.mark_sent("chk_1")
        case "unknown":
            payment.mark_unknown("timeout")
        case "pending":
            payment.mark_pending("chk_1")
        case "failed":
            payment.fail("card_declined")
        case _:
            payment.succeed(received_on=TODAY, receipt_number=RECEIPT, gateway_reference="chk_1")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("news", ["sent", "unknown", "pending", "failed", "succeeded"])
def test_a_payment_never_goes_back(state: str, news: str) -> None:
    if (state, news) == ("succeeded", "succeeded"):
        with pytest.raises(AssertionError):
            tell(succeeded_payment(), "succeeded")
        return
    payment = rebuilt(STATES[state]())
    tell(payment, news)
    assert payment.status == TRANSITIONS.get((state, news), state)
    assert len(payment.pending_events) == ((state, news) in TRANSITIONS)


def test_money_that_arrives_after_a_failure_is_received() -> None:
    succeeded = {
        "received_on": TODAY,
        "receipt_number": RECEIPT,
        "gateway_reference": "chk_1",
    }
    given(failed_payment()).when(lambda p: tell(p, "succeeded")).then(
        (Payment.Succeeded, succeeded)
    )


def test_silence_is_unknown_and_no_failure() -> None:
    payment = (
        given(started_payment())
        .when(lambda p: p.mark_unknown("ReadTimeout"))
        .then((Payment.OutcomeUnknown, {"cause": "ReadTimeout"}))
    )
    assert not payment.has_ended


def test_the_word_of_the_gateway_is_compared_with_ours() -> None:
    payment = started_payment()
    right = {"reference": str(PAYMENT), "amount_minor": 2990, "currency": "BRL"}
    assert payment.differs(**right) is None  # type: ignore[arg-type]
    wrong = {"reference": str(OTHER), "amount_minor": 1, "currency": "USD"}
    for field, value in wrong.items():
        found = payment.differs(**{**right, field: value})  # type: ignore[arg-type]
        assert found == Mismatch(field=field, expected=str(right[field]), found=str(value))


def test_a_mismatch_is_noted_once() -> None:
    mismatch = Mismatch(field="amount_minor", expected="2990", found="1")
    payment = (
        given(sent_payment())
        .when(lambda p: p.note_mismatch(mismatch))
        .then((Payment.MismatchFound, {"mismatch": mismatch}))
    )
    assert payment.status == "sent"
    payment.note_mismatch(mismatch)
    assert len(payment.pending_events) == 1
