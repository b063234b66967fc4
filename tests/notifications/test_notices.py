"""Which event calls for which mail, under which natural key."""

import pytest

from services.notifications.mail.notices import HANDLED, notice_of
from shared.contracts.billing import PaymentFailed
from shared.contracts.event import PublicEvent
from shared.contracts.tickets import TicketReplied
from shared.personal import personal_fields
from tests.notifications.samples import (
    ACCOUNT,
    BOLETO,
    EVENT,
    EVENTS,
    INVOICE,
    NOTE,
    PAYMENT,
    REQUEST,
    SERVICE,
    TICKET,
    USER,
    envelope_of,
)

KEYS = {
    "welcome": f"welcome/{ACCOUNT}",
    "email_confirmation": f"email_confirmation/{EVENT}",
    "registration_repeated": f"registration_repeated/{USER}/2026-11-30",
    "password_reset": f"password_reset/{EVENT}",
    "password_changed": f"password_changed/{EVENT}",
    "invoice_issued": f"invoice_issued/{INVOICE}",
    "payment_reminder": f"reminder/{INVOICE}/7",
    "invoice_overdue": f"overdue/{INVOICE}/3",
    "suspension_warning": f"suspension_warning/{INVOICE}/{SERVICE}/2026-12-19",
    "service_suspended": f"service_suspended/{EVENT}",
    "service_unsuspended": f"service_unsuspended/{EVENT}",
    "payment_receipt": f"payment_receipt/{PAYMENT}",
    "credit_note": f"credit_note/{NOTE}",
    "payment_failed": f"payment_failed/{PAYMENT}",
    "payment_confirmation": f"payment_confirmation/{PAYMENT}",
    "card_expiring": f"card_expiring/{REQUEST}/2026-12-31",
    "boleto": f"boleto/{BOLETO}/2026-12-10",
    "service_activated": f"service_activated/{SERVICE}",
    "service_terminated": f"service_terminated/{SERVICE}",
    "ticket_opened": f"ticket_opened/{TICKET}",
    "ticket_replied": f"ticket_replied/{EVENT}",
}


def test_every_event_that_is_handled_has_a_sample() -> None:
    assert {type(event) for event in EVENTS} == HANDLED


def test_each_event_calls_for_its_mail_under_its_natural_key() -> None:
    notices = [notice_of(envelope_of(event)) for event in EVENTS]
    assert {notice.template: notice.key for notice in notices if notice} == KEYS


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_the_same_event_again_calls_for_the_same_mail(event: PublicEvent) -> None:
    assert notice_of(envelope_of(event)) == notice_of(envelope_of(event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_of_no_account_calls_for_no_mail(event: PublicEvent) -> None:
    assert notice_of(envelope_of(event, account_id=None)) is None


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_notice_carries_nothing_that_identifies_a_person(event: PublicEvent) -> None:
    personal = {getattr(event, name) for name in personal_fields(type(event))}
    notice = notice_of(envelope_of(event))
    assert notice is not None
    carried = {getattr(notice, name) for name in notice.__struct_fields__}
    assert not personal & carried


def test_a_clients_own_reply_calls_for_no_mail() -> None:
    reply = TicketReplied(ticket_id=TICKET, side="client", author="Ana Souza", message="Obrigada!")
    assert notice_of(envelope_of(reply)) is None


@pytest.mark.parametrize("reason", ["boleto_withdrawn", "paid_in_part"])
def test_an_attempt_that_did_not_go_wrong_calls_for_no_mail(reason: str) -> None:
    ended = PaymentFailed(payment_id=PAYMENT, invoice_id=INVOICE, reason=reason)
    assert notice_of(envelope_of(ended)) is None
