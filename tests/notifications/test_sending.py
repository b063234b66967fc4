"""Headers that strangers may try to break, and mail servers that fail in every way."""

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.notifications.mail import sending
from services.notifications.mail.rendering import Letter
from services.notifications.mail.sending import (
    Mail,
    MailServerUnavailable,
    deliverable,
    message_of,
    smtp_sender,
)
from shared.consumers import Refused
from tests.notifications.mail_servers import Dropping, Inbox, Refusing, Serve, Silent

NOW = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)
MAIL = Mail(
    message_id="01940000-0000-7000-8000-00000000aa01@ponto.localhost",
    sender_name="Ponto Hospedagem",
    sender_email="contato@ponto.example",
    recipient_name="Ana Souza, Ltda. “Ação”",
    recipient_email="ana@example.com",
    letter=Letter(
        language="pt-BR",
        subject="Fatura PON-2026-000001 de R$ 29,90 vence em 14/12/2026",
        html="<p>Olá, Ana!</p>\n.\n<p>fim</p>",
        text="Olá, Ana!\n.\n..\r\n.\r\nfim\n",
    ),
)
LINE_ENDERS = (
    "\r\n",
    "\r",
    "\n",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
)


async def test_a_mail_arrives_as_it_was_written(serve: Serve) -> None:
    inbox = Inbox()
    await smtp_sender("127.0.0.1", await serve(inbox))(message_of(MAIL, now=NOW))
    message = inbox.read()
    assert inbox.recipients == [["ana@example.com"]]
    assert message["Subject"] == MAIL.letter.subject
    assert message["From"] == "Ponto Hospedagem <contato@ponto.example>"
    assert message["To"].addresses[0].display_name == MAIL.recipient_name
    assert message["Message-ID"] == f"<{MAIL.message_id}>"
    assert message["Date"].datetime == NOW
    assert message["Content-Language"] == "pt-BR"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == MAIL.letter.text.splitlines()
    assert html.get_content().splitlines() == MAIL.letter.html.splitlines()


async def test_a_long_subject_keeps_every_space_between_its_accents(serve: Serve) -> None:
    words = "não esqueça à última hora: é já amanhã, à meia-noite, são três páginas úteis "
    mail = replace(MAIL, letter=replace(MAIL.letter, subject=(words * 2).strip()))
    inbox = Inbox()
    await smtp_sender("127.0.0.1", await serve(inbox))(message_of(mail, now=NOW))
    assert inbox.read()["Subject"] == (words * 2).strip()


async def test_a_lone_dot_ends_no_mail_and_every_line_ends_with_cr_lf(serve: Serve) -> None:
    inbox = Inbox()
    await smtp_sender("127.0.0.1", await serve(inbox))(message_of(MAIL, now=NOW))
    assert len(inbox.messages) == 1
    assert inbox.messages[0].count(b"\n") == inbox.messages[0].count(b"\r\n")
    assert inbox.messages[0].isascii()


@pytest.mark.parametrize("end", LINE_ENDERS, ids=ascii)
@pytest.mark.parametrize("header", ["subject", "recipient_name", "sender_name"])
def test_a_line_break_in_a_header_is_refused_with_a_reason(header: str, end: str) -> None:
    hostile = f"a{end}Bcc: victim@evil.example"
    if header == "subject":
        mail = replace(MAIL, letter=replace(MAIL.letter, subject=hostile))
    else:
        mail = replace(MAIL, **{header: hostile})  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        message_of(mail, now=NOW)
    assert refused.value.reason == "header_control_character"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c\r\nBcc: victim@evil.example",
        "a@b.example\n",
        '"a b"@x.example',
        "a@[127.0.0.1]",
        "a@b,c@d.example",
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        "Ana <a@b.example>",
        "a@localhost",
        "a..b@x.example",
        ".a@x.example",
        "a@-x.example",
        "a@x..example",
        "ação@x.example",
        "@x.example",
        "a@",
        "a",
        "",
        "[erased]",
        "a" * 65 + "@x.example",
        "a@" + "x." * 124 + "example",
        "a@" + "x" * 64 + ".example",
    ],
    ids=ascii,
)
def test_an_address_that_is_not_one_plain_mailbox_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        deliverable(address)
    assert refused.value.reason == "address_not_deliverable"


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("ana@example.com", "ana@example.com"),
        ("ana.s+faturas@ponto.localhost", "ana.s+faturas@ponto.localhost"),
        ("ana@informação.example", "ana@xn--informao-xza3b.example"),
    ],
)
def test_a_plain_address_is_taken(address: str, sent_to: str) -> None:
    assert deliverable(address) == sent_to


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [421, 450, 451, 452])
async def test_a_refusal_for_now_is_tried_again(serve: Serve, command: str, code: int) -> None:
    send = smtp_sender("127.0.0.1", await serve(Refusing(command, f"{code} later")))
    with pytest.raises(MailServerUnavailable) as later:
        await send(message_of(MAIL, now=NOW))
    assert later.value.facts == {"reply_code": code}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 553, 554])
async def test_a_refusal_for_good_is_final(serve: Serve, command: str, code: int) -> None:
    send = smtp_sender("127.0.0.1", await serve(Refusing(command, f"{code} ana@example.com no")))
    with pytest.raises(Refused) as refused:
        await send(message_of(MAIL, now=NOW))
    assert refused.value.reason == f"smtp_{code}"
    assert "ana@" not in repr(refused.value)


async def test_a_server_that_wants_a_sign_in_first_refuses_no_mail_for_good(serve: Serve) -> None:
    send = smtp_sender("127.0.0.1", await serve(Refusing("MAIL", "530 sign in first")))
    with pytest.raises(MailServerUnavailable):
        await send(message_of(MAIL, now=NOW))


async def test_a_server_that_is_down_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MailServerUnavailable):
        await smtp_sender("127.0.0.1", port)(message_of(MAIL, now=NOW))


async def test_a_line_cut_before_the_answer_gives_a_second_copy_of_the_same_mail(
    serve: Serve,
) -> None:
    inbox = Dropping()
    send = smtp_sender("127.0.0.1", await serve(inbox))
    with pytest.raises(MailServerUnavailable):
        await send(message_of(MAIL, now=NOW))
    await send(message_of(MAIL, now=NOW))
    assert len(inbox.messages) == 2
    assert inbox.read(0)["Message-ID"] == inbox.read(1)["Message-ID"]


async def test_a_server_that_hangs_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sending.TIMEOUT_S == 30
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)
    silent = Silent()
    send = smtp_sender("127.0.0.1", await serve(silent))
    with pytest.raises(MailServerUnavailable):
        await send(message_of(MAIL, now=NOW))
    silent.released.set()


async def test_a_server_that_talks_nonsense_is_tried_again() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MailServerUnavailable):
            await smtp_sender("127.0.0.1", port)(message_of(MAIL, now=NOW))
