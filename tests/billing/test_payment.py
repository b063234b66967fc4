"""Payments: monotone, never failed for want of an answer, booked only as asked for."""

from typing import Any

import pytest

from services.billing.gateways.port import Reported
from services.billing.payments.commands import SettlePayment, difference
from services.billing.payments.mismatch import Mismatch
from services.billing.payments.payment import (
    Payment,
    PaymentGoesAnotherWay,
    PaymentHasEnded,
    ReturnPathInvalid,
)
from services.billing.payments.payment_events import (
    PaymentNotReceived,
    PaymentNotRefundable,
    RefundExceedsPayment,
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
    payment.mark("pending", "chk_1")
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
            payment.mark("sent", "chk_1")
        case "unknown":
            payment.mark_unknown("timeout")
        case "pending":
            payment.mark("pending", "chk_1")
        case "failed":
            payment.fail("card_declined")
        case _:
            payment.succeed(received_on=TODAY, receipt_number=RECEIPT, gateway_reference="chk_1")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("news", ["sent", "unknown", "pending", "failed", "succeeded"])
def test_a65_a_payment_never_goes_back(state: str, news: str) -> None:
    if (state, news) == ("succeeded", "succeeded"):
        with pytest.raises(AssertionError):
            tell(succeeded_payment(), "succeeded")
        return
    payment = rebuilt(STATES[state]())
    tell(payment, news)
    assert payment.status == TRANSITIONS.get((state, news), state)
    is_contradiction = (state, news) == ("succeeded", "failed")
    assert len(payment.pending_events) == ((state, news) in TRANSITIONS or is_contradiction)


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


def said_of(payment: Payment, **changed: Any) -> SettlePayment:
    says: dict[str, Any] = {
        "id": "chk_1",
        "reference": str(payment.id),
        "amount_minor": 2990,
        "currency": "BRL",
        "status": "succeeded",
        "merchant": "us",
    }
    reported = Reported(**{**says, **changed})
    return SettlePayment(payment_id=payment.id, reported=reported, merchant="us")


def test_the_word_of_the_gateway_is_compared_with_ours() -> None:
    payment = started_payment()
    assert difference(payment, said_of(payment)) is None
    assert difference(payment, said_of(payment, merchant=None)) is None
    wrong = {"reference": str(OTHER), "amount_minor": 1, "currency": "USD", "merchant": "them"}
    expected = {"reference": str(PAYMENT), "amount_minor": "2990", "currency": "BRL"}
    for field, value in wrong.items():
        found = difference(payment, said_of(payment, **{field: value}))
        right = {**expected, "merchant": "us"}[field]
        assert found == Mismatch(field=field, expected=right, found=str(value))


def test_a_charge_is_asked_for_once_and_of_one_saved_method() -> None:
    asked = {"token": "tok_1", "customer": "cus_1"}
    payment = (
        given(started_payment())
        .when(lambda p: p.request_charge(**asked, return_path="/invoices/1"))
        .then(
            (Payment.PageRequested, {"return_path": "/invoices/1"}),
            (Payment.ChargeRequested, asked),
        )
    )
    other = {"token": "tok_2", "customer": "cus_1", "return_path": "/"}
    payment.request_charge(**other)
    assert (payment.token, len(payment.pending_events)) == ("tok_1", 2)
    given(failed_payment()).when(lambda p: p.request_charge(**other)).then_refused(PaymentHasEnded)


def test_an_attempt_goes_by_a_page_or_by_a_saved_method_never_by_both() -> None:
    """F54: at some gateways the two have keys of their own, so that both would be done."""
    asked = {"token": "tok_1", "customer": "cus_1", "return_path": "/"}
    given(sent_payment()).when(lambda p: p.request_charge(**asked)).then_refused(
        PaymentGoesAnotherWay
    )
    charged = started_payment()
    charged.request_charge(**asked)
    given(charged).when(lambda p: p.request_page("/")).then_refused(PaymentGoesAnotherWay)


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


# ------------------------------------------------------------------------------ after the money


def refunded(amount_minor: int, refund_id: str = "re_1") -> Any:
    return lambda p: p.refund(refund_id=refund_id, amount_minor=amount_minor, refunded_on=TODAY)


def reserved(amount_minor: int, refund_id: str = "re_1") -> Any:
    return lambda p: p.reserve_refund(refund_id=refund_id, amount_minor=amount_minor)


def disputed(outcome: str, dispute_id: str = "dp_1", amount_minor: int = 2990) -> Any:
    return lambda p: p.dispute(
        dispute_id=dispute_id,
        outcome=outcome,
        amount_minor=amount_minor,
        reason="fraudulent",
        day=TODAY,
    )


def disputed_payment() -> Payment:
    payment = succeeded_payment()
    disputed("open")(payment)
    return payment


def test_a65_a_failure_of_money_that_came_is_told_and_changes_nothing() -> None:
    mismatch = Mismatch(field="status", expected="succeeded", found="failed")
    payment = (
        given(succeeded_payment())
        .when(lambda p: p.fail("card_declined"))
        .then((Payment.MismatchFound, {"mismatch": mismatch}))
    )
    assert payment.status == "succeeded"
    payment.fail("card_declined")
    assert len(payment.pending_events) == 1


def test_a_payment_is_refunded_in_parts_until_nothing_is_left() -> None:
    payment = succeeded_payment()
    refunded(1000)(payment)
    assert (payment.status, payment.refunded_minor) == ("refunded_in_part", 1000)
    refunded(1990, "re_2")(payment)
    payment = rebuilt(payment)
    assert (payment.status, payment.refunded_minor) == ("refunded", 2990)


def test_f55_the_same_refund_again_changes_nothing_and_more_than_is_left_is_refused() -> None:
    payment = succeeded_payment()
    refunded(1000)(payment)
    given(payment).when(refunded(1000)).then_nothing()
    given(payment).when(refunded(1991, "re_2")).then_refused(RefundExceedsPayment)
    given(succeeded_payment()).when(refunded(2991)).then_refused(RefundExceedsPayment)


@pytest.mark.parametrize("state", ["created", "unknown", "sent", "pending", "failed"])
def test_nothing_goes_back_of_what_did_not_come(state: str) -> None:
    payment = STATES[state]()
    given(payment).when(refunded(1)).then_refused(PaymentNotReceived)
    given(payment).when(disputed("open")).then_refused(PaymentNotReceived)
    given(payment).when(reserved(1)).then_refused(PaymentNotReceived)


def test_f55_f56_a_disputed_payment_is_not_refunded_as_well() -> None:
    given(disputed_payment()).when(refunded(1)).then_refused(PaymentNotRefundable)
    lost = disputed_payment()
    disputed("lost")(lost)
    assert lost.status == "charged_back"
    given(lost).when(refunded(1)).then_refused(PaymentNotRefundable)


def test_f56_a_dispute_is_opened_and_closed_once() -> None:
    payment = disputed_payment()
    assert payment.disputed == {"dp_1": 2990}
    given(payment).when(disputed("open")).then_nothing()
    closed: dict[str, Any] = {"dispute_id": "dp_1", "outcome": "lost", "closed_on": TODAY}
    done = given(payment).when(disputed("lost")).then((Payment.DisputeClosed, closed))
    assert (done.status, done.is_paid, done.has_ended) == ("charged_back", True, True)
    disputed("lost")(done)
    disputed("open")(done)
    assert len(done.pending_events) == 1
    disputed("won")(done)
    assert done.mismatch == Mismatch(field="dispute", expected="lost", found="won")
    assert done.status == "charged_back"


def test_a_dispute_that_is_won_leaves_what_was_refunded_refunded() -> None:
    for parts, status in (((), "succeeded"), ((1000,), "refunded_in_part")):
        payment = succeeded_payment()
        for minor in parts:
            refunded(minor)(payment)
        disputed("open")(payment)
        assert payment.disputed == {"dp_1": 2990 - sum(parts)}
        disputed("won")(payment)
        assert rebuilt(payment).status == status


def test_a_dispute_of_what_went_back_already_is_told_to_people() -> None:
    payment = succeeded_payment()
    refunded(2990)(payment)
    disputed("open")(payment)
    assert payment.status == "refunded"
    assert payment.mismatch == Mismatch(field="status", expected="refunded", found="dispute_opened")


def test_a_dispute_that_we_hear_of_at_its_end_has_had_its_beginning() -> None:
    """F51."""
    done = succeeded_payment()
    disputed("lost")(done)
    assert (done.status, done.disputes) == ("charged_back", {"dp_1": "lost"})


def test_f55_what_is_about_to_go_back_goes_back_no_other_way() -> None:
    payment = succeeded_payment()
    reserved(2000)(payment)
    assert (payment.status, payment.refundable_minor) == ("succeeded", 990)
    given(payment).when(reserved(2000)).then_nothing()
    given(payment).when(reserved(991, "re_2")).then_refused(RefundExceedsPayment)
    given(payment).when(refunded(991, "re_2")).then_refused(RefundExceedsPayment)
    payment.release_refund("re_1")
    payment.release_refund("re_1")
    reserved(2990, "re_2")(payment)
    refunded(2990, "re_2")(payment)
    assert (rebuilt(payment).status, payment.refundable_minor) == ("refunded", 0)


def test_what_was_under_way_when_it_was_disputed_has_gone_back_all_the_same() -> None:
    payment = succeeded_payment()
    reserved(1000)(payment)
    disputed("open")(payment)
    refunded(1000)(payment)
    payment = rebuilt(payment)
    assert (payment.status, payment.refunded_minor) == ("disputed", 1000)
