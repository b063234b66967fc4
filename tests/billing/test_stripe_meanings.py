"""Stripe's words as ours: amounts, statuses, declines, signatures. The shapes are its manual's."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.billing.gateways.port import SavedMethod, WebhookMalformed
from services.billing.gateways.stripe import meanings, objects
from services.billing.gateways.stripe.amounts import AmountNotPayable, amount_here, amount_there
from services.billing.gateways.stripe.day_report import bounds_of, entries_of
from services.billing.gateways.stripe.declines import decline_of
from services.billing.gateways.stripe.signature import check_signature, sign
from services.billing.gateways.stripe.webhook import notice_of
from services.billing.outside_calls import OutcomeUnknown
from services.billing.webhooks.signature import SignatureInvalid
from shared.money import DIGITS

CHARGE = {"id": "ch_1", "created": 1795000000, "amount": 2990, "currency": "brl"}
CARD = {
    "id": "pm_1",
    "type": "card",
    "customer": "cus_1",
    "card": {
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": 2030,
        "fingerprint": "f1",
    },
}
INTENT = {
    "id": "pi_1",
    "created": 1794990000,
    "status": "succeeded",
    "amount": 2990,
    "amount_received": 2990,
    "currency": "brl",
    "metadata": {"reference": "p"},
    "latest_charge": CHARGE,
    "payment_method": "pm_1",
}
PAGE = {
    "id": "cs_1",
    "created": 1794990000,
    "mode": "payment",
    "status": "complete",
    "payment_status": "paid",
    "client_reference_id": "p",
    "amount_total": 2990,
    "currency": "brl",
    "payment_intent": "pi_1",
}
REFUND = {
    "id": "re_1",
    "created": 1795000100,
    "amount": 1000,
    "currency": "brl",
    "status": "succeeded",
    "metadata": {"reference": "r"},
}
DISPUTE = {
    "id": "du_1",
    "created": 1795000200,
    "amount": 2990,
    "currency": "brl",
    "status": "needs_response",
    "reason": "fraudulent",
    "evidence_details": {"due_by": 1796000000},
}


def intent(**changed: Any) -> objects.PaymentIntent:
    return msgspec.convert({**INTENT, **changed}, objects.PaymentIntent)


def page(**changed: Any) -> objects.CheckoutSession:
    return msgspec.convert({**PAGE, **changed}, objects.CheckoutSession)


def declined(code: str, **more: str) -> dict[str, Any]:
    error = {"code": "card_declined", "decline_code": code, **more}
    return {
        "status": "requires_payment_method",
        "amount_received": 0,
        "last_payment_error": error,
    }


# ------------------------------------------------------------------------------------- amounts

# Stripe, Supported currencies: the amount to send for a sum of money.
AMOUNTS = [
    (1000, "USD", 1000),  # 10 USD
    (2990, "BRL", 2990),
    (500, "JPY", 500),  # 500 yen: zero decimals
    (10, "CLP", 10),
    (5, "ISK", 500),  # counted in hundredths, whole ones only
    (5120, "KWD", 5120),  # three decimals, the last one a zero
    (700, "MGA", 7),  # ISO 4217 has two decimals, Stripe none
    (1045, "HUF", 1045),  # two decimals for charges
]
NOT_PAYABLE = [(5124, "KWD"), (5, "TND"), (750, "MGA"), (100, "UGX"), (1, "CLF"), (1, "LYD")]


@pytest.mark.parametrize(("minor", "currency", "there"), AMOUNTS)
def test_an_amount_is_told_in_the_unit_of_the_other_side(
    minor: int, currency: str, there: int
) -> None:
    assert amount_there(minor, currency) == there
    assert amount_here(there, currency) == minor


@pytest.mark.parametrize(("minor", "currency"), NOT_PAYABLE)
def test_an_amount_that_would_have_to_be_rounded_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(AmountNotPayable):
        amount_there(minor, currency)


def test_half_a_krona_from_the_other_side_is_no_amount_of_ours() -> None:
    with pytest.raises(AmountNotPayable):
        amount_here(550, "ISK")


@given(st.integers(min_value=1, max_value=10**12), st.sampled_from([*DIGITS, "MGA", "EUR"]))
def test_an_amount_that_is_taken_comes_back_as_it_was(minor: int, currency: str) -> None:
    try:
        there = amount_there(minor, currency)
    except AmountNotPayable:
        return
    assert amount_here(there, currency) == minor


# ------------------------------------------------------------------------------------ attempts


def test_a_page_that_was_paid_tells_amount_day_and_card() -> None:
    paid = intent(customer="cus_1", payment_method=CARD)
    report = meanings.page_report(page(), paid)
    assert (report.id, report.reference, report.status) == ("cs_1", "p", "succeeded")
    assert (report.amount_minor, report.currency) == (2990, "BRL")
    assert report.paid_on == date(2026, 11, 18)
    assert report.saved_method == SavedMethod(
        token="cus_1/pm_1",
        kind="card",
        brand="visa",
        last4="4242",
        expires_month=12,
        expires_year=2030,
        fingerprint="f1",
    )


def test_what_came_counts_and_not_what_was_asked_for() -> None:
    report = meanings.page_report(page(), intent(amount_received=2000, currency="usd"))
    assert (report.amount_minor, report.currency) == (2000, "USD")
    assert meanings.intent_report(intent(amount_received=1)).amount_minor == 1


def test_a_card_that_was_not_kept_is_no_saved_method() -> None:
    guest = intent(payment_method={**CARD, "customer": None})
    assert meanings.page_report(page(), guest).saved_method is None


# Checkout sessions: status, payment_status, status of the payment behind it -> ours.
PAGES = [
    ("open", "unpaid", None, "open"),
    ("open", "unpaid", "requires_payment_method", "open"),
    ("expired", "unpaid", None, "expired"),
    ("complete", "unpaid", "processing", "pending"),
    ("complete", "unpaid", "requires_action", "pending"),
    ("complete", "unpaid", "requires_payment_method", "failed"),
    ("complete", "unpaid", "canceled", "expired"),
    ("complete", "paid", "succeeded", "succeeded"),
]


@pytest.mark.parametrize(("status", "payment_status", "of_intent", "ours"), PAGES)
def test_a_page_is_open_pending_or_over(
    status: str, payment_status: str, of_intent: str | None, ours: str
) -> None:
    behind = intent(**{**declined("do_not_honor"), "status": of_intent}) if of_intent else None
    if ours == "succeeded":
        behind = intent()
    shown = page(status=status, payment_status=payment_status, url="https://pay.example/1")
    report = meanings.page_report(shown, behind)
    assert report.status == ours
    assert report.url == ("https://pay.example/1" if ours == "open" else None)


# Payment intents of saved cards: status -> ours.
INTENTS = [
    ("requires_confirmation", "open"),
    ("requires_action", "open"),
    ("processing", "pending"),
    ("succeeded", "succeeded"),
    ("canceled", "expired"),
]


@pytest.mark.parametrize(("status", "ours"), INTENTS)
def test_a_charge_is_what_its_status_says(status: str, ours: str) -> None:
    report = meanings.intent_report(intent(status=status))
    assert (report.id, report.reference, report.status) == ("pi_1", "p", ours)


def test_a_charge_that_the_payer_must_confirm_has_the_page_of_their_bank() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    report = meanings.intent_report(intent(status="requires_action", next_action=action))
    assert (report.status, report.url) == ("open", "https://bank.example/3ds")


def test_a_charge_that_was_declined_says_why_and_for_how_long() -> None:
    report = meanings.intent_report(intent(**declined("insufficient_funds")))
    assert (report.status, report.failure_code) == ("failed", "insufficient_funds")
    assert report.decline == "soft"
    assert meanings.intent_report(intent(**declined("stolen_card"))).decline == "hard"


@pytest.mark.parametrize(
    "odd",
    [
        lambda: meanings.intent_report(intent(status="requires_capture")),
        lambda: meanings.intent_report(intent(status="of next year")),
        lambda: meanings.intent_report(intent(status="requires_payment_method")),
        lambda: meanings.intent_report(intent(amount=550, amount_received=550, currency="isk")),
        lambda: meanings.intent_report(intent(latest_charge={**CHARGE, "created": 10**17})),
        lambda: meanings.page_report(page(), None),
        lambda: meanings.page_report(page(mode="setup"), intent()),
        lambda: meanings.page_report(page(status="of next year"), intent()),
        lambda: meanings.page_report(page(payment_status="no_payment_required"), intent()),
        lambda: meanings.page_report(page(amount_total=None), intent()),
        lambda: meanings.setup_report(page(mode="setup"), None),
        lambda: meanings.setup_report(page(), None),
    ],
)
def test_what_cannot_be_is_unknown(odd: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        odd()


# ---------------------------------------------------------------------------- what went back

# Refunds: status -> ours.
REFUNDS = [
    ("pending", "pending"),
    ("requires_action", "pending"),
    ("succeeded", "succeeded"),
    ("failed", "failed"),
    ("canceled", "failed"),
]


@pytest.mark.parametrize(("status", "ours"), REFUNDS)
def test_a_refund_is_on_its_way_done_or_failed(status: str, ours: str) -> None:
    refund = msgspec.convert({**REFUND, "status": status}, objects.Refund)
    report = meanings.intent_report(intent(), refunds=[refund])
    assert [each.status for each in report.refunds] == [ours]
    assert (report.refunds[0].reference, report.refunds[0].amount_minor) == ("r", 1000)


# Disputes: status -> ours; an inquiry and a prevented one are none.
DISPUTES = [
    ("needs_response", "open"),
    ("under_review", "open"),
    ("won", "won"),
    ("lost", "lost"),
    ("appeal_under_review", "lost"),
    ("warning_needs_response", None),
    ("warning_under_review", None),
    ("warning_closed", None),
    ("prevented", None),
]


@pytest.mark.parametrize(("status", "ours"), DISPUTES)
def test_a_dispute_is_open_won_lost_or_none(status: str, ours: str | None) -> None:
    dispute = msgspec.convert({**DISPUTE, "status": status}, objects.Dispute)
    report = meanings.page_report(page(), intent(), disputes=[dispute])
    assert [each.status for each in report.disputes] == ([ours] if ours else [])


def test_a_setup_that_is_complete_has_a_card() -> None:
    behind = {"id": "seti_1", "status": "succeeded", "customer": "cus_1", "payment_method": CARD}
    done = page(mode="setup", payment_intent=None, setup_intent="seti_1")
    report = meanings.setup_report(done, msgspec.convert(behind, objects.SetupIntent))
    assert report.saved_method is not None
    assert (report.status, report.saved_method.token) == ("succeeded", "cus_1/pm_1")
    assert meanings.setup_report(page(mode="setup", status="open"), None).status == "open"


# ------------------------------------------------------------------------------------ declines


def test_a_decline_is_soft_unless_the_card_can_never_work() -> None:
    for code in ("do_not_honor", "generic_decline", "try_again_later", "authentication_required"):
        assert decline_of(code) == "soft"
    for code in ("lost_card", "expired_card", "revocation_of_authorization"):
        assert decline_of(code) == "hard"
    assert decline_of("do_not_honor", advice="do_not_try_again") == "hard"
    assert decline_of("stolen_card", advice="try_again_later") == "hard"


# ---------------------------------------------------------------------------------- day report


def movement(**changed: Any) -> objects.BalanceTransaction:
    plain = {
        "id": "txn_1",
        "created": 1795000000,
        "type": "charge",
        "reporting_category": "charge",
        "amount": 2990,
        "currency": "brl",
        "fee": 120,
        "source": {**CHARGE, "payment_intent": "pi_1", "metadata": {"reference": "p"}},
    }
    return msgspec.convert({**plain, **changed}, objects.BalanceTransaction)


def test_a_payment_of_the_day_is_told_under_the_name_of_its_page() -> None:
    (entry,) = entries_of(movement(), {"pi_1": "cs_1"})
    assert (entry.kind, entry.payment_id, entry.reference) == ("payment", "cs_1", "p")
    assert (entry.amount_minor, entry.fee_minor, entry.currency) == (2990, 120, "BRL")
    (charged,) = entries_of(movement(), {})
    assert charged.payment_id == "pi_1"


def test_a_payment_in_another_currency_than_the_balance_keeps_its_own() -> None:
    entry, fee = entries_of(movement(amount=550, currency="usd", fee=30), {})
    assert (entry.amount_minor, entry.currency, entry.fee_minor) == (2990, "BRL", 0)
    assert (fee.kind, fee.amount_minor, fee.currency) == ("fee", -30, "USD")


# Reporting categories: kind and sign of the entry.
CATEGORIES = [
    ("refund", "re_1", -1000, "refund", -1000),
    ("refund_failure", "re_1", 1000, "refund", 1000),
    ("dispute", "du_1", -1000, "dispute", -1000),
    ("dispute_reversal", "du_1", 1000, "dispute_won", 1000),
]


@pytest.mark.parametrize(("category", "source", "amount", "kind", "minor"), CATEGORIES)
def test_what_goes_back_is_below_zero_and_what_returns_above(
    category: str, source: str, amount: int, kind: str, minor: int
) -> None:
    about = {"id": source, "amount": 1000, "currency": "brl", "payment_intent": "pi_1"}
    moved = movement(reporting_category=category, amount=amount, source=about, fee=0)
    (entry,) = entries_of(moved, {})
    assert (entry.kind, entry.amount_minor) == (kind, minor)


def test_what_is_of_nobody_is_a_fee_or_a_payout() -> None:
    taken = {"reporting_category": "network_cost", "amount": -5, "source": None, "fee": 0}
    (fee,) = entries_of(movement(**taken), {})
    (payout,) = entries_of(movement(**{**taken, "reporting_category": "payout"}), {})
    assert (fee.kind, payout.kind, fee.amount_minor, fee.payment_id) == ("fee", "payout", -5, "")
    with pytest.raises(OutcomeUnknown):
        entries_of(movement(source="ch_1"), {})


def test_a_day_has_the_seconds_of_utc() -> None:
    begins, ends = bounds_of(date(2026, 11, 22))
    assert datetime.fromtimestamp(begins, UTC).isoformat() == "2026-11-22T00:00:00+00:00"
    assert ends - begins == 86400


# ------------------------------------------------------------------------------------ webhooks

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
BODY = b'{"id": "evt_1"}'
OLD, NEW = SecretStr("whsec_of_last_year_000000"), SecretStr("whsec_of_this_year_000000")
OTHER = SecretStr("whsec_of_another_endpoint")

# Which secrets signed, which we have, and whether that will do.
ROTATION = [
    ([OLD], [OLD], True),
    ([OLD], [NEW, OLD], True),
    ([NEW], [NEW, OLD], True),
    ([OLD, NEW], [NEW], True),
    ([NEW, OLD], [OLD], True),
    ([OLD], [NEW], False),
    ([OTHER], [NEW, OLD], False),
    ([OLD], [], False),
]


@pytest.mark.parametrize(("signing", "known", "is_taken"), ROTATION)
def test_old_and_new_secret_hold_while_one_replaces_the_other(
    signing: list[SecretStr], known: list[SecretStr], is_taken: bool
) -> None:
    header = sign(BODY, signing, at=AT)
    if is_taken:
        check_signature(header, BODY, secrets=known, now=NOW)
    else:
        with pytest.raises(SignatureInvalid):
            check_signature(header, BODY, secrets=known, now=NOW)


def test_a_signature_holds_for_five_minutes_either_way() -> None:
    for at in (AT - 300, AT, AT + 300):
        check_signature(sign(BODY, [NEW], at=at), BODY, secrets=[NEW], now=NOW)
    for at in (AT - 301, AT + 301):
        with pytest.raises(SignatureInvalid):
            check_signature(sign(BODY, [NEW], at=at), BODY, secrets=[NEW], now=NOW)


def test_signatures_of_other_schemes_beside_the_right_one_do_no_harm() -> None:
    header = sign(BODY, [NEW], at=AT)
    check_signature(f"{header},v0={'0' * 64},x", BODY, secrets=[NEW], now=NOW)
    check_signature(header.replace(",", ", "), BODY, secrets=[NEW], now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "=",
        f"t={AT}",
        f"t={AT},v1=",
        f"t={AT},v1={'0' * 64}",
        f"t={AT},v1={'g' * 64}",
        f"t={AT},v0={sign(BODY, [NEW], at=AT).rpartition('=')[2]}",
        sign(BODY, [NEW], at=AT).partition(",")[2],
        f"t={AT},{sign(BODY, [NEW], at=AT)}",
        f"t={AT - 400},{sign(BODY, [NEW], at=AT)}",
        f"t={'9' * 4000},v1={'0' * 64}",
        sign(BODY, [NEW] * 10_000, at=AT),
        sign(BODY, [NEW], at=AT).upper(),
        sign(BODY + b" ", [NEW], at=AT),
        "t=١,v1=" + "0" * 64,
    ],
)
def test_any_other_signature_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid):
        check_signature(header, BODY, secrets=[NEW, OLD], now=NOW)


# What a webhook is about: kind of the object, what it names -> our notice.
NOTICES = [
    ({"object": "checkout.session", "id": "cs_1", "mode": "payment"}, "attempt", "cs_1"),
    ({"object": "checkout.session", "id": "cs_1", "mode": "setup"}, "setup", "cs_1"),
    ({"object": "payment_intent", "id": "pi_1"}, "attempt", "pi_1"),
    ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "attempt", "pi_1"),
    ({"object": "refund", "id": "re_1", "payment_intent": "pi_1"}, "attempt", "pi_1"),
    ({"object": "dispute", "id": "du_1", "payment_intent": "pi_1"}, "attempt", "pi_1"),
    ({"object": "charge", "id": "ch_1", "payment_intent": None}, "other", "ch_1"),
    ({"object": "payout", "id": "po_1"}, "other", "po_1"),
    ({}, "other", ""),
]


@pytest.mark.parametrize(("thing", "kind", "about"), NOTICES)
def test_a_webhook_names_whom_to_ask_about(thing: dict[str, Any], kind: str, about: str) -> None:
    event = {"id": "evt_1", "type": "any.thing", "data": {"object": thing}}
    notice = notice_of(msgspec.json.encode(event))
    assert (notice.event_id, notice.kind, notice.about) == ("evt_1", kind, about)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', b"\xff", b'{"id":"e","data":1}'])
def test_a_webhook_that_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        notice_of(body)
