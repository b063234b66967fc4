"""From an event of another service to a mail in the inbox: once, traced, recorded, retried."""

import asyncio
from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.notifications.mail import mailer as mailing
from services.notifications.mail.mailer import SOURCES, Mailer, mailer
from services.notifications.mail.sending import smtp_sender
from shared import telemetry
from shared.contracts import events_of
from shared.contracts.accounts import (
    AccountNumberAssigned,
    ContactChanged,
    EmailConfirmationRequested,
    PasswordResetRequested,
)
from shared.contracts.billing import ServiceEnded, ServiceTerminated
from shared.contracts.event import PublicEvent
from shared.contracts.notifications import EmailFailed, EmailSent
from shared.contracts.tickets import TicketOpened, TicketReplied
from shared.envelope import open_record
from tests.notifications.mail_servers import Dropping, Inbox, Refusing, Serve
from tests.notifications.post_office import TRACEPARENT, PostOffice
from tests.notifications.samples import (
    ACCOUNT,
    CONFIGURED,
    EVENTS,
    INVOICE,
    OPENED,
    ORDERED,
    REQUEST,
    TICKET,
    TOKEN,
    USER,
)
from tests.shared.kernel import KEY

ISSUED, RECEIVED = EVENTS[5], EVENTS[11]
NUMBERED = AccountNumberAssigned(number="100001")


async def ready(office: PostOffice) -> None:
    """The brand and the account are known; nothing is to be mailed yet."""
    office.happened(CONFIGURED, account_id=None)
    office.happened(OPENED, ORDERED)
    await office.read_views()


async def sent(office: PostOffice) -> list[EmailSent | EmailFailed]:
    keys = {ACCOUNT: KEY}
    found = [open_record(record, keys).event for record in await office.published()]
    return [event for event in found if isinstance(event, EmailSent | EmailFailed)]


async def states(office: PostOffice) -> list[str]:
    return [row["state"] for row in await office.rows("select state from effect order by id")]


def test_the_mailer_handles_or_ignores_every_event_of_its_sources(office: PostOffice) -> None:
    reactor = mailer(
        Mailer(store=office.store, peers=office.peers, send=smtp_sender("", 1), portal_url="")
    )
    known = frozenset(event for source in SOURCES for event in events_of(source))
    assert reactor.handles | reactor.ignored == known
    assert not reactor.handles & reactor.ignored


def ended_by(kind: type[PublicEvent]) -> list[PublicEvent]:
    """One of each event that calls for a mail; a service ends in one way, and is told so once."""
    ends: set[type[PublicEvent]] = {ServiceEnded, ServiceTerminated}
    return [event for event in EVENTS if type(event) not in ends - {kind}]


@pytest.mark.parametrize("kind", [ServiceEnded, ServiceTerminated])
async def test_every_event_that_calls_for_a_mail_is_mailed_once(
    office: PostOffice, serve: Serve, kind: type[PublicEvent]
) -> None:
    events = ended_by(kind)
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    office.happened(*events)
    await office.deliver()
    subjects = [inbox.read(at)["Subject"] for at in range(len(inbox.messages))]
    assert len(subjects) == len(set(subjects)) == len(events)
    assert await states(office) == ["done"] * len(events)
    assert {event.template for event in await sent(office)} == {
        row["template"] for row in await office.rows("select template from email_history")
    }


