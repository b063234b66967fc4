"""How mails read: every notice in both languages, escaped, complete, the same in both parts."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jinja2 import UndefinedError
from selectolax.lexbor import LexborHTMLParser

from services.notifications.directory.rows import Subject
from services.notifications.mail import composing
from services.notifications.mail.composing import compose
from services.notifications.mail.links import links_of
from services.notifications.mail.notices import Notice, notice_of
from services.notifications.mail.rendering import CATALOGUES, Letter
from shared.contracts.billing import (
    BoletoIssued,
    CreditNoteIssued,
    PaymentReceived,
    PaymentReminderDue,
    ServiceActivated,
)
from shared.contracts.event import PublicEvent
from tests.notifications.samples import (
    BRAND,
    EVENTS,
    INVOICE,
    PORTAL_URL,
    RECIPIENT,
    STAFF_SUSPENSION,
    SUBJECT,
    envelope_of,
    in_language,
    token_for,
)

TEMPLATES = Path(composing.__file__).parent.parent / "templates"
LAYOUTS = {"letter.mjml", "letter.txt", "reason"}
LANGUAGES = ("en", "pt-BR")
ALL_EVENTS = (*EVENTS, STAFF_SUSPENSION)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %> {% raw %} {0.__class__} %s%n",
    "]]> <mj-raw><b>x</b></mj-raw> &amp; &lt;",
    "<base href='http://evil.example'>",
    "\u202egnp.exe 𝔸 ﷽ é",
)


def letter_of(event: PublicEvent, subject: Subject) -> Letter:
    notice = notice_of(envelope_of(event))
    assert notice is not None
    return compose(notice, subject, links=links_of(PORTAL_URL, "ponto"), token=token_for(notice))


def reminder(days_before: int) -> PaymentReminderDue:
    return PaymentReminderDue(
        invoice_id=INVOICE,
        number="PON-2026-000001",
        due_on=date(2026, 12, 14),
        days_before=days_before,
        open_minor=123456789,
        currency="BRL",
    )


def words_of(html: str) -> str:
    """The text that a reader of the HTML part sees."""
    body = LexborHTMLParser(html).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def test_every_template_is_used_by_a_sample() -> None:
    used = {notice.template for e in EVENTS if (notice := notice_of(envelope_of(e)))}
    assert {path.stem for path in TEMPLATES.glob("*.j2")} - LAYOUTS == used


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: type(event).__name__)
def test_every_mail_is_complete_in_both_parts(event: PublicEvent, language: str) -> None:
    letter = letter_of(event, in_language(language))
    assert letter.language == language
    assert letter.subject.strip() == letter.subject != ""
    assert "\n" not in letter.subject
    for part in (letter.html, letter.text):
        assert "Ponto Hospedagem Ltda." in part
        assert "http://ponto.localhost:7100" in part
        assert "None" not in part
    assert f'lang="{language}"' in letter.html
    assert "%(" not in letter.subject + letter.text + letter.html


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: type(event).__name__)
def test_the_text_part_says_what_the_html_part_says(event: PublicEvent) -> None:
    letter = letter_of(event, in_language("pt-BR"))
    shown = words_of(letter.html)
    for line in re.sub(r"[>:]", " ", letter.text.replace("\n-- \n", "\n")).split("\n\n"):
        for word in line.split():
            assert word in re.sub(r"[>:]", " ", shown), word


@pytest.mark.parametrize(
    ("event", "language", "subject"),
    [
        (EVENTS[0], "pt-BR", "Boas-vindas! O número da sua conta é 100001"),
        (EVENTS[0], "en", "Welcome! Your account number is 100001"),
        (EVENTS[5], "pt-BR", "Fatura PON-2026-000001 de R$ 29,90 vence em 14/12/2026"),
        (EVENTS[5], "en", "Invoice PON-2026-000001 for R$29.90 is due on Dec 14, 2026"),
        (EVENTS[8], "pt-BR", "padariadoze.com.br será suspenso em 19/12/2026"),
        (
            reminder(7),
            "pt-BR",
            "Lembrete: fatura PON-2026-000001 de R$ 1.234.567,89 vence em 14/12/2026",
        ),
    ],
)
def test_the_subject_states_the_fact(event: PublicEvent, language: str, subject: str) -> None:
    assert letter_of(event, in_language(language)).subject == subject


@pytest.mark.parametrize(
    ("days", "heading"),
    [
        (0, "Sua fatura vence hoje"),
        (1, "Sua fatura vence amanhã"),
        (7, "Sua fatura vence em 7 dias"),
    ],
)
def test_a_reminder_says_how_far_off_the_due_date_is(days: int, heading: str) -> None:
    assert letter_of(reminder(days), SUBJECT).text.startswith(heading + "\n")


@pytest.mark.parametrize(
    ("language", "returned_minor", "said"),
    [
        ("pt-BR", 1990, "R$ 19,90 já haviam sido pagos e agora são seu crédito"),
        ("pt-BR", 0, "você não os deve mais"),
        ("en", 1990, "R$19.90 of it had been paid and are your credit now"),
    ],
)
def test_a_credit_note_says_what_became_credit(
    language: str, returned_minor: int, said: str
) -> None:
    (note,) = (event for event in EVENTS if isinstance(event, CreditNoteIssued))
    changed = msgspec.structs.replace(note, returned_minor=returned_minor)
    letter = letter_of(changed, in_language(language))
    assert said in letter.text.replace("\n", " ")
    assert note.reason not in letter.text, "staff's words are on the invoice's page"


def test_the_mail_falls_back_to_the_brands_language_and_then_to_english() -> None:
    russian = in_language("ru")
    assert letter_of(EVENTS[0], russian).language == "pt-BR"
    nowhere = replace(russian, brand=replace(BRAND, default_language="hu"))
    assert letter_of(EVENTS[0], nowhere).language == "en"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"en": "Essential", "pt-BR": "Essencial"}, "Essencial"),
        ({"en": "Essential", "hu": "Alap"}, "Essential"),
        ({"hu": "Alap"}, "Alap"),
    ],
)
def test_a_product_is_named_in_the_closest_language(names: dict[str, str], shown: str) -> None:
    assert SUBJECT.service is not None
    service = replace(SUBJECT.service, product_name=names, domain="")
    brand = replace(BRAND, default_language="en")
    activated = next(event for event in EVENTS if isinstance(event, ServiceActivated))
    letter = letter_of(activated, replace(SUBJECT, service=service, brand=brand))
    assert f"Plano: {shown}" in letter.text
    assert letter.subject == f"{shown} está ativo"
    assert "Domínio" not in letter.text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: type(event).__name__)
def test_what_people_type_is_shown_literally(event: PublicEvent, text: str) -> None:
    letter = letter_of(event, _written_by_a_stranger(text))
    for markup in ("<script", "<img", "<base", "<mj-", "<b>"):
        assert markup not in letter.html
    assert "49" not in letter.subject.replace("{{7*7}}", "")


def test_the_stranger_is_quoted_word_for_word() -> None:
    for text in HOSTILE:
        letter = letter_of(EVENTS[-1], _written_by_a_stranger(text))
        assert f"> {text}" in letter.text
        assert " ".join(text.split()) in words_of(letter.html)
        assert letter.subject.endswith(text)


def _written_by_a_stranger(text: str) -> Subject:
    assert SUBJECT.ticket is not None
    assert SUBJECT.service is not None
    return replace(
        SUBJECT,
        recipient=replace(RECIPIENT, name=text),
        brand=replace(BRAND, name=text, accent_colour=text),
        ticket=replace(SUBJECT.ticket, subject=text, author=text, message=text),
        service=replace(SUBJECT.service, domain=text, product_name={"pt-BR": text}),
    )


def test_characters_that_no_document_may_have_do_not_stop_a_mail() -> None:
    assert SUBJECT.ticket is not None
    ticket = replace(SUBJECT.ticket, message="a\x00b\x0bc\x1cd\x85e\ud800f\u2028g")
    letter = letter_of(EVENTS[-1], replace(SUBJECT, ticket=ticket))
    letter.text.encode()
    letter.html.encode()
    assert "\x00" not in letter.html


def test_a_line_break_in_a_subject_stays_so_that_the_mail_is_refused() -> None:
    assert SUBJECT.ticket is not None
    ticket = replace(SUBJECT.ticket, subject="a\r\nBcc: x@evil.example")
    assert "\r\n" in letter_of(EVENTS[-1], replace(SUBJECT, ticket=ticket)).subject


def test_a_mail_before_the_account_has_its_number_does_not_name_one() -> None:
    unnumbered = replace(SUBJECT, recipient=replace(RECIPIENT, account_number=None))
    assert "porque é cliente de Ponto Hospedagem." in letter_of(EVENTS[5], unnumbered).text


def test_the_mail_that_confirms_an_address_does_not_repeat_a_strangers_name() -> None:
    letter = letter_of(EVENTS[1], SUBJECT)
    assert "Ana Souza" not in letter.html + letter.text


def test_a_template_that_misses_a_fact_fails() -> None:
    with pytest.raises(UndefinedError):
        compose(
            Notice(template="invoice_issued", key="k"),
            replace(SUBJECT, invoice=None),
            links=links_of(PORTAL_URL, "ponto"),
        )


def test_the_moment_of_a_change_is_shown_on_the_brands_clocks() -> None:
    moment = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)
    assert "30/11/2026 09:05" in letter_of(EVENTS[4], SUBJECT).text
    words = CATALOGUES.for_language("en")
    assert words.moment(moment, "Europe/Warsaw").replace("\u202f", " ") == "Nov 30, 2026 1:05 PM"


@pytest.mark.parametrize("colour", ["#ffcc00", "#0b6e4f", "#777777", "#ffffff", "red", ""])
def test_the_button_can_be_read_on_every_accent_colour(colour: str) -> None:
    from services.notifications.mail import colours

    accent = colours.accent(colour)
    assert colours.contrast(accent, colours.text_on(accent)) >= 4.5
    assert colours.contrast(colours.as_text(accent), colours.WHITE) >= 4.5
    subject: Any = replace(SUBJECT, brand=replace(BRAND, accent_colour=colour))
    assert accent in letter_of(EVENTS[5], subject).html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_for_a_top_up_is_written_of_without_an_invoice(language: str) -> None:
    (received,) = (event for event in EVENTS if isinstance(event, PaymentReceived))
    for_credit = msgspec.structs.replace(received, purpose="top_up")
    letter = letter_of(for_credit, replace(in_language(language), invoice=None))
    told = {"en": "is your credit", "pt-BR": "é seu crédito"}
    for part in (letter.html, letter.text):
        assert told[language] in " ".join(part.split()) and received.receipt_number in part
        assert "http://ponto.localhost:7100/credit" in part
        assert "PON-2026" not in part and "/invoices/" not in part


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_boleto_for_credit_is_written_of_without_an_invoice(language: str) -> None:
    (issued,) = (event for event in EVENTS if isinstance(event, BoletoIssued))
    for_credit = msgspec.structs.replace(issued, purpose="top_up")
    letter = letter_of(for_credit, replace(in_language(language), invoice=None))
    told = {"en": "for your credit", "pt-BR": "para o seu crédito"}
    assert told[language] in letter.subject
    for part in (letter.html, letter.text):
        assert "http://ponto.localhost:7100/credit" in part and issued.line in part
        assert "PON-2026" not in part and "/invoices/" not in part
