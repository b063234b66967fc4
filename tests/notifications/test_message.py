"""The life of a mail: prepared, then sent or refused."""

from uuid import UUID

from services.notifications.mail.message import Message
from services.notifications.publishing import publish
from shared.contracts.notifications import EmailFailed, EmailSent
from tests.given import given
from tests.notifications.samples import ACCOUNT, EVENT

ID = UUID("01940000-0000-7000-8000-00000000aa01")
SENT = {"language": "pt-BR", "recipient": "ana@example.com", "subject": "Fatura PON-2026-000001"}


def prepared() -> Message:
    return Message.prepare(
        id=ID, account_id=ACCOUNT, brand="ponto", template="invoice_issued", cause_id=EVENT
    )


def sent() -> Message:
    message = prepared()
    message.sent(**SENT)
    return message


def refused() -> Message:
    message = prepared()
    message.refused("smtp_550")
    return message


def test_a_mail_is_prepared_for_one_event() -> None:
    message = prepared()
    assert (message.id, message.account_id, message.brand) == (ID, ACCOUNT, "ponto")
    assert (message.template, message.cause_id, message.is_sent) == ("invoice_issued", EVENT, False)


def test_a_prepared_mail_is_sent() -> None:
    message = given(prepared()).when(lambda m: m.sent(**SENT)).then((Message.Sent, SENT))
    assert message.is_sent


def test_a_sent_mail_that_is_sent_again_stays_as_it_is() -> None:
    given(sent()).when(lambda m: m.sent(**SENT)).then_nothing()


def test_a_prepared_mail_is_refused() -> None:
    given(prepared()).when(lambda m: m.refused("smtp_550")).then(
        (Message.Refused, {"reason": "smtp_550"})
    )


def test_a_sent_mail_is_not_refused_any_more() -> None:
    given(sent()).when(lambda m: m.refused("smtp_550")).then_nothing()


def test_a_refused_mail_is_sent_when_it_is_asked_for_again() -> None:
    given(refused()).when(lambda m: m.sent(**SENT)).then((Message.Sent, SENT))


def test_what_became_of_a_mail_leaves_the_house() -> None:
    message = sent()
    public = [publish(event, message) for event in message.pending_events]
    assert public == [
        None,
        EmailSent(message_id=ID, template="invoice_issued", cause_id=EVENT, **SENT),
    ]
    message = refused()
    assert publish(message.pending_events[-1], message) == EmailFailed(
        message_id=ID, template="invoice_issued", cause_id=EVENT, reason="smtp_550"
    )