async def test_a_mail_is_recorded_with_its_cause_and_message_id(
    office: PostOffice, serve: Serve
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    [issued] = office.happened(ISSUED)
    await office.deliver()
    [effect] = await office.rows("select * from effect")
    message = inbox.read()
    assert message["Message-ID"] == f"<{effect['id']}@ponto.localhost>"
    assert message["To"] == "Ana Souza <ana@example.com>"
    subject = "Fatura PON-2026-000001 de R$ 29,90 vence em 14/12/2026"
    assert await sent(office) == [
        EmailSent(
            message_id=effect["id"],
            template="invoice_issued",
            cause_id=issued.id,
            language="pt-BR",
            recipient="ana@example.com",
            subject=subject,
        )
    ]
    [entry] = await office.rows("select * from email_history")
    assert (entry["status"], entry["subject"], entry["cause_id"]) == ("sent", subject, issued.id)


async def test_repeated_events_send_nothing_again(office: PostOffice, serve: Serve) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    records = office.happened(ISSUED, EVENTS[6])
    await office.deliver()
    await office.offer_again(records * 2)
    office.happened(ISSUED, EVENTS[6])
    await office.deliver()
    assert len(inbox.messages) == 2
    assert await states(office) == ["done", "done"]


async def test_a_mail_waits_until_the_views_know_what_it_is_about(
    office: PostOffice, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "VIEWS_MAY_LAG_S", ())
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    office.happened(CONFIGURED, account_id=None)
    events = ended_by(ServiceEnded)[5:]
    office.happened(OPENED, ORDERED, *events)
    await office.plan()
    steps: list[tuple[str, ...]] = [(), ("recipients",), ("brands",), ("invoices",), ("services",)]
    for step in steps:
        if step:
            await office.read_views(*step)
        await office.carry_out()
        office.clock.pass_by(timedelta(minutes=1))
    assert 0 < len(inbox.messages) < len(events)
    await office.deliver()
    assert len(inbox.messages) == len(events)
    assert set(await states(office)) == {"done"}


async def test_views_that_are_a_moment_behind_do_not_put_a_mail_off(
    office: PostOffice, serve: Serve
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    office.happened(ISSUED)
    await office.plan()
    await asyncio.gather(office.carry_out(), office.read_views("invoices"))
    assert len(inbox.messages) == 1


async def test_a_mail_goes_to_the_contact_and_a_sign_in_link_to_the_user(
    office: PostOffice, serve: Serve
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    changed = {name: getattr(OPENED, name) for name in ContactChanged.__struct_fields__}
    office.happened(ContactChanged(**{**changed, "email": "financeiro@example.com"}))
    office.happened(ISSUED, PasswordResetRequested(user_id=USER))
    await office.deliver()
    by_subject = {
        inbox.read(at)["Subject"].split()[0]: inbox.recipients[at]
        for at in range(len(inbox.messages))
    }
    assert by_subject == {"Fatura": ["financeiro@example.com"], "Crie": ["ana@example.com"]}


@pytest.mark.parametrize(
    ("event", "address"),
    [
        (EmailConfirmationRequested(user_id=USER), f"confirm?token=email_confirmation-{TOKEN}"),
        (PasswordResetRequested(user_id=USER), f"reset?token=password_reset-{TOKEN}"),
    ],
    ids=["confirmation", "reset"],
)
async def test_a_link_carries_a_token_minted_for_it(
    office: PostOffice,
    serve: Serve,
    event: EmailConfirmationRequested | PasswordResetRequested,
    address: str,
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    office.happened(event)
    await office.deliver()
    for part in inbox.read().iter_parts():
        assert f"http://ponto.localhost:7100/{address}" in part.get_content()
    stored = await office.rows("select payload::text || coalesce(outcome::text, '') t from effect")
    assert TOKEN not in stored[0]["t"]


async def test_a_link_for_a_user_who_is_gone_is_refused(office: PostOffice, serve: Serve) -> None:
    office.mailer_to(await serve(Inbox()))
    await ready(office)
    office.happened(replace(OPENED, user_id=REQUEST), PasswordResetRequested(user_id=REQUEST))
    await office.deliver()
    [failed] = await sent(office)
    assert isinstance(failed, EmailFailed)
    assert failed.reason == "user_unknown"


async def test_a_refused_address_ends_as_a_failed_mail(office: PostOffice, serve: Serve) -> None:
    refusing = Refusing("RCPT", "550 no such mailbox")
    office.mailer_to(await serve(refusing))
    await ready(office)
    [issued] = office.happened(ISSUED)
    await office.deliver()
    [failed] = await sent(office)
    assert isinstance(failed, EmailFailed)
    assert (failed.cause_id, failed.reason) == (issued.id, "smtp_550")
    assert await states(office) == ["refused"]
    [entry] = await office.rows("select status, reason, recipient from email_history")
    assert dict(entry) == {"status": "failed", "reason": "smtp_550", "recipient": None}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "Ana\r\nBcc: victim@evil.example"}, "header_control_character"),
        ({"name": "Ana\u2028Souza"}, "header_control_character"),
        ({"email": "a@b.c\r\nBcc: victim@evil.example"}, "address_not_deliverable"),
        ({"email": "[erased]", "name": "[erased]"}, "address_not_deliverable"),
    ],
    ids=["line break in name", "line separator in name", "second header", "erased"],
)
async def test_a_mail_that_can_never_be_sent_is_refused_once_and_does_not_loop(
    office: PostOffice, serve: Serve, changed: dict[str, str], reason: str
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    fields = {name: getattr(OPENED, name) for name in ContactChanged.__struct_fields__}
    office.happened(ContactChanged(**{**fields, **changed}), ISSUED)
    await office.deliver()
    assert [event.reason for event in await sent(office) if isinstance(event, EmailFailed)] == [
        reason
    ]
    office.clock.pass_by(timedelta(days=1))
    assert await office.carry_out() == 0
    assert inbox.messages == []


async def test_a_mail_server_that_is_busy_gets_the_mail_later_under_the_same_id(
    office: PostOffice, serve: Serve
) -> None:
    office.mailer_to(await serve(Refusing("DATA", "451 try later")))
    await ready(office)
    office.happened(ISSUED)
    await office.deliver()
    [before] = await office.rows("select id, state, tries, error from effect")
    assert (before["state"], before["tries"]) == ("pending", 1)
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    assert await office.carry_out() == 0
    office.clock.pass_by(timedelta(seconds=2))
    await office.deliver()
    assert inbox.read()["Message-ID"] == f"<{before['id']}@ponto.localhost>"


async def test_mails_of_an_hour_without_a_mail_server_all_arrive_when_it_is_back(
    office: PostOffice, serve: Serve
) -> None:
    await ready(office)
    office.happened(*EVENTS[5:11])
    await office.plan()
    await office.read_views()
    for _ in range(12):
        await office.carry_out()
        office.clock.pass_by(timedelta(minutes=5))
    assert set(await states(office)) == {"pending"}
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await office.deliver()
    assert len(inbox.messages) == 6
    assert set(await states(office)) == {"done"}


async def test_a_line_cut_after_the_mail_was_taken_gives_two_copies_with_one_message_id(
    office: PostOffice, serve: Serve
) -> None:
    inbox = Dropping()
    office.mailer_to(await serve(inbox))
    await ready(office)
    office.happened(ISSUED)
    await office.deliver()
    office.clock.pass_by(timedelta(seconds=2))
    await office.deliver()
    assert len(inbox.messages) == 2
    assert inbox.read(0)["Message-ID"] == inbox.read(1)["Message-ID"]
    assert len(await sent(office)) == 1


async def test_nothing_that_identifies_a_person_stays_outside_the_encrypted_fields(
    office: PostOffice, serve: Serve
) -> None:
    office.mailer_to(await serve(Inbox()))
    await ready(office)
    opened = TicketOpened(
        ticket_id=TICKET,
        number="TKT-000042",
        department="support",
        priority="medium",
        service_id=None,
        author="Ana Souza",
        subject="segredo-canario",
        message="segredo-canario",
    )
    reply = TicketReplied(ticket_id=TICKET, side="staff", author="Bruno", message="segredo-canario")
    office.happened(NUMBERED, ISSUED, opened, reply)
    with structlog.testing.capture_logs() as logs:
        await office.deliver()
    assert logs
    stored = [
        row["text"]
        for table in ("effect", "events", "log")
        for row in await office.rows(f"select t::text as text from {table} t")
    ]
    assert stored
    for text in (*stored, *map(str, logs)):
        for canary in ("ana@example.com", "Ana Souza", "segredo-canario"):
            assert canary not in text


async def test_sending_is_a_span_of_the_trace_that_the_event_belongs_to(
    office: PostOffice, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_TRACER", provider.get_tracer("test"))
    office.mailer_to(await serve(Inbox()))
    await ready(office)
    office.happened(RECEIVED, ISSUED)
    await office.deliver()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    span = spans["send email"]
    _, trace_id, parent_id, _ = TRACEPARENT.split("-")
    assert f"{span.context.trace_id:032x}" == trace_id
    outer = spans["effect mailer"]
    assert span.parent is not None
    assert outer.parent is not None
    assert span.parent.span_id == outer.context.span_id
    assert f"{outer.parent.span_id:016x}" == parent_id
    assert "ana@example.com" not in span.to_json()


async def test_a_receipt_names_the_way_to_pay_in_the_clients_language(
    office: PostOffice, serve: Serve
) -> None:
    inbox = Inbox()
    office.mailer_to(await serve(inbox))
    await ready(office)
    office.happened(ISSUED, RECEIVED)
    await office.deliver()
    text = "".join(str(inbox.read(at)) for at in range(2) if "recibo" in inbox.read(at)["Subject"])
    assert "Forma de pagamento: Cart=C3=A3o de cr=C3=A9dito" in text
    assert str(INVOICE) in text
