"""The mail catcher: what comes by SMTP is shown as it was written, and does no harm."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from deploy.local.sandbox.mail import MailCatcher
from deploy.local.sandbox.settings import SandboxSettings
from tests.deploy.toys import serving
from tests.servers import free_port


@dataclass
class Mailbox:
    """A running mail catcher."""

    http: httpx.AsyncClient
    smtp_port: int

    async def send(self, message: EmailMessage) -> None:
        """Hands a message over by SMTP."""
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.smtp_port)

    async def messages(self, query: str = "") -> list[dict[str, Any]]:
        """What has been caught, newest first."""
        answer = await self.http.get(f"/api/messages{query}")
        caught: list[dict[str, Any]] = answer.json()
        return caught


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """A mail catcher."""
    smtp_port = free_port()
    settings = SandboxSettings(
        port=1, smtp_port=smtp_port, public_url="http://mail", data=tmp_path / "mail.sqlite"
    )
    async with serving(MailCatcher(settings).app()) as http:
        yield Mailbox(http, smtp_port)


def letter(to: str = "ana@cliente.example", *, subject: str = "Sua fatura nº 1") -> EmailMessage:
    """A message with a text and an HTML part."""
    message = EmailMessage()
    message["From"] = "Ponto Hospedagem <atendimento@ponto.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<m1@ponto.example>"
    message.set_content("Olá Ana, pague em http://ponto.localhost/invoices/1\n")
    message.add_alternative("<p>Olá <b>Ana</b>, <a href='http://x.example'>pague</a></p>", "html")
    return message


async def test_a_message_is_caught_with_its_text_its_html_and_its_headers(mailbox: Mailbox) -> None:
    await mailbox.send(letter())
    (caught,) = await mailbox.messages()
    assert caught["to"] == "ana@cliente.example"
    assert caught["from"] == "Ponto Hospedagem <atendimento@ponto.example>"
    assert caught["subject"] == "Sua fatura nº 1"
    assert "pague em http://ponto.localhost/invoices/1" in caught["text"]
    assert "<b>Ana</b>" in caught["html"]
    assert caught["headers"]["Message-ID"] == "<m1@ponto.example>"


async def test_messages_come_newest_first_and_can_be_asked_for_by_recipient(
    mailbox: Mailbox,
) -> None:
    await mailbox.send(letter("a@one.example", subject="first"))
    await mailbox.send(letter("b@two.example", subject="second"))
    assert [each["subject"] for each in await mailbox.messages()] == ["second", "first"]
    assert [each["subject"] for each in await mailbox.messages("?to=one.example")] == ["first"]


async def test_a_closed_mailbox_is_refused_as_a_mail_server_would(mailbox: Mailbox) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await mailbox.send(letter("reject@cliente.example"))
    assert refused.value.recipients[0].code == 550
    assert await mailbox.messages() == []


async def test_the_inbox_can_be_emptied(mailbox: Mailbox) -> None:
    await mailbox.send(letter())
    assert (await mailbox.http.delete("/api/messages")).status_code == 204
    assert await mailbox.messages() == []
    assert "No mail yet" in (await mailbox.http.get("/")).text


async def test_the_page_shows_the_html_only_inside_a_sandbox(mailbox: Mailbox) -> None:
    message = letter(subject="<script>alert(1)</script>")
    await mailbox.send(message)
    (caught,) = await mailbox.messages()
    answer = await mailbox.http.get(f"/messages/{caught['id']}")
    page = LexborHTMLParser(answer.text)
    assert page.css("script") == []
    frame = page.css("iframe")[0]
    assert "<b>Ana</b>" in (frame.attributes["srcdoc"] or "")
    assert "allow-scripts" not in (frame.attributes["sandbox"] or "")
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_links_in_the_text_open_in_a_new_tab(mailbox: Mailbox) -> None:
    await mailbox.send(letter())
    (caught,) = await mailbox.messages()
    answer = await mailbox.http.get(f"/messages/{caught['id']}?view=text")
    link = LexborHTMLParser(answer.text).css("pre a")[0]
    assert link.attributes["href"] == "http://ponto.localhost/invoices/1"
    assert link.attributes["target"] == "_blank"
    assert "noopener" in (link.attributes["rel"] or "")


async def test_a_message_that_was_never_caught_is_not_found(mailbox: Mailbox) -> None:
    assert (await mailbox.http.get("/messages/99")).status_code == 404
